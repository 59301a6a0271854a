// The library over real sockets, with npm's `ws` on both sides.

import assert from "node:assert/strict";
import { once } from "node:events";
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
