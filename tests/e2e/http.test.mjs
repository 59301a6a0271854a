// HTTP beside the WebSocket.

import assert from "node:assert/strict";
import http from "node:http";

import { confabd } from "./support/server.mjs";
import { scenario } from "./support/world.mjs";

const UPGRADE = {
  Connection: "Upgrade",
  Upgrade: "websocket",
  "Sec-WebSocket-Version": "13",
  "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
};

scenario("the page and the client library are served, and may load only what is theirs", async (world) => {
  const server = await world.server();

  const page = await server.http("/");
  const library = await server.http("/sdk/confab.js");
  const known = await server.http("/sdk/confab.js", { headers: { "If-None-Match": library.headers.etag } });
  const head = await server.http("/", { method: "HEAD" });

  assert.equal(page.status, 200);
  assert.match(page.headers["content-type"], /^text\/html/);
  assert.match(page.body, /<!doctype html>/i);
  const policy = page.headers["content-security-policy"];
  assert.match(policy, /default-src 'none'|default-src 'self'/);
  assert.doesNotMatch(policy, /script-src[^;]*'unsafe-(inline|eval)'/);
  assert.equal(page.headers["x-content-type-options"], "nosniff");
  assert.equal(library.status, 200);
  assert.match(library.headers["content-type"], /^text\/javascript/);
  assert.match(library.body, /ConfabClient/);
  assert.deepEqual([known.status, known.body], [304, ""]);
  assert.deepEqual([head.status, head.body, head.headers["content-length"]], [200, "", page.headers["content-length"]]);
});

