// Our client library against the real server, through its death.

import assert from "node:assert/strict";
import { WebSocket } from "ws";

import { ConfabClient } from "../../sdk/confab.js";
import { within } from "./support/deadline.mjs";
import { scenario } from "./support/world.mjs";

function connect(world, url, guest) {
  const client = new ConfabClient({ url, guest, WebSocket, backoffBaseMs: 20, backoffCapMs: 200 });
  world.atEnd(() => client.stop());
  client.connect();
  return client;
}

/** Resolves with the event of `type` for which `test` says yes. */
const event = (client, type, test = () => true) =>
  within(
    new Promise((resolve) => client.on(type, (what) => test(what) && resolve(what))),
    `the client's event ${type}`,
  );

scenario("what was sent while the server was dead arrives exactly once", async (world) => {
  const data = await world.directory();
  const server = await world.server([], { data });
  const alice = connect(world, server.websocketUrl, "alice");
  const bob = connect(world, server.websocketUrl, "bob");
  const heard = new Map([
    [alice, []],
    [bob, []],
  ]);
  for (const [client, list] of heard) client.on("message", ({ seq, text }) => list.push([seq, text]));
  for (const client of heard.keys()) await within(client.join("lobby"), "joining");
  const first = await within(alice.send("lobby", "before"), "the first send");
  const lost = [
    event(alice, "state", ({ state }) => state === "connecting"),
    event(bob, "state", ({ state }) => state === "connecting"),
  ];

  await server.crash();
  await Promise.all(lost);
  const offline = [1, 2, 3].map((n) => alice.send("lobby", `offline ${n}`));
  const direct = bob.direct("alice", "psst");
  const whispered = event(alice, "message", ({ room }) => room.startsWith("dm:"));
  const last = [...heard.keys()].map((client) => event(client, "message", ({ text }) => text === "offline 3"));
  await world.server(["--port", `${server.port}`], { data });
  const sent = await within(Promise.all(offline), "the sends from offline");
  await within(direct, "the direct message from offline");
  await Promise.all([...last, whispered]);

  assert.equal(first.seq, 1);
  assert.deepEqual(
    sent.map(({ seq }) => seq),
    [2, 3, 4],
  );
  const inLobby = [
    [1, "before"],
    [2, "offline 1"],
    [3, "offline 2"],
    [4, "offline 3"],
  ];
  assert.deepEqual(
    heard.get(bob).filter(([, text]) => text !== "psst"),
    inLobby,
  );
  assert.deepEqual(
    heard.get(alice).filter(([, text]) => text !== "psst"),
    inLobby,
  );
  assert.equal(alice.pending + bob.pending, 0);
});

scenario("sends under way when the server dies arrive exactly once, over several deaths", async (world) => {
  const data = await world.directory();
  let server = await world.server(["--rate-commands", "0"], { data });
  const { port } = server;
  const alice = connect(world, server.websocketUrl, "alice");
  const bob = connect(world, server.websocketUrl, "bob");
  const seqs = [];
  const texts = [];
  bob.on("message", ({ seq, text }) => (seqs.push(seq), texts.push(text)));
  await within(Promise.all([alice.join("lobby"), bob.join("lobby")]), "joining");

  const total = 300;
  const replies = [];
  const all = event(bob, "message", () => texts.length === total);
  for (let round = 0; round < 3; ++round) {
    for (let n = 0; n < total / 3; ++n) replies.push(alice.send("lobby", `${round}:${n}`));
    await within(replies[replies.length - 60], "some of the sends");
    await server.crash();
    server = await world.server(["--rate-commands", "0", "--port", `${port}`], { data });
  }
  const sent = await within(Promise.all(replies), "all sends");
  await all;

  assert.deepEqual(
    seqs,
    Array.from({ length: total }, (_, i) => i + 1),
  );
  assert.equal(new Set(texts).size, total);
  assert.deepEqual(new Set(sent.map(({ seq }) => seq)).size, total);
});

scenario("a restart in peace looks like a short silence", async (world) => {
  const data = await world.directory();
  const server = await world.server([], { data });
  const alice = connect(world, server.websocketUrl, "alice");
  await within(alice.join("lobby"), "joining");
  const told = event(alice, "state", ({ state }) => state === "connecting");
  const live = within(
    new Promise((resolve) =>
      alice.on("state", ({ state, previous }) => state === "live" && previous === "connecting" && resolve()),
    ),
    "being live again",
  );

  await server.stop();
  const { code, retryInMs } = await told;
  await world.server(["--port", `${server.port}`], { data });
  await live;
  const sent = await within(alice.send("lobby", "back"), "the send afterwards");

  assert.equal(code, 1012);
  assert.ok(retryInMs >= 0 && retryInMs <= 5000, `it comes back when it was told to (${retryInMs} ms)`);
  assert.equal(sent.seq, 1);
});

scenario("messages that are sent ahead of answers keep their order where the budget ends", async (world) => {
  const COUNT = 150;
  const server = await world.server(["--rate-commands", "60", "--rate-burst", "60"]);
  const alice = connect(world, server.websocketUrl, "alice");
  const bob = connect(world, server.websocketUrl, "bob");
  for (const client of [alice, bob]) await within(client.join("lobby"), "joining");
  const heard = [];
  const all = event(bob, "message", ({ text }) => heard.push(text) === COUNT);

  const sent = await within(Promise.all(Array.from({ length: COUNT }, (_, n) => alice.send("lobby", `${n}`))), "the sends");
  await all;

  const { body: metrics } = await server.http("/metrics");
  assert.match(metrics, /confab_errors_total\{[^}]*"rate_limited"[^}]*\} [1-9]/, "some were refused for a while");
  assert.deepEqual(sent.map(({ seq }) => seq), Array.from({ length: COUNT }, (_, n) => n + 1));
  assert.deepEqual(heard, Array.from({ length: COUNT }, (_, n) => `${n}`));
});
