// What becomes of commands: offline, unanswered, refused, repeated.

import assert from "node:assert/strict";
import { test } from "node:test";

import {
  ConnectionLostError, QueueFullError, RequestTimeoutError, ServerError, StoppedError,
} from "../../sdk/confab.js";
import { Harness, joined, message, outcome, refusal, sent } from "./support/peer.mjs";

/** What the client said, without ids. */
const said = (t) => t.peer.inbox.splice(0).map(({ id, ...frame }) => frame);

test("every command has its frame", async () => {
  const t = await new Harness().live();
  const { client } = t;

  const calls = [
    client.join("r1"),
    client.leave("r2"),
    client.send("r3", "hi"),
    client.send("r4", { text: "hi", data: { a: 1 } }, { key: "mine" }),
    client.direct("bob", { data: [1, "two"] }),
    client.edit("r5", 59, "hello"),
    client.delete("r6", 59),
    client.react("r7", 58, "👍"),
    client.unreact("r8", 58, "👍"),
    client.history("r9", { before: 20, limit: 50 }),
    client.listRooms({ after: "general" }),
    client.listRooms(),
    client.listReactions("r11", 58, "👍", { after: "62" }),
    client.signal("bob", { sdp: 1 }),
    client.signalSession("s-aabirgnkxpgn33qhb4pc2pclljuxq", { sdp: 1 }),
    client.ping(),
    client.refresh("t-2"),
  ].map(outcome);
  client.typing("r10");
  client.typing("r10", false);

  assert.deepEqual(said(t), [
    { type: "join", room: "r1" },
    { type: "leave", room: "r2" },
    { type: "send", room: "r3", key: "key-1", text: "hi" },
    { type: "send", room: "r4", key: "mine", text: "hi", data: { a: 1 } },
    { type: "direct", to: "bob", key: "key-2", data: [1, "two"] },
    { type: "edit", room: "r5", target: 59, text: "hello", key: "key-3" },
    { type: "delete", room: "r6", target: 59, key: "key-4" },
    { type: "react", room: "r7", target: 58, emoji: "👍", key: "key-5" },
    { type: "unreact", room: "r8", target: 58, emoji: "👍", key: "key-6" },
    { type: "history", room: "r9", before: 20, limit: 50 },
    { type: "rooms", after: "general" },
    { type: "rooms" },
    { type: "reactions", room: "r11", target: 58, emoji: "👍", after: "62" },
    { type: "signal", to: "bob", data: { sdp: 1 } },
    { type: "signal", to_session: "s-aabirgnkxpgn33qhb4pc2pclljuxq", data: { sdp: 1 } },
    { type: "ping" },
    { type: "refresh", token: "t-2" },
    { type: "typing", room: "r10", on: true },
    { type: "typing", room: "r10", on: false },
  ]);
  assert.equal(calls.filter((c) => c.settled).length, 0);
  client.stop();
});

