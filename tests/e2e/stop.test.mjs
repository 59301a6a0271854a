// How the server stops.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmod, copyFile, writeFile } from "node:fs/promises";
import http from "node:http";
import { join } from "node:path";
import tls from "node:tls";

import { until, within } from "./support/deadline.mjs";
import { opcode } from "./support/raw.mjs";
import { keyPair, sign } from "./support/tokens.mjs";
import { scenario } from "./support/world.mjs";

/** Asks /readyz over one connection, as a load balancer does, and also after the server accepts no new ones. */
function keptAlive(world, server) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  world.atEnd(() => agent.destroy());
  return () => server.http("/readyz", { agent });
}

scenario("SIGTERM: clients are told when to come back, and the process ends with 0", async (world) => {
  const server = await world.server(["--shards", "2"]);
  const clients = [];
  for (let i = 0; i < 20; ++i) clients.push(await world.member(server, `user-${i}`, "lobby"));

  server.signal("SIGTERM");
  const closed = await Promise.all(clients.map((client) => client.closed()));
  const { code } = await server.exited();

  const waits = closed.map(({ reason }) => JSON.parse(reason).reconnect_after_ms);
  assert.deepEqual(new Set(closed.map((each) => each.code)), new Set([1012]));
  // 20 at 2,000 a second.
  for (const wait of waits) assert.ok(Number.isInteger(wait) && wait >= 0 && wait <= 10, `${wait}`);
  assert.ok(new Set(waits).size > 3, `spread, not together: ${waits}`);
  assert.equal(code, 0);
  assert.match(server.stderr, / server-stopped/);
});

scenario("SIGTERM: what is in flight is answered first, and is stored", async (world) => {
  const data = await world.directory();
  const options = ["--rate-commands", "0", "--shards", "2"];
  const server = await world.server(options, { data });
  const authors = [];
  for (let i = 0; i < 8; ++i) authors.push(await world.member(server, `author-${i}`, `room-${i}`));
  const replies = authors.map((author, i) =>
    Array.from({ length: 40 }, (_, n) =>
      author.ask({ type: "send", room: `room-${i}`, text: `${n}` }).catch((error) => error),
    ),
  );
  await Promise.race(replies.map(([first]) => first));

  server.signal("SIGTERM");
  const closed = await Promise.all(authors.map((author) => author.closed()));
  const answers = await Promise.all(replies.map((each) => Promise.all(each)));
  await server.exited();

  // What was read is answered; what was not read is not stored either.
  const judge = await world.guest(await world.server(options, { data }), "judge");
  for (const [i] of authors.entries()) {
    const { events } = await judge.ask({ type: "join", room: `room-${i}`, since: 0 });
    const acknowledged = answers[i].filter(({ type }) => type === "sent").map(({ seq }) => seq);
    assert.deepEqual(
      events.map(({ seq }) => seq),
      acknowledged,
      `author ${i} was told of what is stored`,
    );
    assert.equal(closed[i].code, 1012);
  }
});

scenario("while it drains, /readyz is 503", async (world) => {
  const server = await world.server(["--close-wait", "1m"]);
  const ready = keptAlive(world, server);
  const before = await ready();
  const silent = await world.raw(server);
  await silent.hello("mallory");

  server.signal("SIGTERM");
  await silent.closeFrame(); // which it does not answer
  // A load balancer comes over a connection it has or over a new one; either may be cut once.
  const after = await until("an answer to /readyz", () => ready().catch(() => undefined), 3000);
  silent.destroy();

  assert.equal(before.status, 200);
  assert.equal(after.status, 503);
  assert.equal((await server.exited()).code, 0);
});

scenario("a second SIGTERM while it drains ends it at once", async (world) => {
  const server = await world.server(["--drain-wait", "10m", "--close-wait", "1m"]);
  const silent = await world.raw(server);
  await silent.hello("mallory");

  server.signal("SIGTERM");
  const { code, reason } = await silent.closeFrame(); // which it does not answer
  server.signal("SIGTERM");
  const exit = await server.exited();

  assert.equal(code, 1012);
  assert.ok(JSON.parse(reason).reconnect_after_ms <= 5000);
  assert.equal(exit.code, 128 + 15);
  assert.match(server.stderr, / server-killed signal=15/);
});

scenario("a connection that does not close is dropped when its time is up", async (world) => {
  const server = await world.server(["--close-wait", "200ms"]);
  const silent = await world.raw(server);
  await silent.hello("mallory");
  const mute = await world.connect(server); // said nothing at all

  server.signal("SIGTERM");
  const { code } = await silent.closeFrame();
  await silent.ended();
  const other = await mute.closed();
  const exit = await server.exited();

  assert.equal(code, 1012);
  assert.equal(other.code, 1012);
  assert.equal(exit.code, 0);
});

scenario("drain-wait bounds the good-bye, whatever close-wait says", async (world) => {
  const server = await world.server(["--drain-wait", "200ms", "--close-wait", "1m"]);
  const silent = await world.raw(server);
  await silent.hello("mallory");

  const exit = await within(server.stop(), "the end of the process");

  assert.equal(exit.code, 0);
  assert.match(server.stderr, / drain-timed-out connections=1/);
});

