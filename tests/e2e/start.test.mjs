// How the server starts, and what keeps it from starting.

import assert from "node:assert/strict";
import { chmod, mkdir, readdir, rm, stat, writeFile } from "node:fs/promises";
import net from "node:net";
import { join } from "node:path";

import { confabd, run } from "./support/server.mjs";
import { scenario } from "./support/world.mjs";

scenario("a second server on the same data does not start", async (world) => {
  const data = await world.directory();
  const server = await world.server([], { data });

  const second = await run(confabd, ["--port", "0", "--data", data]);
  const alice = await world.member(server, "alice", "lobby");
  const sent = await alice.ask({ type: "send", room: "lobby", text: "still fine" });

  assert.equal(second.code, 1);
  assert.match(second.stderr, /server-failed/);
  assert.ok(second.stderr.includes(data), "the message names the directory");
  assert.match(second.stderr, /lock|use/i);
  assert.equal(sent.type, "sent");
});

scenario("a second server does not start either where somebody has removed the lock's file", async (world) => {
  const data = await world.directory();
  await world.server([], { data });
  await rm(join(data, "confab.lock"));

  const second = await run(confabd, ["--port", "0", "--data", data]);

  assert.equal(second.code, 1);
  assert.match(second.stderr, /in use by another server/);
});

scenario("what it stores is its own, on a system where everybody may read", async (world) => {
  const data = join(await world.directory(), "data");
  await mkdir(data, { mode: 0o755 });
  const server = await world.server([], { data });
  await world.member(server, "alice", "lobby");

  for (const name of [".", ...(await readdir(data))]) assert.equal((await stat(join(data, name))).mode & 0o077, 0, name);
});

scenario("a secret that everybody may read is refused", async (world) => {
  const file = join(await world.directory(), "secret");
  await writeFile(file, "0123456789abcdef".repeat(4), { mode: 0o644 });

  const { code, stderr } = await run(confabd, ["--port", "0", "--jwt-secret-file", file]);

  assert.equal(code, 2);
  assert.ok(stderr.includes(`${file}: can be read by everybody`), stderr);
});

scenario("a port in use is said to be in use", async (world) => {
  const taken = net.createServer();
  await new Promise((resolve) => taken.listen(0, "127.0.0.1", resolve));
  world.atEnd(() => taken.close());
  const { port } = taken.address();

  const { code, stderr } = await run(confabd, ["--port", `${port}`, "--data", await world.directory()]);

  assert.equal(code, 1);
  assert.match(stderr, /server-failed/);
  assert.match(stderr, /in use/);
  assert.ok(stderr.includes(`${port}`), "the message names the port");
});

scenario("all mistakes of a configuration are told at once, with exit code 2", async (world) => {
  const directory = await world.directory();
  const file = join(directory, "confab.toml");
  await writeFile(file, 'rate_burst = "lots"\nno_such_key = 1\n');

  const { code, stdout, stderr } = await run(
    confabd,
    ["--config", file, "--port", "99999", "--hello-wait", "soon", "--no-such-flag", "--tls-cert", "/nowhere/cert.pem"],
    { env: { CONFAB_SHARDS: "many" } },
  );

  assert.equal(code, 2);
  assert.equal(stdout, "");
  for (const name of [
    "rate_burst",
    "no_such_key",
    "--port",
    "--hello-wait",
    "--no-such-flag",
    "--tls-cert",
    "CONFAB_SHARDS",
  ]) {
    assert.ok(stderr.includes(name), `${name} is named in: ${stderr}`);
  }
});

scenario("help and version go to stdout and start nothing", async () => {
  const help = await run(confabd, ["--help"]);
  const token = await run(confabd, ["token", "--help"]);
  const version = await run(confabd, ["--version"]);

  assert.equal(help.code, 0);
  for (const option of ["--port", "--data", "--[no-]guests", "--jwt-secret-file", "--drain-wait"])
    assert.ok(help.stdout.includes(option), option);
  assert.equal(token.code, 0);
  assert.match(token.stdout, /--user/);
  assert.equal(version.code, 0);
  assert.match(version.stdout, /^confabd \d+\.\d+\.\d+\n$/);
});

scenario("guests on an address that others reach must be asked for", async (world) => {
  const silent = await run(confabd, ["--host", "0.0.0.0", "--port", "0", "--data", await world.directory()]);
  const asked = await world.server(["--host", "0.0.0.0"]);
  const loopback = await world.server([], { guests: false });

  assert.equal(silent.code, 2);
  assert.match(silent.stderr, /--guests/);
  assert.match(asked.stderr, /http:\/\/0\.0\.0\.0:/);
  assert.equal((await (await world.connect(loopback)).hello({ guest: "alice" })).user.id, "alice");
});

scenario("flags come before the environment, and the environment before the file", async (world) => {
  const directory = await world.directory();
  const file = join(directory, "confab.toml");
  await writeFile(file, 'node = "from-file"\nrooms_per_session = 11\ntext_bytes = "100"\n');

  const server = await world.server(["--config", file, "--node", "from-flag"], {
    env: { CONFAB_NODE: "from-env", CONFAB_ROOMS_PER_SESSION: "22" },
  });
  const { welcome } = await world.guest(server, "alice");

  assert.equal(welcome.node, "from-flag");
  assert.deepEqual([welcome.limits.rooms, welcome.limits.text_bytes], [22, 100]);
});

scenario("data that is not a confab journal is left alone and named", async (world) => {
  const data = await world.directory();
  const server = await world.server([], { data });
  await server.stop();
  const files = await readdir(data);
  for (const file of files) await writeFile(join(data, file), "this is no database ".repeat(500));

  const { code, stderr } = await run(confabd, ["--port", "0", "--data", data]);

  assert.equal(code, 1);
  assert.match(stderr, /server-failed/);
  assert.ok(stderr.includes(data), "the message names the directory");
});

scenario(
  "a data directory that can't be written is named",
  async (world) => {
    const parent = await world.directory();
    await chmod(parent, 0o500);

    const { code, stderr } = await run(confabd, ["--port", "0", "--data", join(parent, "data")]);

    assert.equal(code, 1);
    assert.ok(stderr.includes(parent), "the message names the directory");
  },
  { skip: process.getuid?.() === 0 && "root may write everywhere" },
);

scenario("the journal in memory promises no more than it keeps", async (world) => {
  const server = await world.server(["--journal", "memory"]);
  const alice = await world.member(server, "alice", "lobby");

  const sent = await alice.ask({ type: "send", room: "lobby", text: "x" });

  assert.equal(sent.durability, "memory");
});

scenario("the log as JSON is JSON, and holds neither texts nor secrets", async (world) => {
  const directory = await world.directory();
  const secret = "not-for-the-log-".repeat(4);
  await writeFile(join(directory, "jwt-secret"), secret, { mode: 0o600 });
  const server = await world.server([
    "--log-format",
    "json",
    "--log-level",
    "debug",
    "--jwt-secret-file",
    join(directory, "jwt-secret"),
  ]);
  const alice = await world.member(server, "alice", "lobby");
  await alice.ask({ type: "send", room: "lobby", text: "private words" });
  await alice.close();
  await server.stop();

  const lines = server.lines.map((line) => JSON.parse(line));

  for (const line of lines) assert.ok(line.at && line.level && line.event, JSON.stringify(line));
  assert.ok(lines.some(({ event }) => event === "server-stopped"));
  assert.equal(server.stderr.includes("private words"), false);
  assert.equal(server.stderr.includes("not-for-the-log"), false);
});
