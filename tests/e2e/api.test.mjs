// The server's own door: what a backend does with rooms, members, messages and users over HTTP. Every answer is
// judged by the OpenAPI document that the server gives.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile, symlink, writeFile } from "node:fs/promises";
import http from "node:http";
import { join } from "node:path";
import { promisify } from "node:util";

import { Validator } from "@seriousme/openapi-schema-validator";

import { Api, apiServer, makeKey } from "./support/api.mjs";
import { until } from "./support/deadline.mjs";
import { blocksOf, root } from "./support/documents.mjs";
import { confabd, run } from "./support/server.mjs";
import { secretFile } from "./support/tokens.mjs";
import { scenario } from "./support/world.mjs";

const told = promisify(execFile);

scenario("what is posted is stored, heard by who is in the room, and read back", async (world) => {
  const { server, api } = await apiServer(world);
  const bob = await world.member(server, "bob", "general");

  const posted = await api.post("/rooms/general/messages", { from: "billing-bot", text: "Paid.", mentions: ["bob"] });
  const heard = await bob.expect({ type: "message", text: "Paid." });
  const read = await api.get(`/rooms/general/messages/${posted.json.seq}`);
  const again = await api.post("/rooms/general/messages", { from: "billing-bot", text: "Again." }, { headers: { "Idempotency-Key": "k1" } });
  const repeated = await api.post("/rooms/general/messages", { from: "billing-bot", text: "Again." }, { headers: { "Idempotency-Key": "k1" } });
  const conflict = await api.patch(`/rooms/general/messages/${posted.json.seq}`, { from: "billing-bot", text: "x" }, { headers: { "Idempotency-Key": "k1" } });

  assert.equal(posted.status, 201);
  assert.deepEqual([heard.from, heard.seq, read.json.text], ["billing-bot", posted.json.seq, "Paid."]);
  assert.deepEqual(posted.json.unreached, ["bob"]);
  assert.equal(again.status, 201);
  assert.deepEqual([repeated.status, repeated.json.seq, repeated.json.duplicate], [200, again.json.seq, true]);
  assert.deepEqual([conflict.status, conflict.json.code], [409, "conflict"]);
  assert.match(posted.headers["request-id"], /^r-[a-z0-9]{8}$/);
});

scenario("a message of the WebSocket and one of the API share keys, also across a restart", async (world) => {
  const data = await world.directory();
  const first = await apiServer(world, { data });
  const bob = await world.member(first.server, "bob", "general");
  const sent = await bob.ask({ type: "send", room: "general", text: "one", key: "k9" });

  const repeated = await first.api.post("/rooms/general/messages", { from: "bob", text: "one" }, { headers: { "Idempotency-Key": "k9" } });
  await first.server.stop();
  const second = await apiServer(world, { data });
  const later = await second.api.post("/rooms/general/messages", { from: "bob", text: "one" }, { headers: { "Idempotency-Key": "k9" } });

  assert.deepEqual([repeated.status, repeated.json.seq], [200, sent.seq]);
  assert.deepEqual([later.status, later.json.seq, later.json.duplicate], [200, sent.seq, true]);
});

scenario("messages are changed, reacted to, pinned and taken away", async (world) => {
  const { api } = await apiServer(world);
  await api.put("/rooms/team", { title: "Team" });
  const { json: one } = await api.post("/rooms/team/messages", { from: "bob", text: "one", data: { n: 1 } });
  const at = `/rooms/team/messages/${one.seq}`;

  const edited = await api.patch(at, { from: "bob", text: "two" });
  const present = await api.get(at);
  const reaction = await api.put(`${at}/reactions/${encodeURIComponent("👍")}/carol`);
  const same = await api.put(`${at}/reactions/${encodeURIComponent("👍")}/carol`);
  const reacted = await api.get(at);
  await api.delete(`${at}/reactions/${encodeURIComponent("👍")}/carol`);
  await api.put(`/rooms/team/pins/${one.seq}`);
  const pinned = await api.get("/rooms/team");
  const gone = await api.delete(`${at}?reason=spam`);
  const goneAgain = await api.delete(at);
  const left = await api.get(at);

  assert.equal(edited.status, 200);
  assert.deepEqual([present.json.text, present.json.data], ["two", { n: 1 }]);
  assert.equal(reaction.status, 200);
  assert.ok(reaction.json.seq > one.seq && same.json.seq === undefined);
  assert.deepEqual(reacted.json.reactions, { "👍": { count: 1, users: ["carol"] } });
  assert.deepEqual(pinned.json.pins, [one.seq]);
  assert.ok(gone.json.seq > 0 && goneAgain.json.seq === undefined);
  assert.deepEqual([left.json.deleted, left.json.text, left.json.reason], [true, undefined, "spam"]);
});

