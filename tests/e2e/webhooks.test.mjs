// Webhooks, as a server of the deployment's gets them: signed, in order, at least once, and nowhere else.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import https from "node:https";
import net from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";

import { Api, apiServer } from "./support/api.mjs";
import { Receiver, webhook } from "./support/receiver.mjs";
import { scenario } from "./support/world.mjs";

const told = promisify(execFile);

/** More on request: ROUNDS=100. */
const ROUNDS = Number(process.env.ROUNDS ?? 3);
const LOCAL = ["--hook-nets", "127.0.0.0/8"];
const FAST = [...LOCAL, "--hook-retry", "5ms"];

async function hooked(world, { args = LOCAL, body = {}, ...options } = {}) {
  const receiver = await Receiver.start(world);
  const { server, api, ...rest } = await apiServer(world, { args, ...options });
  for (const room of ["team-1", "team-2", "other"]) await api.put(`/rooms/${room}`, {});
  const made = await api.put("/webhooks/audit", { url: receiver.url, ...body });
  assert.equal(made.status, 201);
  receiver.secrets = [made.json.secret];
  return { receiver, server, api, made, ...rest };
}
/** All messages of a room, as the log has them. */
async function said(api, room) {
  const texts = [];
  let page = { next: "" };
  do {
    ({ json: page } = await api.get(`/rooms/${room}/entries?limit=1000${page.next && `&cursor=${page.next}`}`));
    texts.push(...page.items.filter((entry) => entry.type === "message").map((entry) => entry.text));
  } while (page.next);
  return texts;
}
const say = (api, room, ...texts) => api.post("/publish", { items: texts.map((text) => ({ room, from: "bob", text })) });

