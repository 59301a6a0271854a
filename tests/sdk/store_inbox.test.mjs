// The store and the server's list of one's rooms: what is unread in rooms that were not joined here, on all devices alike; and
// receipts.

import assert from "node:assert/strict";
import { test } from "node:test";

import { createStore, memoryPositions } from "../../sdk/store.js";
import { Harness, message, messages } from "./support/peer.mjs";

const features = ["inbox"];
const row = (room, fields) => ({ room, title: room.toUpperCase(), state: "member", role: "member", head: 9, at: 1, read: 4, unread: 3, mentions: 1, ...fields });
const totals = { rooms: 1, unread: 3, mentions: 1 };
const event = (rooms, fields) => ({ type: "inbox", as_of: "j.2", rooms, totals, ...fields });

async function withInbox(rooms, fields = {}) {
  const t = new Harness();
  t.store = createStore(t.client, { positions: memoryPositions() });
  await t.live({ features });
  const asked = t.peer.take("inbox");
  await t.peer.say({ ...event(rooms), as_of: "j.1", re: asked.id, more: false, ...fields });
  t.counts = (key) => {
    const { unread, mentions } = t.store.room(key);
    return [unread, mentions];
  };
  return t;
}

test("rooms one is a member of are there with their counts, without being joined", async () => {
  const t = await withInbox([row("general"), row("dm:alice:bob", { title: undefined, with: "bob", unread: 1, mentions: 0 }), { room: "red", state: "invited", head: 1, at: 1 }]);

  assert.deepEqual(t.counts("general"), [3, 1]);
  assert.equal(t.store.room("general").title, "GENERAL");
  assert.deepEqual(t.counts("@bob"), [1, 0]);
  assert.deepEqual([t.store.getSnapshot().unread, t.store.getSnapshot().mentions], [4, 1]);
  assert.equal(t.store.has("red"), false, "an invitation is no room one is in");

  await t.peer.say(event([row("general", { head: 10, unread: 4 }), { room: "dm:alice:bob", gone: "deleted" }]));

  assert.deepEqual(t.counts("general"), [4, 1]);
  assert.deepEqual(t.counts("@bob"), [0, 0]);
});

test("what comes live counts at once, what is read is gone at once, and a row that is older brings it not back", async () => {
  const t = await withInbox([row("general")]);
  t.store.join("general");
  await t.clock.advance(0);
  await t.peer.letJoin({ head: 9, read: 4, member: true, events: messages(5, 9) });
  t.peer.inbox.length = 0;
  assert.deepEqual(t.counts("general"), [3, 1], "as the server says");
  await t.peer.say(message(10, { mentions: ["alice"] }));
  assert.deepEqual(t.counts("general"), [4, 2]);

  t.store.markRead("general");
  assert.deepEqual(t.counts("general"), [0, 0]);
  await t.peer.say(event([row("general", { head: 10, unread: 4, mentions: 2 })]));
  assert.deepEqual(t.counts("general"), [0, 0], "it was made before the marker came");
  await t.peer.say(event([row("general", { head: 11, read: 10, unread: 1, mentions: 0 })]));

  assert.deepEqual(t.counts("general"), [1, 0]);
});

test("another device reads, and the row says what is left", async () => {
  const t = await withInbox([row("general")]);

  await t.peer.say({ type: "read", room: "general", read: 9 }, event([row("general", { read: 9, unread: 0, mentions: 0 })]));

  assert.deepEqual(t.counts("general"), [0, 0]);
});

test("where somebody is blocked, what is loaded is counted here", async () => {
  const t = await withInbox([row("general")]);
  t.store.join("general");
  await t.clock.advance(0);
  await t.peer.letJoin({ head: 9, read: 4, member: true, events: [...messages(5, 7), ...messages(8, 9, { from: "eve" })] });
  t.peer.inbox.length = 0;
  const blocked = t.store.setBlocked("eve");
  const { id } = t.peer.take("block");
  await t.peer.say({ type: "done", re: id });
  await blocked;

  assert.equal(t.store.room("general").unread, 3);
});

