// The tutorial and the guides, done as they say: every file is made, every command is run, every snippet is one of an
// example that other tests run. Only the ports are others, and deploy/run does not build.

import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { cp, mkdir, readFile, readdir, symlink, writeFile } from "node:fs/promises";
import net from "node:net";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { WebSocket } from "ws";

import { ConfabClient } from "../../sdk/confab.js";
import { apiServer } from "../e2e/support/api.mjs";
import { DEADLINE_MS, within } from "../e2e/support/deadline.mjs";
import { LONG_RUNNING, blocksOf, root } from "../e2e/support/documents.mjs";
import { confabd } from "../e2e/support/server.mjs";
import { SECRET, inSeconds, secretFile, sign } from "../e2e/support/tokens.mjs";
import { scenario } from "../e2e/support/world.mjs";
import { desktop } from "./chromium.mjs";
import { openBrowser, theBrowser } from "./stage.mjs";

// A page that a test makes up comes from nowhere, in the eyes of Chromium, and may not connect to this machine.
openBrowser(["--disable-features=LocalNetworkAccessChecks"]);

const told = promisify(execFile);
const MEMBERS = "how-to/members.md"; // all of it is run by a test of its own

async function freePort() {
  const server = net.createServer();
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address();
  await new Promise((done) => server.close(done));
  return port;
}

/** Someone who does what a page says, in a folder that looks like the repository. */
class Reader {
  #running = new Map();

  static async of(world, page) {
    const reader = new Reader();
    Object.assign(reader, { where: await world.directory(), blocks: await blocksOf(page), ports: [await freePort(), await freePort()] });
    const { where } = reader;
    for (const folder of ["deploy", "build/release/server"]) await mkdir(join(where, folder), { recursive: true });
    for (const folder of ["html", "tokens"]) await cp(join(root, "examples", folder), join(where, "examples", folder), { recursive: true });
    await mkdir(join(where, "examples/bot/node_modules"), { recursive: true });
    await cp(join(root, "examples/bot/bot.mjs"), join(where, "examples/bot/bot.mjs"));
    await symlink(join(root, "sdk"), join(where, "examples/bot/node_modules/confab-sdk"));
    await symlink(join(root, "tests/node_modules/ws"), join(where, "examples/bot/node_modules/ws"));
    await symlink(confabd, join(where, "build/release/server/confabd"));
    await writeFile(join(where, "deploy/run"), `#!/bin/sh\nexec ${confabd} --port ${reader.ports[0]} --data data "$@"\n`, { mode: 0o755 });
    world.atEnd(() => Promise.all([...reader.#running.values()].map((end) => end())));
    return reader;
  }

  get chat() {
    return `http://127.0.0.1:${this.ports[0]}`;
  }
  get site() {
    return `http://127.0.0.1:${this.ports[1]}`;
  }

  /** Does what the next `count` blocks say. */
  async follow(count = this.blocks.length) {
    for (const { info, content } of this.blocks.splice(0, count)) {
      const [language, file] = info.split(" ");
      const text = content.replaceAll("127.0.0.1:8080", `127.0.0.1:${this.ports[0]}`).replaceAll("127.0.0.1:8000", `127.0.0.1:${this.ports[1]}`).replace("http.server 8000", `http.server ${this.ports[1]}`);
      if (info === LONG_RUNNING) await this.#serve(text);
      else if (language === "sh") await this.#run(text);
      else if (file) await writeFile(join(this.where, file), text);
    }
  }

  #start(command) {
    const PATH = `${join(this.where, "build/release/server")}:${process.env.PATH}`;
    const env = { ...process.env, PATH, PORT: String(this.ports[1]), CONFAB_URL: `ws://127.0.0.1:${this.ports[0]}/ws`, PYTHONUNBUFFERED: "1", npm_config_fetch_retries: "0", npm_config_registry: "http://127.0.0.1:9/" };
    const child = spawn("sh", ["-c", command], { cwd: this.where, env, stdio: ["ignore", "pipe", "pipe"], detached: true });
    const said = { text: "" };
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => (said.text += data));
    const ended = new Promise((resolve) => child.on("close", resolve));
    return { child, said, ended };
  }

  async #run(command) {
    const { said, ended } = this.#start(command);
    const code = await within(ended, `the end of ${command}: ${said.text}`);
    assert.equal(code, 0, `${command}: ${said.text}`);
    this.said = said.text;
  }

