// What comes over the wire that no version 1 client expects, and the golden frames.

import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

import { ProtocolError, ServerError } from "../../sdk/confab.js";
import { CALLS } from "./support/calls.mjs";
import { Harness, message, outcome } from "./support/peer.mjs";

test("a frame of an unknown type is reported and harms nothing", async () => {
  const t = await new Harness().inGeneral(5);
  const frame = { type: "fireworks", room: "general", colour: "red" };

  await t.peer.say(frame, message(6));

  assert.deepEqual(t.of("unknown"), [frame]);
  assert.deepEqual(t.seqs(), [6]);
});

test("unknown fields are passed on and harm nothing", async () => {
  const t = await new Harness().inGeneral(5);

  await t.peer.say(message(6, { mood: "sunny", prev_hint: [] }));

  assert.equal(t.of("message")[0].mood, "sunny");
});

for (const garbage of ["", "{", "null", "42", '"x"', "[]", "{}", '{"type":7}']) {
  test(`a frame like ${JSON.stringify(garbage)} is an error event, not an exception`, async () => {
    const t = await new Harness().inGeneral(5);

    await t.peer.say(garbage, message(6));

    assert.ok(t.of("error")[0] instanceof ProtocolError);
    assert.deepEqual(t.seqs(), [6]);
  });
}

for (const frame of [
  { type: "message" }, { type: "message", room: "general" }, { type: "message", room: 7, seq: 1 }, { type: "joined" },
  { type: "message", room: "general", seq: "6" }, { type: "events", room: "general" }, { type: "events" },
  { type: "presence" }, { type: "left" }, { type: "sent", re: 999 }, { type: "sent", re: 999, room: "general", seq: 6 }, { type: "error", re: 999, code: "internal" },
  { type: "joined", room: "general", head: 5, events: [null, 7, {}] }, { type: "joined", room: "general", head: 5 },
  { type: "welcome" }, { type: "pong" }, { type: "toString" },
]) {
  test(`the incomplete frame ${JSON.stringify(frame)} harms nothing`, async () => {
    const t = await new Harness().inGeneral(5);

    await t.peer.say(frame, message(6));

    assert.deepEqual(t.seqs(), [6]);
    assert.deepEqual(t.of("error"), []);
    assert.equal(t.client.state, "live");
  });
}

test("a welcome that makes no sense is an error event, and another session is sought", async () => {
  const t = new Harness();
  t.client.connect();
  await t.clock.advance(0);

  await t.peer.welcome({ directs: [null] });
  await t.clock.advance(250);

  assert.ok(t.of("error")[0] instanceof ProtocolError);
  assert.equal(t.sockets.length, 2);
});

test("an error that belongs to no command is an error event", async () => {
  const t = await new Harness().live();

  await t.peer.say({ type: "error", code: "not_joined", message: "join the room first", retry: false });

  assert.ok(t.of("error")[0] instanceof ServerError);
  assert.equal(t.of("error")[0].code, "not_joined");
  assert.match(t.of("error")[0].message, /join the room first/);
});

test("typing and signals are passed on", async () => {
  const t = await new Harness().inGeneral(5);
  const typing = { type: "typing", room: "general", from: "bob", on: true };
  const signal = { type: "signal", from: "bob", session: "s-9", data: { a: 1 } };

  await t.peer.say(typing, signal);

  assert.deepEqual(t.of("typing"), [typing]);
  assert.deepEqual(t.of("signal"), [signal]);
});

test("what the room is told of its members, settings and pins is passed on, in order", async () => {
  const t = await new Harness().inGeneral(5);
  const entry = { room: "general", at: 1, from: "bob" };
  const member_set = { ...entry, type: "member_set", seq: 6, users: ["eve"], state: "banned", reason: "spam" };
  const room_set = { ...entry, type: "room_set", seq: 7, title: "All of us", slow_ms: 1000 };
  const pinned = { ...entry, type: "pinned", seq: 8, target: 5, on: true };
  const trimmed = { ...entry, type: "trimmed", seq: 9, from: "@server", upto: 5 };
  const emitted = { type: "emitted", room: "general", from: "bob", event: "cursor", data: { x: 4 } };

  await t.peer.say(member_set, emitted, room_set, pinned, trimmed, message(10));

  for (const frame of [member_set, room_set, pinned, trimmed, emitted]) assert.deepEqual(t.of(frame.type), [frame]);
  assert.deepEqual(t.seqs(), [10]);
  assert.equal(t.client.room("general").seq, 10);
  assert.deepEqual(t.client.room("general").pins, [], "what is trimmed is pinned no more");
});