test("the next session asks for what has changed, or takes all of it anew", async () => {
  const t = await withInbox([row("general"), row("red")]);
  await t.peer.say(event([row("general", { unread: 5 })], { as_of: "j.7" }));

  await t.reconnect({ features });
  const asked = t.peer.take("inbox");
  assert.equal(asked.since, "j.7");
  await t.peer.say({ ...event([row("general", { unread: 6 })]), re: asked.id, reset: true, more: false });

  assert.deepEqual(t.counts("general"), [6, 1]);
  assert.deepEqual(t.counts("red"), [0, 0]);
});

test("windows are asked for until there are no more", async () => {
  const t = await withInbox([row("general")], { more: true, next: "1.general" });

  const asked = t.peer.take("inbox");
  assert.deepEqual([asked.after, asked.since], ["1.general", undefined]);
  await t.peer.say({ ...event([row("red", { unread: 2 })]), re: asked.id, more: false });

  assert.deepEqual(t.counts("red"), [2, 1]);
});

test("up to where others have read comes with joined and with receipts, and by what they write", async () => {
  const t = await withInbox([]);
  t.store.join("general");
  await t.clock.advance(0);
  await t.peer.letJoin({ head: 9, member: true, read: 9, receipts: true, reads: { alice: 9, bob: 5 }, events: messages(8, 9) });
  assert.deepEqual(t.store.room("general").reads, { alice: 9, bob: 5 });

  await t.peer.say({ type: "receipts", room: "general", reads: { bob: 8, carol: 9 } }, { type: "receipts", room: "general", reads: { bob: 7 } });
  assert.deepEqual(t.store.room("general").reads, { alice: 9, bob: 8, carol: 9 });
  await t.peer.say(message(10), message(11, { from: "visitor" }));

  assert.deepEqual(t.store.room("general").reads, { alice: 9, bob: 10, carol: 9 });
  assert.equal(t.of("receipts").length, 2);
});

test("one's own settings come with whole rows, and go with them; a room one wants nothing of is in no sum", async () => {
  const t = await withInbox([row("general", { own: { notify: "none" } }), row("red", { own: { marked: true } })]);
  const own = (key) => t.store.room(key).own;
  assert.deepEqual([own("general"), own("red"), own("blue")], [{ notify: "none" }, { marked: true }, {}]);
  assert.deepEqual([t.store.getSnapshot().unread, t.store.getSnapshot().mentions], [3, 1]);

  await t.peer.say(event([row("general", { title: undefined, unread: 5 })]));
  assert.deepEqual(own("general"), { notify: "none" }, "a row of counts says nothing of them");
  assert.deepEqual(t.counts("general"), [5, 1]);
  assert.equal(t.store.getSnapshot().unread, 3);

  await t.peer.say(event([row("general", { unread: 5 }), row("red", { own: { hidden: true } })]));
  assert.deepEqual([own("general"), own("red")], [{}, { hidden: true }]);
  assert.equal(t.store.getSnapshot().unread, 5, "what is hidden is in no sum either");

  await t.peer.say(event([{ room: "general", gone: "left" }]));
  assert.deepEqual(own("general"), {});
});

test("a level of notifications that has ended by time is in the sum again", async () => {
  const t = new Harness();
  let now = 1000;
  t.store = createStore(t.client, { date: () => now });
  await t.live({ features });
  const asked = t.peer.take("inbox");
  await t.peer.say({ ...event([row("general", { own: { notify: "none", notify_until: 2000 } })]), re: asked.id, more: false });
  assert.equal(t.store.getSnapshot().unread, 0);

  now = 2000;
  await t.peer.say(event([row("red", { unread: 0, mentions: 0 })]));

  assert.equal(t.store.getSnapshot().unread, 3);
});

test("own settings are set by the room's name at the server, before what is read after them", async () => {
  const t = await withInbox([row("dm:alice:bob", { title: undefined, with: "bob" })]);

  const done = t.store.setOwn("@bob", { marked: true });
  t.client.read("dm:alice:bob", 9).catch(() => {});

  const asked = t.peer.take("set_own");
  assert.deepEqual({ ...asked, id: undefined }, { type: "set_own", room: "dm:alice:bob", marked: true, id: undefined });
  assert.equal(t.peer.inbox.some(({ type }) => type === "read"), false);
  await t.peer.say({ type: "done", re: asked.id });
  await done;
  assert.equal(t.peer.take("read").seq, 9);
  t.client.stop();
});
