// A private room with members, roles, a thread, pins, a mute and a ban, against the real server, on two devices each;
// and the same after a restart.

import assert from "node:assert/strict";

import { any, assertShape } from "./support/matching.mjs";
import { scenario } from "./support/world.mjs";

const named = (id) => ({ hello: { name: id[0].toUpperCase() + id.slice(1) } });

scenario("three people run a private room, and every device tells the same of it", async (world) => {
  const data = await world.directory();
  const server = await world.server([], { data });
  const [alice, desk, bob, phone, carol] = await Promise.all(
    ["alice", "alice", "bob", "bob", "carol"].map((id) => world.guest(server, id, named(id))),
  );
  const create = { type: "create", key: "k1", room: "club", title: "Klub 김치", visibility: "private", users: ["bob"] };
  const created = await alice.ask(create);
  const again = await alice.ask(create);
  const taken = await carol.ask({ type: "create", key: "k1", room: "club" });

  assertShape(created, { type: "created", re: any.count, room: "club", epoch: any.text, head: 3 });
  assert.equal(again.duplicate, true);
  assert.equal(again.head, 3);
  assert.equal(taken.code, "conflict");

  // Who is not invited sees nothing of it.
  assert.equal((await carol.ask({ type: "join", room: "club" })).code, "no_such_room");
  assert.deepEqual((await carol.ask({ type: "rooms" })).rooms, []);

  const joined = await alice.ask({ type: "join", room: "club" });
  await desk.ask({ type: "join", room: "club" });
  assert.equal(joined.role, "owner");
  assert.equal(joined.title, "Klub 김치");
  assert.deepEqual(joined.settings, { visibility: "private" });
  const accepted = await bob.ask({ type: "join", room: "club", member: true });
  assert.equal(accepted.member, true);
  assert.equal(accepted.count, 2);
  await phone.ask({ type: "join", room: "club" });
  await alice.expect({ type: "member_set", state: "member", from: "bob" });

  const sent = await bob.ask({
    type: "send",
    room: "club",
    text: "hi @alice",
    mentions: ["alice", "zoe"],
    attachments: [{ url: "https://files.example/p.png", mime: "image/png" }],
  });
  assert.deepEqual(sent.unreached, ["zoe"]);
  const heard = await desk.expect({ type: "message", seq: sent.seq });
  assert.equal(heard.name, "Bob");
  const reply = await alice.ask({ type: "send", room: "club", text: "hi", thread: sent.seq, reply_to: sent.seq });
  const thread = await phone.ask({ type: "history", room: "club", thread: sent.seq });
  assert.deepEqual(
    thread.events.map(({ seq }) => seq),
    [sent.seq, reply.seq],
  );
  assert.equal(thread.events[0].replies, 1);
  const main = await phone.ask({ type: "history", room: "club", thread: 0 });
  assert.deepEqual(
    main.events.map(({ seq }) => seq),
    [sent.seq],
  );
  assert.equal((await alice.ask({ type: "pin", room: "club", target: sent.seq })).type, "done");
  assert.equal((await bob.ask({ type: "pin", room: "club", target: reply.seq })).code, "forbidden");

  const change = { type: "set_member", room: "club", users: ["bob"] };
  const until = Date.now() + 3_600_000;
  assert.equal((await alice.ask({ ...change, mute_until: until })).type, "done");
  assertShape(await bob.ask({ type: "send", room: "club", text: "?" }), {
    type: "error",
    re: any.count,
    code: "muted",
    message: any.text,
    retry: false,
    until,
  });
  const ban = { ...change, key: "b1", state: "banned", reason: "spam", delete_ms: 3_600_000 };
  const banned = await alice.ask(ban);
  assert.equal(banned.deleted, 1);
  for (const device of [bob, phone]) {
    const left = await device.expect({ type: "left" });
    assertShape(left, { type: "left", room: "club", reason: "banned" });
    const entry = device.frames.find((frame) => frame.type === "member_set" && frame.state === "banned");
    assert.ok(device.frames.indexOf(entry) < device.frames.indexOf(left), "the entry comes before");
  }
  await desk.expect({ type: "deleted", target: sent.seq });
  const refused = await bob.ask({ type: "join", room: "club" });
  assert.equal(refused.code, "banned");
  assert.equal(refused.reason, "spam");

  const told = async (device) => {
    const { events, pins, count, role, settings, title } = await device.ask({ type: "join", room: "club" });
    const { members } = await device.ask({ type: "members", room: "club" });
    const { members: kept } = await device.ask({ type: "members", room: "club", state: "banned" });
    return { events, pins, count, role, settings, title, members: members.map(({ online, ...row }) => row), kept };
  };
  const before = await told(alice);
  assert.deepEqual(await told(desk), before);
  assert.equal(before.count, 1);
  assert.equal(before.pins, undefined, "what is deleted is pinned no more");
  assert.equal(before.events[0].deleted_by, "alice");
  assert.equal(before.kept[0].reason, "spam");

  await server.stop();
  const next = await world.server([], { data });
  const back = await world.guest(next, "alice", named("alice"));
  assert.deepEqual(await told(back), before);
  const stranger = await world.guest(next, "bob", named("bob"));
  assert.equal((await stranger.ask({ type: "join", room: "club" })).code, "banned");
  assert.equal((await back.ask({ ...ban })).duplicate, true);
  assert.equal((await back.ask({ type: "send", room: "club", text: "x", key: "b1" })).code, "conflict");
  assert.equal((await back.ask({ type: "report", room: "club", target: reply.seq, reason: "mine" })).type, "done");
});

scenario("who has blocked a user is not written to, and gets no signal from him", async (world) => {
  const server = await world.server();
  const [alice, eve] = await Promise.all(["alice", "eve"].map((id) => world.guest(server, id, named(id))));

  assert.equal((await eve.ask({ type: "direct", to: "alice", text: "hello" })).type, "sent");
  assert.equal((await alice.ask({ type: "block", user: "eve", on: true })).type, "done");
  assert.equal((await eve.ask({ type: "direct", to: "alice", text: "hello?" })).code, "forbidden");
  assert.deepEqual((await alice.ask({ type: "blocks" })).users, ["eve"]);
  await Promise.all([alice, eve].map((who) => who.ask({ type: "join", room: "lobby" })));
  assert.equal((await eve.ask({ type: "signal", to: "alice", data: 1 })).sessions, 0);
  assert.equal((await alice.ask({ type: "block", user: "eve", on: false })).type, "done");
  assert.equal((await eve.ask({ type: "direct", to: "alice", text: "sorry" })).type, "sent");
  assert.equal((await eve.ask({ type: "signal", to: "alice", data: 1 })).sessions, 1);
});