for (const name of ["SIGINT", "SIGQUIT"])
  scenario(`${name} stops it as SIGTERM does`, async (world) => {
    const server = await world.server();
    const alice = await world.member(server, "alice", "lobby");

    server.signal(name);

    assert.equal((await alice.closed()).code, 1012);
    assert.equal((await server.exited()).code, 0);
  });

scenario("SIGHUP reloads what can be, says what cannot, and ends nothing", async (world) => {
  const file = join(await world.directory(), "confab.toml");
  await writeFile(file, 'log_level = "info"\nrate_burst = 300\n');
  const server = await world.server(["--config", file]);
  const alice = await world.member(server, "alice", "lobby");

  await writeFile(file, 'log_level = "debug"\nrate_burst = 400\n');
  server.hangUp();
  assert.match(await server.logged("reloaded"), /applied=log_level needs_restart=rate_burst$/);
  await writeFile(file, 'log_level = "loud"\n');
  server.hangUp();
  assert.match(await server.logged("reload-refused"), /log_level.*must be one of/);

  assert.equal((await alice.ask({ type: "send", room: "lobby", text: "x" })).type, "sent");
});

scenario("SIGHUP while it drains changes nothing", async (world) => {
  const server = await world.server(["--close-wait", "1m", "--drain-wait", "10m"]);
  const silent = await world.raw(server);
  await silent.hello("mallory");
  server.signal("SIGTERM");
  await silent.closeFrame(); // which it does not answer

  server.hangUp();
  await server.logged("reload-ignored");
  silent.destroy();

  assert.equal((await server.exited()).code, 0);
});

scenario("a renewed certificate is served after SIGHUP, a bad one is not", async (world) => {
  const { privateFile } = await keyPair(world, "ec");
  const certificate = join(await world.directory(), "cert.pem");
  const issue = (name) =>
    execFileSync("openssl", ["req", "-x509", "-key", privateFile, "-days", "1", "-subj", `/CN=${name}`, "-out", certificate]);
  issue("first");
  const server = await world.server(["--tls-cert", certificate, "--tls-key", privateFile]);
  const served = () =>
    new Promise((resolve, reject) => {
      const socket = tls.connect(server.port, "127.0.0.1", { rejectUnauthorized: false }, () => {
        resolve(socket.getPeerCertificate().subject.CN);
        socket.destroy();
      });
      socket.on("error", reject);
    });
  assert.equal(await served(), "first");

  issue("second");
  server.hangUp();
  assert.match(await server.logged("reloaded"), /applied=tls /);
  await until("the new certificate", async () => (await served()) === "second");
  await writeFile(certificate, "no certificate");
  server.hangUp();
  assert.match(await server.logged("reload-refused"), /cert\.pem has no certificate in PEM/);
  assert.match(await server.logged("reloaded"), /applied="" /);
  assert.equal(await served(), "second");

  issue("third");
  assert.match(await server.logged("reloaded"), /applied=tls /);
  await until("the new certificate", async () => (await served()) === "third");
  await copyFile((await keyPair(world, "ec")).privateFile, privateFile);
  assert.match(await server.logged("reload-refused"), /is not that of the certificate in/);
  await chmod(privateFile, 0o644);
  assert.match(await server.logged("reload-refused"), /private\.pem can be read by everybody/);
  assert.equal(await served(), "third");
});

scenario("tokens are checked by a new key when its file changes, and by the old one while the new one is bad", async (world) => {
  const file = join(await world.directory(), "secret");
  const write = (secret) => writeFile(file, secret, { mode: 0o600 });
  const [first, second] = ["1".repeat(32), "2".repeat(32)];
  await write(first);
  const server = await world.server(["--jwt-secret-file", file], { guests: false });
  const answer = async (secret) => {
    const client = await world.connect(server);
    client.say({ type: "hello", id: 1, token: sign({ sub: "alice" }, secret, { alg: "HS256" }) });
    return (await client.expect({ re: 1 })).type;
  };

  await write("short");
  assert.match(await server.logged("reload-refused"), /--jwt-secret-file.* at least 32/);
  assert.equal(await answer(first), "welcome");
  await write(second);
  assert.match(await server.logged("reloaded"), /applied=keys /);
  assert.equal(await answer(first), "error");
  assert.equal(await answer(second), "welcome");
  await write(first);
  server.hangUp();
  assert.match(await server.logged("reloaded"), /applied=keys /);
  assert.equal(await answer(first), "welcome");
});

scenario("a connection that has not said hello is closed with 1012 when the server stops", async (world) => {
  const server = await world.server();
  const mute = await world.raw(server);

  server.signal("SIGTERM");
  const closing = await mute.expect({ kind: opcode.close });

  assert.equal(closing.code, 1012);
});

scenario("a signal right after the start stops it in peace, too", async (world) => {
  for (let i = 0; i < 10; ++i) {
    const server = await world.server(["--journal", "memory"]);
    assert.deepEqual(await server.stop(), { code: 0, signal: null });
  }
});
