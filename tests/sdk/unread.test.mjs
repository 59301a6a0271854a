// What is unread: exactly what others wrote since, in however many tabs and devices, over reloads.

import assert from "node:assert/strict";
import { test } from "node:test";

import { createStore, localPositions, memoryPositions } from "../../sdk/store.js";
import { Harness, joined, message, messages } from "./support/peer.mjs";

async function inGeneral(positions, fields = {}) {
  const t = new Harness();
  t.store = createStore(t.client, { positions, rejoin: false });
  await t.live();
  t.store.join("general");
  await t.clock.advance(0);
  await t.peer.letJoin({ head: fields.events?.at(-1)?.seq ?? 0, ...fields });
  return t;
}

const unread = (t) => t.store.room("general").unread;
const readUpTo = (seq, epoch = "e1") => {
  const positions = memoryPositions();
  positions.set("general", { seq, epoch });
  return positions;
};

test("what is trimmed is gone from the screen, and counts no more", async () => {
  const t = await inGeneral(readUpTo(2), { events: messages(1, 4), pins: [2, 4] });
  assert.equal(unread(t), 2);

  await t.peer.say({ type: "trimmed", room: "general", seq: 5, at: 1, from: "@server", upto: 3 });

  const room = t.store.room("general");
  assert.deepEqual([room.messages.map(({ seq }) => seq), room.pins, room.unread], [[4], [4], 1]);
  assert.equal(room.hasOlder, false, "there is nothing before");
});

test("who is erased has said nothing, and is called otherwise", async () => {
  const t = await inGeneral(readUpTo(0), { events: [message(1, { from: "eve" }), message(2, { from: "bob", mentions: ["eve"] })] });
  await t.peer.say({ type: "reacted", room: "general", seq: 3, at: 1, from: "eve", target: 2, emoji: "+", on: true });

  await t.peer.say({ type: "erased", room: "general", seq: 4, at: 1, from: "@server", user: "eve", as: "gone:1" });

  const [hers, his] = t.store.room("general").messages;
  assert.deepEqual([hers.from, hers.deleted, hers.text], ["gone:1", true, ""]);
  assert.deepEqual([his.from, his.mentions, his.reactions], ["bob", ["gone:1"], []]);
});

test("a room that is new counts as read", async () => {
  assert.equal(unread(await inGeneral(memoryPositions(), { events: messages(1, 3) })), 0);
});

test("what others wrote since counts, live and before", async () => {
  const t = await inGeneral(readUpTo(2), { events: messages(1, 4) });
  assert.equal(unread(t), 2);

  await t.peer.say(message(5));
  assert.equal(unread(t), 3);
  assert.equal(t.store.getSnapshot().unread, 3);
  t.store.markRead("general");

  assert.deepEqual([unread(t), t.store.room("general").readUpTo], [0, 5]);
});

test("deleted messages do not count, whenever they are deleted", async () => {
  const t = await inGeneral(readUpTo(0), { events: [message(1), message(2, { deleted: true, text: undefined }), message(3)] });
  assert.equal(unread(t), 2);

  await t.peer.say(message(4), { type: "deleted", room: "general", seq: 5, at: 1, from: "bob", target: 4 });
  assert.equal(unread(t), 2);
  await t.peer.say({ type: "deleted", room: "general", seq: 6, at: 1, from: "bob", target: 1 });

  assert.equal(unread(t), 1);
});

test("who answers from another device has read what was before", async () => {
  const positions = readUpTo(0);
  const t = await inGeneral(positions, { events: messages(1, 3) });
  assert.equal(unread(t), 3);

  await t.peer.say(message(4, { from: "alice", key: "of-the-phone" }), message(5));

  assert.equal(unread(t), 1);
  assert.equal(positions.get("general").seq, 4);
});

test("edits and reactions do not count", async () => {
  const t = await inGeneral(readUpTo(1), { events: messages(1, 1) });

  await t.peer.say(
    { type: "edited", room: "general", seq: 2, at: 1, from: "bob", target: 1, text: "new" },
    { type: "reacted", room: "general", seq: 3, at: 1, from: "bob", target: 1, emoji: "👍", on: true },
  );

  assert.equal(unread(t), 0);
});

/** Answers questions for history from this log until there are none. */
async function answerHistory(t, log) {
  for (let asked; (asked = t.peer.inbox.shift()); ) {
    assert.equal(asked.type, "history");
    const before = log.filter(({ seq }) => seq < asked.before);
    const events = before.slice(-asked.limit);
    await t.peer.say({ type: "history", re: asked.id, room: "general", events, more: before.length > events.length });
  }
}

test("more than what is loaded is counted", async () => {
  const log = messages(1, 500).map((each) => (each.seq % 10 === 0 ? { ...each, deleted: true } : each));
  const t = await inGeneral(readUpTo(100), { events: log.slice(-50) });

  await answerHistory(t, log);

  assert.equal(unread(t), 360);
  assert.equal(t.store.room("general").messages.length, 50, "the pages are not kept");
});

test("counting ends at one's own last message", async () => {
  const log = messages(1, 500).map((each) => (each.seq === 300 ? { ...each, from: "alice" } : each));
  const t = await inGeneral(readUpTo(10), { events: log.slice(-50) });

  await answerHistory(t, log);

  assert.deepEqual([unread(t), t.store.room("general").readUpTo], [200, 300]);
});

test("counting has an end", async () => {
  const log = messages(1, 5000);
  const t = await inGeneral(readUpTo(0), { events: log.slice(-50) });

  await answerHistory(t, log);

  assert.equal(unread(t), 1050);
});