  /** What SQLite answers, by lines. */
  async rows(database, sql) {
    return (await told("sqlite3", [join(this.where, database), sql])).stdout.split("\n").slice(0, -1);
  }

  async stop(kind) {
    await this.#running.get(kind)?.();
    this.#running.delete(kind);
  }

  /** In place of the one of the same kind that runs, as the page says. */
  async #serve(command) {
    const kind = command.includes("deploy/run") ? "chat" : "site";
    await this.stop(kind);
    const { child, said, ended } = this.#start(command);
    this.#running.set(kind, () => (process.kill(-child.pid, "SIGTERM"), ended));
    const ready = new Promise((resolve, reject) => {
      const look = () => /listening|Serving/.test(said.text) && resolve();
      for (const stream of [child.stdout, child.stderr]) stream.on("data", look);
      ended.then(() => reject(new Error(`${command} has ended: ${said.text}`)));
    });
    ready.catch(() => {});
    await within(ready, () => `${command}: ${said.text}`);
  }
}

async function visit(world, url) {
  const context = await theBrowser().newContext(desktop);
  context.setDefaultTimeout(DEADLINE_MS);
  world.atEnd(() => context.close());
  const page = await context.newPage();
  await page.goto(url);
  return {
    page,
    write: async (text) => {
      await page.getByRole("textbox", { name: "Message" }).fill(text);
      await page.keyboard.press("Enter");
    },
    sees: (text) => page.locator(".text", { hasText: text }).waitFor(),
  };
}

scenario("the tutorial works as it is written", async (world) => {
  const reader = await Reader.of(world, "tutorial.md");

  await reader.follow(1);
  const own = await visit(world, reader.chat);
  await own.page.getByLabel("Your name").fill("Zoe");
  await own.page.keyboard.press("Enter");
  await own.write("from the first step");
  await own.sees("from the first step");

  await reader.follow(3);
  const visitor = await visit(world, reader.site);
  await visitor.sees("from the first step");
  await visitor.write("from my page");
  await own.sees("from my page");

  await reader.follow();
  const alice = await visit(world, `${reader.site}/login?as=alice`);
  const bob = await visit(world, `${reader.site}/login?as=bob`);
  await alice.sees("from my page");
  await alice.write("hello bob");
  await bob.sees("hello bob");
  await bob.page.locator("li", { hasText: "hello bob" }).getByText("alice").waitFor();
});

scenario("the commands of the guide to tokens work, and its token signs in on the page", async (world) => {
  const reader = await Reader.of(world, "how-to/tokens.md");

  await reader.follow();

  const alice = await visit(world, `${reader.chat}/#token=${reader.said.trim()}`);
  await alice.write("hello");
  await alice.sees("hello");
});

scenario("the commands of the guide to the admin page make a key that signs in there", async (world) => {
  const reader = await Reader.of(world, "how-to/admin.md");

  await reader.follow();

  const { page } = await visit(world, `${reader.chat}/admin`);
  await page.getByLabel("API key, or token of an admin").fill((await readFile(join(reader.where, "my-key"), "utf8")).trim());
  await page.keyboard.press("Enter");
  await page.getByText("Ready: it takes traffic.").waitFor();
  await page.getByRole("link", { name: "Reports" }).click();
  await page.getByText("Nothing is reported.").waitFor();
});

scenario("the guide's token callback signs in, and leads to the sign-in whom nobody knows", async (world) => {
  const server = await world.server(["--jwt-secret-file", await secretFile(world)]);
  const [{ content }] = (await blocksOf("how-to/tokens.md")).filter(({ content }) => content.includes('from "/sdk/'));
  const { page, says, open } = await pageWith(world, server, `<script type="module">${content}</script>`);
  let answer = { status: 401 }; // as often as it is asked for
  await page.route(`${server.url}/chat-token`, (route) => route.fulfill(answer));
  await page.route(`${server.url}/login`, (route) => route.fulfill({ body: "sign in" }));

  await Promise.all([page.waitForURL("**/login"), open()]);
  answer = { body: `${sign({ sub: "alice", exp: inSeconds(600) }, SECRET, { alg: "HS256" })}\n` };
  await Promise.all([says(/^signed in as alice$/), open()]);
});

