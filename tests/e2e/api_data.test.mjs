// The server's own door: what is kept, found, taken away and handed out. Every answer is judged by the OpenAPI
// document that the server gives.

import assert from "node:assert/strict";

import { Api, apiServer } from "./support/api.mjs";
import { until } from "./support/deadline.mjs";
import { scenario } from "./support/world.mjs";

const say = (api, room, from, texts) => api.post("/publish", { items: texts.map((text) => ({ room, from, text })) });

/** The lines of a job's result. */
async function result(api, job, query = "") {
  const answer = await api.raw("GET", `/jobs/${job}/result${query}`);
  assert.equal(answer.status, 200, answer.body);
  assert.equal(answer.headers["content-type"], "application/x-ndjson");
  const lines = answer.body.split("\n").filter(Boolean).map((line) => JSON.parse(line));
  for (const line of lines) api.check("#/components/schemas/ExportLine", line, `a line of ${job}`);
  const end = lines.pop();
  assert.deepEqual(end, { type: "end", lines: lines.length });
  return lines;
}

scenario("a search finds in all rooms that the key sees, page by page", async (world) => {
  const { server, keys } = await apiServer(world, { keys: { all: "* rooms=*,dm:*", team: "* rooms=team-*" } });
  const api = await Api.of(server.url, keys.all);
  for (const room of ["team-a", "other"]) await api.put(`/rooms/${room}`, {});
  await api.put("/users/bob", { name: "Bob" });
  await say(api, "team-a", "bob", ["a plan", "nothing", "the PLAN again"]);
  await say(api, "other", "eve", ["another plan"]);
  await api.post("/directs/eve/bob/messages", { text: "our plan" });
  const found = async (body, by = api) => (await by.post("/search", body)).json;

  await until("the index has it", async () => (await found({ query: "plan" })).hits.length === 4);
  const all = await found({ query: "plan" });
  const first = await found({ query: "plan", limit: 3 });
  const rest = await found({ query: "plan", limit: 3, after: first.next });
  const team = await found({ query: "plan" }, api.with(keys.team));
  const named = await found({ query: "plan", rooms: ["team-a", "other"], from: "eve" });
  const hidden = await found({ query: "plan", rooms: ["other"] }, api.with(keys.team));
  const wrong = await api.post("/search", { query: " ", colour: "red" });

  assert.deepEqual(all.hits.map((one) => one.message.text), ["our plan", "another plan", "the PLAN again", "a plan"]);
  assert.deepEqual(all.users, [{ id: "bob", name: "Bob" }]);
  assert.deepEqual([first.hits.length, rest.hits.length, rest.next], [3, 1, undefined]);
  assert.deepEqual(team.hits.map((one) => one.room), ["team-a", "team-a"]);
  assert.deepEqual(named.hits.map((one) => one.room), ["other"]);
  assert.deepEqual(hidden.hits, []);
  assert.deepEqual([wrong.status, wrong.json.faults.map((one) => one.at)], [400, ["/colour"]]);
});

scenario("a room is trimmed up to an entry, before a time, and over as many entries as there are", async (world) => {
  const { server, api, keys } = await apiServer(world, { keys: { all: "*", read: "read,rooms,moderate" } });
  await api.put("/rooms/log", {});
  const bob = await world.member(server, "bob", "log");
  const texts = Array.from({ length: 900 }, (_, i) => `m${i}`);
  await say(api, "log", "bot", texts);
  await say(api, "log", "bot", texts);
  const { json: last } = await api.post("/rooms/log/messages", { from: "bot", text: "last" });
  const before = await api.get("/rooms/log/messages/5");

  const some = await api.post("/rooms/log/trim", { upto: 5 });
  const gone = await api.get("/rooms/log/messages/5");
  const heard = await bob.expect({ type: "trimmed", upto: 5 });
  const again = await api.post("/rooms/log/trim", { upto: 5 });
  const most = await api.post("/rooms/log/trim", { before_at: last.at + 1 });
  const { json: room } = await api.get("/rooms/log");
  const all = await api.post("/rooms/log/trim", { upto: 1_000_000 });
  const left = await api.get("/rooms/log/messages?after=0");
  const none = await api.post("/rooms/log/trim", { before_at: 5 });
  const may = await api.with(keys.read).post("/rooms/log/trim", { upto: 5 });
  const where = await api.post("/rooms/nowhere/trim", { upto: 5 });
  const both = await api.post("/rooms/log/trim", { upto: 5, before_at: 5 });

  assert.equal(before.status, 200);
  assert.deepEqual([some.status, some.json, gone.status, heard.upto], [200, { oldest: 6 }, 404, 5]);
  assert.deepEqual(again.json, { oldest: 6 });
  assert.ok(most.json.oldest > last.seq, "what was said before that time is gone");
  assert.ok(room.oldest === most.json.oldest && room.head > last.seq);
  assert.ok(all.json.oldest > most.json.oldest && all.json.more === undefined);
  assert.deepEqual(left.json.items, []);
  assert.deepEqual(none.json, { oldest: all.json.oldest });
  assert.deepEqual([may.status, where.status, both.status], [403, 404, 400]);
});