test("a count that comes after the room was read is void", async () => {
  const log = messages(1, 500);
  const t = await inGeneral(readUpTo(100), { events: log.slice(-50) });

  t.store.markRead("general");
  await answerHistory(t, log);

  assert.equal(unread(t), 0);
});

test("a log that began anew is unread from its beginning", async () => {
  const t = await inGeneral(readUpTo(900, "e0"), { events: messages(1, 3) });
  assert.equal(unread(t), 3);

  await t.peer.say(joined({ gap: true, head: 2, epoch: "e2", events: messages(1, 2) }));

  assert.equal(unread(t), 2);
});

// --------------------------------------------------------------------------------------------------------- tabs

/** What tabs of one browser share. */
class Shared {
  #values = new Map();
  #tabs = new Set();
  /** As one tab sees it: `Object.keys` lists the entries, and the others hear what it writes. */
  tab(target) {
    this.#tabs.add(target);
    const tell = (key, newValue) => {
      const event = Object.assign(new Event("storage"), { key, newValue });
      for (const other of this.#tabs) if (other !== target) other.dispatchEvent(event);
    };
    const methods = {
      getItem: (key) => this.#values.get(key) ?? null,
      setItem: (key, value) => (this.#values.set(key, value), tell(key, value)),
      removeItem: (key) => (this.#values.delete(key), tell(key, null)),
    };
    return new Proxy(methods, {
      ownKeys: () => [...this.#values.keys()],
      getOwnPropertyDescriptor: (_, key) => ({ enumerable: true, configurable: true, value: this.#values.get(key) }),
    });
  }
}

/** Positions as in a page of its own. */
function positionsOf(user, shared) {
  const page = new EventTarget();
  const positions = localPositions(user, shared.tab(page));
  const { watch } = positions;
  return {
    ...positions,
    watch: (listener) => {
      const { addEventListener, removeEventListener } = globalThis;
      globalThis.addEventListener = page.addEventListener.bind(page);
      globalThis.removeEventListener = page.removeEventListener.bind(page);
      try {
        return watch(listener);
      } finally {
        Object.assign(globalThis, { addEventListener, removeEventListener });
      }
    },
  };
}

test("two tabs do not overwrite each other's rooms and positions", () => {
  const shared = new Shared();
  const [one, two] = [positionsOf("alice", shared), positionsOf("alice", shared)];

  one.set("general", { seq: 5, epoch: "e1" });
  two.set("attic", { seq: 7, epoch: "e1" });
  one.set("general", { seq: 9, epoch: "e1" });
  two.set("general", { seq: 6, epoch: "e1" });

  assert.deepEqual(one.keys().sort(), ["attic", "general"]);
  assert.deepEqual(one.get("general"), { seq: 9, epoch: "e1" });
  two.set("general", { seq: 1, epoch: "e2" });
  assert.deepEqual(one.get("general"), { seq: 1, epoch: "e2" }, "of a new log it is where one is in that");
  assert.deepEqual(positionsOf("bob", shared).keys(), []);
});

test("what one tab has read is read in the other", async () => {
  const shared = new Shared();
  positionsOf("alice", shared).set("general", { seq: 1, epoch: "e1" });
  const [one, two] = [await inGeneral(positionsOf("alice", shared), { events: messages(1, 3) }), await inGeneral(positionsOf("alice", shared), { events: messages(1, 3) })];
  assert.deepEqual([unread(one), unread(two)], [2, 2]);

  one.store.markRead("general");

  assert.deepEqual([unread(one), unread(two)], [0, 0]);
});

test("a storage that is blocked, full or spoilt only forgets", () => {
  const broken = new Proxy({}, { get: () => () => { throw new Error("denied"); }, ownKeys: () => { throw new Error("denied"); } });
  const positions = localPositions("alice", broken);

  positions.set("general", { seq: 1 });
  positions.remove("general");

  assert.deepEqual([positions.get("general"), positions.keys()], [undefined, []]);
  const spoilt = localPositions("alice", { getItem: () => "{", setItem() {}, removeItem() {} });
  assert.equal(spoilt.get("general"), undefined);
  assert.deepEqual(localPositions("alice").keys(), [], "where there is no storage at all");
});

// ------------------------------------------------------------------------------------------ markers at the server

test("a member's marker is the server's: it counts on every device", async () => {
  const t = await inGeneral(readUpTo(1), { events: messages(1, 4), member: true, read: 3 });
  assert.deepEqual([unread(t), t.store.room("general").readUpTo], [1, 3]);

  await t.peer.say(message(5), { type: "read", room: "general", read: 5 });

  assert.deepEqual([unread(t), t.store.room("general").readUpTo], [0, 5]);
});

test("what a member reads is told to the server, and what was read while it could not be told", async () => {
  const t = await inGeneral(readUpTo(4), { events: messages(1, 4), member: true, read: 2 });
  assert.equal(t.peer.take("read").seq, 4);

  await t.peer.say(message(5));
  t.store.markRead("general");
  await t.clock.advance(0);
  // Markers go one after the other: this one waits for the first.
  assert.equal(t.peer.inbox.length, 0);
  assert.equal(unread(t), 0);
});

test("a visitor's marker is the device's alone", async () => {
  const t = await inGeneral(readUpTo(0), { events: messages(1, 4) });
  t.store.markRead("general");
  await t.clock.advance(0);

  assert.equal(t.peer.inbox.length, 0);
  assert.equal(unread(t), 0);
});
