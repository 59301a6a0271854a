// Programs and commands that the documents show and that need no browser, done as they are written; the others are in docs.test.mjs.
// Only addresses, paths, durations and numbers of users are others.

import assert from "node:assert/strict";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import http from "node:http";
import { join } from "node:path";
import { WebSocket } from "ws";

import { ConfabClient } from "../../sdk/confab.js";
import { createStore } from "../../sdk/store.js";
import { within } from "../e2e/support/deadline.mjs";
import { blocksOf, root } from "../e2e/support/documents.mjs";
import { confabd, run } from "../e2e/support/server.mjs";
import { SECRET, inSeconds, secretFile, sign } from "../e2e/support/tokens.mjs";
import { scenario } from "../e2e/support/world.mjs";

const README = "../sdk/README.md";
const AsyncFunction = (async () => {}).constructor;

/** The block of a page that has these words. */
async function block(page, words) {
  const found = (await blocksOf(page)).filter(({ content }) => content.includes(words));
  assert.equal(found.length, 1, `${page}: ${words}`);
  return found[0].content;
}

async function connected(world, server, guest) {
  const client = new ConfabClient({ url: server.websocketUrl, WebSocket, guest });
  world.atEnd(() => client.stop());
  await within(client.connect(), "the welcome");
  return client;
}

const event = (client, type, test = () => true) =>
  within(new Promise((resolve) => client.on(type, (one) => test(one) && resolve(one))), `the client's event ${type}`);

scenario("the library's README: its program for Node signs in and answers", async (world) => {
  const server = await world.server(["--jwt-secret-file", await secretFile(world)]);
  const token = sign({ sub: "robot", exp: inSeconds(600) }, SECRET, { alg: "HS256" });
  const backend = http.createServer((_, response) => response.end(token));
  await new Promise((listening) => backend.listen(0, "127.0.0.1", listening));
  world.atEnd(() => backend.close());
  const where = await world.directory();
  await mkdir(join(where, "node_modules"));
  await symlink(join(root, "sdk"), join(where, "node_modules/confab-sdk"));
  await symlink(join(root, "tests/node_modules/ws"), join(where, "node_modules/ws"));
  const program = (await block(README, '"!time"'))
    .replace("wss://chat.example.org/ws", server.websocketUrl)
    .replace("https://example.org", `http://127.0.0.1:${backend.address().port}`);
  await writeFile(join(where, "program.mjs"), program);
  const alice = await world.member(server, "alice", "general");

  const robot = world.spawn(process.execPath, [join(where, "program.mjs")]);
  world.atEnd(() => robot.crash());
  await alice.expect({ type: "presence", joined: (all) => all.some(({ id }) => id === "robot") });
  await alice.ask({ type: "send", room: "general", text: "!time" });

  const { text } = await alice.expect({ type: "message", from: "robot" });
  assert.match(text, /^\d{4}-\d\d-\d\dT/);
});

scenario("the library's README: a view hears of all that happens in a room", async (world) => {
  const server = await world.server();
  const [alice, bob] = [await connected(world, server, "alice"), await connected(world, server, "bob")];
  await bob.join("general");
  const first = await bob.send("general", "frist");
  const heard = [];
  const view = (room) => new Proxy({}, { get: (_, name) => (...args) => heard.push([room, name, ...args]) });

  new Function("client", "view", await block(README, "replaceAll"))(alice, view);
  await alice.join("general");
  const last = event(alice, "deleted");
  const second = await bob.send("general", "second");
  await bob.edit("general", first.seq, "first");
  await bob.react("general", first.seq, "👍");
  await bob.delete("general", second.seq);
  await last;

  assert.deepEqual(heard.map(([room, name, a, b, c, d]) => [room, name, a.text ?? a.length ?? a, b, c, d].filter((one) => one !== undefined)), [
    ["general", "replaceAll", 1],
    ["general", "add", "second"],
    ["general", "change", 1, { text: "first", data: undefined }],
    ["general", "react", 1, "bob", "👍", true],
    ["general", "change", 2, { deleted: true }],
  ]);
});

scenario("the library's README: rooms with members, threads and files", async (world) => {
  const server = await world.server();
  const [client, bob, eve] = [await connected(world, server, "alice"), await connected(world, server, "bob"), await connected(world, server, "eve")];
  const heard = [];
  const code = (await block(README, "createRoom")).replace(/\(\{ ([\w, ]+) \}\) => …/g, "({ $1 }) => heard.push({ $1 })");

  const room = await new AsyncFunction("client", "heard", `${code}; return room;`)(client, heard);
  await bob.join(room, { member: true });
  const changed = event(client, "member_set", ({ role }) => role === "member");
  await client.setMember(room, "bob", { role: "member" });
  await changed;

  const { title, settings, pins } = client.room(room);
  assert.deepEqual([title, settings.topic, pins.length], ["Red", "Plans", 1]);
  const { events } = await client.history(room, { thread: pins[0] });
  assert.deepEqual(events.map(({ text }) => text), ["lunch?", "at noon"]);
  await assert.rejects(eve.join(room), { code: "banned" });
  assert.ok(heard.some(({ users, role }) => users?.[0] === "bob" && role === "member"), JSON.stringify(heard));
});

