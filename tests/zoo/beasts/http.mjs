// Beasts that abuse HTTP: requests that mean two things, floods, and those who sit.

import assert from "node:assert/strict";

import { observe, until, within } from "../../e2e/support/deadline.mjs";
import { textFrame } from "../support/frames.mjs";
import { codesOf, line, request } from "../support/line.mjs";

export const beasts = [];
const beast = (name, how, rage) => beasts.push({ name, rage, ...how });

const KEY = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";
const UPGRADE = ["Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13", KEY];

const get = (...headers) => request("GET /healthz HTTP/1.1", ...headers);
const AGAIN = get("Host: a", "Connection: close");

// What a proxy in front might read as other requests than we do: the answer is 400, and the connection's end.
for (const [what, bytes] of [
  ["two hosts", get("Host: a", "Host: b", "Connection: close")],
  ["no host", get("Connection: close")],
  [
    "another transfer coding",
    `${request("POST /healthz HTTP/1.1", "Host: a", "Transfer-Encoding: xchunked")}0\r\n\r\n${AGAIN}`,
  ],
  [
    "a transfer coding behind chunked",
    `${request("POST /healthz HTTP/1.1", "Host: a", "Transfer-Encoding: chunked, identity")}0\r\n\r\n${AGAIN}`,
  ],
  [
    "a length and a transfer coding",
    `${request("POST /healthz HTTP/1.1", "Host: a", "Content-Length: 5", "Transfer-Encoding: chunked")}0\r\n\r\n${AGAIN}`,
  ],
  [
    "two lengths",
    `${request("POST /healthz HTTP/1.1", "Host: a", "Content-Length: 5", "Content-Length: 6")}abcdef${AGAIN}`,
  ],
  ["a length that is none", `${request("POST /healthz HTTP/1.1", "Host: a", "Content-Length: +5")}abcde${AGAIN}`],
  ["a space before the colon", get("Host : a", "Connection: close")],
  ["a folded header", get("Host: a", "X: b\r\n c", "Connection: close")],
  ["a bare line feed", "GET /healthz HTTP/1.1\nHost: a\n\n"],
  ["a NUL in a header", get("Host: a", "X: a\0b", "Connection: close")],
  [
    "a chunk size that is none",
    `${request("POST /healthz HTTP/1.1", "Host: a", "Transfer-Encoding: chunked")}0x5\r\nabcde\r\n0\r\n\r\n${AGAIN}`,
  ],
  [
    "a chunk size beyond all numbers",
    `${request("POST /healthz HTTP/1.1", "Host: a", "Transfer-Encoding: chunked")}ffffffffffffffffff\r\nabcde\r\n0\r\n\r\n${AGAIN}`,
  ],
]) {
  beast(`a request with ${what} is 400 and the connection's end`, { seconds: 0.3 }, async (cage) => {
    assert.deepEqual(await codesOf(cage, bytes), [400]);
  });
}

beast("heads without end are 431", { each: 60 }, (cage) =>
  cage.repeat(async () => {
    assert.deepEqual(
      await codesOf(cage, get("Host: a", ...Array.from({ length: 20_000 }, (_, i) => `X-${i}: y`))),
      [431],
    );
  }),
);

beast("a target without end is 431", { each: 60 }, (cage) =>
  cage.repeat(async () => {
    assert.deepEqual(await codesOf(cage, request(`GET /${"a".repeat(200_000)} HTTP/1.1`, "Host: a")), [431]);
  }),
);

beast("a body without end is 413", { memory: 4 }, async (cage) => {
  const one = line(cage);
  one.socket.write(request("POST /healthz HTTP/1.1", "Host: a", "Transfer-Encoding: chunked"));
  const chunk = Buffer.from(`10000\r\n${"x".repeat(65_536)}\r\n`);
  await cage.flood(one, () => chunk, { batch: 1 });
  assert.deepEqual(await one.codes(), [413]);
});

beast("chunk extensions without end are refused", { memory: 4 }, async (cage) => {
  const one = line(cage);
  one.socket.write(`${request("POST /healthz HTTP/1.1", "Host: a", "Transfer-Encoding: chunked")}5;`);
  await cage.flood(one, () => Buffer.from("x=y;".repeat(1000)), { batch: 1 });
  const codes = await one.codes();
  assert.ok(codes.length <= 1 && codes.every((code) => code >= 400 && code < 500), JSON.stringify(codes));
});

beast("an origin that is not allowed is 403, again and again", { each: 40 }, (cage) =>
  cage.repeat(async () => {
    const codes = await codesOf(
      cage,
      request("GET /ws HTTP/1.1", "Host: localhost", "Origin: https://evil.example", ...UPGRADE),
    );
    assert.deepEqual(codes, [403]);
  }),
);

beast("a subprotocol that nobody knows is 400, again and again", { each: 40 }, (cage) =>
  cage.repeat(async () => {
    const codes = await codesOf(
      cage,
      request("GET /ws HTTP/1.1", "Host: localhost", "Sec-WebSocket-Protocol: soap", ...UPGRADE),
    );
    assert.deepEqual(codes, [400]);
  }),
);

beast("an upgrade of another version is 426, one without a key 400", { each: 40 }, (cage) =>
  cage.repeat(async (i) => {
    const [headers, code] =
      i % 2
        ? [["Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 8", KEY], 426]
        : [["Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13"], 400];
    assert.deepEqual(await codesOf(cage, request("GET /ws HTTP/1.1", "Host: localhost", ...headers)), [code]);
  }),
);

