// Messages that are sent ahead of the answers to those before them, to a server that keeps their order.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Harness, outcome, refusal, sent } from "./support/peer.mjs";

/** In `general`, at a server that knows `after` unless `features` say otherwise. */
async function writer(features = ["after"], options = {}) {
  const t = new Harness(options);
  await t.live({ features });
  t.client.join("general");
  await t.clock.advance(0);
  await t.peer.letJoin();
  t.writes = [];
  t.write = (...texts) => t.writes.push(...texts.map((text) => outcome(t.client.send("general", text, { key: text }))));
  /** What has arrived at the server: [key, the key before it]. */
  t.arrived = () => t.peer.inbox.splice(0).map((frame) => ((t.last = { ...t.last, [frame.key]: frame }), frame.after ? [frame.key, frame.after] : [frame.key]));
  t.answer = (key, seq) => t.peer.say(sent(t.last[key], seq));
  t.refuse = (key, code, fields) => t.peer.say(refusal(t.last[key], code, fields));
  return t;
}

test("messages to a room do not wait for each other's answers: each names the one before it", async () => {
  const t = await writer();

  t.write("a", "b", "c");
  assert.deepEqual(t.arrived(), [["a"], ["b", "a"], ["c", "b"]]);
  await t.answer("a", 1);
  t.write("d");
  assert.deepEqual(t.arrived(), [["d", "c"]]);
  for (const [i, key] of ["b", "c", "d"].entries()) await t.answer(key, i + 2);
  t.write("e");

  assert.deepEqual(t.arrived(), [["e"]], "all before it are answered");
  assert.deepEqual((await Promise.all(t.writes.slice(0, 4))).map(({ value }) => value.seq), [1, 2, 3, 4]);
});

test("direct messages do so as well, and rooms do not wait for each other", async () => {
  const t = await writer();

  for (const key of ["a", "b"]) void outcome(t.client.direct("bob", key, { key }));
  t.write("c");

  assert.deepEqual(t.arrived(), [["a"], ["b", "a"], ["c"]]);
});

test("a server that does not know how to keep their order gets one after the other's answer", async () => {
  const t = await writer([]);

  t.write("a", "b");

  assert.deepEqual(t.arrived(), [["a"]]);
  await t.answer("a", 1);
  assert.deepEqual(t.arrived(), [["b"]]);
});

test("what is no message waits for those before it, and they for that", async () => {
  const t = await writer();

  t.write("a");
  void outcome(t.client.edit("general", 1, "x", { key: "b" }));
  t.write("c", "d");

  assert.deepEqual(t.arrived(), [["a"]]);
  await t.answer("a", 1);
  assert.deepEqual(t.arrived(), [["b"]]);
  await t.peer.say({ type: "done", re: t.last.b.id, seq: 2 });
  assert.deepEqual(t.arrived(), [["c"], ["d", "c"]]);
});

test("no more than 32 are under way, and the next one goes with each answer", async () => {
  const t = await writer();
  const keys = Array.from({ length: 34 }, (_, i) => `k${i}`);

  t.write(...keys);

  assert.equal(t.arrived().length, 32);
  await t.answer("k0", 1);
  assert.deepEqual(t.arrived(), [["k32", "k31"]]);
});

test("behind one that is refused for a while all wait, and go again in order", async () => {
  const t = await writer();
  t.write("a", "b", "c");
  t.arrived();

  await t.refuse("a", "unavailable", { retry: true, retry_after_ms: 100 });
  await t.refuse("b", "out_of_order", { retry: true });
  await t.refuse("c", "out_of_order", { retry: true });
  assert.deepEqual(t.arrived(), []);
  await t.clock.advance(100);

  assert.deepEqual(t.arrived(), [["a"], ["b", "a"], ["c", "b"]]);
  for (const [i, key] of ["a", "b", "c"].entries()) await t.answer(key, i + 1);
  assert.deepEqual((await Promise.all(t.writes)).map(({ value }) => value.seq), [1, 2, 3]);
});

test("waiting behind another one is no try", async () => {
  const t = await writer(["after"], { retriesMax: 2 });
  t.write("a", "b");

  for (let i = 0; i < 2; i++) {
    t.arrived();
    await t.refuse("a", "unavailable", { retry: true, retry_after_ms: 100 });
    await t.refuse("b", "out_of_order", { retry: true });
    await t.clock.advance(100);
  }
  t.arrived();
  await t.refuse("a", "unavailable", { retry: true });
  await t.refuse("b", "out_of_order", { retry: true, retry_after_ms: 100 });
  await t.clock.advance(100);

  assert.equal((await t.writes[0]).error.code, "unavailable");
  assert.deepEqual(t.arrived(), [["b"]], "its own first try");
});

test("what is too fast goes one by one, then more again", async () => {
  const t = await writer();
  t.write("a", "b", "c");
  t.arrived();

  for (const key of ["a", "b", "c"]) await t.refuse(key, "rate_limited", { retry: true, retry_after_ms: 100 });
  await t.clock.advance(100);
  assert.deepEqual(t.arrived(), [["a"]]);
  await t.answer("a", 1);

  assert.deepEqual(t.arrived(), [["b"], ["c", "b"]]);
});

test("behind one that is refused for good the next goes as the first", async () => {
  const t = await writer();
  t.write("a", "b", "c");
  t.arrived();

  await t.refuse("a", "too_long");
  await t.refuse("b", "out_of_order", { retry: true, retry_after_ms: 100 });
  await t.refuse("c", "out_of_order", { retry: true });
  await t.clock.advance(100);

  assert.deepEqual(t.arrived(), [["b"], ["c", "b"]]);
  assert.equal((await t.writes[0]).error.code, "too_long");
});

test("after a lost connection what was not answered goes again, in order", async () => {
  const t = await writer();
  t.write("a", "b", "c");
  t.arrived();
  await t.answer("a", 1);

  await t.reconnect({ features: ["after"] });

  assert.deepEqual(t.arrived(), [["b"], ["c", "b"]]);
});
