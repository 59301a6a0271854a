// The server's own door: who may come in, what users have of rooms, who did what, and the node itself. Every answer
// is judged by the OpenAPI document that the server gives.

import assert from "node:assert/strict";

import { apiServer } from "./support/api.mjs";
import { until } from "./support/deadline.mjs";
import { secretFile } from "./support/tokens.mjs";
import { scenario } from "./support/world.mjs";

async function tokenServer(world, options = {}) {
  const secret = options.secret ?? (await secretFile(world));
  const made = await apiServer(world, { args: ["--jwt-secret-file", secret], guests: false, ...options });
  const token = async (user) => (await made.api.post("/tokens", { user, ttl_ms: 600_000 })).json.token;
  const signIn = async (bearer) => {
    const client = await world.connect(made.server);
    return { client, frame: await client.ask({ type: "hello", token: bearer }) };
  };
  return { ...made, secret, token, signIn };
}

scenario("revoked tokens end their sessions and are refused, also after a restart; later ones are taken", async (world) => {
  const data = await world.directory();
  const first = await tokenServer(world, { data });
  const { api, token, signIn } = first;
  const old = await token("bob");
  const { client } = await signIn(old);

  const none = await api.post("/users/bob/revoke", { before: 1000 });
  await client.settled();
  const future = await api.post("/users/bob/revoke", { before: Date.now() + 3_600_000 });
  const revoked = await api.post("/users/bob/revoke");
  const closed = await client.closed();
  const refused = await signIn(old);
  const other = await signIn(await token("ann"));
  await first.server.stop();
  const second = await tokenServer(world, { data, secret: first.secret });
  const still = await second.signIn(old);
  // Tokens tell their time in seconds: one of the next second is later.
  const fresh = await until("a later token is taken", async () => {
    const { frame } = await second.signIn(await second.token("bob"));
    return frame.type === "welcome" && frame;
  });

  assert.deepEqual([none.status, future.status, future.json.faults[0].at], [200, 400, "/before"]);
  assert.deepEqual([revoked.json, closed.code], [{ sessions: 1 }, 4501]);
  assert.deepEqual([refused.frame.type, refused.frame.code], ["error", "unauthorized"]);
  assert.equal(other.frame.type, "welcome");
  assert.deepEqual([still.frame.code, fresh.user.id], ["unauthorized", "bob"]);
});

scenario("who is deactivated is out, owns no room that somebody else can own, and comes back when reactivated", async (world) => {
  const data = await world.directory();
  const first = await tokenServer(world, { data });
  const { api, token, signIn } = first;
  await api.put("/rooms/team", { owner: "alice" });
  await api.put("/rooms/alone", { owner: "alice" });
  await api.put("/rooms/shared", { owner: "alice" });
  await api.post("/rooms/team/members", { users: ["bob"], state: "member", role: "moderator" });
  await api.post("/rooms/shared/members", { users: ["carol"], state: "member", role: "owner" });
  await api.put("/users/alice", { name: "Alice" });
  await api.put("/users/bob", { name: "Bob" });
  const bearer = await token("alice");
  const { client } = await signIn(bearer);
  await client.ask({ type: "join", room: "team" });
  await client.ask({ type: "send", room: "team", text: "hers" });
  const owners = async (by, room) => (await by.get(`/rooms/${room}/members?role=owner`)).json.items.map((one) => one.id);

  const done = await api.post("/users/alice/deactivate");
  const closed = await client.closed();
  const refused = await signIn(bearer);
  const shown = await api.get("/users/alice");
  const out = await api.get("/users?deactivated=true");
  const rest = await api.get("/users?deactivated=false&prefix=b");
  const rooms = await Promise.all(["team", "alone", "shared"].map((room) => owners(api, room)));
  const messages = await api.get("/rooms/team/messages");
  await first.server.stop();
  const second = await tokenServer(world, { data, secret: first.secret });
  const still = await second.signIn(bearer);
  const back = await second.api.post("/users/alice/reactivate");
  const again = await second.signIn(bearer);
  const members = await second.api.get("/rooms/team/members");

  assert.deepEqual([done.status, done.json.sessions, closed.code], [200, 1, 4502]);
  assert.equal(refused.frame.code, "unauthorized");
  assert.deepEqual([shown.json.deactivated, out.json.items.map((one) => one.user), rest.json.items.map((one) => one.user)], [true, ["alice"], ["bob"]]);
  assert.deepEqual(rooms, [["bob"], ["alice"], ["alice", "carol"]]);
  assert.deepEqual(messages.json.items.map((one) => [one.from, one.text]), [["alice", "hers"]]);
  assert.equal(still.frame.code, "unauthorized");
  assert.deepEqual([back.status, again.frame.type], [200, "welcome"]);
  assert.deepEqual(members.json.items.map((one) => [one.id, one.role]), [["alice", "member"], ["bob", "owner"]]);
});