scenario("many are taken away at once, those that are not there left out", async (world) => {
  const { api } = await apiServer(world);
  await api.put("/rooms/team", {});
  const items = Array.from({ length: 130 }, (_, i) => ({ room: "team", from: i % 2 ? "eve" : "bob", text: `m${i}` }));
  const { json } = await api.post("/publish", { items });
  const seqs = json.results.map((one) => one.seq);

  const some = await api.post("/rooms/team/messages/delete", { targets: [...seqs.slice(0, 4), 999_999], reason: "spam" });
  const hers = await api.post("/rooms/team/messages/delete", { from: "eve" });
  const both = await api.post("/rooms/team/messages/delete", { from: "eve", targets: [1] });

  assert.deepEqual(some.json, { deleted: 4, more: false });
  assert.deepEqual(hers.json, { deleted: 63, more: false });
  assert.equal(both.status, 400);
});

scenario("direct messages reach both, and the room is made at need", async (world) => {
  const { server, keys } = await apiServer(world, { keys: { all: "* rooms=*,dm:*", rooms: "*" } });
  const api = await Api.of(server.url, keys.all);
  const bob = await world.guest(server, "bob");

  const sent = await api.post("/directs/shop/bob/messages", { text: "Your parcel is here." });
  const heard = await bob.expect({ type: "message", from: "shop" });
  const hidden = await api.with(keys.rooms).post("/directs/shop/bob/messages", { text: "?" });
  const room = await api.get(`/rooms/${encodeURIComponent(sent.json.room)}`);

  assert.equal(sent.status, 201);
  assert.equal(heard.text, "Your parcel is here.");
  assert.deepEqual([hidden.status, hidden.json.code], [404, "no_such_room"]);
  assert.deepEqual(room.json.users, ["bob", "shop"]);
});

scenario("pages neither skip nor repeat, whatever is written meanwhile", async (world) => {
  const { api } = await apiServer(world);
  await api.put("/rooms/long", {});
  const say = (from, count) => api.post("/publish", { items: Array.from({ length: count }, (_, i) => ({ room: "long", from, text: `${from} ${i}` })) });
  await say("first", 250);

  const seen = [];
  let cursor = "";
  do {
    const page = await api.get(`/rooms/long/messages?limit=60${cursor}`);
    seen.unshift(...page.json.items.map((one) => one.seq));
    cursor = page.json.next ? `&cursor=${page.json.next}` : "";
    if (cursor) await say("later", 5);
  } while (cursor);
  const up = [];
  let next = "?limit=100&after=0";
  while (next) {
    const page = await api.get(`/rooms/long/messages${next}`);
    up.push(...page.json.items.map((one) => one.seq));
    next = page.json.next ? `?limit=100&cursor=${page.json.next}` : "";
  }
  const other = await apiServer(world);
  await other.api.put("/rooms/long", {});
  const { json: page } = await api.get("/rooms/long/messages?limit=10");
  const foreign = await other.api.get(`/rooms/long/messages?cursor=${page.next}`);
  const made = await api.get("/rooms/long/messages?cursor=nonsense");

  assert.deepEqual(seen, Array.from({ length: 250 }, (_, i) => i + 1));
  assert.deepEqual(up, Array.from({ length: up.length }, (_, i) => i + 1));
  assert.ok(up.length > 250);
  assert.equal(foreign.status, 410);
  assert.equal(made.status, 400);
});

scenario("rooms are made, set, listed and shown", async (world) => {
  const { api } = await apiServer(world);

  const made = await api.put("/rooms/team-red", { title: "Red", visibility: "private", owner: "alice" });
  const there = await api.put("/rooms/team-red", { topic: "Plans" });
  const not = await api.put("/rooms/team-red", {}, { headers: { "If-None-Match": "*" } });
  await api.put("/rooms/team-blue", {});
  await api.put("/rooms/zoo", {});
  const set = await api.patch("/rooms/team-red", { slow_ms: 5000, topic: null });
  const wrong = await api.patch("/rooms/team-red", { slow_ms: -1, tittle: "x", archived: "yes" });
  const reserved = await api.put(`/rooms/${encodeURIComponent("dm:a:b")}`, {});
  const listed = await api.get("/rooms?prefix=team-");
  const first = await api.get("/rooms?limit=1");
  const rest = await api.get(`/rooms?cursor=${first.json.next}`);
  const hers = await api.get("/rooms?member=alice");
  const empty = await api.get("/rooms?empty=true");
  const none = await api.get("/rooms/nowhere");

  assert.deepEqual([made.status, there.status, not.status], [201, 200, 412]);
  assert.deepEqual([made.json.count, there.json.settings.topic], [1, "Plans"]);
  assert.deepEqual(set.json.settings, { title: "Red", visibility: "private", slow_ms: 5000 });
  assert.deepEqual(wrong.json.faults.map((one) => one.at).sort(), ["/archived", "/slow_ms", "/tittle"]);
  assert.equal(wrong.json.faults.find((one) => one.at === "/slow_ms").detail, "0..21600000");
  assert.ok([400, 404].includes(reserved.status));
  assert.deepEqual(listed.json.items.map((one) => one.room), ["team-blue", "team-red"]);
  assert.deepEqual([...first.json.items, ...rest.json.items].map((one) => one.room), ["team-blue", "team-red", "zoo"]);
  assert.deepEqual(hers.json.items.map((one) => one.room), ["team-red"]);
  assert.deepEqual(empty.json.items.map((one) => one.room), ["team-blue", "zoo"]);
  assert.deepEqual([none.status, none.json.code], [404, "no_such_room"]);
});