scenario("the commands of the page on configuration work: its secret and token are taken, and the data is in order", async (world) => {
  const reader = await Reader.of(world, "configuration.md");
  const blocks = reader.blocks.filter(({ info }) => info === "sh");
  assert.equal(blocks.length, 4, "secret, token, status, check");
  const [secret, token, status, check] = blocks;
  reader.blocks = [secret, { info: LONG_RUNNING, content: "deploy/run --jwt-secret-file jwt-secret\n" }, token, status, check];

  await reader.follow(3);

  const alice = await visit(world, `${reader.chat}/#token=${reader.said.trim()}`);
  await alice.write("hello");
  await alice.page.locator("#messages li:not(.sending, .failed, .sent)", { hasText: "hello" }).waitFor(); // the server has it
  await reader.follow(1);
  assert.match(reader.said, /^ready +yes$/m);
  await reader.stop("chat");
  assert.deepEqual(await reader.rows("data/confab.db", "select text from log where sender = 'alice'"), ["hello"]);

  await reader.follow();
});

scenario("the commands of the guide to bots start a bot that answers", async (world) => {
  const reader = await Reader.of(world, "how-to/bots.md");

  await reader.follow();
  reader.blocks = (await blocksOf("how-to/tokens.md")).filter(({ content }) => content.includes("confabd token"));
  await reader.follow();

  const alice = await visit(world, `${reader.chat}/#token=${reader.said.trim()}`);
  await alice.write("!roll");
  await alice.page.locator("#messages > li", { hasText: "bot" }).locator(".text", { hasText: /^[1-6]$/ }).waitFor();
});

scenario("the commands of the guide to other languages start clients that say hello", async (world) => {
  const server = await world.server();
  const where = await world.directory();
  await mkdir(join(where, "examples/raw/node_modules"), { recursive: true });
  for (const name of ["client.mjs", "client.py"]) await cp(join(root, "examples/raw", name), join(where, "examples/raw", name));
  await symlink(join(root, "tests/node_modules/ws"), join(where, "examples/raw/node_modules/ws"));
  const commands = (await blocksOf("how-to/other-languages.md")).filter(({ info }) => info === LONG_RUNNING);
  assert.equal(commands.length, 2, "Node, Python");
  const alice = await world.member(server, "alice", "general");

  for (const { content } of commands) {
    const command = `exec ${content.replace("ws://127.0.0.1:8080/ws", server.websocketUrl)}`;
    const PATH = `/usr/bin:${process.env.PATH}`; // there is Debian's Python, which has the package
    const client = world.spawn("sh", ["-c", command], { cwd: where, env: { PATH } });
    world.atEnd(() => client.crash());
    await alice.expect({ type: "message", from: "robin", text: "hello" });
  }
});

scenario("the package is installed as the guide to React says", async (world) => {
  const reader = await Reader.of(world, "how-to/react.md");
  reader.blocks = [{ info: LONG_RUNNING, content: "deploy/run\n" }, ...reader.blocks];
  await writeFile(join(reader.where, "package.json"), `{ "private": true }`);

  await reader.follow();

  await readFile(join(reader.where, "node_modules/confab-sdk/react.js"));
});

/** A client in this process that is connected. */
async function connected(world, server, options) {
  const client = new ConfabClient({ url: server.websocketUrl, WebSocket, ...options });
  world.atEnd(() => client.stop());
  await within(client.connect(), "the welcome");
  return client;
}

const AsyncFunction = (async () => {}).constructor;

