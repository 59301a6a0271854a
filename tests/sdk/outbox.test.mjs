// What was written and not sent, over a reload: messages under their keys, once, and drafts.

import assert from "node:assert/strict";
import { test } from "node:test";

import { createStore } from "../../sdk/store.js";
import { EPOCH_MS, Harness, joined, message, refusal, sent } from "./support/peer.mjs";

const HOUR = 3600_000;

/** A storage that is there for the next page as well. */
class Storage {
  messages = new Map();
  drafts = {};
  async load() {
    return { messages: [...this.messages.values()].sort((a, b) => a.at - b.at), drafts: { ...this.drafts } };
  }
  put(kept) {
    this.messages.set(kept.key, structuredClone(kept));
  }
  remove(key) {
    this.messages.delete(key);
  }
  setDraft(room, text) {
    this.drafts[room] = text;
  }
  get texts() {
    return [...this.messages.values()].map(({ text }) => text);
  }
}

/** A page with this storage, not connected yet. `laterMs` after the first one. */
async function page(outbox, { laterMs = 0 } = {}) {
  const t = new Harness();
  t.clockError = laterMs;
  t.store = createStore(t.client, { outbox, date: () => EPOCH_MS + t.clock.time + laterMs });
  await t.store.restored;
  t.shown = (key = "general") => t.store.room(key).messages.map(({ text, state }) => `${text} ${state}`);
  return t;
}

/** A page that was closed while these were waiting. */
async function closedWith(texts, key = "general") {
  const outbox = new Storage();
  const t = await page(outbox);
  for (const text of texts) t.store.send(key, text);
  return outbox;
}

test("messages that were written offline are shown by the next page, and sent in order under their keys", async () => {
  const outbox = await closedWith(["one", "two"]);
  const keys = [...outbox.messages.keys()];
  const t = await page(outbox);
  assert.deepEqual(t.shown(), ["one sending", "two sending"]);

  t.store.send("general", "three");
  await t.live();
  await t.peer.letJoin();
  for (const [seq, key] of keys.entries()) {
    const send = t.peer.take("send");
    assert.equal(send.key, key);
    await t.peer.say(sent(send, seq + 1), message(seq + 1, { from: "alice", key, text: send.text }));
  }

  assert.deepEqual([t.peer.take("send").text, outbox.texts], ["three", ["three"]]);
  assert.deepEqual(t.shown(), ["one stored", "two stored", "three sending"]);
});

test("a message that the server had already is there once", async () => {
  const outbox = await closedWith(["one"]);
  const [key] = outbox.messages.keys();
  const t = await page(outbox);

  await t.live();
  await t.peer.letJoin({ head: 1, events: [message(1, { from: "alice", key, text: "one" })] });
  assert.deepEqual([t.shown(), outbox.texts], [["one stored"], []]);
  const send = t.peer.take("send");
  assert.equal(send.key, key);
  await t.peer.say({ ...sent(send, 1), duplicate: true });

  assert.deepEqual(t.shown(), ["one stored"]);
});

test("direct messages go to whom they were written", async () => {
  const outbox = await closedWith(["psst"], "@bob");
  const t = await page(outbox);
  assert.deepEqual(t.shown("@bob"), ["psst sending"]);

  await t.live();

  const { to, text } = t.peer.take("direct");
  assert.deepEqual([to, text], ["bob", "psst"]);
});

for (const [limits, hours, isOld] of [[{}, 11.9, false], [{}, 12.1, true], [{ key_ms: 2 * HOUR }, 0.9, false], [{ key_ms: 2 * HOUR }, 1.1, true]]) {
  test(`after ${hours} h, with ${JSON.stringify(limits)}, a message ${isOld ? "waits for its user" : "is sent"}`, async () => {
    const outbox = await closedWith(["one"]);
    const t = await page(outbox, { laterMs: hours * HOUR });

    await t.live({ limits });
    if (isOld) {
      assert.deepEqual(t.shown(), ["one failed"]);
      assert.deepEqual((await page(outbox)).shown(), ["one failed"], "the next page knows it");
      t.store.join("general");
      t.store.retry("general", t.store.room("general").messages[0].key);
      await t.clock.advance(0);
    }

    await t.peer.letJoin();
    assert.equal(t.peer.take("send").text, "one");
  });
}

test("so does one that waited for a connection on this page", async () => {
  const t = await page(new Storage());
  t.store.send("general", "one");
  const [{ key }] = t.store.room("general").messages;
  t.clockError = 13 * HOUR;

  await t.live();
  assert.deepEqual([t.shown(), t.peer.inbox], [["one failed"], []]);
  t.store.retry("general", key);
  await t.clock.advance(0);

  assert.equal(t.peer.take("send").key, key);
});

test("a message that was refused is shown as failed by the next page, and not sent by it", async () => {
  const outbox = new Storage();
  const t = await page(outbox);
  await t.live();
  t.store.send("general", "one");
  await t.clock.advance(0);
  await t.peer.say(refusal(t.peer.take("send"), "forbidden", { message: "not now" }));

  const next = await page(outbox);
  await next.live();
  const [failed] = next.store.room("general").messages;
  assert.deepEqual([failed.state, failed.error.message, next.peer.inbox], ["failed", "forbidden: not now", []]);
  next.store.discard("general", failed.key);

  assert.deepEqual(outbox.texts, []);
});

test("a client that was stopped leaves its messages to the next page", async () => {
  const outbox = await closedWith(["one"]);
  const t = await page(outbox);
  t.client.stop();
  t.store.send("general", "two");
  await t.clock.advance(0);
  assert.deepEqual(t.shown(), ["one sending", "two failed"]);

  assert.deepEqual((await page(outbox)).shown(), ["one sending", "two sending"]);
});

test("drafts are there again, until they are sent away or their room is left", async () => {
  const outbox = new Storage();
  const t = await page(outbox);
  t.store.setDraft("general", "half a sen");
  t.store.setDraft("@bob", "dear");

  const next = await page(outbox);
  assert.deepEqual([next.store.draft("general"), next.store.draft("@bob"), next.store.draft("attic")], ["half a sen", "dear", ""]);
  await next.live();
  next.store.join("general");
  next.store.setDraft("@bob", "");
  next.store.leave("general").catch(() => {});

  const last = await page(outbox);
  assert.deepEqual([last.store.draft("general"), last.store.draft("@bob")], ["", ""]);
});

test("messages of a room that was left are not sent", async () => {
  const outbox = await closedWith(["one"]);
  const t = await page(outbox);
  t.store.leave("general").catch(() => {});
  await t.live();

  assert.deepEqual([outbox.texts, t.peer.inbox.filter(({ type }) => type === "send")], [[], []]);
});

test("what is written before it is known who oneself is becomes one's own", async () => {
  const outbox = await closedWith(["one"]);
  const t = await page(outbox);
  assert.equal(t.store.room("general").messages[0].from, "");

  await t.live();

  assert.equal(t.store.room("general").messages[0].name, "Alice");
});

test("a storage that fails loses nothing of this page", async () => {
  const outbox = Object.assign(new Storage(), { load: () => Promise.reject(new Error("blocked")) });
  const t = await page(outbox);
  t.store.send("general", "one");

  await t.live();
  await t.clock.advance(0);

  assert.equal(t.peer.take("send").text, "one");
  await t.peer.say(joined({}));
});

test("no more than a thousand messages are kept", async () => {
  const outbox = await closedWith(Array.from({ length: 1001 }, (_, i) => `${i}`));

  assert.deepEqual([outbox.messages.size, outbox.texts.at(-1)], [1000, "999"]);
});
