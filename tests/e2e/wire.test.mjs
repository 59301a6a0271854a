// The same chat over TLS, in CBOR, compressed.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import tls from "node:tls";
import * as cborg from "cborg";

import { RawClient, frame, opcode } from "./support/raw.mjs";
import { scenario } from "./support/world.mjs";

async function certificate(world) {
  const directory = await world.directory();
  const [key, cert] = [join(directory, "key.pem"), join(directory, "cert.pem")];
  execFileSync(
    "openssl",
    [
      "req",
      "-x509",
      "-newkey",
      "rsa:2048",
      "-nodes",
      "-keyout",
      key,
      "-out",
      cert,
      "-days",
      "2",
      "-subj",
      "/CN=localhost",
      "-addext",
      "subjectAltName=IP:127.0.0.1,DNS:localhost",
    ],
    { stdio: "pipe" },
  );
  return { key, cert, ca: readFileSync(cert) };
}

scenario("wss and https with a certificate of one's own", async (world) => {
  const { key, cert, ca } = await certificate(world);
  const server = await world.server(["--tls-cert", cert, "--tls-key", key]);
  const alice = await world.member(server, "alice", "lobby", { ca });
  const bob = await world.member(server, "bob", "lobby", { ca, perMessageDeflate: true });

  const text = "over TLS ".repeat(400);
  const sent = await alice.ask({ type: "send", room: "lobby", text });
  const heard = await bob.expect({ type: "message" });
  const many = [];
  for (let i = 0; i < 100; ++i) many.push(alice.ask({ type: "send", room: "lobby", text }));
  await Promise.all(many);
  await bob.expect({ type: "message", seq: 101 });
  const page = await server.http("/", { ca });
  const stranger = await world.connect(server).catch((error) => error);

  assert.match(server.url, /^https:/);
  assert.deepEqual([sent.seq, heard.text], [1, text]);
  assert.equal(page.status, 200);
  assert.match(`${stranger.code ?? stranger.message}`, /SELF_SIGNED|self-signed/);
  assert.equal((await bob.close()).code, 1000);
});

scenario("TLS 1.1 and plain text on the TLS port are refused, and nobody else notices", async (world) => {
  const { key, cert, ca } = await certificate(world);
  const server = await world.server(["--tls-cert", cert, "--tls-key", key]);
  const alice = await world.member(server, "alice", "lobby", { ca });
  const plain = new RawClient(server.port);
  world.atEnd(() => plain.destroy());

  await assert.rejects(plain.opened);
  await plain.ended();
  const old = await new Promise((resolve) => {
    const socket = tls.connect(
      {
        port: server.port,
        host: "127.0.0.1",
        ca,
        minVersion: "TLSv1.1",
        maxVersion: "TLSv1.1",
        ciphers: "DEFAULT@SECLEVEL=0",
      },
      () => resolve("connected"),
    );
    socket.on("error", (error) => resolve(error.code));
    world.atEnd(() => socket.destroy());
  });

  assert.notEqual(old, "connected");
  await alice.settled();
});

scenario("CBOR and JSON clients share a room", async (world) => {
  const server = await world.server();
  const cbor = await world.member(server, "cbor", "lobby", { protocol: "confab.v1.cbor" });
  const json = await world.member(server, "json", "lobby");
  const data = { n: [1, -2, 2 ** 40, 0.5, 1e300, null, true], s: "smörgås 🥪", o: { k: {} } };

  await cbor.ask({ type: "send", room: "lobby", text: "from cbor", data });
  await json.ask({ type: "send", room: "lobby", text: "from json", data });
  const inJson = [await json.expect({ type: "message", seq: 1 }), await json.expect({ type: "message", seq: 2 })];
  const inCbor = [await cbor.expect({ type: "message", seq: 1 }), await cbor.expect({ type: "message", seq: 2 })];
  const history = await cbor.ask({ type: "history", room: "lobby" });

  assert.deepEqual(inCbor, inJson);
  assert.deepEqual(
    inJson.map((message) => message.data),
    [data, data],
  );
  assert.deepEqual(
    history.events.map(({ text }) => text),
    ["from cbor", "from json"],
  );
  assert.equal(cbor.socket.protocol, "confab.v1.cbor");
});

scenario("CBOR that JSON cannot say is bad_request; what is not CBOR closes", async (world) => {
  const server = await world.server();
  const cbor = await world.member(server, "cbor", "lobby", { protocol: "confab.v1.cbor" });
  const bytes = { type: "send", id: 90, room: "lobby", data: { raw: new Uint8Array([1, 2]) } };

  const refused = await cbor.ask(bytes);
  await cbor.settled();
  cbor.sayRaw(Buffer.from(cborg.encode({ type: "ping", id: 3 })).subarray(0, -1));

  assert.deepEqual([refused.re, refused.code], [90, "bad_request"]);
  assert.equal((await cbor.closed()).code, 4503);
});

for (const protocol of ["confab.v1.json", "confab.v1.cbor"]) {
  scenario(`permessage-deflate carries ${protocol} both ways and saves bytes`, async (world) => {
    const server = await world.server();
    const deflating = { protocol, perMessageDeflate: { threshold: 0 } };
    const alice = await world.member(server, "alice", "lobby", deflating);
    const bob = await world.member(server, "bob", "lobby", deflating);
    const plain = await world.member(server, "carol", "lobby", { protocol });
    const text = "the same words again and again, ".repeat(100);
    const before = bob.socket._socket.bytesRead;
    const plainBefore = plain.socket._socket.bytesRead;

    for (let i = 0; i < 10; ++i) await alice.ask({ type: "send", room: "lobby", text: `${i} ${text}` });
    for (const each of [alice, bob, plain]) await each.expect({ type: "message", seq: 10 });

    const texts = (client) => client.frames.filter(({ type }) => type === "message").map((message) => message.text);
    assert.match(bob.socket.extensions, /^permessage-deflate/);
    assert.equal(plain.socket.extensions, "");
    assert.deepEqual(texts(bob), texts(plain));
    assert.deepEqual(texts(alice), texts(plain));
    const [small, large] = [bob.socket._socket.bytesRead - before, plain.socket._socket.bytesRead - plainBefore];
    assert.ok(small * 4 < large, `${small} bytes compressed, ${large} plain`);
  });
}

scenario("compression can be turned off, and the offer says no context is kept", async (world) => {
  const off = await world.server(["--no-compression"]);
  const on = await world.server();

  const without = await world.guest(off, "alice", { perMessageDeflate: true });
  const negotiated = await world.guest(on, "alice", { perMessageDeflate: true });

  assert.equal(without.socket.extensions, "");
  assert.match(
    negotiated.upgrade.headers["sec-websocket-extensions"],
    /^permessage-deflate;.*server_no_context_takeover/,
  );
  await without.settled();
});

scenario(
  "a compressed message that grows beyond the limit is 1009, one that does not inflate is refused",
  async (world) => {
    const server = await world.server();
    const bystander = await world.member(server, "alice", "lobby");
    const bomb = await world.guest(server, "bomb", { perMessageDeflate: { threshold: 0 } });
    bomb.sayRaw(JSON.stringify({ type: "ping", id: 1, padding: "a".repeat(20 << 20) }));
    const garbage = await world.raw(server, { headers: { "Sec-WebSocket-Extensions": "permessage-deflate" } });
    garbage.write(frame(opcode.text, Buffer.alloc(100, 0xff), { rsv: 4 }));

    const { code } = await garbage.closeFrame();

    assert.equal((await bomb.closed()).code, 1009);
    assert.ok([1002, 1007].includes(code), `${code}`);
    await bystander.settled();
  },
);