scenario("everything the page asks for is there", async (world) => {
  const server = await world.server();
  const { body } = await server.http("/");

  const wanted = [...body.matchAll(/(?:src|href)="([^"#:]+)"/g)].map(
    (match) => new URL(match[1], `${server.url}/`).pathname,
  );
  const seen = new Set();
  for (let path = wanted.shift(); path; path = wanted.shift()) {
    if (seen.has(path)) continue;
    seen.add(path);
    const answer = await server.http(path);
    assert.equal(answer.status, 200, path);
    if (!path.endsWith(".js")) continue;
    for (const [, from] of answer.body.matchAll(/^(?:import|export)[^;]*?from "([^"]+)";$/gm))
      wanted.push(new URL(from, server.url + path).pathname);
  }

  assert.ok(
    [...seen].some((path) => path === "/sdk/confab.js"),
    [...seen].join(" "),
  );
});

scenario("health, readiness and metrics", async (world) => {
  const server = await world.server();
  const alice = await world.member(server, "alice", "lobby");
  await alice.ask({ type: "send", room: "lobby", text: "one" });
  await alice.ask({ type: "nonsense" });
  await alice.ask({ type: "send", room: "elsewhere", text: "one" }); // which the room answers,
  await alice.ask({ type: "leave", room: "elsewhere" }); // and the session

  const alive = await server.http("/healthz");
  const ready = await server.http("/readyz");
  const metrics = await server.http("/metrics");

  assert.equal(alive.status, 200);
  assert.equal(ready.status, 200);
  assert.equal(metrics.status, 200);
  assert.match(metrics.headers["content-type"], /^text\/plain; version=0\.0\.4/);
  for (const line of [
    "confab_websockets 1",
    "confab_users 1",
    "confab_rooms_awake 1",
    'confab_commands_total{type="send"} 2',
    'confab_errors_total{type="none",code="unknown_type"} 1',
    'confab_errors_total{type="send",code="no_such_room"} 1',
    'confab_errors_total{type="leave",code="not_joined"} 1',
    "confab_storing_seconds_count 1",
  ])
    assert.ok(metrics.body.includes(`\n${line}\n`), line);
  for (const name of ["confab_commit_seconds_count", "confab_turn_seconds_count", "confab_journal_bytes", "confab_disk_free_bytes"])
    assert.ok((await server.metric(name)) > 0, name);
  for (const line of metrics.body.trim().split("\n"))
    assert.match(line, /^# (HELP|TYPE) \w+ .+$|^\w+(\{.*\})? [0-9.e+-]+$/);
});

scenario("metrics are for this machine, and for nobody behind a proxy on it", async (world) => {
  const server = await world.server();

  for (const header of ["Forwarded", "X-Forwarded-For", "X-Forwarded-Proto"])
    assert.equal((await server.http("/metrics", { headers: { [header]: "for=10.0.0.7" } })).status, 403, header);
  assert.equal((await server.http("/readyz", { headers: { Forwarded: "for=10.0.0.7" } })).status, 200);
});

scenario("metrics and health have an address of their own, if one is given", async (world) => {
  const server = await world.server(["--admin-listen", "127.0.0.1:0"]);
  const [, url] = /url=(\S+)/.exec(await server.logged("admin-listening"));
  const status = async (path) => (await fetch(url + path)).status;

  assert.equal(await status("/metrics"), 200);
  assert.equal(await status("/readyz"), 200);
  assert.equal(await status("/"), 404);
  assert.equal((await server.http("/metrics")).status, 403);
  assert.equal((await server.http("/readyz")).status, 200);
});

scenario("a page of elsewhere whose name was made to be ours gets nothing", async (world) => {
  const server = await world.server();
  const listed = await world.server(["--hosts", "chat.example"]);
  const status = async (to, host, path = "/") => (await to.http(path, { headers: { Host: host } })).status;

  assert.equal(await status(server, `evil.example:${server.port}`), 421);
  assert.equal(await status(server, `evil.example:${server.port}`, "/healthz"), 200);
  assert.equal(await status(server, `localhost:${server.port}`), 200);
  assert.equal(await status(listed, "chat.example"), 200);
  const rebound = await world
    .connect(server, { headers: { Host: "evil.example", Origin: "http://evil.example" } })
    .catch((error) => error);
  assert.equal(rebound.response?.statusCode, 421);
});

scenario("who is refused is told to the operator: why, and from where", async (world) => {
  const server = await world.server();
  await server.http("/ws", { headers: { ...UPGRADE, Origin: "https://evil.example" } });
  await server.http("/ws", { headers: { ...UPGRADE, Authorization: "Bearer not.a.token" } });

  const origin = await server.logged("upgrade-refused");
  const token = await server.logged("upgrade-refused");

  assert.match(origin, /reason=origin peer=127.0.0.1 detail=https:\/\/evil.example$/);
  assert.match(token, /reason=credentials peer=127.0.0.1 detail=/);
  assert.doesNotMatch(token, /not\.a\.token/);
  const { body } = await server.http("/metrics");
  assert.match(body, /^confab_upgrades_refused_total\{reason="origin"\} 1$/m);
  assert.match(body, /^confab_upgrades_refused_total\{reason="credentials"\} 1$/m);
});

scenario("health is answered when all places are taken", async (world) => {
  const server = await world.server(["--connections-max", "2"]);
  for (const name of ["alice", "bob"]) await world.member(server, name, "lobby");

  assert.equal((await server.http("/healthz")).status, 200);
  assert.equal((await server.http("/readyz")).status, 200);
  assert.equal((await server.http("/")).status, 503);
});

scenario("what is not there is 404, a wrong method 405, a plain request to /ws 426", async (world) => {
  const server = await world.server();
  await world.guest(server, "alice");

  const missing = await server.http("/nothing/here");
  const upwards = await server.http("/sdk/../../etc/passwd");
  const posted = await server.http("/", { method: "POST" });
  const deleted = await server.http("/ws", { method: "DELETE" });
  const plain = await server.http("/ws");

  assert.equal(missing.status, 404);
  assert.equal(upwards.status, 404);
  assert.equal(posted.status, 405);
  assert.match(posted.headers.allow, /GET/);
  assert.equal(deleted.status, 405);
  assert.equal(plain.status, 426);
  assert.equal(plain.headers.upgrade, "websocket");
});

scenario("unknown subprotocols are refused with a list of the known; without an offer it is JSON", async (world) => {
  const server = await world.server();

  const unknown = await server.http("/ws", {
    headers: { ...UPGRADE, "Sec-WebSocket-Protocol": "soap, confab.v9.json" },
  });
  const none = await world.guest(server, "alice", { protocols: [] });
  const second = await world.guest(server, "bob", { protocols: ["confab.v9.json", "confab.v1.json"] });

  assert.equal(unknown.status, 400);
  assert.match(unknown.headers["content-type"], /^application\/json/);
  const { known } = JSON.parse(unknown.body);
  assert.deepEqual(known, ["confab.v1.json", "confab.v1.cbor"]);
  assert.equal(none.socket.protocol, "");
  assert.equal(second.socket.protocol, "confab.v1.json");
});

scenario("another site's page may not connect unless it is on the list", async (world) => {
  const server = await world.server(["--origins", "https://chat.example"]);
  const answer = (origin) =>
    world.connect(server, { headers: { Origin: origin } }).then(
      () => 101,
      (error) => error.response?.statusCode ?? error.message,
    );

  assert.equal(await answer("https://evil.example"), 403);
  assert.equal(await answer(`http://127.0.0.1:${server.port + 1}`), 403);
  assert.equal(await answer("null"), 403);
  assert.equal(await answer(`http://127.0.0.1:${server.port}`), 101);
  assert.equal(await answer("https://chat.example"), 101);
});

scenario("a bad bearer token is 401", async (world) => {
  const server = await world.server();

  const answer = await server.http("/ws", { headers: { ...UPGRADE, Authorization: "Bearer not.a.token" } });

  assert.equal(answer.status, 401);
  assert.match(answer.headers["www-authenticate"], /^Bearer/);
});

scenario("one connection serves many requests", async (world) => {
  const server = await world.server();
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  world.atEnd(() => agent.destroy());
  const before = await server.metric("confab_accepted_total");

  for (let i = 0; i < 20; ++i) assert.equal((await server.http("/healthz", { agent })).status, 200);
  await server.http("/nothing", { agent });
  const { body } = await server.http("/metrics", { agent });

  assert.equal(Number(/^confab_accepted_total (\d+)$/m.exec(body)[1]), before + 1);
});

scenario("requests that are no HTTP are answered with 400 and closed; others go on", async (world) => {
  const server = await world.server();
  const bystander = await world.member(server, "alice", "lobby");
  const said = async (text) => {
    const raw = await world.raw(server, { upgrade: false });
    let answer = "";
    raw.socket.on("data", (data) => (answer += data));
    raw.write(text);
    await raw.ended();
    return answer.split("\r\n")[0];
  };

  assert.match(await said("\u0001\u0002\u0003\r\n\r\n"), /^(HTTP\/1\.1 400.*)?$/);
  assert.match(await said("GET / HTTP/1.1\r\nbroken header\r\n\r\n"), /^HTTP\/1\.1 400/);
  assert.match(await said(`GET / HTTP/1.1\r\nHost: x\r\nX: ${"y".repeat(20_000)}\r\n\r\n`), /^HTTP\/1\.1 431/);
  await bystander.settled();
});

scenario("connections over the limit are refused, and room is made by those that leave", async (world) => {
  const server = await world
    .spawn(confabd, ["--journal", "memory", "--port", "0", "--guests", "--connections-max", "3"])
    .listening();
  const clients = [];
  for (let i = 0; i < 3; ++i) clients.push(await world.guest(server, `user-${i}`));

  const refused = await world.connect(server).catch((error) => error);
  await clients[0].close();
  let back;
  while (!back) back = await world.guest(server, "late").catch(() => undefined);

  assert.ok(refused instanceof Error);
  assert.equal(back.welcome.user.id, "late");
});

scenario("with a base path everything but the questions for its health is below it", async (world) => {
  const server = await world.server(["--base-path", "/a/chat"]);
  const status = async (path) => (await server.http(path)).status;

  for (const path of ["/a/chat/", "/a/chat/app.js", "/a/chat/sdk/confab.js", "/healthz", "/readyz", "/metrics"])
    assert.equal(await status(path), 200, path);
  for (const path of ["/", "/app.js", "/sdk/confab.js", "/ws", "/a", "/a/chat/healthz", "/a/chat/ws/"])
    assert.equal(await status(path), 404, path);
  const moved = await server.http("/a/chat?user=zoe");
  assert.deepEqual([moved.status, moved.headers.location], [308, "/a/chat/?user=zoe"]);
  const client = await world.guest({ websocketUrl: server.websocketUrl.replace("/ws", "/a/chat/ws") }, "alice");
  await client.settled();
});

scenario("whom a trusted proxy names is who asks, and nobody else can say who he is", async (world) => {
  const elsewhere = { Origin: "https://elsewhere.example" };
  const peerOf = async (server, forwarded) => {
    const answer = await server.http("/ws", { headers: { ...UPGRADE, ...elsewhere, "X-Forwarded-For": forwarded } });
    assert.equal(answer.status, 403);
    return /peer=(\S+)/.exec(await server.logged("upgrade-refused"))[1];
  };
  const server = await world.server(["--trust-proxy", "10.0.0.0/8"]);

  assert.equal(await peerOf(server, "203.0.113.9"), "203.0.113.9");
  assert.equal(await peerOf(server, "198.51.100.1, 203.0.113.9, 10.1.2.3"), "203.0.113.9");
  assert.equal(await peerOf(server, "nonsense"), "127.0.0.1");
});
