// Every command with its reply and its event, against the real server.

import assert from "node:assert/strict";

import { any, assertShape } from "./support/matching.mjs";
import { scenario } from "./support/world.mjs";

const stored = { re: any.count, room: "lobby", at: any.time, durability: "disk" };

scenario("two people chat", async (world) => {
  const server = await world.server();
  const alice = await world.member(server, "alice", "lobby");
  const bob = await world.member(server, "bob", "lobby");

  const sent = await alice.ask({ type: "send", room: "lobby", text: "hi bob", key: "k-1" });
  const heard = await bob.expect({ type: "message" });
  const answered = await bob.ask({ type: "send", room: "lobby", text: "hi alice 👋", data: { mood: [1, 2.5, null] } });
  const own = await alice.expect({ type: "message", seq: 1 });
  const other = await alice.expect({ type: "message", seq: 2 });

  assertShape(sent, { ...stored, type: "sent", seq: 1 });
  assertShape(heard, {
    type: "message",
    room: "lobby",
    seq: 1,
    at: sent.at,
    from: "alice",
    key: "k-1",
    text: "hi bob",
  });
  assert.deepEqual(own, heard);
  assert.ok(alice.frames.indexOf(sent) < alice.frames.indexOf(own), "the reply comes before the own message");
  assert.equal(answered.seq, 2);
  assertShape(other, {
    type: "message",
    room: "lobby",
    seq: 2,
    at: any.time,
    from: "bob",
    text: "hi alice 👋",
    data: { mood: [1, 2.5, null] },
  });
});

scenario("hello is answered with welcome, once", async (world) => {
  const server = await world.server(["--node", "left-1", "--text-bytes", "1000", "--rooms-per-session", "3"]);
  const client = await world.connect(server);

  const wrong = await client.ask({ type: "hello", guest: "no spaces" });
  const welcome = await client.hello({ guest: "alice", name: "Alice A." });
  const again = await client.ask({ type: "hello", guest: "alice" });

  assertShape(wrong, { type: "error", re: 1, code: "bad_request", message: any.text, retry: false });
  assertShape(welcome, {
    type: "welcome",
    re: 2,
    user: { id: "alice", name: "Alice A." },
    session: (id) => /^s-/.test(id),
    node: "left-1",
    server: (text) => /^confab\/\d+\.\d+\.\d+$/.test(text),
    heartbeat_ms: 25_000,
    limits: { text_bytes: 1000, frame_bytes: 65_536, rooms: 3, mentions: 50, attachments: 10, members: 100_000 },
    features: ["members", "threads", "mentions", "pins", "inbox", "receipts", "after", "search"],
    directs: [],
  });
  assert.equal(again.code, "already");
});

scenario("join, leave, rooms and presence", async (world) => {
  const server = await world.server();
  const alice = await world.guest(server, "alice", { hello: { name: "Alice" } });
  const bob = await world.guest(server, "bob", { hello: { name: "Bob" } });

  const joined = await alice.ask({ type: "join", room: "lobby" });
  await bob.ask({ type: "join", room: "lobby" });
  const came = await alice.expect({ type: "presence", online: 2 });
  await bob.ask({ type: "join", room: "attic" });
  const listed = await alice.ask({ type: "rooms" });
  const rest = await alice.ask({ type: "rooms", after: "attic" });
  const left = await bob.ask({ type: "leave", room: "lobby" });
  const went = await alice.expect({ type: "presence", online: 1 });
  const refused = await bob.ask({ type: "send", room: "lobby", text: "still here?" });

  assertShape(joined, {
    type: "joined",
    re: any.count,
    room: "lobby",
    title: "lobby",
    epoch: any.text,
    head: 0,
    gap: false,
    role: "member",
    online: 1,
    members: [{ id: "alice", name: "Alice" }],
    events: [],
    "more?": false,
  });
  assertShape(came, {
    type: "presence",
    room: "lobby",
    joined: (who) => who.some(({ id, name }) => id === "bob" && name === "Bob"),
    "left?": [],
    online: 2,
  });
  assertShape(listed, { type: "rooms", re: any.count, rooms: [{ room: "attic" }, { room: "lobby" }], more: false });
  assertShape(listed.rooms[1], { room: "lobby", title: "lobby", head: 0, online: 2, joined: true, visibility: "public" });
  assert.equal(listed.rooms[0].joined, false);
  assert.deepEqual(
    rest.rooms.map(({ room }) => room),
    ["lobby"],
  );
  assertShape(left, { type: "left", re: any.count, room: "lobby" });
  assertShape(went, { type: "presence", room: "lobby", "joined?": [], left: ["bob"], online: 1 });
  assert.equal(refused.code, "not_joined");
});