scenario("the guide to members works as it is written", async (world) => {
  const { server, keys } = await apiServer(world, { keys: { desk: "moderate" } });
  const [alice, bob, eve] = await Promise.all(["alice", "bob", "eve"].map((guest) => connected(world, server, { guest })));
  const emitted = new Promise((resolve) => bob.on("emitted", resolve));
  const said = [];
  const code = (await blocksOf(MEMBERS)).filter(({ info }) => info === "js").map(({ content }) => content);
  // Something for the ban to delete, and something that the mute keeps from being said.
  const mute = code.findIndex((block) => block.includes("muteUntil"));
  code.splice(mute + 1, 0, `const muted = await eve.send(room, "and this").catch((error) => error);`);
  code.splice(mute, 0, `await eve.send(room, "buy this");`);
  const result = "return { room, members, deleted, muted, unreached, events, pins, seq, bad };";
  const follow = new AsyncFunction("alice", "bob", "eve", "console", `${code.join("\n")}\n${result}`);

  const got = await within(follow(alice, bob, eve, { log: (...words) => said.push(words.join(" ")) }), "the end of the guide");

  assert.deepEqual(got.members.map(({ id, role }) => `${id} ${role}`), ["alice owner", "bob moderator", "eve member"]);
  assert.equal(got.deleted, 1);
  assert.equal(got.muted.code, "muted");
  assert.ok(got.muted.until > Date.now());
  assert.deepEqual(got.unreached, ["zoe"]);
  assert.deepEqual(got.events.map(({ text }) => text), ["lunch? @bob", "at noon"]);
  assert.deepEqual(got.pins.map(({ message }) => message.seq), [got.seq]);
  const { event, data } = await within(emitted, "the event");
  assert.deepEqual([event, data], ["cursor", { x: 4 }]);
  assert.deepEqual(said, [`out of ${got.room}: banned`, "banned spam", "alice cursor [object Object]"]);
  const invited = await alice.members(got.room, { state: "invited" });
  assert.deepEqual(invited.members.map(({ id }) => id), ["dan", "eve"]);

  const [{ content: reports }] = (await blocksOf(MEMBERS)).filter(({ info }) => info === "sh");
  const command = reports.replace("http://127.0.0.1:8080", server.url);
  const { stdout } = await told("sh", ["-ec", command], { env: { ...process.env, KEY: keys.desk } });
  const [{ by, room, target, reason, state }] = JSON.parse(stdout).items;
  assert.deepEqual([by, room, target, reason, state], ["alice", got.room, got.bad, "advertises", "open"]);
});

scenario("what the guide to members says of tokens and guests is so", async (world) => {
  const [{ content }] = (await blocksOf(MEMBERS)).filter(({ info }) => info === "json");
  const secret = await secretFile(world);
  const server = await world.server(["--jwt-secret-file", secret]);
  const token = (claims) => sign({ exp: inSeconds(600), ...claims }, SECRET, { alg: "HS256" });
  const root = await connected(world, server, { token: token({ sub: "root", confab: { admin: true } }) });
  for (const room of ["support", "team-red", "news"]) await root.createRoom({ room, visibility: "private", users: [] });
  await root.setMember("news", "carol", { state: "member", role: "owner" });
  const refused = (promise) => promise.then(() => "done", ({ code }) => code);

  const carol = await connected(world, server, { token: token(JSON.parse(content)) });
  const joined = await Promise.all(["support", "team-red", "news"].map((room) => carol.join(room)));
  const low = await connected(world, server, { token: token({ sub: "low", confab: { roles: { "team-*": "member" } } }) });
  const guest = await connected(world, server, { guest: "gwen" });

  assert.deepEqual(joined.map(({ role, member = false }) => `${role} ${member}`), ["member false", "moderator false", "reader true"]);
  assert.equal(await refused(carol.send("support", "hello")), "done");
  assert.equal(await refused(carol.send("news", "hello")), "read_only");
  assert.equal(await refused(low.join("team-red")), "no_such_room");
  assert.equal(await refused(guest.createRoom()), "forbidden");
  assert.equal(await refused(guest.join("lobby")), "done");
  assert.equal(await refused(guest.join("lobby", { member: true })), "forbidden");
});