scenario("what is said reaches the receiver, signed and in order, with what it asked for", async (world) => {
  const { receiver, api, made } = await hooked(world, { body: { events: ["message.*", "reaction.added"], rooms: ["team-*"] } });

  const { json: one } = await api.post("/rooms/team-1/messages", { from: "bob", text: "one" }, { headers: { "Idempotency-Key": "k1" } });
  await api.patch(`/rooms/team-1/messages/${one.seq}`, { from: "bob", text: "two" });
  await api.put(`/rooms/team-1/messages/${one.seq}/reactions/x/carol`);
  await api.put(`/rooms/team-1/pins/${one.seq}`);
  await say(api, "other", "not for you");
  // What is deleted is sent without its words.
  await receiver.when("what was before the deletion", (came) => came.length === 3);
  await api.delete(`/rooms/team-1/messages/${one.seq}`);
  await receiver.when("the last", (came) => came.at(-1)?.json.type === "message.deleted");

  const [first] = receiver.came;
  assert.deepEqual(receiver.came.map((each) => each.json.type), ["message.created", "message.edited", "reaction.added", "message.deleted"]);
  assert.deepEqual(receiver.faults, []);
  assert.equal(first.method, "POST");
  assert.equal(first.headers["content-type"], "application/json");
  assert.match(first.headers["user-agent"], /^confab\//);
  assert.equal(first.id, `audit.message.created.${first.json.data.pos}.0`);
  assert.equal(first.json.timestamp, new Date(one.at).toISOString());
  assert.deepEqual(first.json.data.entry, { type: "message", room: "team-1", seq: one.seq, at: one.at, from: "bob", key: "k1", text: "one" });
  assert.match(made.json.secret, /^whsec_[A-Za-z0-9+/]{43}=$/);
});

scenario("a webhook is made, shown, changed and taken away; its secret is told once", async (world) => {
  const { receiver, api } = await hooked(world, { body: { events: ["room.changed"], payload: "thin" } });

  const changed = await api.put("/webhooks/audit", { url: receiver.url, events: ["room.*"], rooms: ["a", "b*"], batch: 3, timeout_ms: 2_000 });
  const shown = await api.get("/webhooks/audit");
  const list = await api.get("/webhooks");
  const wrong = await api.put("/webhooks/audit", { url: "ftp://x", events: ["message.read"], rooms: ["a b"], batch: 101, extra: 1 });
  const gone = await api.delete("/webhooks/audit");
  const missing = await api.get("/webhooks/audit");
  const name = await api.put("/webhooks/Audit", { url: receiver.url });

  assert.deepEqual([changed.status, changed.json.secret], [200, undefined]);
  // What is recorded of these calls it is not told of, and may not have looked at yet.
  const { oldest_at, ...settled } = shown.json;
  assert.deepEqual({ ...settled, made_at: 0, lag: 0, attempts: [] }, {
    id: "audit", url: receiver.url, events: ["room.*"], rooms: ["a", "b*"], batch: 3, timeout_ms: 2_000, payload: "full",
    state: "active", made_at: 0, lag: 0, dead: 0, attempts: [],
  });
  assert.deepEqual(list.json.items.map((one) => [one.id, one.secret]), [["audit", undefined]]);
  assert.deepEqual(wrong.json.faults.map((fault) => fault.at).sort(), ["/batch", "/events/0", "/extra", "/rooms/0", "/url"]);
  assert.deepEqual([gone.status, missing.status, missing.json.code, name.status], [204, 404, "no_such_webhook", 400]);
});

scenario("only keys of the scope make webhooks, and only for what they may see", async (world) => {
  const { api, keys } = await apiServer(world, { args: LOCAL, keys: { all: "*", reader: "read", some: "hooks rooms=team-*", direct: "* rooms=*,dm:*" } });
  const put = (key, rooms) => api.with(key).put("/webhooks/w", { url: "http://127.0.0.1:9/", ...(rooms ? { rooms } : {}) });

  const statuses = [await put(keys.reader), await put(keys.some, ["team-*"]), await put(keys.all, ["dm:*"]), await put(keys.all, ["*"]), await put(keys.direct, ["dm:*"])].map((one) => one.status);

  assert.deepEqual(statuses, [403, 403, 403, 201, 200]);
});

scenario("what failed comes again with the same id, and what is behind it waits", async (world) => {
  const { receiver, api, server } = await hooked(world, { args: FAST });
  let failures = 3;
  receiver.reply = (one) => (one.json.data.room === "team-1" && failures-- > 0 ? { status: 500, body: "not now" } : 200);

  await say(api, "team-1", "a", "b", "c");
  await say(api, "team-2", "x");
  await receiver.when("all of them", () => receiver.texts("team-1").length + receiver.texts("team-2").length === 4);

  const first = receiver.came.filter((one) => one.json.data.room === "team-1");
  assert.deepEqual(first.map((one) => one.json.data.entry.text), ["a", "a", "a", "a", "b", "c"]);
  assert.equal(new Set(first.slice(0, 4).map((one) => one.id)).size, 1);
  assert.deepEqual(receiver.faults, []);
  const { attempts } = await webhook(api, "audit", "all attempts", (is) => is.attempts.length === 7);
  const failed = attempts.filter((one) => one.status === 500);
  assert.deepEqual(failed.map((one) => one.answer), ["not now", "not now", "not now"]);
  assert.equal(await server.metric('confab_webhook_attempts_total{result="failed"}'), 3);
});

scenario("what is refused six times is put aside, the rest goes on, and it can be sent again", async (world) => {
  const { receiver, api } = await hooked(world, { args: [...LOCAL, "--hook-retry", "1ms"] });
  let takes = false;
  receiver.reply = (one) => (one.json.data.entry?.text === "bad" && !takes ? { status: 422, body: "no such order" } : 204);

  await say(api, "team-1", "bad", "good");
  await receiver.when("what is behind it", () => receiver.texts("team-1").includes("good"));
  const dead = await api.get("/webhooks/audit/dead");
  const [letter] = dead.json.items;
  const refused = await api.post(`/webhooks/audit/dead/${letter.pos}/retry`);
  takes = true;
  const taken = await api.post(`/webhooks/audit/dead/${letter.pos}/retry`);
  const none = await api.post(`/webhooks/audit/dead/${letter.pos}/retry`);
  const left = await api.get("/webhooks/audit/dead");

  assert.equal(receiver.came.filter((one) => one.json.data.entry.text === "bad").length, 8);
  assert.deepEqual([letter.type, letter.room, letter.status, letter.answer], ["message.created", "team-1", 422, "no such order"]);
  assert.deepEqual([refused.json.delivered, refused.json.status], [false, 422]);
  assert.deepEqual([taken.json.delivered, taken.json.status], [true, 204]);
  assert.deepEqual([none.status, none.json.code, left.json.items.length], [404, "no_such_letter", 0]);
});

scenario("a receiver that is gone is paused and goes on where it was, also across a restart", async (world) => {
  const data = await world.directory();
  const { receiver, api, server } = await hooked(world, { data });
  receiver.reply = () => 410;
  await say(api, "team-1", "a");
  const paused = await webhook(api, "audit", "it is paused", (is) => is.state === "paused");
  assert.match(await server.logged("webhook-paused"), /webhook=audit why=gone/);
  await say(api, "team-1", "b");
  await server.stop();
  const again = await apiServer(world, { data, args: LOCAL });
  const still = await again.api.get("/webhooks/audit");
  const before = receiver.came.length;
  receiver.reply = () => 204;

  const resumed = await again.api.post("/webhooks/audit/resume");
  await receiver.count(before + 2);

  assert.equal(paused.why, "gone");
  assert.deepEqual([still.json.state, before, resumed.json.state], ["paused", 1, "active"]);
  assert.ok(still.json.lag > 0 && still.json.oldest_at > 0);
  assert.deepEqual(receiver.texts("team-1"), ["a", "b"]);
  assert.deepEqual(receiver.faults, []);
});

scenario("what was deleted while a webhook was paused is not sent when it is resumed", async (world) => {
  const { receiver, api } = await hooked(world, { body: { events: ["message.*"] } });
  await api.post("/webhooks/audit/pause");
  const { json: { seq } } = await api.post("/rooms/team-1/messages", { from: "bob", text: "secret" });
  await webhook(api, "audit", "it has seen the message", (is) => is.oldest_at > 0);
  await api.delete(`/rooms/team-1/messages/${seq}`);

  await api.post("/webhooks/audit/resume");
  await receiver.when("the deletion", (came) => came.some((one) => one.json.type === "message.deleted"));

  assert.deepEqual(receiver.came.map((one) => one.json.type), ["message.created", "message.deleted"]);
  assert.ok(!receiver.came.some((one) => one.text.includes("secret")));
});

scenario("kill -9 between deliveries loses nothing, and the order holds", async (world) => {
  const data = await world.directory();
  const rooms = ["team-1", "team-2", "other"];
  let { receiver, api, server } = await hooked(world, { data, body: { events: ["message.created"] } });
  const expected = new Map(rooms.map((room) => [room, []]));
  const all = () => rooms.every((room) => receiver.texts(room).length === expected.get(room).length);

  for (let round = 0; round < ROUNDS; ++round) {
    const dies = receiver.came.length + 1 + Math.floor(Math.random() * 60);
    receiver.reply = () => {
      if (receiver.came.length >= dies) server.signal("SIGKILL");
      return 204;
    };
    for (const room of rooms) {
      const texts = Array.from({ length: 20 }, (_, i) => `${round}.${i}`);
      const { json } = await say(api, room, ...texts).catch(() => ({}));
      // Of what was not answered nobody knows whether it was stored.
      if (json) expected.get(room).push(...texts);
      else expected.set(room, null);
    }
    await server.exited();
    receiver.reply = () => 204;
    ({ api, server } = await apiServer(world, { data, args: LOCAL }));
    for (const room of rooms.filter((each) => !expected.get(each))) expected.set(room, await said(api, room));
  }
  await receiver.when("all that was said", all);

  for (const room of rooms) assert.deepEqual(receiver.texts(room), expected.get(room), room);
  assert.deepEqual(receiver.faults, []);
});

scenario("this machine and private networks are refused unless they are allowed", async (world) => {
  const receiver = await Receiver.start(world, { host: "::" });
  const { api } = await apiServer(world);
  const { port } = receiver;
  for (const host of ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "2130706433", "0.0.0.0", "10.0.0.1", "169.254.169.254", "[fd00::1]", "[64:ff9b::7f00:1]"]) {
    for (const scheme of ["http", "https"]) {
      await api.put("/webhooks/w", { url: `${scheme}://${host}:${port}/`, timeout_ms: 2_000 });
      const { json } = await api.post("/webhooks/w/test");
      assert.deepEqual([json.delivered, json.status, json.error], [false, undefined, "the address is not allowed: see hook_nets"], `${scheme} ${host}`);
    }
  }
  assert.deepEqual(receiver.came, []);
});