test("the commands of members, rooms, threads and files have their frames", async () => {
  const t = await new Harness().live();
  const { client } = t;

  const calls = [
    client.join("r1", { member: true }),
    client.leave("r2", { member: true }),
    client.send("r3", "see @bob", { key: "k", replyTo: 59, thread: 41, mentions: ["bob"], quiet: true, event: "poll" }),
    client.send("r4", {}, { key: "k", attachments: [{ ref: "f/1" }] }),
    client.direct("bob", "psst", { key: "k", replyTo: 1 }),
    client.edit("r5", 59, "hello", { key: "k", mentions: ["bob"], attachments: [{ ref: "f/1" }] }),
    client.delete("r6", [59, 61], { key: "k", reason: "spam" }),
    client.pin("r7", 59),
    client.unpin("r8", 59, { key: "k" }),
    client.pins("r9", { after: "x" }),
    client.history("r10", { thread: 41 }),
    client.threads("r11", { mine: true, limit: 5 }),
    client.search({ query: "plan", rooms: ["r1"], from: "bob", after_at: 1, before_at: 2, has: "attachment", after: "9", limit: 5 }),
    client.search({ query: "plan" }),
    client.members("r12", { state: "invited", after: "x" }),
    client.setMember("r13", "eve", { state: "banned", until: 9, reason: "spam", deleteMs: 8 }, { key: "k" }),
    client.setMember("r14", ["bob", "carol"], { role: "moderator", muteUntil: 0 }),
    client.createRoom({ room: "r15", title: "Red", visibility: "private", users: ["bob"], key: "k" }),
    client.createRoom(),
    client.setRoom("r16", { topic: "", slow_ms: 0 }, { key: "k" }),
    client.emit("r17", "cursor", { x: 4 }),
    client.upload("r18", { mime: "image/png", bytes: 1, name: "a.png" }),
    client.download("r19", 63),
    client.report("r20", 59, "spam"),
    client.block("eve"),
    client.users(["bob"], { after: "1" }),
    client.setOwn("r21", { notify: "none", notify_until: 9, marked: true }),
  ].map(outcome);

  assert.deepEqual(said(t), [
    { type: "join", room: "r1", member: true },
    { type: "leave", room: "r2", member: true },
    {
      type: "send", room: "r3", key: "k", text: "see @bob", mentions: ["bob"], reply_to: 59, thread: 41, quiet: true,
      event: "poll",
    },
    { type: "send", room: "r4", key: "k", attachments: [{ ref: "f/1" }] },
    { type: "direct", to: "bob", key: "k", text: "psst", reply_to: 1 },
    { type: "edit", room: "r5", target: 59, key: "k", text: "hello", mentions: ["bob"], attachments: [{ ref: "f/1" }] },
    { type: "delete", room: "r6", targets: [59, 61], key: "k", reason: "spam" },
    { type: "pin", room: "r7", target: 59, key: "key-1" },
    { type: "unpin", room: "r8", target: 59, key: "k" },
    { type: "pins", room: "r9", after: "x" },
    { type: "history", room: "r10", thread: 41 },
    { type: "threads", room: "r11", mine: true, limit: 5 },
    { type: "search", query: "plan", rooms: ["r1"], from: "bob", after_at: 1, before_at: 2, has: "attachment", after: "9", limit: 5 },
    { type: "search", query: "plan" },
    { type: "members", room: "r12", state: "invited", after: "x" },
    { type: "set_member", room: "r13", users: ["eve"], key: "k", state: "banned", until: 9, reason: "spam", delete_ms: 8 },
    { type: "set_member", room: "r14", users: ["bob", "carol"], key: "key-2", role: "moderator", mute_until: 0 },
    { type: "create", room: "r15", key: "k", users: ["bob"], title: "Red", visibility: "private" },
    { type: "create", key: "key-3" },
    { type: "set_room", room: "r16", key: "k", topic: "", slow_ms: 0 },
    { type: "emit", room: "r17", event: "cursor", data: { x: 4 } },
    { type: "upload", room: "r18", mime: "image/png", bytes: 1, name: "a.png" },
    { type: "download", room: "r19", seq: 63, index: 0 },
    { type: "report", room: "r20", target: 59, reason: "spam" },
    { type: "block", user: "eve", on: true },
    { type: "users", ids: ["bob"], after: "1" },
    { type: "set_own", room: "r21", notify: "none", notify_until: 9, marked: true },
  ]);
  assert.equal(calls.filter((c) => c.settled).length, 0);
  client.stop();
});

test("options that a command does not have change neither its kind nor its number", async () => {
  const t = await new Harness().live();

  const file = outcome(t.client.upload("r1", { mime: "image/png", bytes: 1, type: "image/png", id: 7 }));
  const { id, type } = t.peer.inbox[0];
  await t.peer.say({ type: "upload", re: id });

  assert.equal(type, "upload");
  assert.equal(file.value.re, id);
});

test("blocks are said one after the other", async () => {
  const t = await new Harness().live();
  const calls = [t.client.block("eve"), t.client.unblock("eve"), t.client.blocks()].map(outcome);

  await t.peer.say({ type: "done", re: t.peer.take("block").id });
  assert.equal(t.peer.inbox[0].on, false);
  await t.peer.say({ type: "done", re: t.peer.take("block").id });
  await t.peer.say({ type: "blocks", re: t.peer.take("blocks").id, users: [] });

  assert.deepEqual(calls.map((c) => c.value.type), ["done", "done", "blocks"]);
});

