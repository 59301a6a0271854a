// Beasts that abuse commands: what is said in them, in which order, and how often.

import assert from "node:assert/strict";

import * as cborg from "cborg";

import { observe } from "../../e2e/support/deadline.mjs";
import { CBOR, DEFLATE, batch, deflatedFrame, frame, opcode, textFrame } from "../support/frames.mjs";

export const beasts = [];
const beast = (name, how, rage) => beasts.push({ name, rage, ...how });

const KIB64 = 65_536;
const json = (text) => frame(opcode.text, text);
const padded = (head, unit, tail) =>
  head + unit.repeat(Math.floor((KIB64 - head.length - tail.length) / unit.length)) + tail;

// ---- what costs more to read than to send ----

// Each is a ping with 64 KiB of something in it, which deflates to some hundred bytes.
const heavy = {
  "empty objects": padded('{"type":"ping","id":1,"x":[', "{},", "{}]}"),
  "empty arrays": padded('{"type":"ping","id":1,"x":[', "[],", "[]]}"),
  "members of one name": padded('{"type":"ping","id":1', ',"a":1', "}"),
  escapes: padded('{"type":"ping","id":1,"x":"', "\\u0041", '"}'),
  "numbers that no double can hold": padded('{"type":"ping","id":1,"x":[', "1e999,", "1]}"),
  "digits of one number": padded('{"type":"ping","id":1,"x":', "9", "}"),
  "white space": padded('{"type":"ping","id":1,', " ", '"x":1}'),
};
/** Sends `bytes` within the rate, one after the other, with a `good` command behind each; how many were answered. */
async function oneByOne(cage, client, bytes, good = textFrame({ type: "ping", id: 2 })) {
  let count = 0;
  while (cage.going() && count < 100) {
    client.write(bytes, good);
    for (let i = 0; i < 2; ++i) await client.expect({ kind: (kind) => kind === opcode.text || kind === opcode.binary });
    ++count;
  }
  return count;
}

// Of the largest frames eight a second are read: three shares, if each costs as much as this.
const LARGE = { each: 20 };
for (const [what, text] of Object.entries(heavy)) {
  beast(
    `a deflated frame of 64 KiB of ${what} costs little more than its size`,
    LARGE,
    async (cage) => oneByOne(cage, await cage.visitor("origami", { headers: DEFLATE }), deflatedFrame(text)),
  );
}

/** A guest who speaks CBOR. */
async function cborVisitor(cage, headers = {}) {
  const client = await cage.raw({ headers: { ...CBOR, ...headers } });
  client.write(frame(opcode.binary, cborg.encode({ type: "hello", id: 1, guest: cage.own("cyborg") })));
  await client.expect({ kind: opcode.binary });
  return client;
}

beast(
  "a deflated frame of 64 KiB of CBOR maps costs little more than its size",
  LARGE,
  async (cage) => {
    const maps = cborg.encode({ type: "ping", id: 1, x: Array.from({ length: 65_000 }, () => ({})) });
    return await oneByOne(
      cage,
      await cborVisitor(cage, DEFLATE),
      deflatedFrame(maps, opcode.binary),
      frame(opcode.binary, cborg.encode({ type: "ping", id: 2 })),
    );
  },
);

beast("nesting of 10,000 is refused, and costs no more than its size", { each: 10 }, async (cage) => {
  const client = await cage.visitor("matryoshka");
  const text = `{"type":"send","id":9,"room":"calm","data":${'{"a":'.repeat(10_000)}1${"}".repeat(10_000)}}`;
  client.write(json(text));
  assert.equal((await client.expect({ object: { re: 9 } })).object.code, "bad_request");
  return await cage.flood(client, () => json(text), { batch: 5 });
});

// It is read no further than what a frame may hold, so that it is no JSON is never found out.
beast("nesting without end is refused, and costs no more than what is read of it", { each: 10 }, async (cage) => {
  const client = await cage.visitor("rabbit");
  client.write(json("[".repeat(60_000)));
  assert.equal((await client.expect({ object: { type: "error" } })).object.code, "bad_request");
  const count = await cage.flood(client, () => json("[".repeat(60_000)), { batch: 5 });
  assert.equal((await client.closeFrame()).code, 4503);
  return count;
});

