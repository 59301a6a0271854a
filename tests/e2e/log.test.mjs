// Where the log goes, and what of it must not stop the server.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readlink } from "node:fs/promises";
import net from "node:net";
import { join } from "node:path";

import { until } from "./support/deadline.mjs";
import { confabd } from "./support/server.mjs";
import { scenario } from "./support/world.mjs";

async function freePort() {
  const server = net.createServer();
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address();
  await new Promise((closed) => server.close(closed));
  return port;
}

/** A server that is started by a shell's `script`, which executes its arguments, and that cannot say where it listens. */
async function mute(world, script, name) {
  const port = await freePort();
  const options = ["--port", `${port}`, "--data", await world.directory(), "--guests"];
  const server = world.spawn("sh", ["-c", script, name, confabd, ...options]);
  server.url = `http://127.0.0.1:${port}`;
  const ready = () => server.http("/readyz").then(({ status }) => status === 200, () => false);
  await until("the server is ready", ready);
  return server;
}

scenario("a log that nobody reads stops neither a message nor SIGTERM", async (world) => {
  const pipe = join(await world.directory(), "log");
  execFileSync("mkfifo", [pipe]);
  const full = 'exec 2<>"$0"; dd if=/dev/zero of="$0" bs=4096 count=1000 oflag=nonblock 2>/dev/null; exec "$@"';
  const server = await mute(world, full, pipe);
  const alice = await world.member(server, "alice", "lobby");

  const sent = await alice.ask({ type: "send", room: "lobby", text: "x" });
  server.signal("SIGTERM");
  const { code } = await server.exited();

  assert.equal(sent.type, "sent");
  assert.equal(code, 0);
});

scenario("who comes in is told with all that he can be found by, and at debug why he is closed", async (world) => {
  const server = await world.server(["--log-level", "debug"]);
  const headers = { "X-Request-Id": 'r-1" evil=yes' };
  const hello = { name: "a secret name", device: "phone" };
  const first = await world.guest(server, "alice", { headers, hello });
  const { session } = first.welcome;

  const line = await server.logged("signed-in");
  await world.guest(server, "alice", { hello });
  const closing = await server.logged("session-closing");

  assert.match(line, / info signed-in user=alice session=s-\w+ peer=127\.0\.0\.1 guest=true device=phone trace="r-1\\" evil=yes"$/);
  assert.ok(line.includes(` session=${session} `));
  assert.doesNotMatch(line, /secret/);
  assert.ok(closing.includes(` debug session-closing user=alice session=${session} code=4504 reason="`), closing);
});

scenario("a closed stderr becomes /dev/null, and no file of the server's", async (world) => {
  const server = await mute(world, 'exec "$@" 2>&-', "sh");

  assert.equal(await readlink(`/proc/${server.pid}/fd/2`), "/dev/null");
});
