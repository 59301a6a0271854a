// The example apps that are no servers of sessions: a bot, clients without the library, backends that give out tokens.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { copyFile, mkdir, symlink } from "node:fs/promises";
import net from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { Webhook } from "standardwebhooks";

import { Proxy } from "../browser/proxy.mjs";
import { apiServer } from "./support/api.mjs";
import { within } from "./support/deadline.mjs";
import { secretFile } from "./support/tokens.mjs";
import { scenario } from "./support/world.mjs";

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));

/** The bot, as if its packages were installed beside it. */
async function bot(world, server, args = [], env = {}) {
  const directory = await world.directory();
  await copyFile(path("../../examples/bot/bot.mjs"), join(directory, "bot.mjs"));
  await mkdir(join(directory, "node_modules"));
  await symlink(path("../../sdk"), join(directory, "node_modules/confab-sdk"));
  await symlink(path("../node_modules/ws"), join(directory, "node_modules/ws"));
  const started = world.spawn(process.execPath, [join(directory, "bot.mjs"), ...args], { env: { CONFAB_URL: server.websocketUrl, ...env } });
  await started.listening();
  return started;
}

scenario("the bot answers others, once, and ends when it is told to", async (world) => {
  const server = await world.server();
  const alice = await world.member(server, "alice", "lobby");
  await alice.ask({ type: "send", room: "lobby", text: "!roll" });
  const first = await bot(world, server, ["lobby"]);
  await bot(world, server, ["lobby"]);

  await alice.ask({ type: "send", room: "lobby", text: "hello" });
  await alice.ask({ type: "send", room: "lobby", text: " !time" });
  const answer = await alice.expect({ type: "message", from: "bot" });
  assert.match(answer.text, /^\d{4}-\d\d-\d\dT/);
  await alice.ask({ type: "send", room: "lobby", text: "!roll" });
  const roll = await alice.expect({ type: "message", from: "bot" });
  assert.match(roll.text, /^[1-6]$/);

  const { code } = await first.stop();
  assert.equal(code, 0);
  const { events } = await alice.ask({ type: "history", room: "lobby" });
  assert.equal(events.filter(({ from }) => from === "bot").length, 2, "two bots, and what was said before they came");
});

async function freePort() {
  const server = net.createServer();
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address();
  await once(server.close(), "close");
  return port;
}

function works(command, ...args) {
  try {
    return execFileSync(command, args, { stdio: "pipe" }) && false;
  } catch {
    return `there is no ${command} here`;
  }
}

for (const [name, command, file, skip] of [
  ["Node", process.execPath, "client.mjs", false],
  ["Python", "/usr/bin/python3", "client.py", works("/usr/bin/python3", "-c", "import websockets")], // Debian's, which has the package
]) {
  scenario(`a client in ${name} without the library says what it has to once, and misses nothing`, async (world) => {
    const server = await world.server();
    const wire = await Proxy.to(world, server);
    const alice = await world.member(server, "alice", "lobby");
    const directory = await world.directory();
    await copyFile(path(`../../examples/raw/${file}`), join(directory, file));
    await mkdir(join(directory, "node_modules"));
    await symlink(path("../node_modules/ws"), join(directory, "node_modules/ws"));
    const url = `${wire.url.replace(/^http/, "ws")}/ws`;
    const say = (text) => alice.ask({ type: "send", room: "lobby", text });
    await say("before");

    const client = world.spawn(command, [join(directory, file), url, "lobby", "hello"]);
    world.atEnd(() => client.crash());
    const shows = async (text) => {
      while (!client.stdout.includes(text)) await within(once(client.process.stdout, "data"), text);
    };
    await alice.expect({ type: "message", from: "robin", text: "hello" });
    await say("live");
    await shows("3 alice: live");
    wire.cut();
    await alice.ask({ type: "react", room: "lobby", target: 1, emoji: "+" });
    for (let i = 0; i < 3; i++) await say(`missed ${i}`);
    wire.mend();
    await shows("missed 2");

    assert.deepEqual(client.stdout.split("\n").slice(0, -1), [
      "1 alice: before", "2 robin: hello", "3 alice: live", "5 alice: missed 0", "6 alice: missed 1", "7 alice: missed 2",
    ]);
    const { events } = await alice.ask({ type: "history", room: "lobby" });
    assert.equal(events.filter(({ text }) => text === "hello").length, 1);
  }, { skip });
}

