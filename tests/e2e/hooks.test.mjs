// A deployment's hooks that are asked: about messages before they are stored, and for the addresses of files.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { cp, mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

import { apiServer } from "./support/api.mjs";
import { until, within } from "./support/deadline.mjs";
import { blocksOf, root } from "./support/documents.mjs";
import { Receiver } from "./support/receiver.mjs";
import { run, confabd } from "./support/server.mjs";
import { scenario } from "./support/world.mjs";

const told = promisify(execFile);
const LOCAL = ["--hook-nets", "127.0.0.0/8"];
const allow = { status: 200, body: JSON.stringify({ action: "allow" }) };
const json = (body) => ({ status: 200, body: JSON.stringify(body) });

async function secretFile(world) {
  const secret = `whsec_${randomBytes(32).toString("base64")}`;
  const file = join(await world.directory(), "hook-secret");
  await writeFile(file, `${secret}\n`, { mode: 0o600 });
  return { secret, file };
}

/** A server that asks a receiver about messages, and for files where `files` says so. */
async function asking(world, { args = [], nets = LOCAL, files = false, budget = "500ms", start = (all) => world.server(all) } = {}) {
  const { secret, file } = await secretFile(world);
  const hook = await Receiver.start(world);
  hook.secrets = [secret];
  hook.reply = () => allow;
  const all = ["--hook-check-url", hook.url, "--hook-secret-file", file, "--hook-check-budget", budget, ...nets, ...args];
  if (files) all.push("--hook-files-url", hook.url);
  return { hook, file, ...(await start(all).then((server) => (server.server ? server : { server }))) };
}
const send = (client, text, fields) => client.ask({ type: "send", room: "general", text, ...fields });
const questions = (server, result, hook = "check") => server.metric(`confab_hook_questions_total{hook="${hook}",result="${result}"}`);

scenario("a message is let through, changed or rejected, as the hook says to a signed question", async (world) => {
  const { hook, server } = await asking(world);
  const alice = await world.member(server, "alice", "general", { hello: { name: "Alice" } });
  const bob = await world.member(server, "bob", "general");
  hook.reply = ({ json: { data } }) => {
    if (data.message.text === "damn") return json({ action: "modify", message: { text: "***", data: { by: "hook" } } });
    if (data.message.text === "spam") return json({ action: "reject", reason: "No links here, please.", data: { rule: 7 } });
    return allow;
  };

  const said = await send(alice, "hi", { mentions: ["bob"], key: "k1" });
  const changed = await send(alice, "damn");
  const rejected = await send(alice, "spam");
  const edited = await alice.ask({ type: "edit", room: "general", target: 1, text: "damn" });
  const repeat = await send(alice, "spam", { key: "k1" });

  assert.deepEqual([said.seq, changed.seq, edited.seq], [1, 2, 3]);
  assert.deepEqual([repeat.seq, repeat.duplicate], [1, true]);
  assert.deepEqual({ ...rejected, re: 0, message: "" }, {
    type: "error", re: 0, code: "rejected", message: "", retry: false, reason: "No links here, please.", data: { rule: 7 },
  });
  const heard = [await bob.expect({ type: "message", seq: 1 }), await bob.expect({ type: "message", seq: 2 }), await bob.expect({ type: "edited" })];
  assert.deepEqual(heard.map((one) => [one.text, one.data]), [["hi", undefined], ["***", { by: "hook" }], ["***", { by: "hook" }]]);
  assert.deepEqual(heard.map((one) => one.unchecked), [undefined, undefined, undefined]);

  assert.deepEqual(hook.faults, []);
  assert.equal(hook.came.length, 4); // the repeat is not asked about
  const { data, type, timestamp } = hook.came[0].json;
  assert.deepEqual({ ...data, session: "" }, {
    room: "general", from: "alice", role: "visitor", name: "Alice", session: "", address: "127.0.0.1", edits: null,
    message: { text: "hi", mentions: ["bob"] },
  });
  assert.match(data.session, /^s-/);
  assert.deepEqual([type, hook.came[3].json.data.edits, new Date(timestamp).toISOString()], ["message.check", 1, timestamp]);
  assert.deepEqual([await questions(server, "allowed"), await questions(server, "modified"), await questions(server, "rejected")], [1, 2, 1]);
});

