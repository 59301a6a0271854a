// The store: what messages refer to. Answers, threads, mentions, files, and what is said of those taken away.

import assert from "node:assert/strict";
import { test } from "node:test";

import { createStore, memoryPositions } from "../../sdk/store.js";
import { Harness, joined, message, messages, refusal } from "./support/peer.mjs";

/** In `general`, of which nothing was read. */
async function inGeneral(fields = {}, seq = 0) {
  const positions = memoryPositions();
  positions.set("general", { seq, epoch: "e1" });
  const t = new Harness();
  t.store = createStore(t.client, { positions, rejoin: false });
  await t.live();
  t.store.join("general");
  await t.clock.advance(0);
  await t.peer.letJoin({ head: fields.events?.at(-1)?.seq ?? 0, ...fields });
  return t;
}

const general = (t) => t.store.room("general");
const shown = (t, seq) => general(t).messages.find((one) => one.seq === seq);
const entry = (type, seq, fields) => ({ type, room: "general", seq, at: seq, from: "bob", ...fields });
const replies = (t, seq) => (({ replies: count, lastReply, lastReplyAt }) => [count, lastReply, lastReplyAt])(shown(t, seq));

// ------------------------------------------------------------------------------------------------------- threads

test("a thread's root counts its answers as they come and go", async () => {
  const t = await inGeneral({ events: [message(1)] });
  assert.deepEqual(replies(t, 1), [0, undefined, undefined]);

  await t.peer.say(message(2, { thread: 1, reply_to: 1, at: 20 }), message(3, { thread: 1, at: 30 }), message(4));
  assert.deepEqual(replies(t, 1), [2, 3, 30]);
  assert.deepEqual([shown(t, 2).thread, shown(t, 2).replyTo, shown(t, 4).thread], [1, 1, undefined]);
  await t.peer.say(entry("deleted", 5, { target: 3 }), entry("deleted", 6, { target: 3 }), entry("deleted", 7, { target: 4 }));
  assert.deepEqual(replies(t, 1), [1, 2, 20]);
  await t.peer.say(entry("deleted", 8, { target: 2 }));

  assert.deepEqual(replies(t, 1), [0, undefined, undefined]);
});

test("a snapshot's count goes on, and what is in it is not counted again", async () => {
  const root = message(1, { replies: 7, last_reply: 3, last_reply_at: 30 });
  const t = await inGeneral({ events: [root, message(2, { thread: 1, deleted: true }), message(3, { thread: 1 })] });
  assert.deepEqual(replies(t, 1), [7, 3, 30]);

  await t.peer.say(message(4, { thread: 1, at: 40 }), entry("deleted", 5, { target: 3 }));

  assert.deepEqual(replies(t, 1), [7, 4, 40]);
});

test("an answer that is caught up with after it was deleted is not counted", async () => {
  const t = await inGeneral({ events: [message(1)] });

  await t.peer.say(message(2, { thread: 1, deleted: true, text: undefined }), entry("deleted", 3, { target: 2 }));

  assert.deepEqual(replies(t, 1), [0, undefined, undefined]);
});

test("a page of history that is ahead of what comes live counts nothing twice", async () => {
  const t = await inGeneral({ events: messages(101, 102) }, 102);
  t.store.loadOlder("general");
  const root = message(100, { replies: 1, last_reply: 103, last_reply_at: 9, reactions: { "👍": { count: 1, users: ["bob"] } } });
  await t.peer.say({ type: "history", re: t.peer.take("history").id, room: "general", head: 104, events: [root], more: true });

  await t.peer.say(message(103, { thread: 100 }), entry("reacted", 104, { target: 100, emoji: "👍", on: true }));
  assert.deepEqual([shown(t, 100).replies, shown(t, 100).reactions[0].count], [1, 1]);
  await t.peer.say(message(105, { thread: 100 }), entry("reacted", 106, { target: 100, emoji: "👍", on: true, from: "carol" }));

  assert.deepEqual([shown(t, 100).replies, shown(t, 100).reactions[0].count], [2, 2]);
});

test("an answer to what is not loaded changes nothing", async () => {
  const t = await inGeneral({ events: messages(101, 102) });
  const before = general(t).messages;

  await t.peer.say(message(103, { thread: 7, reply_to: 7 }), entry("deleted", 104, { target: 103 }));

  assert.deepEqual(general(t).messages.slice(0, 2), before);
});

// ---------------------------------------------------------------------------------- who is mentioned, what counts

test("what mentions oneself or the room counts beside what is unread, until it is read", async () => {
  const t = await inGeneral({ events: [message(1, { mentions: ["alice", "carol"] }), message(2, { mentions: ["carol"] })] });
  const counts = () => [general(t).unread, general(t).mentions, t.store.getSnapshot().mentions];
  assert.deepEqual(counts(), [2, 1, 1]);

  await t.peer.say(message(3, { mentions: ["@room"] }));
  assert.deepEqual(counts(), [3, 2, 2]);
  assert.deepEqual(shown(t, 3).mentions, ["@room"]);
  await t.peer.say(entry("deleted", 4, { target: 1 }));
  assert.deepEqual(counts(), [2, 1, 1]);
  t.store.markRead("general");

  assert.deepEqual(counts(), [0, 0, 0]);
});

