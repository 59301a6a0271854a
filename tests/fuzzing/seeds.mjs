// What fuzzing begins with beside the committed corpora: node seeds.mjs FOLDER writes a folder for each
// target. Frames are the golden ones, so that a new command is fuzzed as soon as it has an example.

import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { deflateRawSync } from "node:zlib";

const to = process.argv[2];
const golden = join(dirname(fileURLToPath(import.meta.url)), "../golden/frames");

function seeds(target, all) {
  mkdirSync(join(to, target), { recursive: true });
  for (const [name, bytes] of Object.entries(all)) writeFileSync(join(to, target, name), bytes);
}

const frames = readdirSync(golden)
  .map((file) => JSON.parse(readFileSync(join(golden, file), "utf8")))
  .filter((each) => each.direction === "client");
const named = (write) => Object.fromEntries(frames.map((each) => [each.name, write(each)]));
seeds(
  "decode_json",
  named(({ json }) => (typeof json === "string" ? json : JSON.stringify(json))),
);
seeds(
  "decode_cbor",
  named(({ cbor }) => Buffer.from(cbor.replace(/\s/g, ""), "hex")),
);

/** A masked frame as clients send it; the first byte of an input says how it is cut, and whether deflate was agreed on. */
function frame(first, payload, key = [0x37, 0xfa, 0x21, 0x3d]) {
  const bytes = Buffer.from(payload);
  const head =
    bytes.length < 126
      ? Buffer.from([first, 0x80 | bytes.length])
      : Buffer.from([first, 0x80 | 126, bytes.length >> 8, bytes.length & 255]);
  return Buffer.concat([head, Buffer.from(key), bytes.map((byte, i) => byte ^ key[i & 3])]);
}
/** A message as permessage-deflate writes it, without the four bytes of the last empty block. */
const deflated = (text) => Buffer.concat([deflateRawSync(text, { finishFlush: 2 })]).subarray(0, -4);
const input = (how, ...parts) => Buffer.concat([Buffer.from([how]), ...parts]);
seeds("frames", {
  text: input(0, frame(0x81, "Hello")),
  binary: input(2, frame(0x82, "\x01\x02")),
  fragments: input(4, frame(0x01, "one "), frame(0x89, "ping"), frame(0x00, "two "), frame(0x80, "end")),
  close: input(0, frame(0x88, "\x03\xe9gone")),
  pong: input(0, frame(0x8a, "")),
  long: input(6, frame(0x81, "x".repeat(400))),
  deflated: input(1, frame(0xc1, deflated("Hello ".repeat(20)))),
  bomb: input(1, frame(0xc1, deflated(" ".repeat(5000)))),
  fragmented_deflated: input(
    3,
    frame(0x41, deflated("Hello").subarray(0, 3)),
    frame(0x80, deflated("Hello").subarray(3)),
  ),
});

const request = (...lines) => `${lines.join("\r\n")}\r\n\r\n`;
const upgrade = [
  "GET /ws HTTP/1.1",
  "Host: h",
  "Upgrade: websocket",
  "Connection: Upgrade",
  "Sec-WebSocket-Version: 13",
];
const key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";
seeds("http_head", {
  get: request("GET /a?b=%20&c=+ HTTP/1.1", "Host: h"),
  absolute: request("GET http://h/ws?x HTTP/1.1", "Host: h"),
  upgrade: request(...upgrade, key, "Origin: http://h", "Sec-WebSocket-Protocol: confab.v1.cbor, confab.v1.json"),
  deflate: request(
    ...upgrade,
    key,
    "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=15, permessage-deflate",
  ),
  hello: request(...upgrade, key, "Sec-WebSocket-Protocol: confab.v1.json, confab.hello.eyJ0eXBlIjoiaGVsbG8ifQ"),
  bearer: request("GET /ws HTTP/1.1", "Host: h", "Authorization: Bearer a.b.c", "Cookie: session=1; b=2"),
  body: `${request("POST /a HTTP/1.1", "Host: h", "Content-Length: 3", "Expect: 100-continue")}abc`,
  chunked: `${request("POST /a HTTP/1.1", "Host: h", "Transfer-Encoding: chunked")}3;x=y\r\nabc\r\n0\r\n\r\n`,
  smuggled: request("POST /a HTTP/1.1", "Host: h", "Host: i", "Transfer-Encoding: xchunked", "Content-Length: 1"),
  etag: request("GET /a HTTP/1.1", "Host: h", 'If-None-Match: W/"tag", "other", *'),
});