scenario("proxies of the environment are not asked", async (world) => {
  const proxy = await Receiver.start(world);
  const receiver = await Receiver.start(world);
  const env = { http_proxy: proxy.url, https_proxy: proxy.url, all_proxy: proxy.url, HTTPS_PROXY: proxy.url, ALL_PROXY: proxy.url };
  const { api } = await apiServer(world, { args: LOCAL, env });
  await api.put("/webhooks/w", { url: receiver.url });

  const { json } = await api.post("/webhooks/w/test");

  assert.deepEqual([json.delivered, receiver.came.length, proxy.came.length], [true, 1, 0]);
});

scenario("redirects are not followed, what hangs is given up, and garbage is no answer", async (world) => {
  const elsewhere = await Receiver.start(world);
  const { receiver, api } = await hooked(world, { args: FAST, body: { timeout_ms: 1_000 } });
  const garbage = net.createServer((socket) => {
    socket.on("error", () => {});
    socket.resume().end("\0\x01garbage\r\n\r\n");
  });
  await new Promise((resolve) => garbage.listen(0, "127.0.0.1", resolve));
  world.atEnd(() => new Promise((resolve) => garbage.close(resolve)));

  receiver.reply = () => ({ status: 302, headers: { location: elsewhere.url } });
  const redirected = await api.post("/webhooks/audit/test");
  receiver.reply = () => undefined;
  const hung = await api.post("/webhooks/audit/test");
  receiver.reply = () => ({ status: 200, body: "ä".repeat(600) + "\xff" });
  const long = await api.post("/webhooks/audit/test");
  receiver.reply = (_, response) => void response.writeHead(200).end("x".repeat(1_000_000));
  const endless = await api.post("/webhooks/audit/test");
  await api.put("/webhooks/audit", { url: `http://127.0.0.1:${garbage.address().port}/`, timeout_ms: 1_000 });
  const silly = await api.post("/webhooks/audit/test");

  assert.deepEqual([redirected.json.delivered, redirected.json.status, elsewhere.came.length], [false, 302, 0]);
  assert.deepEqual([hung.json.delivered, hung.json.status], [false, undefined]);
  assert.match(hung.json.error, /timed out/i);
  assert.deepEqual([long.json.delivered, long.json.answer], [true, "ä".repeat(512)]);
  assert.deepEqual([endless.json.delivered, endless.json.answer.length], [true, 1_024]);
  assert.deepEqual([silly.json.delivered, silly.json.status], [false, undefined]);
  assert.ok(silly.json.error);
});