test("a client in the background says so again after a reconnect, and one that came back does not", async () => {
  const t = await new Harness().live();
  t.client.active(false);
  assert.deepEqual(said(t), [{ type: "active", on: false }]);

  await t.reconnect();
  assert.deepEqual(said(t), [{ type: "active", on: false }]);

  t.client.active(true);
  said(t);
  await t.reconnect();
  assert.deepEqual(said(t), []);
});

test("the lists of members, pins, threads and users are what their promises bring", async () => {
  const t = await new Harness().live();
  const calls = {
    members: t.client.members("r1"), search: t.client.search({ query: "a" }), pins: t.client.pins("r2"), threads: t.client.threads("r3"), users: t.client.users(["a"]),
    created: t.client.createRoom(), upload: t.client.upload("r4", { mime: "a/b", bytes: 1 }), download: t.client.download("r5", 1),
  };
  const asked = t.peer.inbox.splice(0);

  await t.peer.say(...Object.keys(calls).map((type, i) => ({ type, re: asked[i].id })));

  for (const [type, call] of Object.entries(calls)) assert.equal((await call).type, type);
});

test("an error says until when, why and how many", async () => {
  const t = await new Harness().live();
  const join = outcome(t.client.join("general"));
  const pin = outcome(t.client.pin("r1", 1));
  const send = outcome(t.client.send("r2", "spam")); // of r1 it would wait for the pin
  const [first, second, third] = t.peer.inbox;

  await t.peer.say(
    { ...refusal(first, "banned"), until: 9, reason: "spam" },
    { ...refusal(second, "limit"), limit: 100 },
    { ...refusal(third, "rejected"), reason: "no links", data: { rule: 7 } },
  );

  assert.deepEqual([join.error.code, join.error.until, join.error.reason], ["banned", 9, "spam"]);
  assert.deepEqual([pin.error.code, pin.error.limit], ["limit", 100]);
  assert.deepEqual([send.error.code, send.error.retry, send.error.reason, send.error.data], ["rejected", false, "no links", { rule: 7 }]);
});

test("every reply settles its own promise, in whatever order they come", async () => {
  const t = await new Harness().live();
  const calls = [
    t.client.send("r1", "hi"),
    t.client.edit("r2", 1, "hi"),
    t.client.history("r3"),
    t.client.listRooms(),
    t.client.signal("bob", {}),
    t.client.ping(),
  ].map(outcome);
  const [send, edit, history, rooms, signal, ping] = t.peer.inbox;
  await t.clock.advance(30);

  await t.peer.say(
    { type: "pong", re: ping.id },
    { type: "signalled", re: signal.id, sessions: 2 },
    { type: "rooms", re: rooms.id, rooms: [], more: false },
    { type: "history", re: history.id, room: "r3", events: [message(1)], more: true },
    { type: "done", re: edit.id, room: "r2", seq: 60, at: 1, durability: "disk" },
    sent(send, 59),
  );

  assert.deepEqual(calls.map((c) => c.value.seq ?? c.value.type ?? c.value), [59, 60, "history", "rooms", "signalled", 30]);
  assert.equal(t.client.pending, 0);
});

// ------------------------------------------------------------------------------------------------- lost and found

test("a message written offline is sent when there is a session", async () => {
  const t = new Harness();
  const send = outcome(t.client.send("general", "early"));
  await t.live();

  const frame = t.peer.take("send");
  await t.peer.say(sent(frame, 1));

  assert.equal(frame.text, "early");
  assert.equal(send.value.seq, 1);
});

test("a send whose answer was lost is repeated with the same key and content", async () => {
  const t = await new Harness().live();
  const content = { data: { n: 1 } };
  const send = outcome(t.client.send("general", content));
  content.data.n = 2;
  const { id, ...first } = t.peer.take("send");

  await t.reconnect();
  const { id: again, ...second } = t.peer.take("send");

  assert.deepEqual(second, first);
  assert.deepEqual(second.data, { n: 1 });
  assert.equal(send.settled, false);
  await t.peer.say({ ...sent({ id: again, room: "general" }, 59), duplicate: true });
  assert.equal(send.value.seq, 59);
  assert.equal(send.value.duplicate, true);
  assert.equal(send.times, 1);
});

