// The store: whom oneself blocks, names that are asked for, and whom mentions did not reach.

import assert from "node:assert/strict";
import { test } from "node:test";

import { createStore } from "../../sdk/store.js";
import { Harness, message, outcome, refusal, sent, welcome } from "./support/peer.mjs";

/** In `general`, up to entry 5, on a server that knows blocks; bob is blocked. */
async function inGeneral(fields = {}, blocked = ["bob"]) {
  const t = new Harness();
  t.store = createStore(t.client, { rejoin: false });
  await t.live({ features: ["members"] });
  const asked = t.peer.take("blocks");
  await t.peer.say({ type: "blocks", re: asked.id, users: blocked });
  t.store.join("general");
  await t.clock.advance(0);
  await t.peer.letJoin({ head: 5, events: [message(5)], ...fields });
  return t;
}

const general = (t) => t.store.room("general");

// --------------------------------------------------------------------------------------------------------- blocks

test("whom one blocks is known after the welcome, and anew after the next one", async () => {
  const t = await inGeneral();
  assert.deepEqual(t.store.getSnapshot().blocked, ["bob"]);
  assert.deepEqual([t.store.isBlocked("bob"), t.store.isBlocked("carol")], [true, false]);

  await t.reconnect({ features: ["members"] });
  const asked = t.peer.inbox.find(({ type }) => type === "blocks");
  await t.peer.say({ type: "blocks", re: asked.id, users: ["dan", "carol"] });

  assert.deepEqual(t.store.getSnapshot().blocked, ["carol", "dan"]);
});

test("a server that knows no members is not asked for blocks", async () => {
  const t = new Harness();
  t.store = createStore(t.client, { rejoin: false });

  await t.live();

  assert.deepEqual([t.peer.inbox, t.store.getSnapshot().blocked], [[], []]);
});

test("one is blocked when the server has it, and not when it says no", async () => {
  const t = await inGeneral({}, []);
  const done = outcome(t.store.setBlocked("bob"));
  await t.clock.advance(0);
  const asked = t.peer.take("block");
  assert.deepEqual([asked.user, asked.on, t.store.isBlocked("bob")], ["bob", true, false]);
  let told = 0;
  t.store.subscribe(() => told++);

  await t.peer.say({ type: "done", re: asked.id });
  assert.deepEqual([t.store.isBlocked("bob"), told, done.settled], [true, 1, true]);
  const refused = outcome(t.store.setBlocked("carol"));
  await t.clock.advance(0);
  await t.peer.say(refusal(t.peer.take("block"), "limit", { limit: 2000 }));
  assert.deepEqual([refused.error.code, t.store.getSnapshot().blocked], ["limit", ["bob"]]);
  t.store.setBlocked("bob", false);
  await t.clock.advance(0);
  await t.peer.say({ type: "done", re: t.peer.take("block").id });

  assert.deepEqual(t.store.getSnapshot().blocked, []);
});

test("what the blocked write is not unread, and counts again when they are not blocked any more", async () => {
  const t = await inGeneral();
  await t.peer.say(message(6), message(7, { from: "carol" }), message(8, { mentions: ["alice"] }));
  assert.deepEqual([general(t).unread, general(t).mentions], [1, 0]);

  t.store.setBlocked("bob", false);
  await t.clock.advance(0);
  await t.peer.say({ type: "done", re: t.peer.take("block").id });
  assert.deepEqual([general(t).unread, general(t).mentions], [3, 1]);
  t.store.setBlocked("bob");
  await t.clock.advance(0);
  await t.peer.say({ type: "done", re: t.peer.take("block").id });

  assert.deepEqual([general(t).unread, general(t).mentions], [1, 0]);
});

test("the blocked are not seen typing", async () => {
  const t = await inGeneral();
  const typing = (from) => ({ type: "typing", room: "general", from, on: true });
  const typists = () => general(t).typing.map(({ id }) => id);

  await t.peer.say(typing("bob"), typing("carol"));
  assert.deepEqual(typists(), ["carol"]);
  t.store.setBlocked("carol");
  await t.clock.advance(0);
  await t.peer.say({ type: "done", re: t.peer.take("block").id });

  assert.deepEqual(typists(), []);
});

// ---------------------------------------------------------------------------------------------------------- names

test("names of those whom nothing has named are asked for once, and change what shows them", async () => {
  const t = await inGeneral();
  const before = general(t);

  t.store.learn(["zoe", "yan", "alice"]);
  t.store.learn(["zoe"]);
  await t.clock.advance(0);
  const asked = t.peer.take("users");
  assert.deepEqual(asked.ids, ["zoe", "yan"], "alice is known from the welcome");
  await t.peer.say({ type: "users", re: asked.id, users: [{ id: "zoe", name: "Zoë" }] });
  t.store.learn(["zoe", "yan"]);
  await t.clock.advance(0);

  assert.deepEqual([t.store.nameOf("zoe"), t.store.nameOf("yan"), t.peer.inbox], ["Zoë", "yan", []]);
  assert.notEqual(general(t), before);
});