scenario("the library's README: what the store knows of threads, members and blocked users", async (world) => {
  const server = await world.server();
  const [client, eve] = [await connected(world, server, "alice"), await connected(world, server, "eve")];
  const store = createStore(client);
  await client.createRoom({ room: "general", title: "General" });
  await store.join("general");
  const { seq: root } = await client.send("general", "lunch?");
  const { seq: last } = await client.send("general", "at noon");
  await eve.join("general");
  await eve.send("general", "buy this");
  const [first, own, second] = await Promise.all(["memberCount, left }", "notify_until", "setBlocked"].map((words) => block(README, words)));
  const said = [];

  const done = new Promise((resolve) => store.subscribe(() => {
    const { pins, messages } = store.room("general");
    if (pins.includes(last) && messages.some(({ thread, state }) => thread === root && state === "stored")) resolve();
  }));
  new Function("store", first.replace("41", root).replace("59", last))(store);
  await within(done, "what the store was told to do");
  await new AsyncFunction("store", own)(store);
  await within(new Promise((resolve) => {
    const look = () => store.room("general").own.marked && store.room("general").own.notify === "none" && resolve();
    store.subscribe(look);
    look();
  }), "the store knows how one has the room");
  const { events } = await new AsyncFunction("store", "console", `${second}; return { events };`)(store, { log: (text) => said.push(text) });

  assert.deepEqual(said, ["lunch?", "at noon", "…", "see @bob"]);
  assert.deepEqual(events.map(({ seq }) => seq), [root]);
});

scenario("operations: a backup is restored, and its clients are told", async (world) => {
  const where = await world.directory();
  for (const name of ["etc/confab", "var/lib", "var/backups", "bin"]) await mkdir(join(where, name), { recursive: true });
  await writeFile(join(where, "etc/confab/jwt-secret"), SECRET, { mode: 0o600 });
  await writeFile(join(where, "etc/confab/confabd.toml"), "");
  await writeFile(join(where, "bin/systemctl"), "#!/bin/sh\n", { mode: 0o755 });
  await symlink(confabd, join(where, "bin/confabd"));
  const as_root = async (words) => {
    const commands = (await block("operations.md", words))
      .replace(/\/(var|etc)\//g, `${where}/$1/`).replace("2026-11-27", "$(date +%F)");
    const { code, stdout, stderr } = await run("sh", ["-euc", commands], { env: { PATH: `${join(where, "bin")}:${process.env.PATH}` } });
    assert.equal(code, 0, stderr);
    return stdout.trim();
  };
  const start = () => world.server(["--jwt-secret-file", join(where, "etc/confab/jwt-secret")], { data: join(where, "var/lib/confab"), guests: false });
  const enter = async (server, since) => {
    const client = await world.connect(server);
    await client.hello({ token: await as_root("confabd token") });
    return [client, await client.ask({ type: "join", room: "general", ...since })];
  };

  const server = await start();
  const [alice, { epoch }] = await enter(server);
  await alice.ask({ type: "send", room: "general", text: "before" });
  await as_root("confabd backup");
  await alice.ask({ type: "send", room: "general", text: "after" });
  await server.stop();
  await as_root("systemctl stop");
  const [, joined] = await enter(await start(), { since: 2, epoch });

  assert.equal(joined.gap, true);
  assert.deepEqual(joined.events.map(({ text }) => text), ["before"]);
});

for (const [page, ...more] of [["operations.md", `jwt_secret_file = "/etc/confab/jwt-secret"`], ["configuration.md"]]) {
  scenario(`${page}: its configuration is one that the server takes`, async (world) => {
    const where = await world.directory();
    const [{ content }] = (await blocksOf(page)).filter(({ info }) => info === "toml");
    const text = [content, ...more, `data = "${where}/none"`].join("\n").replace(/"\/(?:etc|run)\/[^"]*\/([^"/]+)"/g, `"${where}/$1"`);
    for (const [file] of text.matchAll(/(?<=")\/[^"]+\/[^"/]+(?=")/g)) if (!file.endsWith("/none")) await writeFile(file, SECRET, { mode: 0o600 });
    await writeFile(join(where, "confabd.toml"), text);

    const { code, stderr } = await run(confabd, ["check", "--config", join(where, "confabd.toml")]);

    assert.equal(code, 1, stderr); // a mistake would be 2; there is no journal
  });
}

const tool = process.env.CONFAB_LOAD;

scenario("load testing: its commands do what the page says", async (world) => {
  const where = await world.directory();
  const server = await world.server(["--jwt-secret-file", await secretFile(world)]);
  await symlink(tool, join(where, "confab-load"));
  await writeFile(join(where, "secret"), SECRET, { mode: 0o600 });
  const here = `--url ${server.websocketUrl} --jwt-secret-file secret --ramp 500/s --users 20 --for 1s`;

  for (const [words, ...changes] of [
    ["p99<50ms", [/^confabd .*\n/, ""], ["load --for 20s", `load ${here}`], ["$!", server.pid], ["p99<50ms", "p99<50s"]],
    ["> ours.toml", [/ --url .* secret$/m, ` ${here}`]],
    ["--find-max", ["--rate 200/s --for 30s", `--rate 20/s ${here}`], ["PID", server.pid]],
    ["merge a.json", [/--users 10000 --first-user (\d+)/g, `${here} --first-user $1`]],
  ]) {
    const command = changes.reduce((text, [from, to]) => text.replace(from, to), await block("load-testing.md", words));
    const { code, stdout, stderr } = await run("bash", ["-euc", command], { cwd: where, env: { PATH: `${where}:${process.env.PATH}` } });
    // Whether a rate is sustained depends on the machine: 1 says that it was not.
    assert.ok(code === 0 || (code === 1 && words === "--find-max"), `${command}${stdout}${stderr}`);
  }
}, tool ? {} : { skip: "CONFAB_LOAD does not name confab-load" });