for (const [limits, hours, isOld] of [[{}, 11.9, false], [{}, 12.1, true], [{ key_ms: 7_200_000 }, 1.1, true]]) {
  test(`after ${hours} h without a connection, with ${JSON.stringify(limits)}, what has a key is ${isOld ? "the app's to send again" : "sent"}`, async () => {
    const t = await new Harness().live();
    const calls = [t.client.send("general", "said"), t.client.send("general", "waits"), t.client.history("general")].map(outcome);
    t.peer.inbox.length = 0;

    await t.peer.lose();
    t.clockError = hours * 3_600_000;
    await t.nextAttempt();
    await t.peer.welcome({ limits });

    assert.deepEqual(said(t).map(({ type, text }) => text ?? type), isOld ? ["history"] : ["said"]);
    const errors = calls.filter(({ error }) => error).map(({ error }) => [error.name, error.outcomeUnknown]);
    assert.deepEqual(errors, isOld ? [["RequestTimeoutError", true], ["RequestTimeoutError", false]] : []);
  });
}

test("two messages of the same text have two keys", async () => {
  const t = await new Harness().live();

  t.client.send("r1", "hi");
  t.client.send("r2", "hi");

  const [a, b] = t.peer.inbox;
  assert.notEqual(a.key, b.key);
});

test("without injected randomness keys are unique and valid", async () => {
  const { ConfabClient } = await import("../../sdk/confab.js");
  const keys = new Set();
  const uuid = globalThis.crypto?.randomUUID;
  for (const available of [true, false]) {
    if (!available && globalThis.crypto) globalThis.crypto.randomUUID = undefined;
    try {
      for (let i = 0; i < 500; i++) {
        const client = new ConfabClient({ url: "ws://x/ws", guest: "a", WebSocket: class {} });
        client.send("r", { get text() { return "x"; } }).catch(() => {});
        assert.equal(client.pending, 1);
        client.stop();
      }
      const spy = [];
      class Socket {
        constructor() { queueMicrotask(() => { this.onopen(); this.onmessage({ data: '{"type":"welcome"}' }); }); }
        send(text) { spy.push(JSON.parse(text)); }
        close() {}
      }
      const client = new ConfabClient({ url: "ws://x/ws", guest: "a", WebSocket: Socket });
      await client.connect();
      for (let i = 0; i < 500; i++) client.send(`r${i}`, "x").catch(() => {});
      client.stop();
      for (const { key } of spy) {
        assert.match(key, /^[\w.-]{20,64}$/);
        keys.add(key);
      }
    } finally {
      if (globalThis.crypto && uuid) globalThis.crypto.randomUUID = uuid;
    }
  }
  assert.equal(keys.size, 1000);
});

test("the sends of a room keep their order through losses and refusals", async () => {
  const t = await new Harness().live();
  for (const text of ["a", "b", "c"]) t.client.send("general", text);

  assert.deepEqual(said(t).map((f) => f.text), ["a"], "the second waits for the outcome of the first");
  await t.reconnect();
  const a = t.peer.take("send");
  assert.deepEqual([a.text, t.peer.inbox.length], ["a", 0]);
  await t.peer.say(refusal(a, "rate_limited", { retry: true, retry_after_ms: 300 }));
  assert.deepEqual(said(t), []);
  await t.clock.advance(300);
  await t.peer.say(sent(t.peer.take("send"), 1));
  await t.peer.say(sent(t.peer.take("send"), 2));

  assert.equal(t.peer.take("send").text, "c");
});

test("one room does not wait for another", async () => {
  const t = await new Harness().live();

  t.client.send("r1", "a");
  t.client.send("r2", "b");
  t.client.direct("bob", "c");

  assert.deepEqual(said(t).map((f) => f.text), ["a", "b", "c"]);
});

test("join, send and leave of a room take effect in the order called, called offline too", async () => {
  const t = new Harness();
  t.client.join("general");
  t.client.send("general", "hi");
  const left = outcome(t.client.leave("general"));
  await t.live();

  await t.peer.letJoin({ head: 0 });
  await t.peer.say(sent(t.peer.take("send"), 1));
  await t.peer.say({ type: "left", re: t.peer.take("leave").id, room: "general" });

  assert.equal(left.value.type, "left");
});

test("a refused command does not hold up those after it", async () => {
  const t = await new Harness().live();
  const a = outcome(t.client.send("general", "a"));
  t.client.send("general", "b");

  await t.peer.say(refusal(t.peer.take("send"), "forbidden"));

  assert.equal(a.error.code, "forbidden");
  assert.equal(a.error.outcomeUnknown, false);
  assert.equal(t.peer.take("send").text, "b");
});