scenario("a receiver that hangs costs the others nothing", async (world) => {
  const { receiver, api } = await hooked(world, { body: { timeout_ms: 30_000 } });
  receiver.reply = () => undefined;
  const other = await Receiver.start(world);
  await api.put("/webhooks/second", { url: other.url });

  await say(api, "team-1", "a", "b", "c");
  await other.count(3);

  assert.deepEqual(other.texts("team-1"), ["a", "b", "c"]);
  assert.equal(receiver.came.filter((one) => one.json.data.room === "team-1" && one.json.type === "message.created").length, 1);
});

scenario("secrets are rotated, and both sign for a day", async (world) => {
  const { receiver, api, made } = await hooked(world);

  const { json } = await api.post("/webhooks/audit/rotate");
  receiver.secrets = [made.json.secret, json.secret];
  await api.post("/webhooks/audit/test");

  assert.notEqual(json.secret, made.json.secret);
  assert.ok(json.old_until > Date.now() + 86_000_000);
  const test = receiver.came.find((one) => one.json.type === "webhook.test");
  assert.equal(test.fault, undefined);
  assert.equal(test.headers["webhook-signature"].split(" ").length, 2);
  assert.deepEqual(test.json.data, { webhook: "audit" });
});

scenario("what was told is told again from any place, in batches too", async (world) => {
  const { receiver, api } = await hooked(world, { body: { events: ["message.created"] } });
  await say(api, "team-1", "a", "b", "c", "d", "e");
  await receiver.count(5);
  const [, , third] = receiver.came;

  await api.post("/webhooks/audit/replay", { from_pos: third.json.data.pos });
  await receiver.count(8);
  await api.put("/webhooks/audit", { url: receiver.url, events: ["message.created"], batch: 10, payload: "thin" });
  await api.post("/webhooks/audit/replay", { from_at: 0 });
  await receiver.count(9);
  const both = await api.post("/webhooks/audit/replay", { from_at: 0, from_pos: 1 });

  assert.deepEqual(receiver.came.slice(5, 8).map((one) => one.json.data.entry.text), ["c", "d", "e"]);
  const batch = receiver.came[8];
  assert.equal(batch.json.type, "batch");
  assert.deepEqual(batch.json.data.events.map((one) => one.id), receiver.came.slice(0, 5).map((one) => one.id));
  assert.deepEqual(Object.keys(batch.json.data.events[0].data), ["pos", "room", "by", "seq"]);
  assert.deepEqual(receiver.faults, []);
  assert.equal(both.status, 400);
});