// CBOR that announces more than it has, or says what JSON cannot.
for (const [what, hex] of [
  ["an array of 2^63 values", "9bffffffffffffffff"],
  ["a text of 2^62 bytes", "7b4000000000000000"],
  ["a map of 2^40 members", "bb0000010000000000"],
  ["maps in maps of indefinite length", "bf6161".repeat(2000)],
  ["a tag", "c074323031332d30332d32315432303a30343a30305a"],
  ["half a number", "fb3ff0"],
  ["nothing but a break", "ff"],
]) {
  beast(`CBOR with ${what} is refused or closed with 4503`, { memory: 2, seconds: 0.3 }, async (cage) => {
    const client = await cborVisitor(cage);
    client.write(batch(10, () => frame(opcode.binary, Buffer.from(hex, "hex"))));
    assert.equal((await client.closeFrame()).code, 4503);
  });
}

// ---- what may not be said ----

for (const [what, text] of [
  ["types that do not exist", '{"type":"fly","id":1}'],
  ["commands without a type", '{"id":1}'],
  ["ids that are none", '{"type":"ping","id":-1}'],
  ["fields of a wrong type", '{"type":"join","id":1,"room":7}'],
]) {
  beast(`a flood of ${what} ends with 4503 at the tenth`, {}, async (cage) => {
    const client = await cage.visitor("babbler");
    client.write(json(text));
    assert.ok(["bad_request", "unknown_type"].includes((await client.expect({ kind: opcode.text })).object.code));
    await cage.flood(client, () => json(text));
    assert.equal((await client.closeFrame()).code, 4503);
  });
}

beast("commands before hello are closed with 4503", { each: 20 }, async (cage) => {
  return await cage.repeat(async () => {
    const client = await cage.raw();
    client.write(batch(20, (i) => textFrame({ type: "send", id: i + 1, room: "calm", text: "too early" })));
    assert.equal((await client.closeFrame()).code, 4503);
    client.destroy();
  });
});

beast("a flood of hellos is answered with already, at a price", { each: 2 }, async (cage) => {
  const client = await cage.visitor("greeter");
  client.write(textFrame({ type: "hello", id: 5, guest: "greeter" }));
  assert.equal((await client.expect({ object: { re: 5 } })).object.code, "already");
  return await cage.flood(client, () => textFrame({ type: "hello", guest: "greeter" }));
});

beast(
  "hello with 200 times the same room is one room",
  { each: 60, memory: 16 },
  async (cage) => {
    // What can be had: 50 messages of 4 KB.
    const writer = await cage.member("author", "long");
    for (let i = 0; i < 60; ++i) {
      writer.write(textFrame({ type: "send", id: 100 + i, room: "long", text: "x".repeat(4000) }));
      await writer.expect({ object: { re: 100 + i } });
    }
    const bytesOut = () => cage.server.metric("confab_bytes_out_total");
    return await cage.repeat(async () => {
      const client = await cage.raw();
      const before = await bytesOut();
      client.write(
        textFrame({
          type: "hello",
          id: 1,
          guest: "echo",
          resume: Array.from({ length: 200 }, () => ({ room: "long", since: 0 })),
        }),
      );
      await client.expect({ object: { re: 1 } });
      client.write(textFrame({ type: "ping", id: 2 }));
      await client.expect({ object: { re: 2 } });
      assert.ok((await bytesOut()) - before < 2_000_000, "one room is answered, not two hundred");
      client.destroy();
    });
  },
);

beast("many commands of one id are each answered", {}, async (cage) => {
  const client = await cage.visitor("clone");
  client.write(batch(50, () => textFrame({ type: "ping", id: 7 })));
  for (let i = 0; i < 50; ++i) await client.expect({ object: { type: "pong", re: 7 } });
});

beast("a key used again with other content is the first message", {}, async (cage) => {
  const witness = await cage.witness();
  const client = await cage.member("forger", "calm");
  const send = async (id, text) => {
    client.write(textFrame({ type: "send", id, room: "calm", key: "once", text }));
    return (await client.expect({ object: { re: id } })).object;
  };
  const first = await send(10, "the first");
  for (let i = 0; i < 30; ++i) assert.deepEqual([(await send(11 + i, `another ${i}`)).seq], [first.seq]);
  await witness.settled();
  const heard = witness.frames.filter(({ type, from }) => type === "message" && from === cage.own("forger"));
  assert.deepEqual(
    heard.map(({ text }) => text),
    ["the first"],
  );
});

