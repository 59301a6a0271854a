// Where the server listens: Unix domain sockets, sockets that systemd passes on, IPv6, and behind a proxy that passes
// bytes on as they are.

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { stat, writeFile } from "node:fs/promises";
import http from "node:http";
import net from "node:net";
import { networkInterfaces } from "node:os";
import { join } from "node:path";

import { until, within } from "./support/deadline.mjs";
import { Remote, confabd, run } from "./support/server.mjs";
import { scenario } from "./support/world.mjs";

const activate = "/usr/bin/systemd-socket-activate";

/** An answer over `options.socketPath` or over a fresh connection. */
function get(path, options) {
  const answer = new Promise((resolve, reject) => {
    const request = http.get({ path, agent: false, ...options }, (response) => {
      let body = "";
      response.on("data", (data) => (body += data));
      response.on("end", () => resolve({ status: response.statusCode, body }));
    });
    request.on("error", reject);
  });
  return within(answer, `an answer to ${path}`);
}

async function freePort(host = "127.0.0.1") {
  const server = net.createServer();
  await new Promise((done) => server.listen(0, host, done));
  const { port } = server.address();
  await new Promise((done) => server.close(done));
  return port;
}

scenario("the server listens on a Unix domain socket, for a proxy of its group", async (world) => {
  const data = await world.directory();
  const path = join(data, "http.sock");
  const args = ["--data", data, "--host", path];
  const server = world.spawn(confabd, args);
  assert.match(await server.logged("listening"), new RegExp(`url=unix:${path} `));

  assert.equal((await stat(path)).mode & 0o777, 0o660);
  assert.equal((await get("/readyz", { socketPath: path })).status, 200);
  assert.equal((await get("/metrics", { socketPath: path })).status, 200);
  assert.equal((await get("/metrics", { socketPath: path, headers: { "X-Forwarded-For": "192.0.2.1" } })).status, 403);
  const other = await world.directory();
  const { code, stderr } = await run(confabd, ["--data", other, "--host", path]);
  assert.equal(code, 1);
  assert.match(stderr, /http\.sock: another server does/);

  await server.crash();
  const again = world.spawn(confabd, args);
  await again.logged("listening");
  assert.equal((await get("/readyz", { socketPath: path })).status, 200);
  await again.stop();
  assert.ok(!existsSync(path));
  await writeFile(path, "x");
  assert.match((await run(confabd, args)).stderr, /something else is there/);
});

scenario("a WebSocket over a Unix domain socket chats as any other", async (world) => {
  const data = await world.directory();
  const path = join(data, "http.sock");
  const server = world.spawn(confabd, ["--data", data, "--host", path]);
  await server.logged("listening");

  const client = await world.connect({ websocketUrl: `ws+unix:${path}:/ws` });
  await client.hello({ guest: "alice" });
  await client.ask({ type: "join", room: "lobby" });
  assert.equal((await client.ask({ type: "send", room: "lobby", text: "x" })).type, "sent");
});

scenario("the server takes the socket that systemd passes on", async (world, t) => {
  if (!existsSync(activate)) return t.skip("there is no systemd-socket-activate");
  const port = await freePort();
  const activator = world.spawn(activate, ["-l", `127.0.0.1:${port}`, confabd, "--data", await world.directory()]);

  await activator.line((line) => line.startsWith("Listening on"));
  const server = new Remote(`http://127.0.0.1:${port}`);
  // The first connection starts it.
  await until("it is ready", async () => (await fetch(`${server.url}/readyz`)).status === 200);
  const client = await world.guest(server, "alice");
  await client.settled();

  assert.match(await activator.logged("listening"), new RegExp(`url=http://127\\.0\\.0\\.1:${port} `));
  activator.signal("SIGTERM");
  assert.equal((await client.closed()).code, 1012);
  assert.equal((await activator.exited()).code, 0);
});

scenario("guests are not let in by a socket that others can reach, unless it was said", async (world, t) => {
  if (!existsSync(activate)) return t.skip("there is no systemd-socket-activate");
  const port = await freePort();
  const activator = world.spawn(activate, ["-l", `0.0.0.0:${port}`, confabd, "--data", await world.directory()]);
  await activator.line((line) => line.startsWith("Listening on"));
  net.connect(port, "127.0.0.1").on("error", () => {}).on("connect", function () { this.destroy(); });

  assert.match(await activator.logged("server-failed"), /is not loopback, so guests are not let in/);
  assert.equal((await activator.exited()).code, 1);
});

scenario("what was passed on and is no socket, or several, is told", async (world) => {
  const data = await world.directory();
  const started = (count) => run("sh", ["-c", `LISTEN_FDS=${count} LISTEN_PID=$$ exec ${confabd} --data ${data} 3</dev/null`]);

  assert.match((await started(1)).stderr, /no stream socket that listens/);
  assert.match((await started(2)).stderr, /2 sockets were passed on/);
});

scenario("the server listens on IPv6", async (world, t) => {
  if (!Object.values(networkInterfaces()).flat().some(({ address }) => address === "::1")) return t.skip("there is no IPv6");
  const server = await world.server(["--host", "::1"]);

  assert.match(server.url, /^http:\/\/\[::1\]:\d+$/);
  const client = await world.guest(server, "alice");
  await client.settled();
  assert.match(await server.logged("signed-in"), / peer=::1/);
});

scenario("whom a proxy names by the PROXY protocol stands in the log, and gets no metrics", async (world) => {
  const server = await world.server(["--proxy-protocol"]);
  const said = (text) =>
    within(
      new Promise((resolve) => {
        let answer = "";
        const socket = net.connect(server.port, "127.0.0.1", () => socket.write(text));
        socket.on("data", (data) => (answer += data)).on("close", () => resolve(answer)).on("error", () => {});
      }),
      "an answer",
    );
  const request = "GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n";

  assert.match(await said(request), /^HTTP\/1\.1 200 /);
  // Also where the client is on the proxy's machine.
  assert.match(await said(`PROXY TCP4 127.0.0.1 127.0.0.1 1000 8080\r\n${request}`), /^HTTP\/1\.1 403 /);
  await said("PROXY TCP4 203.0.113.9 127.0.0.1 1000 8080\r\nGET / HTTP/1.1\r\nHost: elsewhere.example\r\nConnection: close\r\n\r\n");
  assert.match(await server.logged("request-refused"), / peer=203\.0\.113\.9 /);
});
