// The server behind nginx and HAProxy, with the configurations that deploy/proxy offers.

import assert from "node:assert/strict";
import http from "node:http";
import http2 from "node:http2";
import https from "node:https";
import { networkInterfaces } from "node:os";

import { signal, until, within } from "../e2e/support/deadline.mjs";
import { scenario } from "../e2e/support/world.mjs";
import { certificate, haproxy, nginx, passing } from "./support/proxies.mjs";

const proxies = { nginx, haproxy };
// The names of what is said of quiet connections, in each configuration.
const quiet = {
  nginx: [["proxy_read_timeout 75s", "proxy_read_timeout 3s"]],
  haproxy: [["timeout tunnel 75s", "timeout tunnel 3s"]],
};
const insecure = { rejectUnauthorized: false };

function get(url, headers = {}) {
  const client = url.startsWith("https") ? https : http;
  const answer = new Promise((resolve, reject) => {
    const request = client.get(url, { headers, agent: false, ...insecure }, (response) => {
      let body = "";
      response.on("data", (data) => (body += data));
      response.on("end", () => resolve({ status: response.statusCode, headers: response.headers, body }));
    });
    request.on("error", reject);
  });
  return within(answer, `an answer to ${url}`);
}

for (const [name, behind] of Object.entries(proxies)) {
  scenario(`behind ${name} the page is served by TLS, and the metrics are not`, async (world) => {
    const server = await world.server();
    const front = await behind(world, server);

    const page = await get(front.url + "/");
    assert.equal(page.status, 200);
    assert.match(page.body, /<title>Confab/);
    assert.equal((await get(front.url + "/sdk/confab.js")).status, 200);
    assert.equal((await get(front.url + "/readyz")).status, 200);
    assert.equal((await get(front.url + "/metrics")).status, 404);
    assert.equal((await get(front.url + "//metrics")).status, 404);
    assert.equal((await server.http("/metrics")).status, 200);
    const plain = await get(front.plainUrl + "/a?b", { Host: "chat.example" });
    assert.deepEqual([plain.status, plain.headers.location], [301, "https://chat.example/a?b"]);
  });

  scenario(`behind ${name} people chat, compressed, from the page's own origin and from no other`, async (world) => {
    const server = await world.server();
    const front = await behind(world, server);
    const alice = await world.member(front, "alice", "general", {
      ...insecure,
      origin: front.url,
      perMessageDeflate: true,
    });
    const bob = await world.member(front, "bob", "general", { ...insecure, origin: front.url });

    await alice.ask({ type: "send", room: "general", key: "k1", text: "hello ".repeat(500) });
    assert.equal((await bob.expect({ type: "message" })).text, "hello ".repeat(500));
    assert.match(alice.socket.extensions, /permessage-deflate/);

    await assert.rejects(world.connect(front, { ...insecure, origin: "https://elsewhere.example" }), /HTTP 403/);
  });

  scenario(`behind ${name} the log names who asks, and nobody can say who he is`, async (world) => {
    const server = await world.server();
    const front = await behind(world, server);
    // Loopback is where proxies are: who comes from another of this machine's addresses is somebody else.
    const elsewhere = Object.values(networkInterfaces()).flat().find(({ family, internal }) => family === "IPv4" && !internal);
    const localAddress = elsewhere?.address ?? "127.0.0.1";
    const headers = { "X-Forwarded-For": "203.0.113.9" };

    await assert.rejects(
      world.connect(front, { ...insecure, origin: "https://elsewhere.example", headers, localAddress }),
      /HTTP 403/,
    );

    assert.ok((await server.logged("upgrade-refused")).includes(` peer=${localAddress} `));
  });

  scenario(`behind ${name} a quiet connection stays for as long as the server pings`, async (world) => {
    const server = await world.server(["--ping-interval", "1s", "--pong-wait", "1s"]);
    const front = await behind(world, server, quiet[name]);
    const client = await world.guest(front, "alice", insecure);

    // For more than twice as long as the proxy waits.
    const pings = signal();
    let seen = 0;
    client.socket.on("ping", () => ++seen === 8 && pings.resolve());
    await within(pings.promise, "eight pings");
    await client.settled();
  });

  scenario(`behind ${name} a connection ends where nothing is said for too long`, async (world) => {
    const server = await world.server(["--ping-interval", "1m"]);
    const front = await behind(world, server, quiet[name]);
    const client = await world.guest(front, "alice", insecure);

    assert.equal((await client.closed()).code, 1006);
  });

  scenario(`behind ${name} clients come back when the server does`, async (world) => {
    const data = await world.directory();
    const first = await world.server([], { data });
    const front = await behind(world, first);
    const alice = await world.member(front, "alice", "general", insecure);
    await alice.ask({ type: "send", room: "general", key: "k1", text: "before" });
    await first.stop();
    assert.equal((await alice.closed()).code, 1012);
    assert.ok([502, 503].includes((await get(front.url + "/readyz")).status));

    await world.server(["--port", String(first.port)], { data });
    await until("the proxy finds the server", async () => (await get(front.url + "/readyz")).status === 200);
    const again = await world.member(front, "alice", "general", insecure);
    const { events } = await again.ask({ type: "history", room: "general" });
    assert.deepEqual(events.map(({ text }) => text), ["before"]);
  });
}

for (const how of ["send-proxy", "send-proxy-v2"]) {
  scenario(`behind HAProxy that passes TLS on and says ${how}, the log names who asks`, async (world) => {
    const { cert, key } = await certificate(await world.directory());
    const server = await world.server(["--proxy-protocol", "--tls-cert", cert, "--tls-key", key]);
    const front = await passing(world, server, how);
    const elsewhere = Object.values(networkInterfaces()).flat().find(({ family, internal }) => family === "IPv4" && !internal);
    const localAddress = elsewhere?.address ?? "127.0.0.2";

    const alice = await world.member(front, "alice", "general", { ...insecure, localAddress });

    assert.equal((await alice.ask({ type: "send", room: "general", text: "x" })).type, "sent");
    assert.match(await server.logged("signed-in"), new RegExp(` peer=${localAddress.replaceAll(".", "\\.")}( |$)`));
    assert.equal((await get(front.url + "/metrics")).status, 403);
  });
}

scenario("HAProxy takes a WebSocket over HTTP/2 to the server", async (world) => {
  const server = await world.server();
  const front = await haproxy(world, server);
  const session = http2.connect(front.url, insecure);
  world.atEnd(() => session.destroy());
  await within(new Promise((resolve) => session.once("remoteSettings", resolve)), "HAProxy's settings");
  const stream = session.request({
    ":method": "CONNECT",
    ":protocol": "websocket",
    ":scheme": "https",
    ":path": "/ws",
    ":authority": new URL(front.url).host,
    "sec-websocket-version": "13",
    "sec-websocket-protocol": "confab.v1.json",
    origin: front.url,
  }, { endStream: false });
  const answer = await within(new Promise((resolve, reject) => stream.once("response", resolve).once("error", reject)), "an answer");
  assert.equal(answer[":status"], 200);
  assert.equal(answer["sec-websocket-protocol"], "confab.v1.json");
});