beast("who edits, deletes and reacts where it may not is refused each time", {}, async (cage) => {
  const witness = await cage.witness();
  const client = await cage.member("meddler", "calm");
  const refused = async (command, codes) => {
    client.write(textFrame({ id: 50, room: "calm", ...command }));
    const { object } = await client.expect({ object: { re: 50 } });
    assert.ok(codes.includes(object.code), JSON.stringify(object));
  };
  const { seq } = await witness.expect({ type: "message", from: "alice" });
  for (let i = 0; i < 10; ++i) {
    await refused({ type: "edit", target: seq, text: "mine" }, ["forbidden"]);
    await refused({ type: "delete", target: seq }, ["forbidden"]);
    await refused({ type: "edit", target: 1_000_000, text: "?" }, ["no_such_message"]);
    await refused({ type: "react", target: 1_000_000, emoji: "👍" }, ["no_such_message"]);
    await refused({ type: "history", room: "elsewhere" }, ["not_joined", "no_such_room"]);
    await refused({ type: "send", room: "dm:alice:bob", text: "psst" }, ["no_such_room", "not_joined"]);
  }
  await witness.settled();
  const changes = witness.frames.filter(({ type }) => ["edited", "deleted", "reacted"].includes(type));
  assert.deepEqual(changes, []);
});

// ---- what may be said, but not so often ----

const floods = {
  pings: () => ({ type: "ping" }),
  messages: () => ({ type: "send", room: "calm", text: "x" }),
  "messages of 4 KB": () => ({ type: "send", room: "calm", text: "x".repeat(4000) }),
  typing: (i) => ({ type: "typing", room: "calm", on: i % 2 === 0 }),
  joins: () => ({ type: "join", room: "calm" }),
  "joins and leaves": (i) => ({ type: i % 2 ? "leave" : "join", room: "swamp" }),
  "lists of rooms": () => ({ type: "rooms" }),
  signals: () => ({ type: "signal", to: "alice", data: { x: "x".repeat(1000) } }),
  "direct messages to oneself": (i, self) => ({ type: "direct", to: self, text: "note" }),
  refreshes: () => ({ type: "refresh", token: "t".repeat(1000) }),
  markers: (i) => ({ type: "read", room: "calm", seq: i }),
  inboxes: (i) => ({ type: "inbox", since: `${i}.${i}`, after: "x" }),
};
for (const [what, make] of Object.entries(floods)) {
  beast(
    `a flood of ${what} is refused with rate_limited, at no more than they cost where they are allowed`,
    { each: 12, memory: 12 },
    async (cage) => {
      const client = await cage.member("torrent", "calm");
      const count = await cage.flood(client, (i) => textFrame(make(i, cage.own("torrent"))), { batch: 50 });
      await client.expect({ object: { code: "rate_limited" } });
      return count;
    },
  );
}

// What is read for it is paid for later, by waiting: it need not be refused.
beast("a flood of searches for one letter is refused with rate_limited", { shares: 20, memory: 12 }, async (cage) => {
  const client = await cage.member("seeker", "calm");
  await cage.flood(client, () => textFrame({ type: "search", query: "m" }), { batch: 50 });
  await client.expect({ object: { code: "rate_limited" } });
});

beast("a flood of history waits for its price", { shares: 20, memory: 12 }, async (cage) => {
  const client = await cage.member("torrent", "calm");
  const asked = textFrame({ type: "history", id: 9, room: "calm", limit: 200 });
  await cage.flood(client, () => asked, { batch: 50 });
});

beast(
  "who is refused for more than ten seconds is closed with 4003",
  { seconds: 14, shares: 10 },
  async (cage) => {
    const client = await cage.visitor("ram");
    const closed = client.closeFrame().catch(() => ({ code: "none" }));
    // Four times as fast as is allowed.
    await observe(() => client.write(batch(10, () => textFrame({ type: "ping" }))), 50, 280);
    client.destroy();
    assert.equal((await closed).code, 4003);
  },
);

const FAST = ["--rate-commands", "100000", "--rate-burst", "100000"];

/** `count` commands within the rate; how many were answered with `type`. */
async function within(cage, client, count, make) {
  let allowed = 0;
  for (let i = 0; i < count && cage.going(); ++i) {
    client.write(textFrame({ id: 100 + i, ...make(i) }));
    const { object } = await client.expect({ object: { re: 100 + i } });
    if (object.type !== "error") ++allowed;
  }
  return allowed;
}

beast(
  "a maker of rooms has a quota",
  { seconds: 3, each: 20 },
  async (cage) => {
    const client = await cage.visitor("builder");
    const made = await within(cage, client, 190, (i) => ({ type: "join", room: cage.own(`folly-${i}`) }));
    assert.ok(made <= 20, `${made} rooms in a moment`);
    return 190;
  },
);