scenario("edit, delete, react and unreact are entries of the log, and history shows what came of it", async (world) => {
  const server = await world.server();
  const alice = await world.member(server, "alice", "lobby");
  const bob = await world.member(server, "bob", "lobby");
  await alice.ask({ type: "send", room: "lobby", text: "frist" });
  await alice.ask({ type: "send", room: "lobby", text: "oops" });

  const edited = await alice.ask({ type: "edit", room: "lobby", target: 1, text: "first", key: "e-1" });
  const deleted = await alice.ask({ type: "delete", room: "lobby", target: 2 });
  const reacted = await bob.ask({ type: "react", room: "lobby", target: 1, emoji: "👍" });
  const again = await bob.ask({ type: "react", room: "lobby", target: 1, emoji: "🎉" });
  const unreacted = await bob.ask({ type: "unreact", room: "lobby", target: 1, emoji: "🎉" });
  const foreign = await bob.ask({ type: "edit", room: "lobby", target: 1, text: "mine now" });
  const nothing = await bob.ask({ type: "react", room: "lobby", target: 99, emoji: "👍" });
  const history = await bob.ask({ type: "history", room: "lobby" });
  const entries = await bob.ask({
    type: "join",
    room: "lobby",
    since: 2,
    epoch: (await bob.ask({ type: "join", room: "lobby" })).epoch,
  });

  assertShape(edited, { ...stored, type: "done", seq: 3 });
  for (const [reply, seq] of [
    [deleted, 4],
    [reacted, 5],
    [again, 6],
    [unreacted, 7],
  ])
    assertShape(reply, { ...stored, type: "done", seq });
  assertShape(await bob.expect({ type: "edited" }), {
    type: "edited",
    room: "lobby",
    seq: 3,
    at: edited.at,
    from: "alice",
    target: 1,
    text: "first",
    "key?": "e-1",
  });
  assertShape(await bob.expect({ type: "deleted" }), {
    type: "deleted",
    room: "lobby",
    seq: 4,
    at: any.time,
    from: "alice",
    target: 2,
  });
  assertShape(await bob.expect({ type: "reacted", seq: 5 }), {
    type: "reacted",
    room: "lobby",
    seq: 5,
    at: any.time,
    from: "bob",
    target: 1,
    emoji: "👍",
    on: true,
  });
  assertShape(await bob.expect({ type: "reacted", seq: 7 }), {
    type: "reacted",
    room: "lobby",
    seq: 7,
    at: any.time,
    from: "bob",
    target: 1,
    emoji: "🎉",
    on: false,
  });
  assert.equal(foreign.code, "forbidden");
  assert.equal(nothing.code, "no_such_message");
  assertShape(history, { type: "history", re: any.count, room: "lobby", head: 7, events: [{}, {}], more: false });
  assertShape(history.events[0], {
    type: "message",
    "room?": "lobby",
    seq: 1,
    at: any.time,
    from: "alice",
    text: "first",
    edited_at: edited.at,
    reactions: { "👍": { count: 1, users: ["bob"], mine: true } },
  });
  assertShape(history.events[1], {
    type: "message",
    "room?": "lobby",
    seq: 2,
    at: any.time,
    from: "alice",
    deleted: true,
    deleted_by: "alice",
    "prev?": any.count,
  });
  assert.deepEqual(
    entries.events.map(({ type, seq }) => [seq, type]),
    [
      [3, "edited"],
      [4, "deleted"],
      [5, "reacted"],
      [6, "reacted"],
      [7, "reacted"],
    ],
  );
});