test("a listener that throws harms neither the others nor the client", async () => {
  const t = await new Harness().inGeneral(5);
  const uncaught = [];
  const others = process.listeners("uncaughtException");
  process.removeAllListeners("uncaughtException");
  process.on("uncaughtException", (error) => uncaught.push(error.message));
  try {
    let heard = 0;
    t.client.on("message", () => {
      throw new Error("the app's bug");
    });
    t.client.on("message", () => heard++);

    await t.peer.say(message(6), message(7));

    assert.equal(heard, 2);
    assert.deepEqual(t.seqs(), [6, 7]);
    assert.deepEqual(uncaught, ["the app's bug", "the app's bug"], "and it is not hidden");
  } finally {
    process.removeAllListeners("uncaughtException");
    for (const other of others) process.on("uncaughtException", other);
  }
});

// ------------------------------------------------------------------------------------------------ golden frames

const GOLDEN = new URL("../golden/frames/", import.meta.url);

/** The types of `ServerEvent`, read from the declarations; the type test checks that the client handles each. */
function declaredServerTypes() {
  const declarations = readFileSync(new URL("../../sdk/wire.d.ts", import.meta.url), "utf8");
  return new Set([...declarations.matchAll(/^ {2}type: "(\w+)";/gm)].map((m) => m[1]));
}

test("the declarations name every type the protocol has", () => {
  assert.deepEqual([...declaredServerTypes()].sort(), [
    "blocks", "created", "deleted", "done", "download", "edited", "emitted", "erased", "error", "events", "history", "inbox", "joined", "left",
    "member_set", "members", "mentions", "message", "pinned", "pins", "pong", "presence", "reacted", "reactions", "read", "receipts", "refreshed", "room_set",
    "rooms", "search", "sent", "signal", "signalled", "threads", "token_expiring", "trimmed", "typing", "upload", "users", "welcome",
  ]);
  assert.deepEqual(["hello", ...Object.keys(CALLS)].sort(), [
    "active", "block", "blocks", "create", "delete", "direct", "download", "edit", "emit", "hello", "history", "inbox", "join",
    "leave", "members", "mentions", "pin", "ping", "pins", "react", "reactions", "read", "refresh", "report", "rooms", "search", "send", "set_member",
    "set_own", "set_room", "signal", "threads", "typing", "unpin", "unreact", "upload", "users",
  ]);
});

/** What comes only in answer to a command. */
const REPLIES = [
  "blocks", "created", "done", "download", "history", "members", "pins", "pong", "reactions", "refreshed", "rooms", "search", "sent", "signalled",
  "threads", "upload", "users", "mentions",
];

test("every declared type is known to the client", async () => {
  for (const type of declaredServerTypes()) {
    const t = await new Harness().live();
    await t.peer.say({ type, room: "general", ...(REPLIES.includes(type) && { re: 999 }) });
    const unknown = t.of("unknown").filter((frame) => frame.seq !== undefined || !isLogType(type));
    assert.deepEqual(unknown, [], type);
  }
});

const LOG_TYPES = ["message", "edited", "deleted", "reacted", "member_set", "room_set", "pinned", "trimmed", "erased"];
const isLogType = (type) => LOG_TYPES.includes(type);

test("the golden frames are frames of this library", { skip: !existsSync(GOLDEN) && "no golden frames yet" }, async (t) => {
  const files = readdirSync(GOLDEN).filter((name) => name.endsWith(".json"));
  assert.ok(files.length > 0, "no golden frames");
  const types = declaredServerTypes();
  for (const file of files) {
    const { name, direction, json } = JSON.parse(readFileSync(new URL(file, GOLDEN), "utf8"));
    await t.test(`${file}: ${name}`, async () => {
      if (direction === "client") {
        if (json.type === "hello" || name.endsWith("_unknown_fields")) return; // said by connect; about the server's patience
        const { id: _, ...frame } = json;
        const { client, peer } = await new Harness().live();
        outcome(Promise.resolve(CALLS[json.type](client, frame)));
        const { id, key, ...said } = peer.inbox.at(-1);
        assert.deepEqual(frame.key === undefined ? said : { ...said, key }, frame);
        client.stop();
        return;
      }
      assert.equal(direction, "server");
      assert.ok(types.has(json.type), `unknown type ${json.type}`);
      const harness = await new Harness().live();
      await harness.peer.say(json);
      assert.deepEqual(harness.of("unknown"), []);
      assert.deepEqual(harness.of("error").filter((e) => e instanceof ProtocolError), []);
    });
  }
});