test("names that come in pages are asked for until the last", async () => {
  const t = await inGeneral();

  t.store.learn(["zoe", "yan"]);
  await t.clock.advance(0);
  const first = t.peer.take("users");
  await t.peer.say({ type: "users", re: first.id, users: [{ id: "zoe", name: "Zoë" }], more: true, next: "1" });
  const second = t.peer.take("users");
  await t.peer.say({ type: "users", re: second.id, users: [{ id: "yan", name: "Yan" }], more: false });

  assert.deepEqual([first.after, second.ids, second.after], [undefined, ["zoe", "yan"], "1"]);
  assert.deepEqual([t.store.nameOf("zoe"), t.store.nameOf("yan"), t.peer.inbox], ["Zoë", "Yan", []]);
});

test("of many names a hundred are asked for at a time, and none again that were refused", async () => {
  const t = await inGeneral();
  const ids = Array.from({ length: 101 }, (_, n) => `user-${n}`);

  t.store.learn(ids);
  await t.clock.advance(0);
  await t.peer.say(refusal(t.peer.take("users"), "forbidden"));
  const rest = t.peer.take("users");
  assert.deepEqual(rest.ids, ["user-100"]);
  await t.peer.say({ type: "users", re: rest.id, users: [] });
  t.store.learn(ids);
  await t.clock.advance(0);

  assert.deepEqual(t.peer.inbox, []);
});

// ------------------------------------------------------------------------------------------------------- mentions

/** Sends, lets the server take it as entry 6; in either order of the answer and the entry. */
async function mention(t, { answerFirst }) {
  t.store.send("general", "see @zoe", { mentions: ["zoe", "@room"] });
  await t.clock.advance(0);
  const command = t.peer.take("send");
  const frames = [{ ...sent(command, 6), unreached: ["zoe", "@room"] }, message(6, { from: "alice", key: command.key, mentions: ["zoe"] })];
  await t.peer.say(...(answerFirst ? frames : frames.reverse()));
}

for (const answerFirst of [true, false]) {
  test(`the writer knows whom mentions did not reach, the answer coming ${answerFirst ? "first" : "last"}`, async () => {
    const t = await inGeneral({}, []);

    await mention(t, { answerFirst });

    const [last] = general(t).messages.slice(-1);
    assert.deepEqual([last.seq, last.state, last.unreached], [6, "stored", ["zoe", "@room"]]);
  });
}

test("an edit says anew whom it does not reach, and a deletion forgets it", async () => {
  const t = await inGeneral({}, []);
  await mention(t, { answerFirst: true });
  const unreached = () => general(t).messages.at(-1).unreached;
  const edit = async (fields) => {
    t.store.edit("general", 6, "see @yan", { mentions: ["yan"] });
    await t.clock.advance(0);
    await t.peer.say({ type: "done", re: t.peer.take("edit").id, room: "general", seq: 7, at: 1, durability: "disk", ...fields });
  };

  await edit({ unreached: ["yan"] });
  assert.deepEqual(unreached(), ["yan"]);
  await edit({});
  assert.equal(unreached(), undefined);
  await edit({ unreached: ["yan"] });
  await t.peer.say({ type: "deleted", room: "general", seq: 7, at: 1, from: "alice", target: 6 });

  assert.equal(unreached(), undefined);
});

// ---------------------------------------------------------------------------------------------------------- lists

test("lists of threads and pins, and what is found, name their authors", async () => {
  const t = await inGeneral({}, []);
  const ask = async (promise, type, fields) => {
    await t.clock.advance(0);
    const asked = t.peer.take(type);
    await t.peer.say({ type, re: asked.id, room: "general", more: false, ...fields });
    await promise;
    return asked;
  };

  const asked = await ask(t.store.threads("general", { mine: true }), "threads", { users: [{ id: "zoe", name: "Zoë" }], events: [] });
  await ask(t.store.search({ query: "plan" }), "search", { users: [{ id: "xu", name: "Xu" }], hits: [] });
  await ask(t.store.pins("general"), "pins", { users: [{ id: "yan", name: "Yan" }], pins: [] });

  assert.deepEqual([asked.mine, t.store.nameOf("zoe"), t.store.nameOf("yan"), t.store.nameOf("xu")], [true, "Zoë", "Yan", "Xu"]);
});