scenario("who is named as owner of a room that is there is one too, and the same once more changes nothing", async (world) => {
  const { api } = await apiServer(world);
  await api.put("/rooms/team", { owner: "alice" });
  const owners = async () => (await api.get("/rooms/team/members?role=owner")).json.items.map((one) => one.id);

  const second = await api.put("/rooms/team", { owner: "bob", topic: "Plans" });
  const again = await api.put("/rooms/team", { owner: "bob", topic: "Plans" });
  const both = await owners();
  await api.post("/rooms/team/members", { users: ["eve"], state: "banned" });
  const banned = await api.put("/rooms/team", { owner: "eve", topic: "Others" });

  assert.deepEqual([second.status, second.json.count, second.json.settings.topic], [200, 2, "Plans"]);
  assert.deepEqual([again.status, again.json.head], [200, second.json.head]);
  assert.deepEqual(both, ["alice", "bob"]);
  assert.deepEqual([banned.status, banned.json.code], [403, "banned"]);
  assert.equal((await api.get("/rooms/team")).json.settings.topic, "Plans");
});

scenario("a page of rooms ends where their settings are a page", async (world) => {
  const { api } = await apiServer(world);
  const data = { x: "x".repeat(8000) };
  for (let i = 0; i < 40; i++) await api.put(`/rooms/large-${100 + i}`, { data });

  const first = await api.get("/rooms?limit=1000");
  const rest = await api.get(`/rooms?limit=1000&cursor=${first.json.next}`);

  assert.equal(first.json.items.length, 32);
  assert.equal(rest.json.items.length, 8);
  assert.equal(rest.json.next, undefined);
});

scenario("members are made, banned and listed, and who is banned leaves", async (world) => {
  const { server, api, keys } = await apiServer(world, { keys: { all: "*", rooms: "rooms,read" } });
  await api.put("/rooms/club", { owner: "alice" });
  const eve = await world.member(server, "eve", "club");
  await api.post("/rooms/club/messages", { from: "eve", text: "spam" });
  const users = Array.from({ length: 150 }, (_, i) => `u${i}`);

  const made = await api.post("/rooms/club/members", { users, state: "member" });
  const banned = await api.post("/rooms/club/members", { users: ["eve"], state: "banned", reason: "spam", delete_ms: 3_600_000 });
  const left = await eve.expect({ type: "left", room: "club" });
  const some = await api.post("/rooms/club/members", { users: ["eve", "zoe", "u1"], state: "member" });
  const mayNot = await api.with(keys.rooms).post("/rooms/club/members", { users: ["zoe"], state: "banned" });
  const one = await api.put("/rooms/club/members/yan", { role: "moderator" });
  const gone = await api.delete("/rooms/club/members/yan?reason=done");
  const list = await api.get("/rooms/club/members?limit=100");
  const rest = await api.get(`/rooms/club/members?cursor=${list.json.next}`);
  const bans = await api.get("/rooms/club/members?state=banned");
  const owners = await api.get("/rooms/club/members?role=owner");
  const last = await api.delete("/rooms/club/members/alice");
  const heir = await api.get("/rooms/club/members?role=owner");

  assert.equal(made.json.changed.length, 150);
  assert.deepEqual([banned.json.changed, banned.json.deleted], [["eve"], 1]);
  assert.equal(left.reason, "banned");
  assert.deepEqual(some.json.changed, ["zoe"]);
  assert.deepEqual(some.json.skipped, { eve: "banned", u1: "already" });
  assert.deepEqual([mayNot.status, mayNot.json.code], [403, "forbidden"]);
  assert.deepEqual([one.json.changed, gone.json.changed], [["yan"], ["yan"]]);
  assert.equal(list.json.items.length + rest.json.items.length, 152);
  assert.deepEqual(bans.json.items.map((row) => [row.id, row.reason]), [["eve", "spam"]]);
  assert.deepEqual(owners.json.items.map((row) => row.id), ["alice"]);
  assert.deepEqual(last.json.changed, ["alice"]);
  assert.equal(heir.json.items.length, 1);
});