test("mentions of a log that began anew are gone", async () => {
  const t = await inGeneral({ events: [message(1, { mentions: ["alice"] }), message(2, { mentions: ["alice"] })] });

  await t.reconnect();
  await t.peer.say(joined({ gap: true, epoch: "e2", head: 1, events: [message(1)] }));

  assert.deepEqual([general(t).unread, general(t).mentions], [1, 0]);
});

test("an answer in a thread is not unread, but its mention counts; what is quiet counts as nothing", async () => {
  const t = await inGeneral({ events: [message(1)] });

  await t.peer.say(
    message(2, { thread: 1 }),
    message(3, { thread: 1, mentions: ["alice"] }),
    message(4, { quiet: true, mentions: ["alice"] }),
  );

  assert.deepEqual([general(t).unread, general(t).mentions], [1, 1]);
});

test("an edit may mention, and take a mention back", async () => {
  const t = await inGeneral({ events: [message(1, { mentions: ["alice"] }), message(2)] });

  await t.peer.say(entry("edited", 3, { target: 1, text: "no one" }));
  assert.deepEqual([general(t).unread, general(t).mentions], [2, 0]);
  await t.peer.say(entry("edited", 4, { target: 2, text: "see", mentions: ["@room"] }));

  assert.deepEqual([general(t).unread, general(t).mentions], [2, 1]);
  assert.deepEqual([shown(t, 1).mentions, shown(t, 2).mentions], [undefined, ["@room"]]);
});

// ------------------------------------------------------------------------------------------- what is sent and shown

const CONTENT = {
  text: "see @bob", replyTo: 1, thread: 1, mentions: ["bob"], attachments: [{ ref: "f/1", name: "plan.png" }], quiet: true,
  event: "note", data: { a: 1 },
};

test("all that a message consists of is shown at once, sent, and sent again after it failed", async () => {
  const t = await inGeneral({ events: [message(1)] });
  const { text, data, ...options } = CONTENT;

  t.store.send("general", { text, data }, options);
  const { id, ...frame } = t.peer.take("send");
  const [, pending] = general(t).messages;
  for (const [name, value] of Object.entries(CONTENT)) assert.deepEqual(pending[name], value, name);
  await t.peer.say(refusal({ id }, "forbidden"));
  t.store.retry("general", frame.key);

  const { replyTo, ...same } = CONTENT;
  assert.deepEqual(frame, { type: "send", room: "general", key: frame.key, ...same, reply_to: replyTo });
  const again = t.peer.take("send");
  assert.deepEqual({ ...again, id: 0 }, { ...frame, id: 0 });
});

test("what an outbox has kept of a message is all of it", async () => {
  const kept = { room: "general", key: "k", at: 1763790000000, ...CONTENT };
  const outbox = { load: async () => ({ messages: [kept], drafts: {} }), put() {}, remove() {}, setDraft() {} };
  const t = new Harness();
  const store = createStore(t.client, { outbox, date: () => kept.at });
  await store.restored;

  await t.live();
  await t.peer.letJoin();
  const { replyTo, ...same } = CONTENT;
  const { id, ...frame } = t.peer.take("send");

  assert.deepEqual(frame, { type: "send", room: "general", key: "k", ...same, reply_to: replyTo });
  assert.equal(store.room("general").messages[0].room, undefined, "what the outbox needs is no part of the message");
});

test("an edit replaces mentions and files too, and says who made it if another did", async () => {
  const t = await inGeneral({ events: [message(1, { attachments: [{ ref: "f/1" }], mentions: ["carol"] }), message(2)] });

  await t.peer.say(
    entry("edited", 3, { target: 1, text: "new", attachments: [{ ref: "f/2" }] }),
    entry("edited", 4, { target: 2, from: "carol", text: "tidied" }),
  );

  const [one, two] = general(t).messages;
  assert.deepEqual([one.attachments, one.mentions, one.editedBy], [[{ ref: "f/2" }], undefined, undefined]);
  assert.deepEqual([two.text, two.editedBy], ["tidied", "carol"]);
});

test("of a deleted message it is known who deleted it and why, live and in a snapshot", async () => {
  const gone = message(1, { deleted: true, deleted_by: "carol", reason: "spam", text: undefined });
  const t = await inGeneral({ events: [gone, message(2, { attachments: [{ ref: "f/1" }], mentions: ["alice"] })] });

  t.store.remove("general", 2, { reason: "off topic" });
  assert.deepEqual([t.peer.inbox[0].target, t.peer.take("delete").reason], [2, "off topic"]);
  await t.peer.say(entry("deleted", 3, { target: 2, from: "alice", reason: "off topic" }));

  const [one, two] = general(t).messages;
  assert.deepEqual([one.deleted, one.deletedBy, one.reason], [true, "carol", "spam"]);
  assert.deepEqual([two.deleted, two.deletedBy, two.reason], [true, "alice", "off topic"]);
  assert.deepEqual([two.text, two.attachments, two.mentions], ["", undefined, undefined]);
});