scenario("only the rooms that are named are asked about, and direct ones by dm: alone", async (world) => {
  const { hook, server } = await asking(world, { args: ["--hook-check-rooms", "team-*,dm:*"] });
  const alice = await world.member(server, "alice", "general");
  await alice.ask({ type: "join", room: "team-1" });

  await send(alice, "free");
  await send(alice, "checked", { room: "team-1" });
  await alice.ask({ type: "direct", to: "bob", text: "psst" });

  assert.deepEqual(hook.came.map((one) => [one.json.data.room, one.json.data.role]), [["team-1", "visitor"], ["dm:alice:bob", "member"]]);
});

scenario("what is no answer leaves a message unavailable, and one that makes it illegal is told to its author", async (world) => {
  const { hook, server } = await asking(world, { budget: "200ms" });
  const alice = await world.member(server, "alice", "general");
  const target = await Receiver.start(world);
  const answers = {
    "not 200": { status: 204 },
    "an error": { status: 500, body: "no" },
    redirect: { status: 307, headers: { location: target.url } },
    garbage: { status: 200, body: "allow" },
    "no action": json({ allow: true }),
    "too much": { status: 200, body: `{"action":"allow","x":"${"x".repeat(70_000)}"}` },
    hangs: undefined,
  };

  for (const [what, answer] of Object.entries(answers)) {
    hook.reply = () => answer;
    const { code, retry } = await send(alice, what, { key: what });
    assert.deepEqual([code, retry], ["unavailable", true], what);
  }
  const failed = await questions(server, "failed");
  const illegal = {
    too_long: { text: "x".repeat(5000) },
    bad_request: { text: "\u0007" },
  };
  for (const [code, message] of Object.entries(illegal)) {
    hook.reply = () => json({ action: "modify", message });
    const error = await send(alice, "made worse");
    assert.deepEqual([error.code, error.retry], [code, false]);
  }
  hook.reply = () => allow;
  const repeat = await send(alice, "hangs", { key: "hangs" });

  assert.equal(failed, Object.keys(answers).length);
  assert.equal(await questions(server, "wrong"), 2);
  assert.equal(repeat.seq, 1); // nothing else was stored
  assert.equal(target.came.length, 0);
});

scenario("where it is open, what could not be asked about is stored, says so, and is found in the feed", async (world) => {
  const { hook, server, api } = await asking(world, {
    args: ["--hook-check-fail", "open"], budget: "200ms", start: (args) => apiServer(world, { args }),
  });
  const alice = await world.member(server, "alice", "general");

  await send(alice, "checked");
  hook.server.closeAllConnections();
  await new Promise((resolve) => hook.server.close(resolve));
  await send(alice, "unchecked");
  await alice.ask({ type: "edit", room: "general", target: 1, text: "unchecked too" });

  const heard = [await alice.expect({ type: "message", seq: 2 }), await alice.expect({ type: "edited" })];
  assert.deepEqual(heard.map((one) => one.unchecked), [true, true]);
  const { json: feed } = await api.get("/feed?cursor=0");
  const marked = feed.items.filter((one) => one.entry.unchecked).map((one) => one.entry.text);
  assert.deepEqual(marked, ["unchecked", "unchecked too"]);
  const { events } = await alice.ask({ type: "history", room: "general" });
  assert.deepEqual(events.map((one) => one.unchecked), [undefined, undefined]);
});

scenario("a hook is asked only where hook_nets or the public net has it", async (world) => {
  const { hook, server } = await asking(world, { nets: [] });
  const alice = await world.member(server, "alice", "general");

  const { code } = await send(alice, "hi");

  assert.equal(code, "unavailable");
  assert.equal(hook.came.length, 0);
});

scenario("after twenty failures in a row a hook is left alone for a while, and the log says so", async (world) => {
  const { hook, server } = await asking(world, { args: ["--rate-commands", "0"] });
  const alice = await world.member(server, "alice", "general");
  hook.reply = () => 500;

  for (let i = 0; i < 25; ++i) assert.equal((await send(alice, "x")).code, "unavailable");

  assert.equal(hook.came.length, 20);
  assert.deepEqual([await questions(server, "failed"), await questions(server, "resting")], [20, 5]);
  assert.match(await server.logged("hook-resting"), /hook=check detail="status 500"/);
  hook.reply = () => allow;
  await until("it is asked again", async () => (await send(alice, "x")).type === "sent");
  assert.match(await server.logged("hook-recovered"), /hook=check/);
});