scenario("by default a call has the key's rights, and as a user it has the user's", async (world) => {
  const { api } = await apiServer(world);
  await api.put("/rooms/quiet", { owner: "alice", posting: "moderators", slow_ms: 60_000 });
  await api.post("/rooms/quiet/members", { users: ["bob"], state: "member", mute_until: Date.now() + 3_600_000 });

  const asKey = await api.post("/rooms/quiet/messages", { from: "bob", text: "I may" });
  const again = await api.post("/rooms/quiet/messages", { from: "bob", text: "and again" });
  const asUser = await api.post("/rooms/quiet/messages", { from: "bob", as: "user", text: "I may not" });
  await api.post("/rooms/quiet/members", { users: ["bob"], state: "banned" });
  const banned = await api.post("/rooms/quiet/messages", { from: "bob", as: "user", text: "nor now" });
  const still = await api.post("/rooms/quiet/messages", { from: "bob", text: "but I may" });
  const nobody = await api.post("/rooms/quiet/messages", { from: "@server", text: "Tidied up." });

  assert.deepEqual([asKey.status, again.status, still.status, nobody.status], [201, 201, 201, 201]);
  assert.deepEqual([asUser.status, asUser.json.code], [403, "muted"]);
  assert.ok(asUser.json.until > Date.now());
  assert.deepEqual([banned.status, banned.json.code], [403, "banned"]);
});

scenario("a batch of which half fails says what became of each", async (world) => {
  const { api } = await apiServer(world);
  await api.put("/rooms/a", {});
  await api.put("/rooms/b", { owner: "alice" });
  await api.post("/rooms/b/members", { users: ["eve"], state: "banned" });
  const items = Array.from({ length: 100 }, (_, i) => (i % 2 ? { room: "b", from: "eve", as: "user", text: `${i}` } : { room: "a", from: "eve", text: `${i}`, key: `k${i}` }));

  const { json } = await api.post("/publish", { items });
  const repeated = await api.post("/publish", { items });
  const malformed = await api.post("/publish", { items: [{ room: "a", from: "bob" }, { from: "bob", text: "x" }, { room: "a", from: "bob", text: "x", colour: "red" }] });
  const twice = await api.post("/publish", { items: [{ from: "bob", text: "x" }, { room: "a", from: "bob" }] });
  const many = await api.post("/broadcast", { rooms: ["a", "nowhere", "b"], key: "news-1", message: { from: "@server", text: "News." } });
  const manyAgain = await api.post("/broadcast", { rooms: ["a", "b"], key: "news-1", message: { from: "@server", text: "News." } });

  const of = (status) => json.results.filter((one) => one.status === status);
  assert.deepEqual([of(201).length, of(403).length], [50, 50]);
  assert.deepEqual(of(201).map((one) => one.seq), Array.from({ length: 50 }, (_, i) => of(201)[0].seq + i));
  assert.ok(of(403).every((one) => one.code === "banned"));
  assert.ok(repeated.json.results.filter((one) => one.room === "a").every((one) => one.status === 200 && one.duplicate));
  assert.deepEqual(malformed.json.faults.map((one) => one.at), ["/items/2/colour"]);
  assert.deepEqual(twice.json.faults.map((one) => one.at), ["/items/0/room", "/items/1/text"]);
  assert.deepEqual(many.json.results.map((one) => one.status), [201, 404, 201]);
  assert.deepEqual(manyAgain.json.results.map((one) => one.duplicate), [true, true]);
});