scenario("a guest who is deactivated does not come in either", async (world) => {
  const { server, api } = await apiServer(world);
  const eve = await world.guest(server, "eve");

  await api.post("/users/eve/deactivate");
  const closed = await eve.closed();
  const again = await world.connect(server);
  const refused = await again.ask({ type: "hello", guest: "eve" });

  assert.deepEqual([closed.code, refused.code], [4502, "unauthorized"]);
});

scenario("users are listed in pages, with their rooms, what is unread, and a marker that the API moves", async (world) => {
  const { server, api } = await apiServer(world);
  for (const user of ["ann", "bea", "bob", "cem"]) await api.put(`/users/${user}`, { name: user.toUpperCase() });
  await api.put("/rooms/one", { title: "One" });
  await api.put("/rooms/two", {});
  for (const room of ["one", "two"]) await api.post(`/rooms/${room}/members`, { users: ["bob"], state: "member" });
  await api.post("/rooms/one/messages", { from: "ann", text: "first" });
  const { json: named } = await api.post("/rooms/one/messages", { from: "ann", text: "@bob", mentions: ["bob"] });
  await api.post("/rooms/one/messages", { from: "ann", text: "last" });

  const first = await api.get("/users?limit=3");
  const rest = await api.get(`/users?limit=3&cursor=${first.json.next}`);
  const begins = await api.get("/users?prefix=b");
  const rooms = await api.get("/users/bob/rooms");
  const page = await api.get("/users/bob/rooms?limit=1");
  const next = await api.get(`/users/bob/rooms?limit=1&cursor=${page.json.next}`);
  const unread = await api.get("/users/bob/unread");
  const read = await api.put("/users/bob/rooms/one/read", { seq: named.seq });
  const left = await api.get("/users/bob/unread");
  const none = await api.put("/users/zoe/rooms/one/read", { seq: 1 });

  assert.deepEqual([...first.json.items, ...rest.json.items].map((one) => one.user), ["ann", "bea", "bob", "cem"]);
  assert.deepEqual(begins.json.items.map((one) => [one.user, one.name]), [["bea", "BEA"], ["bob", "BOB"]]);
  assert.deepEqual(rooms.json.items.map((row) => [row.room, row.title, row.unread, row.mentions]), [["one", "One", 3, 1], ["two", "two", 0, 0]]);
  assert.equal(rooms.json.items[0].last.text, "last");
  assert.deepEqual([...page.json.items, ...next.json.items].map((row) => row.room), ["one", "two"]);
  assert.deepEqual(unread.json, { rooms: 1, unread: 3, mentions: 1 });
  assert.deepEqual(read.json, { read: named.seq, unread: 1, mentions: 0 });
  assert.deepEqual(left.json, { rooms: 1, unread: 1, mentions: 0 });
  assert.deepEqual([none.status, none.json.code], [403, "not_member"]);
  assert.ok(server);
});