scenario("a user is erased by a job, which is known after a restart and does not name them", async (world) => {
  const data = await world.directory();
  const { server, api, keys } = await apiServer(world, { data, keys: { all: "*", no: "read" } });
  const eve = await world.member(server, "eve", "general");
  await eve.ask({ type: "send", room: "general", text: "my words" });
  await api.put("/users/eve", { name: "Eve" });

  const made = await api.post("/users/eve/erase");
  const twice = await api.post("/users/eve/erase");
  const may = await api.with(keys.no).post("/users/eve/erase");
  const named = await api.post("/users/gone:abc/erase");
  const unknown = await api.post("/users/nobody/erase");
  const closed = await eve.closed();
  const state = async (by) => (await by.get(`/jobs/${made.json.job}`)).json;
  await until("she is erased", async () => (await state(api)).state === "done");
  const messages = await api.get("/rooms/general/messages");
  const user = await api.get("/users/eve");
  const hidden = await api.with(keys.no).get(`/jobs/${made.json.job}`);
  const listed = await api.get("/jobs");
  const back = await api.delete(`/jobs/${made.json.job}`);
  const notOne = await api.get(`/jobs/${made.json.job}/result`);
  await server.stop();
  const second = await apiServer(world, { data });
  const later = await state(second.api);

  assert.equal(made.status, 202);
  assert.deepEqual([twice.status, may.status, named.status, unknown.status], [202, 403, 400, 404]);
  assert.equal(closed.code, 4502);
  assert.ok(messages.json.items.every((one) => one.deleted && one.text === undefined && one.from.startsWith("gone:")));
  assert.equal(user.status, 404);
  assert.deepEqual([hidden.status, hidden.json.code], [404, "no_such_job"]);
  assert.ok(listed.json.items.some((one) => one.job === made.json.job && one.kind === "erase" && one.by === "all"));
  assert.ok(!JSON.stringify(listed.json).includes("eve"), "a job keeps no name of who is erased");
  assert.deepEqual([back.status, notOne.status], [409, 409]);
  assert.deepEqual([later.state, later.job], ["done", made.json.job]);
});

scenario("a room is exported line by line, and a transfer that broke goes on", async (world) => {
  const { server, keys } = await apiServer(world, { keys: { all: "* rooms=*,dm:*", team: "export rooms=team-*", read: "read" } });
  const api = await Api.of(server.url, keys.all);
  await api.put("/rooms/team-a", { title: "A", topic: "Plans", owner: "alice" });
  await api.post("/rooms/team-a/members", { users: ["bob"], state: "banned", reason: "spam" });
  await say(api, "team-a", "alice", Array.from({ length: 700 }, (_, i) => `m${i}`));
  await api.delete("/rooms/team-a/messages/5");

  const made = await api.post("/rooms/team-a/export");
  const lines = await result(api, made.json.job);
  const entries = lines.filter((line) => line.type === "entry");
  const rest = await result(api, made.json.job, `?since=${entries[600].entry.seq}`);
  const ofTeam = api.with(keys.team);
  const bound = await result(ofTeam, made.json.job);
  const other = await ofTeam.post("/rooms/other/export");
  const hidden = await api.with(keys.read).get(`/jobs/${made.json.job}`);
  const shown = await ofTeam.get("/jobs");
  const dropped = await api.delete(`/jobs/${made.json.job}`);
  const gone = await api.get(`/jobs/${made.json.job}/result`);

  assert.equal(made.status, 202);
  assert.deepEqual([lines[0].type, lines[0].room, lines[0].settings.topic], ["room", "team-a", "Plans"]);
  assert.deepEqual(lines.filter((line) => line.type === "member").map((line) => [line.member.id, line.member.state]), [["alice", "member"], ["bob", "banned"]]);
  assert.deepEqual(entries.map((line) => line.entry.seq), Array.from({ length: entries.length }, (_, i) => i + 1));
  assert.ok(entries.length > 700);
  assert.equal(entries.find((line) => line.entry.seq === 5).entry.text, undefined);
  assert.deepEqual(rest, entries.slice(601));
  assert.deepEqual(bound, lines);
  assert.deepEqual([other.status, hidden.status], [404, 404]);
  assert.deepEqual(shown.json.items.map((one) => [one.kind, one.room, one.state, one.by]), [["export_room", "team-a", "done", "all"]]);
  assert.deepEqual([dropped.status, gone.status], [204, 404]);
});