scenario("history comes in ascending pages, both ways", async (world) => {
  const server = await world.server();
  const alice = await world.member(server, "alice", "lobby");
  for (let i = 1; i <= 30; ++i) await alice.ask({ type: "send", room: "lobby", text: `${i}` });
  const seqs = async (page) => {
    const { events, more } = await alice.ask({ type: "history", room: "lobby", ...page });
    return [events.map(({ seq }) => seq), more];
  };

  assert.deepEqual(await seqs({ limit: 3 }), [[28, 29, 30], true]);
  assert.deepEqual(await seqs({ before: 4 }), [[1, 2, 3], false]);
  assert.deepEqual(await seqs({ after: 20, limit: 2 }), [[21, 22], true]);
  assert.deepEqual(await seqs({ after: 10, before: 13 }), [[11, 12], false]);
  assert.equal((await seqs({ limit: 100_000 }))[0].length, 30);
});

scenario("a repeated key has one effect; typing is told to others; ping is answered", async (world) => {
  const server = await world.server();
  const alice = await world.member(server, "alice", "lobby");
  const bob = await world.member(server, "bob", "lobby");

  const first = await alice.ask({ type: "send", room: "lobby", text: "once", key: "k" });
  const second = await alice.ask({ type: "send", room: "lobby", text: "other words", key: "k" });
  const others = await bob.ask({ type: "send", room: "lobby", text: "bob's own k", key: "k" });
  const typing = await alice.ask({ type: "typing", room: "lobby", on: true });
  const seen = await bob.expect({ type: "typing" });
  const pong = await alice.ask({ type: "ping" });

  assert.deepEqual({ ...second, re: first.re }, { ...first, duplicate: true });
  assert.equal(others.seq, 2);
  assertShape(typing, { type: "done", re: any.count });
  assertShape(seen, { type: "typing", room: "lobby", from: "alice", on: true });
  assertShape(pong, { type: "pong", re: any.count });
  assert.equal(alice.left({ type: "typing" }).length, 0);
});

scenario("what can't be done is answered with its code", async (world) => {
  const server = await world.server(["--create-rooms", "false", "--rooms-per-session", "1", "--text-bytes", "10"]);
  const open = await world.server(["--rooms-per-session", "1", "--text-bytes", "10"]);
  const alice = await world.guest(server, "alice");
  const bob = await world.member(open, "bob", "lobby");
  const answers = [
    [alice, { type: "join", room: "nowhere" }, "no_such_room"],
    [alice, { type: "join", room: "dm:bob:carol" }, "no_such_room"],
    [alice, { type: "send", room: "nowhere", text: "x" }, "no_such_room"],
    [alice, { type: "dance" }, "unknown_type"],
    [alice, { type: "join", room: 7 }, "bad_request"],
    [alice, { type: "refresh", token: "none" }, "unauthorized"],
    [bob, { type: "join", room: "attic" }, "too_many_rooms"],
    [bob, { type: "send", room: "lobby", text: "12345678901" }, "too_long"],
    [bob, { type: "send", room: "lobby", text: "bell\u0007" }, "bad_request"],
    [bob, { type: "leave", room: "attic" }, "not_joined"],
    [bob, { type: "history", room: "attic" }, "no_such_room"],
  ];

  for (const [client, command, code] of answers) {
    const answer = await client.ask(command);
    assertShape(answer, { type: "error", re: any.count, code, message: any.text, retry: false });
  }
  assert.equal((await bob.ask({ type: "send", room: "lobby", text: "1234567890" })).type, "sent");
});