scenario("the audit has who changed what and which key asked, and calls that were refused", async (world) => {
  const { server, api, keys } = await apiServer(world, { keys: { all: "*", reader: "read" } });
  await api.put("/rooms/team", { owner: "alice" });
  await api.post("/rooms/team/members", { users: ["eve"], state: "member" });
  const eve = await world.member(server, "eve", "team");
  const own = await eve.ask({ type: "send", room: "team", text: "mine" });
  const spam = await eve.ask({ type: "send", room: "team", text: "spam" });
  await eve.ask({ type: "delete", room: "team", target: own.seq });
  await api.delete(`/rooms/team/messages/${spam.seq}?reason=spam`);
  await api.patch("/rooms/team", { topic: "Plans" });
  await api.put("/users/eve", { name: "Eve" });
  const refused = await api.with(keys.reader).post("/users/eve/deactivate");
  await api.with(keys.reader).post("/users/eve/deactivate");

  const all = await until("the calls are there", async () => {
    const { json } = await api.get("/audit?limit=1000");
    return json.items.filter((one) => one.call).length >= 2 && json;
  });
  const entries = all.items.filter((one) => one.room === "team");
  const calls = all.items.filter((one) => one.call);
  const inRoom = await api.get("/audit?room=team");
  const byEve = await api.get("/audit?from=eve");
  const paged = [];
  for (let next = "?limit=2"; next;) {
    const { json } = await api.get(`/audit${next}`);
    paged.push(...json.items.map((one) => one.pos));
    next = json.next && `?limit=2&cursor=${json.next}`;
  }
  const may = await api.with(keys.reader).get("/audit");

  assert.equal(refused.status, 403);
  const types = entries.map((one) => [one.entry.type, one.by]);
  assert.deepEqual(types.slice(-2), [["deleted", "all"], ["room_set", "all"]]);
  assert.ok(types.some(([type, by]) => type === "member_set" && by === "all"));
  assert.ok(!entries.some((one) => one.entry.target === own.seq), "what one takes back oneself is nobody's business");
  assert.deepEqual(calls.map((one) => [one.by, one.call.call, one.call.status, one.call.user]), [["all", "putUser", 200, "eve"], ["reader", "deactivate", 403, "eve"]]);
  assert.ok(all.items.some((one) => one.entry?.event === "room.created" && one.entry.data.room === "team"));
  assert.ok(inRoom.json.items.every((one) => one.room === "team" || one.entry.data.room === "team"));
  assert.ok(byEve.json.items.every((one) => one.entry.from === "eve"));
  assert.deepEqual(paged, all.items.map((one) => one.pos));
  assert.equal(may.status, 403);
});

scenario("a drained node is not ready, sends away who is there and lets nobody in, until it is undrained", async (world) => {
  const { server, api, keys } = await apiServer(world, { keys: { all: "*", reader: "read" } });
  const clients = await Promise.all(Array.from({ length: 5 }, (_, i) => world.member(server, `u${i}`, "general")));

  const may = await api.with(keys.reader).post("/node/drain");
  const done = await api.post("/node/drain", { spread_ms: 200 });
  const closed = await Promise.all(clients.map((client) => client.closed()));
  const ready = await fetch(`${server.url}/readyz`);
  const node = await api.get("/node");
  const knocks = await world.guest(server, "late").then(() => "in", () => "out");
  const posted = await api.post("/rooms/general/messages", { from: "bot", text: "the API goes on" });
  const undone = await api.post("/node/undrain");
  const again = await fetch(`${server.url}/readyz`);
  const back = await world.guest(server, "late");

  assert.deepEqual([may.status, done.status, undone.status], [403, 202, 202]);
  assert.deepEqual(closed.map((one) => one.code), [1012, 1012, 1012, 1012, 1012]);
  assert.ok(closed.every((one) => JSON.parse(one.reason).reconnect_after_ms >= 0));
  assert.deepEqual([ready.status, await ready.text(), again.status], [503, "drained by the API\n", 200]);
  assert.deepEqual([node.json.ready, node.json.why, knocks, posted.status], [false, "drained by the API", "out", 201]);
  assert.equal(back.welcome.type, "welcome");
});
