// Read markers: one's own, by this device and by others.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Harness, outcome } from "./support/peer.mjs";

test("what is read is said in turn, and the reply tells what is left", async () => {
  const t = await new Harness().inGeneral(9);
  const calls = [t.client.read("general", 7), t.client.readAll()].map(outcome);

  const first = t.peer.take("read");
  assert.deepEqual({ ...first, id: 0 }, { type: "read", id: 0, room: "general", seq: 7 });
  assert.equal(t.peer.inbox.length, 0, "markers go one after the other");
  await t.peer.say({ type: "read", re: first.id, room: "general", read: 7, unread: 2, mentions: 1 });
  const second = t.peer.take("read");
  assert.equal("room" in second, false);
  await t.peer.say({ type: "read", re: second.id, totals: { rooms: 0, unread: 0, mentions: 0 } });

  assert.equal(calls[0].value.unread, 2);
  assert.equal(calls[1].value.totals.unread, 0);
  assert.equal(t.client.room("general").read, 7);
  assert.equal(t.of("read").length, 1, "of all rooms no event is told");
});

test("a marker that another device moved is an event, and never moves back", async () => {
  const t = await new Harness().inGeneral(9);

  await t.peer.say({ type: "read", room: "general", read: 8 }, { type: "read", room: "general", read: 5 });

  assert.deepEqual(t.of("read").map((event) => event.read), [8, 5]);
  assert.equal(t.client.room("general").read, 8);
});

test("a marker on its way when the connection went is said again", async () => {
  const t = await new Harness().inGeneral(9);
  const call = outcome(t.client.read("general", 7));
  t.peer.take("read");

  await t.reconnect();
  const again = t.peer.take("read");
  await t.peer.say({ type: "read", re: again.id, room: "general", read: 7, unread: 0, mentions: 0 });

  assert.equal(again.seq, 7);
  assert.equal(call.value.read, 7);
});

test("what addresses one comes in pages", async () => {
  const t = await new Harness().live();
  const call = outcome(t.client.mentions({ limit: 20, after: "8812" }));

  const asked = t.peer.take("mentions");
  assert.deepEqual({ ...asked, id: 0 }, { type: "mentions", id: 0, after: "8812", limit: 20 });
  await t.peer.say({ type: "mentions", re: asked.id, mentions: [], more: false });

  assert.equal(call.value.more, false);
});