scenario("users have profiles and sessions, and are told to go", async (world) => {
  const secret = await secretFile(world);
  const { server, api } = await apiServer(world, { keys: { all: "*" }, args: ["--jwt-secret-file", secret], guests: false });

  const put = await api.put("/users/bob", { name: "Bob", data: { colour: "red" } });
  const patched = await api.patch("/users/bob", { data: null });
  const got = await api.get("/users/bob");
  const none = await api.get("/users/nobody");
  const many = await api.post("/users", { users: [{ user: "ann", name: "Ann" }, { user: "cem" }] });
  const kept = await api.put("/users/bob", { name: "Robert", data: { colour: "blue" } });
  const token = await api.post("/tokens", { user: "bob", ttl_ms: 60_000, name: "Bob", rooms: ["team-*"] });
  const phone = await world.connect(server);
  await phone.hello({ token: token.json.token, device: "phone" });
  const laptop = await world.connect(server);
  await laptop.hello({ token: token.json.token, device: "laptop" });
  await laptop.ask({ type: "join", room: "team-red" });
  const said = await laptop.ask({ type: "send", room: "team-red", text: "hi" });
  const after = await api.get("/users/bob");
  const sessions = await api.get("/users/bob/sessions");
  const online = await api.post("/presence", { users: ["bob", "ann"] });
  const signalled = await api.post("/signal", { users: ["bob", "ann"], from: "shop", data: { n: 1 } });
  const heard = await phone.expect({ type: "signal" });
  const one = await api.post("/users/bob/disconnect", { device: "phone", reason: "moved" });
  const all = await api.post("/users/bob/disconnect", { stay_away: true, reason: "terms" });

  assert.deepEqual(put.json, { user: "bob", name: "Bob", data: { colour: "red" } });
  assert.deepEqual([patched.json, got.json], [{ user: "bob", name: "Bob" }, { user: "bob", name: "Bob" }]);
  assert.deepEqual([none.status, none.json.code], [404, "no_such_user"]);
  assert.deepEqual(many.json.results.map((row) => [row.user, row.status]), [["ann", 200], ["cem", 200]]);
  assert.equal(token.status, 201);
  assert.deepEqual([said.type, after.json], ["sent", kept.json], "who signs in does not write over what the API set");
  assert.deepEqual(sessions.json.items.map((row) => row.device).sort(), ["laptop", "phone"]);
  assert.deepEqual(online.json, { online: { bob: { sessions: 2, active: 2 } } });
  assert.deepEqual([signalled.json, heard.from, heard.data], [{ sessions: { bob: 2 } }, "shop", { n: 1 }]);
  assert.equal(one.json.sessions, 1);
  assert.deepEqual(await phone.closed(), { code: 4004, reason: "moved" });
  assert.equal(await server.metric("confab_slow_consumers_total"), 0);
  assert.ok(all.json.sessions >= 1);
  assert.deepEqual(await laptop.closed(), { code: 4502, reason: "terms" });
});

scenario("who is in a room, what there is, and which server answers", async (world) => {
  const { server, api } = await apiServer(world);
  await world.member(server, "bob", "general");
  await world.member(server, "ann", "general");

  const there = await api.get("/rooms/general/presence");
  const asleep = await api.get("/rooms/nowhere/presence");
  const room = await api.get("/rooms/general");
  const stats = await api.get("/stats");
  const node = await api.get("/node");

  assert.deepEqual(there.json, { online: 2, users: ["ann", "bob"] });
  assert.deepEqual(asleep.json, { online: 0, users: [] });
  assert.equal(room.json.online, 2);
  assert.deepEqual([stats.json.users, stats.json.sessions, stats.json.ready], [2, 2, true]);
  assert.equal(node.json.ready, true);
});

scenario("a server that began with nothing knows how far its journal is, and a feed without a cursor begins there", async (world) => {
  const { api } = await apiServer(world);
  const none = await api.get("/stats");
  await api.put("/rooms/general", {});
  const { status } = await api.post("/rooms/general/messages", { from: "bot", text: "before" });

  const some = await api.get("/stats");
  const feed = await api.get("/feed?wait_ms=0");
  await api.post("/rooms/general/messages", { from: "bot", text: "after" });
  const next = await api.get(`/feed?cursor=${feed.json.next}&wait_ms=0`);

  assert.deepEqual([none.json.entries_at, status], [0, 201]);
  assert.ok(some.json.entries_at > 0);
  assert.deepEqual([feed.json.items, next.json.items.map(({ entry }) => entry.text)], [[], ["after"]]);
});

scenario("reports of users are listed and closed", async (world) => {
  const { server, api } = await apiServer(world);
  const bob = await world.member(server, "bob", "general");
  const { json: one } = await api.post("/rooms/general/messages", { from: "eve", text: "spam" });
  await bob.expect({ type: "message" });
  await bob.ask({ type: "report", room: "general", target: one.seq, reason: "rude" });

  const open = await api.get("/reports?state=open");
  const [report] = open.json.items;
  const closed = await api.post(`/reports/${report.id}/close`);
  const left = await api.get("/reports?state=open");
  const done = await api.get("/reports?state=closed");
  const none = await api.post("/reports/999/close");

  assert.deepEqual([report.room, report.target, report.by, report.reason, report.state], ["general", one.seq, "bob", "rude", "open"]);
  assert.equal(closed.status, 204);
  assert.deepEqual([left.json.items.length, done.json.items.length], [0, 1]);
  assert.equal(none.status, 404);
});