scenario("others go on while one waits, whose own keep their order; a repeat waits for the check that runs", async (world) => {
  const { hook, server } = await asking(world, { budget: "5s" });
  const alice = await world.member(server, "alice", "general");
  const again = await world.guest(server, "alice");
  const bob = await world.member(server, "bob", "general");
  let release;
  const held = new Promise((resolve) => (release = resolve));
  hook.reply = async ({ json: { data } }) => {
    if (data.message.text === "slow") await held;
    return allow;
  };

  const slow = send(alice, "slow", { key: "k1" });
  const behind = send(alice, "behind");
  await hook.count(1);
  const repeat = again.ask({ type: "join", room: "general" }).then(() => send(again, "slow", { key: "k1" }));
  const other = await send(bob, "other");
  release();

  const all = await Promise.all([slow, behind, repeat]);
  assert.equal(other.seq, 1);
  assert.deepEqual(all.map((one) => one.seq), [2, 3, 2]);
  assert.deepEqual(all.map((one) => one.duplicate), [undefined, undefined, true]);
  assert.deepEqual(hook.came.map((one) => one.json.data.message.text).sort(), ["behind", "other", "slow"]);
});

scenario("the API is not asked about, but what it says as a user", async (world) => {
  const { hook, api } = await asking(world, { start: (args) => apiServer(world, { args }) });
  await api.put("/rooms/general", {});
  hook.reply = ({ json: { data } }) => {
    if (data.message.text === "spam") return json({ action: "reject", reason: "no", data: [1] });
    return data.message.text === "damn" ? json({ action: "modify", message: { text: "***" } }) : allow;
  };
  const post = (text, more) => api.post("/rooms/general/messages", { from: "bob", text, ...more });

  const own = await post("spam");
  const user = await post("hi", { as: "user" });
  const rejected = await post("spam", { as: "user" });
  const items = ["one", "damn", "spam"].map((text, i) => ({ room: "general", from: "bob", text, as: "user", key: `k${i}` }));
  const many = await api.post("/publish", { items });
  const repeat = await api.post("/publish", { items: items.slice(0, 2) });

  assert.deepEqual([own.status, user.status], [201, 201]);
  assert.deepEqual([rejected.status, rejected.json.code, rejected.json.reason, rejected.json.data], [403, "rejected", "no", [1]]);
  assert.deepEqual(many.json.results.map((one) => one.status), [201, 201, 403]);
  assert.deepEqual(repeat.json.results.map((one) => one.duplicate), [true, true]);
  assert.equal(hook.came.length, 5);
  const { json: log } = await api.get("/rooms/general/entries");
  assert.deepEqual(log.items.filter((one) => one.type === "message").map((one) => one.text), ["spam", "hi", "one", "***"]);
});

scenario("the deployment says where a file goes and where it is, and the server keeps neither", async (world) => {
  const { hook, server } = await asking(world, { files: true });
  const [alice, bob] = [await world.member(server, "alice", "general"), await world.guest(server, "bob")];
  hook.reply = ({ json: { type, data } }) => {
    if (type === "message.check") return allow;
    if (type === "file.download") return json({ url: `https://store.example/${data.ref}?get`, expires_at: 9 });
    if (data.bytes > 100) return json({ action: "reject", reason: "at most 100 bytes" });
    return json({ ref: "f/1", method: "PUT", url: "https://store.example/f/1?put", headers: { "Content-Type": data.mime }, expires_at: 9 });
  };

  const place = await alice.ask({ type: "upload", room: "general", mime: "image/png", bytes: 7, name: "p.png" });
  const large = await alice.ask({ type: "upload", room: "general", mime: "image/png", bytes: 101 });
  await alice.ask({ type: "send", room: "general", attachments: [{ ref: place.ref, mime: "image/png" }] });
  const got = await bob.ask({ type: "download", room: "general", seq: 1, index: 0 });

  assert.deepEqual({ ...place, re: 0 }, {
    type: "upload", re: 0, ref: "f/1", method: "PUT", url: "https://store.example/f/1?put", headers: { "Content-Type": "image/png" }, expires_at: 9,
  });
  assert.deepEqual([large.code, large.reason], ["rejected", "at most 100 bytes"]);
  assert.deepEqual({ ...got, re: 0 }, { type: "download", re: 0, url: "https://store.example/f/1?get", expires_at: 9 });
  const asked = hook.came.map((one) => one.json).filter((one) => one.type !== "message.check");
  assert.deepEqual(asked.map((one) => [one.type, one.data]), [
    ["file.upload", { room: "general", from: "alice", role: "visitor", mime: "image/png", bytes: 7, name: "p.png" }],
    ["file.upload", { room: "general", from: "alice", role: "visitor", mime: "image/png", bytes: 101 }],
    ["file.download", { room: "general", from: "bob", seq: 1, ref: "f/1" }],
  ]);
  assert.deepEqual(hook.faults, []);
  assert.equal(await questions(server, "placed", "files"), 2);
});

