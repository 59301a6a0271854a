// Input that is wrong, malicious or both, while a bystander chats and must not notice anything.

import assert from "node:assert/strict";

import { opcode, frame, textFrame } from "./support/raw.mjs";
import { scenario } from "./support/world.mjs";

const KIB64 = 65_536;

/** Two who chat; `untouched` says that they still do, and saw nothing but each other. */
async function bystanders(world, server) {
  const alice = await world.member(server, "alice", "quiet-room");
  const bob = await world.member(server, "bob", "quiet-room");
  let said = 0;
  return {
    async untouched() {
      const { seq } = await alice.ask({ type: "send", room: "quiet-room", text: `${++said}` });
      await bob.expect({ type: "message", seq, text: `${said}` });
      const strange = [...alice.frames, ...bob.frames].filter(
        ({ type }) => !["welcome", "joined", "sent", "message", "presence"].includes(type),
      );
      assert.deepEqual(strange, []);
      assert.equal(bob.frames.filter(({ type }) => type === "message").length, said);
    },
  };
}

const padded = (size) => {
  const empty = JSON.stringify({ type: "ping", id: 9, padding: "" });
  return JSON.stringify({ type: "ping", id: 9, padding: "a".repeat(size - empty.length) });
};
const nested = (depth) => `{"type":"send","id":9,"room":"lobby","data":${'{"a":'.repeat(depth)}1${"}".repeat(depth)}}`;

// After `hello`: what is sent, and what comes of it, an error's or a close's code.
const table = [
  ["text that is no JSON", ["{oops"], { close: 4503 }],
  ["nothing at all", [""], { close: 4503 }],
  ["JSON and more", ['{"type":"ping"} x'], { close: 4503 }],
  ["an array", ["[1]"], { error: "bad_request" }],
  ["no type", ['{"id":9}'], { error: "bad_request", re: 9 }],
  ["a type that is none", ['{"type":"fly","id":9}'], { error: "unknown_type", re: 9 }],
  ["a wrong type of field", ['{"type":"send","id":9,"room":"lobby","text":7}'], { error: "bad_request", re: 9 }],
  ["an id that is too large", ['{"type":"ping","id":9007199254740992}'], { error: "bad_request" }],
  ["an id that is a text", ['{"type":"ping","id":"9"}'], { error: "bad_request" }],
  ["a number no double can hold", ['{"type":"ping","id":9,"n":1e999}'], { error: "bad_request", re: 9 }],
  ["a number of 10,000 digits", [`{"type":"ping","id":9,"n":${"9".repeat(10_000)}}`], { error: "bad_request", re: 9 }],
  ["a lone surrogate", ['{"type":"send","id":9,"room":"lobby","text":"\\ud800"}'], { error: "bad_request", re: 9 }],
  ["a NUL in a text", ['{"type":"send","id":9,"room":"lobby","text":"a\\u0000b"}'], { error: "bad_request", re: 9 }],
  ["nesting of 40", [nested(40)], { error: "bad_request", re: 9 }],
  ["nesting of 10,000", [nested(10_000)], { error: "bad_request", re: 9 }],
  ["nesting that does not end", ['{"a":'.repeat(1_000)], { close: 4503 }],
  ["more nesting that does not end", ['{"a":'.repeat(10_000)], { error: "bad_request" }],
  ["64 KiB of objects", [`{"type":"ping","id":9,"x":[${"{},".repeat(21_000)}1]}`], { error: "bad_request", re: 9 }],
  ["a room of a made-up form", ['{"type":"join","id":9,"room":"../../etc"}'], { error: "bad_request", re: 9 }],
  [
    "a room id that is too long",
    [`{"type":"join","id":9,"room":"${"r".repeat(65)}"}`],
    { error: "bad_request", re: 9 },
  ],
  [
    "a text that is too long",
    [`{"type":"send","id":9,"room":"lobby","text":"${"x".repeat(4097)}"}`],
    { error: "too_long", re: 9 },
  ],
  [
    "free data that is too long",
    [JSON.stringify({ type: "signal", id: 9, to: "bob", data: { x: "x".repeat(10_240) } })],
    { error: "too_long", re: 9 },
  ],
  ["64 KiB, which is allowed", [padded(KIB64)], { reply: "pong", re: 9 }],
  ["one byte more than 64 KiB", [padded(KIB64 + 1)], { close: 1009 }],
  ["an announced frame of 2^62 bytes", [frame(opcode.text, "x", { length: 2 ** 62 })], { close: 1009 }],
  [
    "a message of two fragments",
    [frame(opcode.text, '{"type":"pi', { fin: false }), frame(opcode.continuation, 'ng","id":9}')],
    { reply: "pong", re: 9 },
  ],
  [
    "a ping between fragments",
    [
      frame(opcode.text, '{"type":"pi', { fin: false }),
      frame(opcode.ping, "?"),
      frame(opcode.continuation, 'ng","id":9}'),
    ],
    { reply: "pong", re: 9 },
  ],
  ["a continuation of nothing", [frame(opcode.continuation, "x")], { close: 1002 }],
  [
    "a message within a message",
    [frame(opcode.text, "{", { fin: false }), textFrame({ type: "ping" })],
    { close: 1002 },
  ],
  ["a frame without a mask", [frame(opcode.text, "{}", { mask: false })], { close: 1002 }],
  ["a reserved opcode", [frame(5, "x")], { close: 1002 }],
  ["a reserved bit", [frame(opcode.text, "{}", { rsv: 2 })], { close: 1002 }],
  ["a ping of 126 bytes", [frame(opcode.ping, "x".repeat(126))], { close: 1002 }],
  ["a binary frame on JSON", [frame(opcode.binary, '{"type":"ping"}')], { close: 1003 }],
  ["invalid UTF-8", [frame(opcode.text, Buffer.from([0x22, 0xc3, 0x28, 0x22]))], { close: 1007 }],
  ["UTF-8 that ends within a character", [frame(opcode.text, Buffer.from([0x22, 0xe2, 0x82]))], { close: 1007 }],
  ["an overlong NUL", [frame(opcode.text, Buffer.from([0x22, 0xc0, 0x80, 0x22]))], { close: 1007 }],
  ["ten faults in a row", Array(10).fill('{"id":1}'), { close: 4503 }],
];