scenario("a user is exported: profile, rooms, markers, settings, blocks, and what they did", async (world) => {
  const { server, api } = await apiServer(world);
  await api.put("/rooms/team", { owner: "alice" });
  await api.post("/rooms/team/members", { users: ["eve"], state: "member" });
  await api.put("/users/eve", { name: "Eve", data: { avatar: "e.png" } });
  const eve = await world.guest(server, "eve");
  await eve.ask({ type: "join", room: "general", member: true });
  await eve.ask({ type: "send", room: "general", text: "hers" });
  await eve.ask({ type: "block", user: "mallory", on: true });
  await eve.ask({ type: "set_own", room: "general", notify: "none" });
  await api.post("/rooms/team/messages", { from: "alice", text: "@eve", mentions: ["eve"] });
  const { json: own } = await api.post("/rooms/team/messages", { from: "eve", text: "hers too" });
  await api.put(`/rooms/team/messages/${own.seq}/reactions/%F0%9F%91%8D/eve`);

  const made = await api.post("/users/eve/export");
  const lines = await result(api, made.json.job);
  const of = (type) => lines.filter((line) => line.type === type);
  const entries = of("entry");
  const rest = await result(api, made.json.job, `?since=${entries[0].pos}`);

  assert.deepEqual(of("user")[0].user, { user: "eve", name: "Eve", data: { avatar: "e.png" } });
  assert.deepEqual(of("membership").map((line) => line.room), ["general", "team"]);
  assert.deepEqual(of("block"), [{ type: "block", blocked: "mallory" }]);
  assert.deepEqual(of("own"), [{ type: "own", room: "general", own: { notify: "none" } }]);
  assert.deepEqual(entries.map((line) => line.entry.text ?? line.entry.emoji).filter(Boolean), ["hers", "hers too", "👍"]);
  assert.ok(entries.every((line) => line.entry.from === "eve"));
  assert.deepEqual(rest, entries.slice(1));
});

scenario("a room is deleted: who is in it leaves, nothing of it is found, and its id begins anew", async (world) => {
  const data = await world.directory();
  const { server, api, keys } = await apiServer(world, { data, keys: { all: "*", read: "read" } });
  await api.put("/rooms/team", { title: "Team", owner: "alice" });
  await api.post("/rooms/team/members", { users: ["eve"], state: "banned" });
  const bob = await world.guest(server, "bob");
  await bob.ask({ type: "join", room: "team", member: true });
  const visitor = await world.member(server, "vera", "team");
  const { json: said } = await api.post("/rooms/team/messages", { from: "bob", text: "unforgettable" });
  await bob.ask({ type: "read", room: "team", seq: said.seq });
  const { json: before } = await api.get("/rooms/team");

  const may = await api.with(keys.read).delete("/rooms/team");
  const made = await api.delete("/rooms/team");
  const left = await Promise.all([bob, visitor].map((one) => one.expect({ type: "left", room: "team" })));
  const done = await until("it is deleted", async () => {
    const { json } = await api.get(`/jobs/${made.json.job}`);
    return json.state === "done" && json;
  });
  const gone = await api.get("/rooms/team");
  const listed = await api.get("/rooms");
  const messages = await api.get("/rooms/team/messages");
  const found = await api.post("/search", { query: "unforgettable" });
  const feed = await api.get("/feed?cursor=0&wait_ms=0").catch(() => undefined);
  const again = await api.delete("/rooms/team");
  await api.put("/rooms/team", { owner: "carol" });
  const { json: fresh } = await api.get("/rooms/team");
  const { json: next } = await api.post("/rooms/team/messages", { from: "carol", text: "a new beginning" });
  await bob.ask({ type: "join", room: "team", member: true });
  const unread = await api.get("/users/bob/rooms");
  const members = await api.get("/rooms/team/members");
  await server.stop();
  const second = await apiServer(world, { data });
  const later = await second.api.get("/rooms");

  assert.deepEqual([may.status, made.status], [403, 202]);
  assert.ok(left.every((one) => one.room === "team"));
  assert.deepEqual([done.kind, done.room, done.by], ["delete_room", "team", "all"]);
  assert.deepEqual([gone.status, messages.status, again.status], [404, 404, 404]);
  assert.deepEqual(listed.json.items, []);
  assert.deepEqual(found.json.hits, []);
  assert.ok(!JSON.stringify(feed?.json ?? {}).includes("unforgettable"));
  assert.ok(fresh.epoch !== before.epoch && fresh.head < before.head && next.seq < said.seq + 5);
  assert.deepEqual(unread.json.items.map((row) => [row.room, row.unread]), [["team", 0]]);
  assert.deepEqual(members.json.items.map((one) => one.id), ["bob", "carol"]);
  assert.deepEqual(later.json.items.map((room) => room.room), ["team"]);
});