scenario("the feed waits, goes on where it was, and is cut to what the key may see", async (world) => {
  const { api, keys } = await apiServer(world, { keys: { all: "*", few: "* rooms=team-*" } });
  await api.put("/rooms/team-a", {});
  await api.put("/rooms/other", {});
  const now = await api.get("/feed?wait_ms=0");
  const waiting = api.get(`/feed?cursor=${now.json.next}`);
  await api.post("/rooms/other/messages", { from: "bob", text: "one" });
  const first = await waiting;
  await api.post("/rooms/team-a/messages", { from: "bob", text: "two" });
  await api.post("/rooms/other/messages", { from: "bob", text: "three" });

  const rest = await api.get(`/feed?cursor=${first.json.next}`);
  const all = [];
  for (let cursor = "0"; ; ) {
    const page = await api.get(`/feed?cursor=${cursor}&limit=1&wait_ms=0`);
    if (page.json.items.length === 0) break;
    all.push(...page.json.items.map((item) => item.entry.text));
    cursor = page.json.next;
  }
  const few = await api.with(keys.few).get("/feed?cursor=0&wait_ms=0");
  const elsewhere = await api.with(keys.few).get("/rooms/other");
  const refused = await api.with(keys.few).get("/rooms");

  assert.deepEqual(now.json.items, []);
  assert.deepEqual(first.json.items.map((item) => item.entry.text), ["one"]);
  assert.deepEqual(rest.json.items.map((item) => item.entry.text), ["two", "three"]);
  assert.deepEqual(all, ["one", "two", "three"]);
  assert.deepEqual(few.json.items.map((item) => item.entry.text), ["two"]);
  assert.equal(elsewhere.status, 404);
  assert.equal(refused.status, 403);
});

scenario("one entry wakes a hundred who wait with one key, and none of them fails", async (world) => {
  const { api } = await apiServer(world);
  await api.put("/rooms/team", {});
  const { json: now } = await api.get("/feed?wait_ms=0");
  const polls = Array.from({ length: 100 }, () => api.get(`/feed?cursor=${now.next}`));
  await api.post("/rooms/team/messages", { from: "bob", text: "one" });
  const reads = Array.from({ length: 100 }, () => api.get("/rooms/team/messages"));

  const woken = await Promise.all(polls);
  const read = await Promise.all(reads);

  assert.deepEqual(woken.map(({ status, json }) => [status, json.items?.[0].entry.text]), woken.map(() => [200, "one"]));
  assert.deepEqual(new Set(read.map(({ status }) => status)), new Set([200]));
});

scenario("an erasure stands in the feed and in the log of each room", async (world) => {
  const data = await world.directory();
  const { server, api } = await apiServer(world, { data });
  const bob = await world.member(server, "bob", "lobby");
  await bob.ask({ type: "send", room: "lobby", text: "words" });

  const erased = await run(confabd, ["erase", "--user", "bob", "--data", data]);

  assert.equal(erased.code, 0, erased.stderr);
  const [, as] = /called (gone:\S+) from/.exec(erased.stdout);
  const about = ({ type, user, as }) => ({ type, user, as });
  const last = async () => (await api.get("/rooms/lobby/entries?since=0")).json.items.map(about).at(-1);
  await until("the room's entry is there", async () => (await last()).type === "erased");
  assert.deepEqual(await last(), { type: "erased", user: "bob", as });
  const { items } = (await api.get("/feed?cursor=0&wait_ms=0")).json;
  assert.deepEqual(about(items.findLast(({ room }) => room === "lobby").entry), { type: "erased", user: "bob", as });
});

scenario("who waits for the feed costs nothing while there are no entries, whatever else moves the journal", async (world) => {
  const { server, api } = await apiServer(world);
  const bob = await world.member(server, "bob", "general");
  const { json: one } = await api.post("/rooms/general/messages", { from: "eve", text: "spam" });
  await bob.ask({ type: "report", room: "general", target: one.seq });
  const { json: reports } = await api.get("/reports");
  const { json: now } = await api.get("/feed?wait_ms=0");
  const used = async () => {
    const fields = (await readFile(`/proc/${server.pid}/stat`, "utf8")).split(") ")[1].split(" ");
    return Number(fields[11]) + Number(fields[12]); // ticks of ten milliseconds
  };

  const before = await used();
  const waiting = api.get(`/feed?cursor=${now.next}&wait_ms=1000`);
  await api.post(`/reports/${reports.items[0].id}/close`); // a mark, which is no entry
  const waited = await waiting;
  const after = await used();

  assert.deepEqual(waited.json.items, []);
  assert.ok(after - before < 30, `${after - before} ticks`);
});

scenario("the feed streams a line for each entry, and who reads slowly misses none", async (world) => {
  const { api } = await apiServer(world);
  await api.put("/rooms/busy", {});
  const stream = api.stream("/feed?cursor=0");
  const response = await stream.opened;
  response.pause();
  const text = "x".repeat(3000);
  for (let i = 0; i < 5; i++) await api.post("/publish", { items: Array.from({ length: 200 }, (_, n) => ({ room: "busy", from: "bob", text: `${i * 200 + n} ${text}` })) });
  response.resume();

  const seen = [];
  while (seen.length < 1000) seen.push(await stream.next());
  await api.post("/rooms/busy/messages", { from: "bob", text: "live" });
  const live = await stream.next();
  stream.close();
  const again = api.stream(`/feed?cursor=${seen[998].next}`);
  const [one, two] = [await again.next(), await again.next()];
  again.close();

  assert.deepEqual(seen.map((item) => Number(item.entry.text.split(" ")[0])), Array.from({ length: 1000 }, (_, i) => i));
  assert.equal(live.entry.text, "live");
  assert.deepEqual([one.pos, two.pos], [seen[999].pos, live.pos]);
  assert.equal((await api.get(`/feed?cursor=${seen[998].pos}`)).status, 400); // a position alone does not say of which log
});

