// Whatever a server may leave out: the library and the page's store survive it.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Store } from "../../web/store.js";
import { allVariants, serverFrames, variants } from "./support/golden.mjs";
import { Harness, message } from "./support/peer.mjs";

const STORED = ["message", "edited", "deleted", "reacted", "joined", "left", "presence", "typing"];

/** A live client in `general`, at `head` with `target` among its messages, and a store that hears all of it. */
async function room({ seq = 41, target = 40 } = {}) {
  const head = seq - 1;
  const t = new Harness();
  const store = new Store({ id: "alice", name: "Alice" }, { readUpTo: () => 0, set() {}, forget() {} });
  const uncaught = [];
  for (const type of STORED) {
    t.client.on(type, (event) => {
      try {
        store[type](event);
      } catch (error) {
        uncaught.push(error);
      }
    });
  }
  await t.live();
  const done = t.client.join("general");
  await t.peer.letJoin({ head, events: [...new Set([target, head])].map((seq) => message(seq)) });
  await done;
  return { t, store, uncaught };
}

/** What the page draws of a message. */
function isDrawable({ id, from, at, text, deleted, reactions }) {
  return typeof id === "string" && typeof from === "string" && Number.isFinite(at) && typeof text === "string" &&
    typeof deleted === "boolean" && [...reactions].every(([emoji, users]) => emoji !== "" && users.size >= 0);
}

for (const golden of serverFrames()) {
  test(`the library and the store survive ${golden.name} without any one of its fields`, async () => {
    for (const { name, frame } of variants(golden)) {
      const { t, store, uncaught } = await room(golden.frame);

      await t.peer.say(frame);

      assert.deepEqual(uncaught, [], name);
      assert.deepEqual(t.of("error").filter((error) => error.name === "ProtocolError"), [], name);
      assert.notEqual(t.client.state, "stopped", name);
      for (const { messages } of store.rooms.values()) assert.ok(messages.every(isDrawable), name);
      t.client.stop();
    }
  });
}

test("an edit may bring data in place of the text", async () => {
  const { t, store } = await room({ seq: 41 });

  await t.peer.say(message(41), { type: "edited", room: "general", seq: 42, at: 1, from: "bob", target: 41, data: { a: 1 } });

  assert.equal(store.rooms.get("general").bySeq.get(41).text, JSON.stringify({ a: 1 }, null, 2));
});

test("there are frames enough to mean something", () => assert.ok(allVariants().length > 300));
