// The store: what a room is set to, what is pinned, who belongs to it, and what oneself is there.

import assert from "node:assert/strict";
import { test } from "node:test";

import { createStore, memoryPositions } from "../../sdk/store.js";
import { Harness, joined, message, outcome, refusal } from "./support/peer.mjs";

/** In `general`, up to entry 5. */
async function inGeneral(fields = {}, options = {}) {
  const t = new Harness();
  t.store = createStore(t.client, { rejoin: false, ...options });
  await t.live();
  t.store.join("general");
  await t.clock.advance(0);
  await t.peer.letJoin({ head: 5, events: [message(5)], ...fields });
  return t;
}

const general = (t) => t.store.room("general");
const entry = (type, seq, fields) => ({ type, room: "general", seq, at: 1, from: "bob", ...fields });
const members = (seq, users, fields) => entry("member_set", seq, { users, ...fields });
const own = (t) => [general(t).role, general(t).member];

// ------------------------------------------------------------------------------------------------ settings, pins

test("title, settings and pins are those of the latest entry", async () => {
  const t = await inGeneral({ settings: { topic: "Plans" }, pins: [3] });
  const before = general(t);
  assert.deepEqual([before.title, before.settings, before.pins], ["General", { topic: "Plans" }, [3]]);

  await t.peer.say(entry("room_set", 6, { title: "All", topic: "Fun" }), entry("pinned", 7, { target: 5, on: true }));
  assert.deepEqual([general(t).title, general(t).settings, general(t).pins], ["All", { topic: "Fun" }, [3, 5]]);
  await t.peer.say(entry("pinned", 8, { target: 3, on: false }), entry("deleted", 9, { target: 5 }));

  assert.deepEqual(general(t).pins, []);
  assert.deepEqual([before.title, before.pins], ["General", [3]], "a snapshot stays as it is");
});

test("a room without settings and pins has empty ones, before it is joined as well", async () => {
  const t = await inGeneral();

  for (const { settings, pins } of [general(t), t.store.room("attic")]) assert.deepEqual([settings, pins], [{}, []]);
});

test("a setting that is back at its default is not there, as after a join", async () => {
  const settings = {
    topic: "Plans", data: { avatar: "x" }, visibility: "invite", visitors: "read", posting: "threads", inviting: "moderators", slow_ms: 1000,
    archived: true, history: "own", retention_ms: 3600000, receipts: true,
  };
  const t = await inGeneral({ settings });
  const defaults = { data: {}, visibility: "public", visitors: "write", posting: "all", inviting: "members", slow_ms: 0, archived: false, history: "all", retention_ms: 0, receipts: false };

  await t.peer.say(entry("room_set", 6, defaults));
  assert.deepEqual(general(t).settings, { topic: "Plans" });
  await t.peer.say(entry("room_set", 7, { topic: "" }));

  assert.deepEqual(general(t).settings, {});
});

test("a message is pinned and unpinned", async () => {
  const t = await inGeneral();

  t.store.setPin("general", 5);
  t.store.setPin("general", 5, false);

  assert.deepEqual([t.peer.take("pin").target, t.peer.inbox.length], [5, 0], "one after the other");
});

// ------------------------------------------------------------------------------------------------------- members

test("members are counted as they come and go", async () => {
  const t = await inGeneral({ count: 10 });
  const count = () => general(t).memberCount;

  await t.peer.say(members(6, ["carol", "dan"], { state: "member" }), members(7, ["erin"], { state: "invited" }));
  assert.equal(count(), 12, "who is invited is no member yet");
  await t.peer.say(members(8, ["erin"], { role: "moderator" }), members(9, ["erin"], { state: "left" }));
  assert.equal(count(), 12, "to decline is no loss");
  await t.peer.say(members(10, ["carol"], { state: "removed" }), members(11, ["dan"], { state: "left" }), members(12, ["gus"], { state: "banned" }));
  assert.equal(count(), 9);
  await t.peer.say(members(13, ["gus"], { state: "unbanned" }), members(14, ["hal"], { role: "moderator" }), members(15, ["hal"], { mute_until: 9 }));

  assert.equal(count(), 9);
});