scenario("who is not to call is told so, and others do not notice", async (world) => {
  const { server, api, keys, file } = await apiServer(world, { keys: { all: "*", reader: "read", old: "* expires=2020-01-31", bot: "publish from=bot-*" } });
  await api.put("/rooms/a", {});

  const none = await api.get("/rooms", { key: "" });
  const wrong = await api.get("/rooms", { key: `${keys.all}x` });
  const scope = await api.with(keys.reader).post("/rooms/a/messages", { from: "bob", text: "x" });
  const expired = await api.with(keys.old).get("/rooms");
  const asOther = await api.with(keys.bot).post("/rooms/a/messages", { from: "bob", text: "x" });
  const asBot = await api.with(keys.bot).post("/rooms/a/messages", { from: "bot-1", text: "x" });
  const rotated = await makeKey("fresh", "read");
  await writeFile(file, rotated.line + "\n");
  server.hangUp();
  await server.logged("reloaded");
  const gone = await api.get("/rooms");
  const fresh = await api.with(rotated.key).get("/rooms");

  assert.deepEqual([none.status, wrong.status, expired.status, gone.status], [401, 401, 401, 401]);
  assert.equal(none.headers["www-authenticate"], "Bearer");
  assert.deepEqual([scope.status, scope.json.code], [403, "forbidden"]);
  assert.deepEqual([asOther.status, asBot.status], [403, 201]);
  assert.equal(fresh.status, 200);
});

scenario("bad input is refused in words, and the server goes on", async (world) => {
  const { api, server } = await apiServer(world);
  await api.put("/rooms/a", {});
  const post = (body, headers) => api.call("POST", "/rooms/a/messages", body, { headers });

  const cases = [
    [await post("{"), 400],
    [await post("[]"), 400],
    [await post('{"from":"bob","text":5}'), 400],
    [await post('{"from":"no spaces","text":"x"}'), 400],
    [await post('{"from":"bob"}'), 400],
    [await post('{"from":"bob","text":"\u0000"}'), 400],
    [await post('{"from":"bob","text":"x","attachments":[{"url":"http://x"}]}'), 400],
    [await post({ from: "bob", text: "x".repeat(5000) }), 413],
    [await post(`{"from":"bob","text":"x","data":[${"1,".repeat(50_001)}1]}`), 413],
    [await post("from=bob", { "content-type": "application/x-www-form-urlencoded" }), 415],
    [await post({ from: "bob", text: "x" }, { "Idempotency-Key": "x".repeat(65) }), 400],
    [await api.get("/rooms?colour=red"), 400],
    [await api.get("/rooms?limit=0"), 400],
    [await api.get("/rooms/a%zz"), 400],
    [await api.get("/nowhere"), 404],
    [await api.call("PUT", "/publish", {}), 405],
    [await api.post("/rooms/a/messages", { from: "bob", text: "x", thread: 7 }), 404],
    [await api.post("/rooms/nowhere/messages", { from: "bob", text: "x" }), 404],
  ];
  const large = await api.raw("POST", "/publish", { body: "x".repeat(1024 * 1024 + 1) });
  const unread = await api.raw("POST", "/publish", { body: "x".repeat(1024 * 1024 + 1), key: "ck_nobody_x" });
  const chunked = await new Promise((resolve) => {
    const request = http.request(`${api.url}/publish`, { method: "POST", agent: false, headers: { authorization: `Bearer ${api.key}` } }, (response) => {
      response.resume();
      resolve(response);
    });
    request.on("error", () => {});
    const piece = Buffer.alloc(64 * 1024, 32);
    for (let i = 0; i < 17; i++) request.write(piece);
    request.end();
  });

  for (const [{ status, json }, wanted] of cases) assert.equal(status, wanted, JSON.stringify(json));
  for (const answer of [large, chunked]) assert.equal(answer.status ?? answer.statusCode, 413);
  assert.equal(large.headers["content-type"], "application/problem+json");
  assert.equal(chunked.headers["content-type"], "application/problem+json");
  assert.equal(unread.status, 401);
  assert.equal((await server.http("/readyz")).status, 200);
});