for (const code of ["unavailable", "internal", "rate_limited"]) {
  test(`a send answered with ${code} is repeated with its key after the time the server names`, async () => {
    const t = await new Harness().live();
    const send = outcome(t.client.send("general", "hi"));
    const first = t.peer.take("send");

    await t.peer.say(refusal(first, code, { retry: true, retry_after_ms: 1500 }));
    await t.clock.advance(1499);
    assert.deepEqual(t.peer.inbox, []);
    await t.clock.advance(1);
    const second = t.peer.take("send");
    await t.peer.say(sent(second, 1));

    assert.equal(second.key, first.key);
    assert.equal(send.value.seq, 1);
  });
}

for (const hostile of [-1, 1e12, "soon", null]) {
  test(`a retry_after_ms of ${JSON.stringify(hostile)} is no advice`, async () => {
    const t = await new Harness().live();
    t.client.send("general", "hi");

    await t.peer.say(refusal(t.peer.take("send"), "unavailable", { retry: true, retry_after_ms: hostile }));
    await t.clock.advance(249);
    assert.deepEqual(t.peer.inbox, []);
    await t.clock.advance(1);

    t.peer.take("send");
  });
}

test("without a time named, the repeats back off", async () => {
  const t = await new Harness().live();
  t.client.send("general", "hi");

  for (const wait of [250, 500, 1000]) {
    await t.peer.say(refusal(t.peer.take("send"), "unavailable", { retry: true }));
    await t.clock.advance(wait - 1);
    assert.deepEqual(t.peer.inbox, []);
    await t.clock.advance(1);
  }

  assert.equal(t.peer.inbox.length, 1);
});

test("a refusal whose wait is longer than the time-out is waited for all the same", async () => {
  const t = await new Harness({ requestTimeoutMs: 1000 }).live();
  t.client.send("general", "hi");

  await t.peer.say(refusal(t.peer.take("send"), "rate_limited", { retry: true, retry_after_ms: 5000 }));
  await t.clock.advance(4999);
  assert.deepEqual(t.peer.inbox, []);
  await t.clock.advance(1);

  assert.equal(t.peer.inbox.length, 1);
});

test("a repeat that waits when the connection is lost is sent once on the next", async () => {
  const t = await new Harness().live();
  t.client.send("general", "hi");
  await t.peer.say(refusal(t.peer.take("send"), "unavailable", { retry: true, retry_after_ms: 1000 }));

  await t.reconnect();
  await t.clock.advance(1500);

  assert.equal(said(t).filter((f) => f.type === "send").length, 1);
});

test("repeats have an end", async () => {
  const t = await new Harness({ retriesMax: 2 }).live();
  const send = outcome(t.client.send("general", "hi"));

  for (let i = 0; i < 3; i++) {
    await t.peer.say(refusal(t.peer.take("send"), "internal", { retry: true, retry_after_ms: 1 }));
    await t.clock.advance(1);
  }

  assert.equal(send.error.code, "internal");
  assert.equal(send.error.outcomeUnknown, true);
  assert.deepEqual(t.peer.inbox, []);
});

test("a send that is not answered is repeated, and the late answer to the first counts", async () => {
  const t = await new Harness({ requestTimeoutMs: 2000 }).live();
  const send = outcome(t.client.send("general", "hi"));
  const first = t.peer.take("send");
  await t.clock.advance(2000);
  const second = t.peer.take("send");
  assert.equal(second.key, first.key);

  await t.peer.say(sent(first, 7));
  await t.peer.say({ ...sent(second, 7), duplicate: true });

  assert.equal(send.value.seq, 7);
  assert.equal(send.times, 1);
  assert.deepEqual(t.of("error"), []);
});

test("a send that is never answered is given up in the end", async () => {
  const t = await new Harness({ requestTimeoutMs: 1000, retriesMax: 2 }).live();
  const send = outcome(t.client.send("general", "hi"));

  await t.clock.advance(2999);
  assert.equal(send.settled, false);
  await t.clock.advance(1);

  assert.ok(send.error instanceof RequestTimeoutError);
  assert.equal(send.error.outcomeUnknown, true);
  assert.equal(said(t).length, 3);
});