test("what the answer to a join counts already is not counted again by the entries it brings", async () => {
  const t = await inGeneral({ count: 2 });
  await t.reconnect();

  const events = [members(6, ["carol"], { state: "member" }), members(7, ["alice"], { role: "moderator" })];
  await t.peer.say(joined({ head: 7, count: 3, role: "moderator", member: true, events }));

  assert.equal(general(t).memberCount, 3);
  assert.deepEqual(own(t), ["moderator", true]);
  assert.deepEqual(t.peer.inbox, [], "there is nothing to ask");
});

test("the list of members says how many there are, and their names", async () => {
  const t = await inGeneral({ count: 2 });
  await t.peer.say(members(6, ["erin"], { state: "invited" }));
  const listed = outcome(t.store.members("general", { limit: 50 }));
  const { id, ...asked } = t.peer.take("members");
  const rows = [{ id: "minsu", name: "김민수", state: "member", role: "member", online: true }, { id: "bob", state: "member", online: false }];

  await t.peer.say({ type: "members", re: id, room: "general", seq: 8, count: 9, members: rows, more: true, next: "n" });
  await t.peer.say(
    members(7, ["carol"], { state: "member" }),
    message(8),
    members(9, ["dan"], { state: "member" }),
    members(10, ["erin"], { state: "left" }),
  );

  assert.deepEqual(asked, { type: "members", room: "general", limit: 50 });
  assert.deepEqual([listed.value.next, t.store.nameOf("minsu"), t.store.nameOf("bob")], ["n", "김민수", "bob"]);
  assert.equal(general(t).memberCount, 10);
});

// ------------------------------------------------------------------------------------------------------- oneself

test("one becomes a member of a room that one is in, and keeps what is loaded", async () => {
  const t = await inGeneral({ role: "reader" });
  assert.deepEqual(own(t), ["reader", false]);

  const done = outcome(t.store.join("general", { member: true }));
  const { id, ...asked } = t.peer.take("join");
  const entered = members(6, ["alice"], { from: "alice", state: "member" });
  await t.peer.say(joined({ re: id, head: 6, role: "member", member: true, count: 1, events: [entered] }));

  assert.deepEqual(asked, { type: "join", room: "general", since: 5, epoch: "e1", member: true });
  assert.ok(done.settled);
  assert.deepEqual([...own(t), general(t).memberCount, general(t).messages.length], ["member", true, 1, 1]);
  assert.deepEqual(t.peer.inbox, []);
});

for (const change of [{ state: "member", role: "moderator" }, { state: "member" }, { role: "moderator" }]) {
  test(`what oneself may do is asked for after ${JSON.stringify(change)}`, async () => {
    const t = await inGeneral({ role: "reader" });

    await t.peer.say(members(6, ["alice"], change), members(7, ["alice"], { role: "moderator" }));
    const { id, since } = t.peer.take("join");
    await t.peer.say(joined({ re: id, head: 7, role: "moderator", member: true, count: 1, events: [] }));

    assert.equal(since, 6);
    assert.deepEqual(own(t), ["moderator", true]);
    assert.deepEqual(t.peer.inbox, [], "once");
  });
}

test("what oneself may do is asked for again where it changes behind the answer", async () => {
  const t = await inGeneral();
  await t.peer.say(members(6, ["alice"], { role: "moderator" }));
  const { id } = t.peer.take("join");

  await t.peer.say(joined({ re: id, head: 6, role: "moderator", member: true }), members(7, ["alice"], { role: "member" }));

  assert.equal(t.peer.take("join").since, 7);
});

test("what is changed of others, or is no right, is no reason to ask", async () => {
  const t = await inGeneral();

  await t.peer.say(members(6, ["bob"], { role: "owner" }), members(7, ["alice"], { mute_until: 9 }), members(8, ["alice"], { state: "invited", role: "owner" }));

  assert.deepEqual(t.peer.inbox, []);
});