scenario("bad input gets the answer it deserves, and nobody else notices", async (world, t) => {
  const server = await world.server(["--shards", "1"]);
  const others = await bystanders(world, server);
  for (const [what, sent, expected] of table) {
    await t.test(what, async () => {
      const mallory = await world.raw(server);
      await mallory.hello("mallory");

      mallory.write(...sent.map((each) => (typeof each === "string" ? frame(opcode.text, each) : each)));

      if (expected.close) {
        assert.equal((await mallory.closeFrame()).code, expected.close);
        mallory.write(frame(opcode.close, Buffer.from([0x03, 0xe8])));
        await mallory.ended();
      } else {
        const { object } = await mallory.expect({ kind: opcode.text });
        assert.deepEqual(
          [object.type, object.code, object.re],
          [expected.reply ?? "error", expected.error, expected.re],
        );
        mallory.write(textFrame({ type: "ping", id: 77 }));
        await mallory.expect({ object: { type: "pong", re: 77 } });
        mallory.destroy();
      }
      await others.untouched();
    });
  }
});

scenario("before hello, anything else closes, mistakes within hello do not", async (world) => {
  const server = await world.server();
  const others = await bystanders(world, server);
  const closes = async (...frames) => {
    const mallory = await world.raw(server);
    mallory.write(...frames);
    return (await mallory.closeFrame()).code;
  };

  assert.equal(await closes(textFrame({ type: "join", id: 1, room: "lobby" })), 4503);
  assert.equal(await closes(textFrame({ type: "ping", id: 1 })), 4503);
  assert.equal(await closes(textFrame({ type: "fly", id: 1 })), 4503);
  assert.equal(await closes(frame(opcode.text, "nonsense")), 4503);
  const clumsy = await world.raw(server);
  clumsy.write(textFrame({ type: "hello", id: 1, guest: 7 }));
  assert.equal((await clumsy.expect({ object: { re: 1 } })).object.code, "bad_request");
  assert.equal((await clumsy.hello("clumsy")).type, "welcome");
  await others.untouched();
});

scenario("nine faults and a good command, again and again, close nothing", async (world) => {
  const server = await world.server();
  const clumsy = await world.guest(server, "clumsy");

  for (let round = 0; round < 3; ++round) {
    for (let i = 0; i < 9; ++i) clumsy.sayRaw('{"id":5}');
    await clumsy.settled();
  }

  assert.equal(clumsy.frames.filter(({ code }) => code === "bad_request").length, 27);
});

scenario("a message of endless fragments ends at the limit", async (world) => {
  const server = await world.server();
  const others = await bystanders(world, server);
  const mallory = await world.raw(server);
  await mallory.hello("mallory");

  mallory.write(frame(opcode.text, "{", { fin: false }));
  const closing = mallory.closeFrame();
  let open = true;
  closing.then(() => (open = false));
  for (let i = 0; i < 1000 && open; ++i)
    await mallory.pour(frame(opcode.continuation, " ".repeat(1000), { fin: false }));

  assert.equal((await closing).code, 1009);
  await others.untouched();
});

scenario("fragments of nothing cost nothing", async (world) => {
  const server = await world.server();
  const others = await bystanders(world, server);
  const mallory = await world.raw(server);
  await mallory.hello("mallory");

  await mallory.pour(frame(opcode.text, "", { fin: false }));
  const empty = Buffer.concat(Array.from({ length: 1000 }, () => frame(opcode.continuation, "", { fin: false })));
  for (let i = 0; i < 20; ++i) await mallory.pour(empty);
  await others.untouched();
  mallory.write(frame(opcode.continuation, '{"type":"ping","id":5}'));

  await mallory.expect({ object: { type: "pong", re: 5 } });
});

scenario("those who vanish in the middle of anything leave nothing behind", async (world) => {
  const server = await world.server();
  const others = await bystanders(world, server);
  const before = await server.metric("confab_websockets");
  const partial = [
    [frame(opcode.text, '{"type":"ping"}').subarray(0, 1)],
    [frame(opcode.text, '{"type":"ping"}').subarray(0, 8)],
    [frame(opcode.text, "x", { length: 60_000 })],
    [frame(opcode.text, "{", { fin: false })],
    [frame(opcode.close, Buffer.from([3]))],
  ];

  for (const bytes of partial) {
    const mallory = await world.raw(server);
    await mallory.hello("mallory");
    await mallory.pour(bytes[0]);
    mallory.destroy();
  }

  while ((await server.metric("confab_websockets")) !== before);
  await others.untouched();
});