scenario("a hook that is configured by halves keeps the server from starting", async (world) => {
  const { file } = await secretFile(world);
  const weak = join(await world.directory(), "weak");
  await writeFile(weak, "hunter2", { mode: 0o600 });
  const start = (...args) => run(confabd, ["--port", "0", "--data", "unused", ...args]);

  const all = await Promise.all([
    start("--hook-check-url", "https://a.example/hook"),
    start("--hook-check-url", "ftp://a.example/hook", "--hook-secret-file", file),
    start("--hook-files-url", "https://a.example/hook", "--hook-secret-file", weak),
    start("--hook-check-rooms", "a b"),
    start("--hook-check-fail", "maybe"),
  ]);

  assert.deepEqual(all.map((one) => one.code), [2, 2, 2, 2, 2]);
  assert.deepEqual(all.map((one) => /--hook-[a-z-]+/.exec(one.stderr)[0]), [
    "--hook-check-url", "--hook-check-url", "--hook-secret-file", "--hook-check-rooms", "--hook-check-fail",
  ]);
});

const commandsOf = async (page) => (await blocksOf(page)).filter(({ info }) => /^sh\b/.test(info)).map(({ content }) => content.trim());

scenario("the guides' commands start a server that moderates and keeps files", async (world) => {
  const where = await world.directory();
  await mkdir(join(where, "node_modules"));
  await symlink(join(root, "tests/node_modules/standardwebhooks"), join(where, "node_modules/standardwebhooks"));
  await cp(join(root, "examples/hooks"), join(where, "examples/hooks"), { recursive: true });
  const [make, start, moderate] = await commandsOf("how-to/moderate.md");
  const [files] = await commandsOf("how-to/files.md");
  await told("sh", ["-c", make], { cwd: where });
  const hook = world.spawn("sh", ["-c", `exec env ${start}`], { cwd: where, env: { PORT: "0" } });
  world.atEnd(() => hook.crash());
  const listening = new Promise((resolve) => hook.process.stdout.on("data", () => hook.stdout.includes("listening on") && resolve()));
  await within(listening, "it listens");
  const port = /listening on (\d+)/.exec(hook.stdout)[1];
  const words = (command) => command.replaceAll("9000", port).split(" ").slice(1);
  const server = await world.server([...words(moderate), ...words(files).slice(0, 2)], { cwd: where });
  const alice = await world.member(server, "alice", "general");

  const link = await send(alice, "https://example.org");
  await send(alice, "darn it");
  const place = await alice.ask({ type: "upload", room: "general", mime: "text/plain", bytes: 5 });
  const large = await alice.ask({ type: "upload", room: "general", mime: "text/plain", bytes: 2_000_000 });
  const put = await fetch(place.url, { method: place.method, headers: place.headers, body: "hello" });
  await alice.ask({ type: "send", room: "general", attachments: [{ ref: place.ref }] });
  const got = await alice.ask({ type: "download", room: "general", seq: 2, index: 0 });

  assert.deepEqual([link.code, link.reason], ["rejected", "No links here, please."]);
  assert.equal((await alice.expect({ type: "message", seq: 1 })).text, "**** it");
  assert.deepEqual([large.code, put.status], ["rejected", 201]);
  assert.equal(await (await fetch(got.url)).text(), "hello");
  assert.equal((await fetch(got.url.replace("signature=", "signature=x"))).status, 403);
  assert.equal((await fetch(place.url)).status, 403); // it is for putting alone
});