test("what a visitor may do follows the room's setting", async () => {
  const t = await inGeneral({ role: "member" });

  await t.peer.say(entry("room_set", 6, { visitors: "read" }));
  assert.equal(general(t).role, "reader");
  await t.peer.say(entry("room_set", 7, { visitors: "write" }));

  assert.equal(general(t).role, "member");
});

for (const fields of [{ role: "moderator" }, { role: "member", member: true }]) {
  test(`who is more than a visitor stays that (${JSON.stringify(fields)})`, async () => {
    const t = await inGeneral(fields);

    await t.peer.say(entry("room_set", 6, { visitors: "read" }));

    assert.equal(general(t).role, fields.role);
  });
}

// -------------------------------------------------------------------------------------------------- taken out

for (const [reason, member] of [["left", false], ["removed", false], ["banned", false], ["private", true], ["token", true], ["deleted", false]]) {
  test(`a room that the server took one out of (${reason}) says so, and is not joined again by itself`, async () => {
    const positions = memoryPositions();
    const t = await inGeneral({ member: true }, { positions, rejoin: true });
    assert.deepEqual(positions.keys(), ["general"]);
    await t.peer.say({ type: "typing", room: "general", from: "bob", on: true });

    await t.peer.say({ type: "left", room: "general", reason });
    const { joined: there, left, error, typing, members: online } = general(t);
    await t.reconnect();
    const again = t.peer.inbox.splice(0).map(({ type, room }) => [type, room]);
    const next = new Harness();
    createStore(next.client, { positions });
    await next.live();

    assert.deepEqual([there, left, ...own(t), typing, online], [false, reason, "", member, [], []]);
    assert.match(error.message, new RegExp(reason));
    assert.equal(general(t).messages.length, 1, "what was there can still be read");
    assert.deepEqual(again, reason === "token" ? [["join", "general"]] : [], "there may be another token");
    assert.deepEqual(next.peer.inbox, []);
  });
}

test("what a token did not allow is joined when another one comes, on the open connection", async () => {
  const t = await inGeneral({}, { rejoin: true });
  t.store.join("attic");
  await t.clock.advance(0);
  await t.peer.say(refusal(t.peer.take("join"), "forbidden"));
  t.store.join("cellar");
  await t.clock.advance(0);
  await t.peer.say(refusal(t.peer.take("join"), "no_such_room"));
  await t.peer.say({ type: "left", room: "general", reason: "token" });

  const done = t.client.refresh("better");
  await t.clock.advance(0);
  await t.peer.say({ type: "refreshed", re: t.peer.take("refresh").id });
  await done;
  await t.clock.advance(0);

  assert.deepEqual(t.peer.inbox.map(({ type, room }) => [type, room]), [["join", "general"], ["join", "attic"]]);
  await t.peer.letJoin({ head: 6, events: [message(6)] });
  assert.deepEqual([general(t).joined, general(t).left, general(t).error], [true, null, null]);
});

test("a room that was left for one is joined again when the user wants it", async () => {
  const t = await inGeneral();
  await t.peer.say({ type: "left", room: "general", reason: "removed" });

  t.store.join("general");
  const { id, since } = t.peer.take("join");
  await t.peer.say(joined({ re: id, head: 7, events: [message(7)] }));

  assert.equal(since, undefined);
  assert.deepEqual([general(t).joined, general(t).left, general(t).error], [true, null, null]);
});

test("a membership ends with the room that is left", async () => {
  const t = await inGeneral({ member: true });

  t.store.leave("general", { member: true });
  await t.clock.advance(0);

  assert.equal(t.peer.take("leave").member, true);
});

test("an invitation that is void says so where it is accepted", async () => {
  const t = await inGeneral();
  t.store.join("general", { member: true });

  await t.peer.say(refusal(t.peer.take("join"), "forbidden"));

  assert.deepEqual([general(t).error.code, general(t).member], ["forbidden", false]);
});