beast(
  "a maker of direct rooms with strangers has a quota",
  { seconds: 3, each: 20 },
  async (cage) => {
    const client = await cage.visitor("suitor");
    const made = await within(cage, client, 190, (i) => ({ type: "direct", to: `stranger-${i}`, text: "hello" }));
    assert.ok(made <= 20, `${made} direct rooms in a moment`);
    return 190;
  },
);

beast("signals from strangers reach nobody", {}, async (cage) => {
  const client = await cage.visitor("stranger");
  client.write(textFrame({ type: "signal", id: 5, to: "alice", data: { x: 1 } }));
  assert.equal((await client.expect({ object: { re: 5 } })).object.sessions, 0);
});

/** A message that the two can see, and who has written it. */
async function target(cage, name) {
  const client = await cage.member(name, "calm");
  client.write(textFrame({ type: "send", id: 5, room: "calm", text: "mine" }));
  const { object } = await client.expect({ object: { re: 5 } });
  return { client, seq: object.seq };
}

/** `count` commands about one message, in turn from many sessions, since those of one session wait for each other. */
async function change(cage, sessions, count, make) {
  for (let i = 0; i < count; ++i)
    sessions[i % sessions.length].write(textFrame({ id: 1000 + i, room: "calm", ...make(i) }));
  return await Promise.all(
    Array.from(
      { length: count },
      async (_, i) => (await sessions[i % sessions.length].expect({ object: { re: 1000 + i } })).object,
    ),
  );
}

beast(
  "a message that was reacted to a thousand times is read at the price of any other",
  { each: 25, args: FAST },
  async (cage) => {
    const { client, seq } = await target(cage, "fidget");
    const plain = await target(cage, "neighbour");
    const sessions = await Promise.all(Array.from({ length: 50 }, (_, i) => cage.member(`fidget${i}`, "calm")));
    await cage.ready();
    await change(cage, sessions, 1000, (i) => ({
      type: Math.floor(i / 50) % 2 ? "unreact" : "react",
      target: seq,
      emoji: "👍",
    }));
    const priceOf = async (each) => {
      const spent = cage.spent();
      for (let i = 0; i < 100; ++i) {
        client.write(textFrame({ type: "history", id: 10 + i, room: "calm", before: each + 1, limit: 1 }));
        assert.equal((await client.expect({ object: { re: 10 + i } })).object.events[0].seq, each);
      }
      return (await spent()) / 100;
    };
    const [changed, other] = [await priceOf(seq), await priceOf(plain.seq)];
    assert.ok(
      changed < 3 * other + 1,
      `${changed.toFixed(1)} messages' worth for its page, ${other.toFixed(1)} for another's`,
    );
    return 1000;
  },
);

beast("a message takes a thousand edits, and then no more", { each: 25, memory: 16, args: FAST }, async (cage) => {
  const { seq } = await target(cage, "reviser");
  const sessions = await Promise.all(Array.from({ length: 50 }, () => cage.member("reviser", "calm")));
  await cage.ready();
  const answers = await change(cage, sessions, 1050, (i) => ({ type: "edit", target: seq, text: `draft ${i}` }));
  assert.equal(answers.filter(({ type }) => type === "done").length, 1000);
  assert.equal(answers.filter(({ code }) => code === "limit").length, 50);
  return answers.length;
});

beast("sixty-five emoji on one message are one too many, and all at once as well", {}, async (cage) => {
  const { seq } = await target(cage, "collector");
  const others = await Promise.all(Array.from({ length: 10 }, (_, i) => cage.member(`collector${i}`, "calm")));
  for (const [n, each] of others.entries())
    each.write(
      batch(10, (i) =>
        textFrame({
          type: "react",
          id: 100 + i,
          room: "calm",
          target: seq,
          emoji: String.fromCodePoint(0x1f600 + n * 10 + i),
        }),
      ),
    );
  let taken = 0;
  for (const each of others)
    for (let i = 0; i < 10; ++i) {
      const { object } = await each.expect({ object: { re: 100 + i } });
      if (object.type === "done") ++taken;
    }
  assert.ok(taken <= 64, `${taken} emoji`);
});

beast(
  "a user of many sessions who signals itself takes no more than the copies are worth",
  { each: 40, memory: 24 },
  async (cage) => {
    const all = await Promise.all(Array.from({ length: 100 }, () => cage.visitor("legion")));
    await cage.ready();
    return await cage.flood(all[0], () => textFrame({ type: "signal", to: cage.own("legion"), data: { x: "x".repeat(8000) } }), {
      batch: 10,
      most: 200,
    });
  },
);
