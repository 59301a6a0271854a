// What a client knows of a room's settings, pins and names, and what it does when it is taken out.

import assert from "node:assert/strict";
import { test } from "node:test";

import { createStore } from "../../sdk/store.js";
import { Harness, joined, message, outcome } from "./support/peer.mjs";

const entry = (type, seq, fields) => ({ type, room: "general", seq, at: 1, from: "bob", ...fields });

for (const reason of ["left", "removed", "banned", "private", "token", "deleted"]) {
  test(`a room that was left for us (${reason}) is not joined again by itself`, async () => {
    const t = await new Harness().inGeneral(5);

    await t.peer.say({ type: "left", room: "general", reason }, message(6));
    const hello = await t.reconnect();

    assert.deepEqual(t.of("left"), [{ room: "general", reason }]);
    assert.equal(hello.resume, undefined);
    assert.deepEqual(t.peer.inbox, []);
    assert.deepEqual(t.seqs(), []);
    assert.equal(t.client.room("general"), null);
  });
}

test("the entry of a ban is delivered before the room is left", async () => {
  const t = await new Harness().inGeneral(5);

  await t.peer.say(entry("member_set", 6, { users: ["alice"], state: "banned" }), { type: "left", room: "general", reason: "banned" });

  const told = t.events.map(([type]) => type).slice(-2);
  assert.deepEqual(told, ["member_set", "left"]);
});

test("a room is left while it is being caught up, and the rest of it changes nothing", async () => {
  const t = await new Harness().inGeneral(5);
  await t.peer.say(message(7)); // 6 is missing
  const asked = t.peer.take("join");

  await t.peer.say({ type: "left", room: "general", reason: "removed" });
  await t.peer.say(joined({ re: asked.id, head: 7, events: [message(6), message(7)] }));

  assert.deepEqual(t.seqs(), []);
  assert.equal(t.client.room("general"), null);
});

test("a ban that came while the client was away is an error of the room that is left", async () => {
  const t = await new Harness().inGeneral(5);
  const banned = { type: "error", code: "banned", message: "banned from this room", retry: false, until: 9, reason: "spam" };

  await t.reconnect();
  await t.peer.say({ ...banned, room: "general" });
  await t.peer.say({ ...banned, re: t.peer.take("join").id });

  const [{ room, error }] = t.of("left");
  assert.deepEqual([room, error.code, error.until, error.reason], ["general", "banned", 9, "spam"]);
  assert.equal(t.client.room("general"), null);
});

test("what the room is set to and what is pinned is kept up to date", async () => {
  const t = new Harness();
  await t.live();
  const done = outcome(t.client.join("general"));
  await t.peer.letJoin({ head: 5, member: true, settings: { topic: "Plans", slow_ms: 1000 }, count: 2, pins: [3, 4] });
  const known = () => {
    const { title, member, settings, count, pins } = t.client.room("general");
    return { title, member, settings, count, pins };
  };
  const before = { title: "General", member: true, settings: { topic: "Plans", slow_ms: 1000 }, count: 2, pins: [3, 4] };
  assert.deepEqual(known(), before);
  assert.deepEqual(done.value.pins, [3, 4]);

  await t.peer.say(
    entry("room_set", 6, { key: "k", title: "All", slow_ms: 0 }),
    entry("pinned", 7, { target: 5, on: true }),
    entry("pinned", 8, { target: 5, on: true }),
    entry("pinned", 9, { target: 3, on: false }),
    entry("deleted", 10, { target: 4 }),
  );

  assert.deepEqual(known(), { ...before, title: "All", settings: { topic: "Plans" }, pins: [5] });
});

test("a message that is caught up with names its author as a live one does", async () => {
  const t = await new Harness().inGeneral(5);
  await t.reconnect();
  const users = [{ id: "bob", name: "Bob" }];

  await t.peer.say(
    joined({ head: 7, users, events: [message(6)], more: true }),
    { type: "events", room: "general", users, events: [message(7), entry("pinned", 8, { target: 6, on: true })], more: false },
    message(9, { name: "Bob" }),
    message(10, { from: "carol" }),
  );

  assert.deepEqual(t.of("message").map(({ name }) => name), ["Bob", "Bob", "Bob", undefined]);
  assert.equal(t.of("pinned")[0].name, undefined);
});

test("the store knows the names of authors that only a page of history has", async () => {
  const t = new Harness();
  const store = createStore(t.client, { rejoin: false });
  await t.live();
  void store.join("general");
  await t.peer.letJoin({ head: 6, events: [message(6)] });
  const older = store.loadOlder("general");

  const { id } = t.peer.take("history");
  const events = [message(5, { from: "minsu" })];
  await t.peer.say({ type: "history", re: id, room: "general", users: [{ id: "minsu", name: "김민수" }], events, more: false });
  await older;

  assert.deepEqual(store.room("general").messages.map(({ name }) => name), ["김민수", "bob"]);
});