scenario("a flood of wrong keys is answered without being looked at, and who has a key is not kept waiting", async (world) => {
  const { api } = await apiServer(world, { args: ["--trust-proxy", "127.0.0.0/8"] });
  await api.put("/rooms/a", {});
  const guess = (n) => api.raw("GET", "/rooms", { key: `ck_all_${n}`, headers: { "x-forwarded-for": "192.0.2.7", "x-forwarded-proto": "https" } });

  const answers = [];
  for (let round = 0; round < 10; round++) answers.push(...(await Promise.all(Array.from({ length: 50 }, (_, n) => guess(n)))));
  const right = await api.get("/rooms");
  const plain = await api.raw("GET", "/rooms", { headers: { "x-forwarded-for": "192.0.2.8", "x-forwarded-proto": "http" } });

  const statuses = new Set(answers.map((one) => one.status));
  assert.deepEqual([...statuses].sort(), [401, 429]);
  assert.equal(right.status, 200);
  assert.equal(plain.status, 403);
});

scenario("a key makes so many calls, and then waits", async (world) => {
  const { api } = await apiServer(world, { args: ["--api-rate", "1", "--api-burst", "3"] });

  const answers = [];
  for (let i = 0; i < 4; i++) answers.push(await api.get("/node"));

  assert.deepEqual(answers.map((one) => one.status), [200, 200, 200, 429]);
  assert.equal(answers[3].headers["retry-after"], "1");
  assert.ok(answers[3].json.retry);
});

scenario("where there is an address for operators the API is there alone", async (world) => {
  const { line, key } = await makeKey("all", "*");
  const file = join(await world.directory(), "keys");
  await writeFile(file, line, { mode: 0o600 });
  const server = await world.server(["--api-keys-file", file, "--admin-listen", "127.0.0.1:0"]);
  const [, url] = /url=(\S+)/.exec(await server.logged("admin-listening"));

  const api = await Api.of(url, key);

  assert.equal((await api.get("/node")).status, 200);
  assert.equal((await server.http("/api/v1/node")).status, 404);
});

scenario("the document is OpenAPI 3.1, and a client that is generated from it compiles", async (world, t) => {
  const { api } = await apiServer(world);
  const directory = await world.directory();

  const judged = await new Validator().validate(structuredClone(api.document));
  await writeFile(join(directory, "api.json"), JSON.stringify(api.document));
  const bin = join(root, "tests/node_modules/.bin");
  await told(join(bin, "openapi-typescript"), [join(directory, "api.json"), "-o", join(directory, "api.d.ts")]);
  await writeFile(join(directory, "client.ts"), CLIENT);
  await told(join(bin, "tsc"), ["--noEmit", "--strict", "--target", "es2022", "--moduleResolution", "bundler", "--module", "es2022", join(directory, "client.ts")]);

  assert.ok(judged.valid, JSON.stringify(judged.errors));
  assert.equal(api.document.openapi, "3.1.0");
  for (const [path, methods] of Object.entries(api.document.paths))
    for (const [method, { operationId, responses }] of Object.entries(methods)) assert.ok(operationId && responses.default, `${method} ${path}`);
  t.diagnostic(`${Object.keys(api.document.paths).length} paths`);
});

const CLIENT = `
import type { components, operations, paths } from "./api";
type Message = components["schemas"]["MessageBody"];
const message: Message = { from: "bot", text: "x", mentions: ["bob"] };
type Posted = operations["postMessage"]["responses"][201]["content"]["application/json"];
const seq = (posted: Posted): number | undefined => posted.seq;
type Feed = paths["/feed"]["get"]["responses"][200]["content"]["application/json"];
export const last = (feed: Feed): string => feed.next;
// @ts-expect-error: a misspelt member is noticed
const wrong: Message = { from: "bot", tekst: "x" };
export { message, seq, wrong };
`;

scenario("the page's examples work as they are printed", async (world) => {
  const [first, ...blocks] = (await blocksOf("api.md")).filter(({ info }) => info.startsWith("sh"));
  assert.ok(blocks.length >= 8);
  const cwd = await world.directory();
  await symlink(confabd, join(cwd, "confabd"));
  const env = { ...process.env, PATH: `${cwd}:${process.env.PATH}` };
  const made = first.content.split("\n").filter((line) => !line.startsWith("confabd"));
  const { stdout: key } = await told("sh", ["-ec", [...made, "echo $KEY"].join("\n")], { env, cwd });
  const server = await world.server(["--api-keys-file", join(cwd, "keys")]);

  for (const { content } of blocks) {
    const text = content.replaceAll("http://127.0.0.1:8080", server.url);
    const { stdout } = await told("sh", ["-ec", text], { env: { ...env, KEY: key.trim() }, cwd });
    assert.ok(!stdout.includes("urn:confab:error"), `${text}\n${stdout}`);
  }
});