/** A program of an example. One in Go is built before: what `go run` starts outlives it. */
async function program(world, command, file, args, env) {
  let line = [command, path(`../../examples/${file}`), ...args];
  if (command === "go") {
    const built = join(await world.directory(), "program");
    execFileSync("go", ["build", "-o", built, line[1]], { stdio: "pipe" });
    line = [built, ...args];
  }
  const started = await world.spawn(line[0], line.slice(1), { env }).listening();
  world.atEnd(() => started.crash());
  return started;
}

for (const [name, command, file, args, skip] of [
  ["Node", process.execPath, "tokens/node.mjs", [path("../../examples/html")], false],
  ["Python", "python3", "tokens/python.py", [], works("python3", "--version")],
  ["Go", "go", "tokens/go/main.go", [], works("go", "version")],
]) {
  scenario(`a backend in ${name} gives its users tokens, which the server takes`, async (world) => {
    const secret = await secretFile(world);
    const server = await world.server(["--jwt-secret-file", secret], { guests: false });
    const backend = await program(world, command, file, args, { PORT: "0", CONFAB_JWT_SECRET_FILE: secret });

    const stranger = await backend.http("/chat-token");
    const login = await backend.http("/login?as=alice");
    const [cookie] = login.headers["set-cookie"][0].split(";");
    const answer = await backend.http("/chat-token", { headers: { Cookie: `other=1; ${cookie}` } });
    const client = await world.connect(server);
    const { user, expires_at } = await client.hello({ token: answer.body });

    assert.deepEqual([stranger.status, login.status, answer.status], [401, 303, 200]);
    assert.match(login.headers["set-cookie"][0], /HttpOnly/);
    assert.equal(answer.headers["cache-control"], "no-store");
    assert.equal(user.id, "alice");
    assert.ok(Math.abs(expires_at - Date.now() - 600_000) < 60_000);
  }, { skip });
}

for (const [name, command, file, skip] of [
  ["Node", process.execPath, "hook_bot/bot.mjs", false],
  ["Python", "python3", "hook_bot/bot.py", works("python3", "--version")],
  ["Go", "go", "hook_bot/go/main.go", works("go", "version")],
]) {
  scenario(`a bot in ${name} behind a webhook answers once, and nobody but the server`, async (world) => {
    const { server, api, keys } = await apiServer(world, { args: ["--hook-nets", "127.0.0.0/8"] });
    const port = await freePort();
    await api.put("/rooms/team", {});
    const made = await api.put("/webhooks/bot", { url: `http://127.0.0.1:${port}/`, events: ["message.created"] });
    const env = { PORT: `${port}`, CONFAB_URL: server.url, CONFAB_KEY: keys.all, WEBHOOK_SECRET: made.json.secret };
    const bot = await program(world, command, file, [], env);
    const alice = await world.member(server, "alice", "team");

    const test = await api.post("/webhooks/bot/test");
    const { seq } = await alice.ask({ type: "send", room: "team", text: " !roll" });
    const answer = await alice.expect({ type: "message", from: "bot" });
    const body = JSON.stringify({ type: "message.created", data: { room: "team", entry: { seq, from: "alice", text: "!roll" } } });
    const call = (secret) => {
      const now = new Date();
      const headers = { "webhook-id": "x", "webhook-timestamp": `${Math.floor(now / 1000)}`, "webhook-signature": new Webhook(secret).sign("x", now, body) };
      return fetch(bot.url, { method: "POST", headers, body });
    };
    const again = await call(made.json.secret);
    const forged = await call(`whsec_${Buffer.alloc(32).toString("base64")}`);
    await alice.ask({ type: "send", room: "team", text: "!time" });
    const time = await alice.expect({ type: "message", from: "bot" });

    assert.deepEqual([test.json.delivered, again.status, forged.status], [true, 204, 401]);
    assert.match(answer.text, /^[1-6]$/);
    assert.equal(answer.reply_to, seq);
    assert.match(time.text, /^\d{4}-\d\d-\d\dT/);
  }, { skip });
}