/** A page of the chat server's own origin with this in it, and what its console says. */
async function pageWith(world, server, html) {
  const context = await theBrowser().newContext(desktop);
  context.setDefaultTimeout(DEADLINE_MS);
  world.atEnd(() => context.close());
  const page = await context.newPage();
  await page.route(`${server.url}/snippet`, (route) => route.fulfill({ contentType: "text/html; charset=utf-8", body: html.replaceAll("http://127.0.0.1:8080", server.url) }));
  return { page, says: (pattern) => page.waitForEvent("console", (message) => pattern.test(message.text())), open: () => page.goto(`${server.url}/snippet`) };
}

scenario("the README's code works as it is written", async (world) => {
  const server = await world.server();
  const [{ content }] = (await blocksOf("../README.md")).filter(({ info }) => info === "js");
  const bob = await world.guest(server, "bob");
  const { says, open } = await pageWith(world, server, `<script type="module">${content}</script>`);

  await Promise.all([says(/^general 1 alice hello$/), open()]);

  await bob.expect({ type: "message", from: "alice", text: "psst" });
});

scenario("what the client library's README shows of pages, the store and the elements works as it is written", async (world) => {
  const blocks = await blocksOf("../sdk/README.md");
  const [plain, elements] = blocks.filter(({ info }) => info === "html").map(({ content }) => content);
  const store = blocks.find(({ content }) => content.includes("createStore(client")).content
    .replace('"confab-sdk"', '"/sdk/confab.js"').replace('"confab-sdk/store"', '"/sdk/store.js"');
  const server = await world.server();

  const first = await pageWith(world, server, plain);
  await Promise.all([first.says(/^general alice: hello$/), first.open()]);
  const second = await pageWith(world, server, `<script type="module">${store}</script>`);
  await Promise.all([second.says(/^key-\S+ alice hello stored$/), second.open()]);
  const third = await pageWith(world, server, elements);
  await third.open();
  await third.page.locator("confab-room .text", { hasText: "hello" }).first().waitFor();
});

const lines = (text) => text.split("\n").map((line) => line.trim()).filter(Boolean).join("\n");

test("every snippet of a guide is taken from what other tests run", async () => {
  const files = ["examples/bot/bot.mjs", "examples/hook_bot/bot.mjs", "examples/hooks/hook.mjs", "examples/raw/client.mjs", "examples/raw/client.py", "examples/react/App.tsx", "examples/tokens/node.mjs", "examples/tokens/python.py", "examples/tokens/go/main.go", "examples/echo/echo.cpp"];
  const sources = await Promise.all(files.map(async (file) => lines(await readFile(join(root, file), "utf8"))));
  const pages = ["../README.md", ...(await readdir(join(root, "docs/how-to"))).map((name) => `how-to/${name}`).filter((page) => page !== MEMBERS)];

  for (const page of pages) {
    for (const { info, content } of await blocksOf(page)) {
      if (/^sh\b/.test(info) || content.includes('from "/sdk/')) continue; // those are done above
      assert.ok(sources.some((source) => source.includes(lines(content))), `${page}: ${content}`);
    }
  }
});

test("every link between the documents leads somewhere", async () => {
  const below = async (folder) => (await readdir(join(root, folder))).filter((name) => name.endsWith(".md")).map((name) => `${folder}/${name}`);
  const pages = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md", "sdk/README.md", "bench/README.md", ...(await Promise.all(["docs", "docs/how-to", "docs/decisions"].map(below))).flat()];
  const anchor = (heading) => heading.toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, "").trim().replace(/ /g, "-");
  for (const page of pages) {
    const text = await readFile(join(root, page), "utf8");
    for (const [, target] of text.replace(/```[^]*?```/g, "").matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^https?:/.test(target)) continue;
      const [path, fragment] = target.split("#");
      const file = path === "" ? join(root, page) : join(root, dirname(page), path);
      if (!fragment) {
        await readFile(file).catch(({ code }) => assert.equal(code, "EISDIR", `${page}: ${target}`));
        continue;
      }
      const headings = [...(await readFile(file, "utf8")).matchAll(/^#+ (.*)$/gm)].map(([, heading]) => anchor(heading));
      assert.ok(headings.includes(fragment), `${page}: ${target}`);
    }
  }
});
