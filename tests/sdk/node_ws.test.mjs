// The library over real sockets, with npm's `ws` on both sides.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { createServer } from "node:net";
import { test } from "node:test";
import { WebSocket, WebSocketServer } from "ws";

import { ConfabClient } from "../../sdk/confab.js";
import { helloIn, joined, message, sent, welcome } from "./support/peer.mjs";

test("over real sockets: connect, join, send, lose the connection, resume, stop", { timeout: 10_000 }, async (t) => {
  const server = new WebSocketServer({ port: 0, handleProtocols: () => "confab.v1.json" });
  t.after(() => server.close());
  await once(server, "listening");
  const hellos = [];
  const protocols = [];
  server.on("connection", (socket, request) => {
    protocols.push(socket.protocol);
    const say = (frame) => socket.send(JSON.stringify(frame));
    const receive = (command) => {
      const { id: re, type } = command;
      if (type === "hello") {
        hellos.push(command);
        say(welcome({ re }));
        if (command.resume) say(joined({ head: 7, events: [message(7)] }));
      }
      if (type === "join") say(joined({ re, head: 5 }));
      if (type === "send") {
        say(sent(command, 6));
        say(message(6, { from: "alice", key: command.key, text: command.text }));
        socket.terminate();
      }
    };
    socket.on("message", (data, binary) => {
      assert.equal(binary, false);
      receive(JSON.parse(data));
    });
    receive(helloIn(request.headers["sec-websocket-protocol"].split(/, */)));
  });
  const client = new ConfabClient({
    url: `http://127.0.0.1:${server.address().port}/ws`, guest: "alice", WebSocket, backoffBaseMs: 1,
  });
  const seqs = [];
  const seven = new Promise((resolve) => client.on("message", ({ seq }) => seqs.push(seq) && seq === 7 && resolve()));

  await client.connect();
  await client.join("general");
  const { seq } = await client.send("general", "hi");
  await seven;
  client.stop();
  await Promise.all([...server.clients].map((socket) => once(socket, "close")));

  assert.equal(seq, 6);
  assert.deepEqual(seqs, [6, 7]);
  assert.deepEqual(protocols, ["confab.v1.json", "confab.v1.json"]);
  assert.equal(hellos[1].resume[0].since, 6);
});

test("a server that is not there is no exception", { timeout: 10_000 }, async () => {
  const client = new ConfabClient({ url: "ws://127.0.0.1:9/ws", guest: "alice", WebSocket, backoffBaseMs: 1 });
  const failedTwice = new Promise((resolve) => {
    let failures = 0;
    client.on("state", ({ code }) => code === 1006 && ++failures === 2 && resolve());
  });

  client.connect();
  await failedTwice;
  client.stop();

  assert.equal(client.state, "stopped");
});

test("stopping while the socket opens is no exception", { timeout: 10_000 }, async () => {
  const client = new ConfabClient({ url: "ws://127.0.0.1:9/ws", guest: "alice", WebSocket });
  const connected = client.connect();
  await new Promise((resolve) => setImmediate(resolve));

  client.stop();

  await assert.rejects(connected, { name: "StoppedError" });
});

test("a wrong address stops the client", async () => {
  const client = new ConfabClient({ url: "ws://127.0.0.1:9/ws#fragment", guest: "alice", WebSocket });

  await assert.rejects(client.connect(), { name: "StoppedError" });

  assert.equal(client.state, "stopped");
});

/** What is known when something else than a Confab server answers, or nothing. */
for (const [name, reason, listen] of [
  ["nothing listens", "unreachable", null],
  ["the path is wrong", "wrong_path", (server) => server.on("upgrade", (_, socket) => socket.end("HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n"))],
  ["the server refuses", "refused", (server) => server.on("upgrade", (_, socket) => socket.end("HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n"))],
  ["another kind of server answers", "no_welcome", (server) => new WebSocketServer({ server }).on("connection", (socket) => socket.close(1011))],
]) {
  test(`after a failed connect the client says that ${name}`, { timeout: 20_000 }, async (t) => {
    const server = createHttpServer();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    t.after(() => server.close());
    const url = `ws://127.0.0.1:${server.address().port}/ws`;
    if (listen) listen(server);
    else await new Promise((closed) => server.close(closed));
    const client = new ConfabClient({ url, guest: "alice", WebSocket, backoffBaseMs: 1 });
    t.after(() => client.stop());
    const failed = new Promise((resolve) => client.on("error", resolve));

    client.connect();
    const error = await failed;

    assert.deepEqual([error.name, error.reason, error.attempt], ["ConnectError", reason, 1]);
    assert.ok(error.message.includes(url), error.message);
  });
}

/** Says what a server says, then nothing any more: no answer to a close, as on a network that is gone. */
async function frozen(t, after) {
  const sockets = new Set();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("data", (head) => after === "upgrade" && upgrade(socket, head));
  });
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return server.address().port;
}

function upgrade(socket, head) {
  const key = /^sec-websocket-key: (.*)$/im.exec(head.toString())?.[1];
  if (!key) return;
  const accept = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
  const text = Buffer.from(JSON.stringify(welcome({})));
  const frame = Buffer.concat([Buffer.from([0x81, 126, text.length >> 8, text.length & 255]), text]);
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
      `Sec-WebSocket-Accept: ${accept}\r\nSec-WebSocket-Protocol: confab.v1.json\r\n\r\n`,
  );
  socket.write(frame);
}

for (const after of ["connect", "upgrade"]) {
  test(`stop lets a program end soon on a network that froze after the ${after}`, { timeout: 20_000 }, async (t) => {
    const port = await frozen(t, after);
    const program = `
      import { ConfabClient } from ${JSON.stringify(new URL("../../sdk/confab.js", import.meta.url).href)};
      import { WebSocket } from ${JSON.stringify(import.meta.resolve("ws"))};
      const client = new ConfabClient({ url: "ws://127.0.0.1:${port}/ws", guest: "alice", WebSocket });
      const stop = () => { console.log("stopped"); client.stop(); };
      client.connect().then(stop, () => {});
      ${after === "connect" ? "setTimeout(stop, 50);" : ""}`;
    const child = spawn(process.execPath, ["--input-type=module", "--eval", program], { stdio: ["ignore", "pipe", "inherit"] });
    t.after(() => child.kill("SIGKILL"));

    await once(child.stdout, "data");
    const stopped = performance.now();
    const [code] = await once(child, "exit");

    assert.equal(code, 0);
    assert.ok(performance.now() - stopped < 3000, `${Math.round(performance.now() - stopped)} ms`);
  });
}