test("an answered command leaves no timer behind", async () => {
  const t = await new Harness().live();
  const before = t.clock.waiting;
  t.client.send("general", "hi");
  assert.equal(t.clock.waiting, before + 1);

  await t.peer.say(sent(t.peer.take("send"), 1));

  assert.equal(t.clock.waiting, before);
});

test("reads in flight when the connection is lost are asked again", async () => {
  const t = await new Harness().live();
  const history = outcome(t.client.history("general", { limit: 10 }));
  const rooms = outcome(t.client.listRooms());

  await t.reconnect();
  const [again, list] = t.peer.inbox;
  await t.peer.say({ type: "history", re: again.id, room: "general", events: [], more: false });
  await t.peer.say({ type: "rooms", re: list.id, rooms: [], more: false });

  assert.equal(again.limit, 10);
  assert.equal(history.value.type, "history");
  assert.equal(rooms.value.type, "rooms");
});

test("signals and pings in flight when the connection is lost are not repeated", async () => {
  const t = await new Harness().live();
  const calls = [t.client.signal("bob", {}), t.client.ping(), t.client.refresh("t-2")].map(outcome);

  await t.reconnect();

  assert.deepEqual(t.peer.inbox, []);
  for (const { error } of calls) {
    assert.ok(error instanceof ConnectionLostError);
    assert.equal(error.outcomeUnknown, true);
  }
});

test("signals are rejected and typing is dropped while there is no session", async () => {
  const t = new Harness();
  const signal = outcome(t.client.signal("bob", {}));
  t.client.typing("general");
  await t.live();

  assert.ok(signal.error instanceof ConnectionLostError);
  assert.equal(signal.error.outcomeUnknown, false);
  assert.deepEqual(t.peer.inbox, []);
});

test("a signal that is not answered is rejected in time", async () => {
  const t = await new Harness({ requestTimeoutMs: 2000 }).live();
  const signal = outcome(t.client.signal("bob", {}));

  await t.clock.advance(2000);

  assert.ok(signal.error instanceof RequestTimeoutError);
  assert.equal(said(t).length, 1);
});

test("a rate-limited signal is left to its sender", async () => {
  const t = await new Harness().live();
  const signal = outcome(t.client.signal("bob", {}));

  await t.peer.say(refusal(t.peer.take("signal"), "rate_limited", { retry: true, retry_after_ms: 10 }));

  assert.ok(signal.error instanceof ServerError);
  assert.equal(signal.error.retryAfterMs, 10);
});

for (const [name, call] of [
  ["direct", (c) => c.direct("bob", "psst")],
  ["edit", (c) => c.edit("general", 5, "new")],
  ["delete", (c) => c.delete("general", 5)],
  ["react", (c) => c.react("general", 5, "👍")],
  ["unreact", (c) => c.unreact("general", 5, "👍")],
]) {
  test(`${name} is repeated with its key like a send`, async () => {
    const t = await new Harness().live();
    const done = outcome(call(t.client));
    const { id: first, ...frame } = t.peer.take(name);
    assert.ok(frame.key);

    await t.reconnect();
    const { id, ...again } = t.peer.take(name);
    await t.peer.say({ type: "done", re: id, seq: 6, duplicate: true });

    assert.deepEqual(again, frame);
    assert.notEqual(id, first);
    assert.equal(done.value.seq, 6);
  });
}

test("not_joined to a repeated leave says that the first had worked, to a first one it is an error", async () => {
  const t = await new Harness().inGeneral(5);
  const first = outcome(t.client.leave("elsewhere"));
  await t.peer.say(refusal(t.peer.take("leave"), "not_joined"));
  assert.equal(first.error.code, "not_joined");

  const second = outcome(t.client.leave("general"));
  t.peer.take("leave");
  await t.reconnect();
  await t.peer.say(refusal(t.peer.take("leave"), "not_joined"));

  assert.equal(second.value.room, "general");
  assert.equal(t.client.room("general"), null);
});

test("a leave whose answer was lost is said again, after the resume", async () => {
  const t = await new Harness().inGeneral(5);
  const left = outcome(t.client.leave("general"));
  t.peer.take("leave");

  const hello = await t.reconnect();
  assert.equal(hello.resume.length, 1);
  await t.peer.say(joined({ head: 5 }));
  await t.peer.say({ type: "left", re: t.peer.take("leave").id, room: "general" });

  assert.equal(left.value.room, "general");
  assert.equal(t.client.room("general"), null);
});