const early = (text) => `Sec-WebSocket-Protocol: confab.v1.json, confab.hello.${text}`;
beast("a hello within the upgrade that is garbage is 400 or closed with 4503", { each: 60 }, async (cage) => {
  return await cage.repeat(async (i) => {
    const hello = [
      "!!!",
      Buffer.from("{oops").toString("base64url"),
      Buffer.from("\xff\xfe").toString("base64url"),
      Buffer.from("[".repeat(3000)).toString("base64url"),
    ][i % 4];
    const one = line(cage);
    one.socket.write(request("GET /ws HTTP/1.1", "Host: localhost", early(hello), ...UPGRADE));
    await within(new Promise((resolve) => one.socket.once("data", resolve)), "an answer");
    assert.match(one.text, i % 4 === 0 ? /^HTTP\/1\.1 400/ : /^HTTP\/1\.1 (101|400)/);
    one.destroy();
  });
});

beast(
  "pipelined requests are answered in order, and those whose answers nobody reads fill no memory",
  { shares: 100 },
  async (cage) => {
    const one = line(cage);
    one.socket.pause();
    await cage.flood(one, () => Buffer.from(get("Host: a")));
  },
);

beast("pages that nobody reads fill no memory", { shares: 60, memory: 12 }, async (cage) => {
  const all = Array.from({ length: 40 }, () => line(cage));
  for (const each of all) {
    each.socket.pause();
    await cage.flood(each, () => Buffer.from(request("GET /sdk/confab.js HTTP/1.1", "Host: a")), {
      batch: 20,
      most: 20,
    });
  }
});

beast("a flood of probes", { each: 40 }, (cage) =>
  cage.repeat(async () => {
    assert.deepEqual(await codesOf(cage, AGAIN), [200]);
  }),
);

beast("a flood of readings of the metrics", { each: 60 }, (cage) =>
  cage.repeat(async () => {
    assert.deepEqual(await codesOf(cage, request("GET /metrics HTTP/1.1", "Host: localhost", "Connection: close")), [200]);
  }),
);

beast("a flood of paths that lead nowhere", { each: 40 }, (cage) =>
  cage.repeat(async (i) => {
    const path = ["/../../etc/passwd", "/%2e%2e/", "//", "/sdk/../../x", "/a?b#c", "/%00", "*", "/ws/../healthz"][
      i % 8
    ];
    const codes = await codesOf(cage, request(`GET ${path} HTTP/1.1`, "Host: a", "Connection: close"));
    assert.ok(codes.length === 1 && codes[0] >= 400 && codes[0] < 500, `${path}: ${codes}`);
  }),
);

beast("methods that nobody expects", { each: 40 }, (cage) =>
  cage.repeat(async (i) => {
    const method = ["TRACE", "CONNECT", "PUT", "DELETE", "BREW", "PRI"][i % 6];
    const codes = await codesOf(cage, request(`${method} /healthz HTTP/1.1`, "Host: a", "Connection: close"));
    assert.ok(codes.length === 1 && codes[0] >= 400 && codes[0] < 500, `${method}: ${codes}`);
  }),
);

beast("100-continue asked for again and again", { each: 40 }, async (cage) => {
  return await cage.repeat(async () => {
    const one = line(cage);
    one.socket.write(request("POST /healthz HTTP/1.1", "Host: a", "Content-Length: 1", "Expect: 100-continue"));
    await within(new Promise((resolve) => one.socket.once("data", resolve)), "an answer");
    one.destroy();
  });
});

beast("who speaks another protocol is shown the door", { each: 40 }, (cage) =>
  cage.repeat(async (i) => {
    const bytes = [
      "SSH-2.0-OpenSSH_9.2\r\n\r\n",
      "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
      "\x00".repeat(1000),
    ][i % 4];
    const codes = await codesOf(cage, Buffer.from(bytes, "latin1"));
    assert.ok(codes.length <= 1 && codes.every((code) => code >= 400 && code <= 505), JSON.stringify(codes));
  }),
);

beast(
  "probes are answered while all places are taken",
  { args: ["--connections-max", "30"] },
  async (cage) => {
    for (let i = 0; i < 28; ++i) await cage.visitor(`crowd${i}`);
    for (let i = 0; i < 5; ++i) assert.deepEqual(await codesOf(cage, AGAIN), [200]);
    for (const each of cage.clients.slice(-10)) each.destroy();
    await until("there are places again", async () => (await cage.server.http("/metrics")).status === 200);
  },
);

beast(
  "who keeps a connection by a request now and then does not hold its place for ever",
  {
    seconds: 3,
    args: ["--connections-max", "12", "--handshake-wait", "500ms"],
  },
  async (cage) => {
    const sitters = Array.from({ length: 9 }, () => line(cage));
    for (const each of sitters) each.socket.write(get("Host: a"));
    await observe(() => sitters.forEach((each) => each.socket.write(get("Host: a"))), 100, 10);
    // Somebody who wants to chat finds a place.
    const guest = await cage.raw();
    guest.write(textFrame({ type: "hello", id: 1, guest: "late" }));
    assert.equal((await guest.expect({ object: { re: 1 } })).object.type, "welcome");
  },
);