const base64 = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
const header = { alg: "HS256", typ: "JWT" };
const claims = {
  sub: "alice",
  name: "Alice",
  exp: 1767225700,
  nbf: 1767225500.5,
  iat: 1,
  iss: "i",
  aud: ["a"],
  confab: { rooms: ["general", "team-*", "*"], roles: { "team-*": "moderator" }, admin: true },
};
seeds("jwt", {
  anything: input(0, Buffer.from(`${base64(header)}.${base64(claims)}.c2ln`)),
  claims: input(1, Buffer.from(JSON.stringify(claims))),
  guest: input(1, Buffer.from('{"sub":"a"}')),
  expired: input(1, Buffer.from('{"sub":"a","exp":1}')),
  header: input(2, Buffer.from(JSON.stringify(header))),
  crit: input(2, Buffer.from(JSON.stringify({ ...header, crit: ["x"] }))),
  none: input(2, Buffer.from('{"alg":"none"}')),
});

seeds("ids", {
  plain: "general\0alice",
  direct: "alice\0bob.9:_-",
  session: `s-${"abcdefghijklmnopqrstuvwxyz234567".slice(0, 29)}\0x\0${"\x01".repeat(18)}`,
  long: `${"a".repeat(64)}\0${"b".repeat(64)}`,
  pattern: "team-*\0*",
  text: "two\nlines\tand \u{1f44d}\0\u0085",
});

const call = (method, path, query = "", place = "") => input(2 + 3 * method, Buffer.from(`${path}\0${query}\0${place}`));
seeds("cursors", {
  place: input(0, Buffer.from("logname1.17")),
  row: input(0, Buffer.from("1763790000123.general")),
  number: input(0, Buffer.from("18446744073709551615")),
  cursor: input(1, Buffer.from("b17")),
  encoded: input(1, Buffer.from("bG9nbmFtZTFtYjE3")),
  messages: call(0, "/rooms/general/messages", "before=5&limit=10&thread=3"),
  after: call(0, "/rooms/general/messages", "limit=1", "ma17"),
  entries: call(0, "/rooms/general/entries", "since=0", "e17"),
  rooms: call(0, "/rooms", "prefix=team-&archived=true&member=a%20b", "ogeneral"),
  members: call(0, "/rooms/general/members", "state=banned", "pbob"),
  reports: call(0, "/reports", "state=open", "r3"),
  feed: call(0, "/feed", "limit=5&wait_ms=0", "f12"),
  react: call(2, "/rooms/general/messages/3/reactions/%F0%9F%91%8D/bob"),
  remove: call(4, "/rooms/general/messages/3", "from=bob&reason=a+b%21"),
  bytes: call(0, "/rooms", "\u00ff=%ff"),
});

/** A value of each kind for a row: see `bind_any`. */
const small = (n) => Buffer.from([(n << 4) | 1]);
const text = (value) => Buffer.concat([Buffer.from([3]), Buffer.from(value), Buffer.from([0])]);
const nothing = Buffer.from([0]);
const row = (kind, target, what, data = nothing) =>
  Buffer.concat([small(7), small(9), text("alice"), text("k"), small(kind), target, what, data]);
seeds("sqlite_rows", {
  posted: row(0, nothing, text("hi"), text("{}")),
  edited: row(1, small(3), text("hi")),
  deleted: row(2, small(3), nothing),
  reacted: row(3, small(3), text("👍")),
  unreacted: row(4, small(3), text("👍")),
  recorded: row(5, nothing, text("type"), text("{}")),
});