scenario("certificates are verified", async (world) => {
  const directory = await world.directory();
  const [key, cert] = [join(directory, "key.pem"), join(directory, "cert.pem")];
  await told("openssl", ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", cert]);
  const server = https.createServer({ key: await readFile(key), cert: await readFile(cert) });
  const receiver = await Receiver.start(world, { server });
  const url = `https://localhost:${receiver.port}/hook`;
  const knows = await apiServer(world, { args: ["--hook-nets", "127.0.0.0/8,::1"], env: { SSL_CERT_FILE: cert } });
  const knowsNot = await apiServer(world, { args: ["--hook-nets", "127.0.0.0/8,::1"] });
  for (const { api } of [knows, knowsNot]) await api.put("/webhooks/w", { url });

  const taken = await knows.api.post("/webhooks/w/test");
  const refused = await knowsNot.api.post("/webhooks/w/test");

  assert.deepEqual([taken.json.delivered, refused.json.delivered], [true, false]);
  assert.match(refused.json.error, /certificate/i);
  assert.equal(receiver.came.length, 1);
});

scenario("members, rooms, profiles and direct rooms are told of as they are asked for", async (world) => {
  const { server, keys } = await apiServer(world, { args: LOCAL, keys: { all: "* rooms=*,dm:*" } });
  const api = await Api.of(server.url, keys.all);
  const [all, direct] = [await Receiver.start(world), await Receiver.start(world)];
  await api.put("/webhooks/all", { url: all.url });
  await api.put("/webhooks/direct", { url: direct.url, rooms: ["dm:*"], events: ["message.created"] });

  await api.put("/rooms/team", { owner: "alice" });
  await api.post("/rooms/team/members", { users: ["bob", "carol"], state: "member" });
  await api.post("/rooms/team/members", { users: ["carol"], state: "banned", reason: "spam" });
  await api.post("/rooms/team/members", { users: ["bob"], role: "moderator" });
  await api.patch("/rooms/team", { topic: "t" });
  await api.put("/users/bob", { name: "Bob" });
  await api.post("/directs/shop/bob/messages", { text: "Your parcel." });
  await direct.count(1);
  await api.patch("/users/bob", { name: "Robert" });
  await api.post("/users/bob/deactivate");
  const bobs = () => all.came.filter((one) => one.json.type.startsWith("user.")).map((one) => one.json.type);
  await all.when("all of the user", () => bobs().length === 3);
  await all.when("the topic", (came) => came.some((one) => one.json.data.entry.topic === "t"));

  const types = all.came.filter((one) => one.json.data.room === "team").map((one) => one.json.type);
  assert.deepEqual(types.slice(-4), ["member.joined", "member.banned", "member.changed", "room.changed"]);
  assert.deepEqual(bobs(), ["user.created", "user.changed", "user.deactivated"]);
  const made = all.came.find((one) => one.json.type === "room.created");
  assert.deepEqual([made.json.data.by, made.json.data.entry.data], ["all", { room: "team", by: "alice" }]);
  assert.ok(all.came.every((one) => one.json.data.by === "all"), "each is an echo of this key's calls");
  assert.deepEqual(direct.came.map((one) => one.json.data.entry.text), ["Your parcel."]);
  assert.equal(all.came.some((one) => one.text.includes("parcel")), false);
});