// -------------------------------------------------------------------------------------------------------- typing

test("typing is said every three seconds, however often the app says it", async () => {
  const t = await new Harness().live();

  for (let i = 0; i < 600; i++) {
    t.client.typing("general");
    await t.clock.advance(10);
  }

  assert.deepEqual(said(t), [{ type: "typing", room: "general", on: true }, { type: "typing", room: "general", on: true }]);
});

test("an app that cannot decide whether its user types does not flood the server", async () => {
  const t = await new Harness().live();

  for (let i = 0; i < 600; i++) t.client.typing(`r${i % 100}`, i % 2 === 0);
  for (let i = 0; i < 600; i++) t.client.typing("general", i % 2 === 0);

  assert.ok(said(t).length <= 32);
});

test("the end of typing is said once, and only where it was begun", async () => {
  const t = await new Harness().live();
  t.client.typing("general", false);
  t.client.typing("general");
  t.client.typing("general", false);
  t.client.typing("general", false);

  assert.deepEqual(said(t).map((f) => f.on), [true, false]);
});

test("a message ends typing, and who types on is shown at once", async () => {
  const t = await new Harness().live();
  t.client.typing("general");
  await t.clock.advance(1500);
  t.client.send("general", "hi");
  said(t);

  t.client.typing("general", false);
  t.client.typing("general");

  assert.deepEqual(said(t), [{ type: "typing", room: "general", on: true }]);
});

test("a new session knows nothing of who typed in the old one", async () => {
  const t = await new Harness().live();
  t.client.typing("general");
  await t.reconnect();

  t.client.typing("general");

  assert.deepEqual(said(t), [{ type: "typing", room: "general", on: true }]);
});

// -------------------------------------------------------------------------------------------------------- bounds

test("the queue has an end, and says so", async () => {
  const t = new Harness({ queueMax: 2 });
  t.client.send("general", "1");
  t.client.send("general", "2");

  const third = outcome(t.client.send("general", "3"));
  await t.live();

  assert.equal(t.client.pending, 2);
  assert.ok(third.error instanceof QueueFullError);
  assert.match(third.error.message, /2 commands/);
  await t.peer.say(sent(t.peer.take("send"), 1));
  const fourth = outcome(t.client.send("general", "4"));
  await t.clock.advance(0);
  assert.equal(fourth.settled, false);
});

test("a frame that the server would close on is not sent", async () => {
  const t = await new Harness().live({ limits: { text_bytes: 4096, frame_bytes: 1000, rooms: 200 } });
  const empty = JSON.stringify({ id: 2, type: "send", room: "general", key: "key-1", text: "" }).length;

  const fits = outcome(t.client.send("general", "x".repeat(1000 - empty)));
  await t.clock.advance(0);
  assert.equal(Buffer.byteLength(JSON.stringify(t.peer.inbox[0])), 1000);
  await t.peer.say(sent(t.peer.take("send"), 1));
  const tooLong = outcome(t.client.send("general", "ü".repeat(500)));
  await t.clock.advance(0);

  assert.ok(fits.value);
  assert.equal(tooLong.error.code, "too_long");
  assert.deepEqual(t.peer.inbox, []);
  assert.equal(t.client.pending, 0);
});

test("stop settles everything, and says of each whether it may have happened", async () => {
  const t = await new Harness().live();
  const a = outcome(t.client.send("general", "a"));
  const b = outcome(t.client.send("general", "b"));

  t.client.stop();
  await t.clock.advance(0);

  assert.ok(a.error instanceof StoppedError && b.error instanceof StoppedError);
  assert.deepEqual([a.error.outcomeUnknown, b.error.outcomeUnknown], [true, false]);
  assert.equal(t.client.pending, 0);
});

test("content that is no JSON rejects its own promise only", async () => {
  const t = await new Harness().live();
  const circular = {};
  circular.self = circular;

  const send = outcome(t.client.send("general", { data: circular }));
  await t.clock.advance(0);

  assert.ok(send.error instanceof TypeError);
  assert.equal(t.client.pending, 0);
});
