// Whatever a server may leave out: the library and the page's store survive it.

import assert from "node:assert/strict";
import { test } from "node:test";

import { createStore } from "../../sdk/store.js";
import { allVariants, serverFrames, variants } from "./support/golden.mjs";
import { Harness, message } from "./support/peer.mjs";

/** A live client in `general`, at `head` with `target` among its messages, and a store that hears all of it. */
async function room({ seq = 41, target = 40 } = {}) {
  const head = seq - 1;
  const t = new Harness();
  const store = createStore(t.client, { rejoin: false });
  await t.live();
  const done = t.client.join("general");
  await t.peer.letJoin({ head, events: [...new Set([target, head])].map((seq) => message(seq)) });
  await done;
  return { t, store };
}

/** What a page draws of a message. */
function isDrawable({ id, from, name, at, text, deleted, reactions, state }) {
  return [id, from, name, text].every((part) => typeof part === "string") && Number.isFinite(at) &&
    typeof deleted === "boolean" && state === "stored" &&
    reactions.every(({ emoji, users, count, own }) => emoji !== "" && count >= users.length && Array.isArray(own));
}

/** What listeners throw, the store's among them, is shown as uncaught: collects it while `act` runs. */
async function uncaughtIn(act) {
  const uncaught = [];
  const others = process.listeners("uncaughtException");
  process.removeAllListeners("uncaughtException");
  process.on("uncaughtException", (error) => uncaught.push(error));
  try {
    await act();
  } finally {
    process.removeAllListeners("uncaughtException");
    for (const other of others) process.on("uncaughtException", other);
  }
  return uncaught;
}

for (const golden of serverFrames()) {
  test(`the library and the store survive ${golden.name} without any one of its fields`, async () => {
    for (const { name, frame } of variants(golden)) {
      const { t, store } = await room(golden.frame);

      const uncaught = await uncaughtIn(() => t.peer.say(frame));

      assert.deepEqual(uncaught, [], name);
      assert.deepEqual(t.of("error").filter((error) => error.name === "ProtocolError"), [], name);
      assert.notEqual(t.client.state, "stopped", name);
      for (const { messages, members } of store.getSnapshot().rooms) {
        assert.ok(messages.every(isDrawable), name);
        assert.ok(members.every(({ id, name }) => typeof id === "string" && typeof name === "string"), name);
      }
      t.client.stop();
    }
  });
}

test("an edit may bring data in place of the text", async () => {
  const { t, store } = await room({ seq: 41 });

  await t.peer.say(message(41), { type: "edited", room: "general", seq: 42, at: 1, from: "bob", target: 41, data: { a: 1 } });

  const { text, data } = store.room("general").messages.at(-1);
  assert.deepEqual([text, data], ["", { a: 1 }]);
});

test("there are frames enough to mean something", () => assert.ok(allVariants().length > 300));
