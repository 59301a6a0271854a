// Beasts that abuse connections: slow ones, silent ones, and those that come and go.

import assert from "node:assert/strict";

import { observe } from "../../e2e/support/deadline.mjs";
import { sign, secretFile, inSeconds, SECRET } from "../../e2e/support/tokens.mjs";
import { DEFLATE, batch, closing, deflatedFrame, frame, opcode, textFrame } from "../support/frames.mjs";
import { breathe } from "../support/cage.mjs";

export const beasts = [];
const beast = (name, how, rage) => beasts.push({ name, rage, ...how });

const HASTY = ["--handshake-wait", "500ms", "--hello-wait", "500ms", "--close-wait", "200ms"];
const PINGING = ["--ping-interval", "400ms", "--pong-wait", "200ms", "--close-wait", "200ms"];

/** Writes `text` by one byte each 20 ms, from its beginning again and again. */
function drip(cage, client, text) {
  let at = 0;
  cage.every(20, () => client.write(text[at++ % text.length]));
}

beast("slowloris: heads of requests that drip are cut off", { args: HASTY }, async (cage) => {
  const all = await Promise.all(Array.from({ length: 50 }, () => cage.raw({ upgrade: false })));
  for (const each of all)
    drip(cage, each, "GET /ws HTTP/1.1\r\nHost: x\r\nA: b\r\nC: d\r\nE: f\r\nG: h\r\nI: j\r\nK: l\r\nM: n\r\n");
  await Promise.all(all.map((each) => each.ended()));
});

beast("slowloris: bodies of requests that drip are cut off", { args: HASTY }, async (cage) => {
  const all = await Promise.all(Array.from({ length: 50 }, () => cage.raw({ upgrade: false })));
  for (const each of all) {
    each.write("POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n");
    drip(cage, each, "x");
  }
  await Promise.all(all.map((each) => each.ended()));
});

beast("slowloris: who drips a frame holds a connection, and nothing else", { memory: 2 }, async (cage) => {
  const all = await Promise.all(Array.from({ length: 20 }, (_, i) => cage.visitor(`sloth${i}`)));
  await cage.ready();
  for (const each of all) {
    each.write(frame(opcode.text, "", { length: 60_000 }));
    drip(cage, each, "x");
  }
  await observe(() => 0, 100, 10);
});

beast("who began a frame, and does not go on, is closed with 4001", { args: PINGING }, async (cage) => {
  const client = await cage.visitor("dreamer");
  client.write(frame(opcode.text, "x", { length: 60_000 }));
  assert.equal((await client.closeFrame()).code, 4001);
  await client.ended();
});

beast("a sender of single bytes is served, and costs what reading costs", { each: 2 }, async (cage) => {
  const client = await cage.visitor("stutterer");
  client.socket.setNoDelay(true);
  const ping = textFrame({ type: "ping", id: 7 });
  const count = await cage.repeat(async () => {
    for (const byte of ping) {
      client.write(Buffer.from([byte]));
      await breathe();
    }
  });
  for (let i = 0; i < Math.min(count, 50); ++i) await client.expect({ object: { re: 7 } });
  return count * ping.length;
});

beast(
  "half-open: who neither reads nor answers pings is closed with 4001 and dropped",
  { seconds: 2, args: PINGING },
  async (cage) => {
    const all = await Promise.all(Array.from({ length: 20 }, (_, i) => cage.visitor(`deaf${i}`)));
    await cage.ready();
    await Promise.all(
      all.map(async (each) => {
        assert.equal((await each.closeFrame()).code, 4001);
        await each.ended();
      }),
    );
  },
);

beast("two hundred connections that say nothing are cut off", { args: HASTY }, async (cage) => {
  const all = await Promise.all(Array.from({ length: 200 }, () => cage.raw({ upgrade: false })));
  await Promise.all(all.map((each) => each.ended()));
});

beast("a hundred WebSockets without hello are closed with 4002", { args: HASTY }, async (cage) => {
  const all = await Promise.all(Array.from({ length: 100 }, () => cage.raw()));
  for (const each of all) {
    assert.equal((await each.closeFrame()).code, 4002);
    await each.ended();
  }
});

beast("a churn of connections that say nothing", { each: 40 }, (cage) =>
  cage.repeat(async () => (await cage.raw({ upgrade: false })).destroy()),
);

beast("a churn of WebSockets that vanish before hello", { each: 40 }, (cage) =>
  cage.repeat(async () => (await cage.raw()).destroy()),
);

beast("a churn of guests that say hello, join and vanish", { each: 60 }, (cage) =>
  cage.repeat(async (i) => (await cage.member(`mayfly${i % 50}`, "swamp")).destroy()),
);

beast("a churn of sessions of one device, each replaced by the next", { each: 50 }, async (cage) => {
  let last;
  return await cage.repeat(async () => {
    const client = await cage.raw();
    client.write(textFrame({ type: "hello", id: 1, guest: "hydra", device: "head" }));
    assert.equal((await client.expect({ object: { re: 1 } })).object.type, "welcome");
    if (last) {
      assert.equal((await last.closeFrame()).code, 4504);
      last.destroy();
    }
    last = client;
  });
});

const token = (claims = {}, key = SECRET) =>
  sign({ sub: "alice", exp: inSeconds(600), ...claims }, key, { alg: "HS256" });
const tokens = {
  guests: false,
  signIn: (sub) => ({ token: token({ sub }) }),
};

/** A server that takes tokens; its secret has to be there before it starts. */
const withTokens = (name, how, rage) =>
  beast(name, { ...tokens, ...how, before: async (world) => ["--jwt-secret-file", await secretFile(world)] }, rage);

withTokens("a flood of bad tokens, each refused with 4500", { each: 50 }, async (cage) => {
  const bad = [
    token({}, "another secret of more than 32 bytes"),
    `${token().slice(0, -3)}AAA`,
    "no token",
    sign({ sub: "alice" }, SECRET, { alg: "none" }),
    "a".repeat(8_000),
  ];
  return await cage.repeat(async (i) => {
    const client = await cage.raw();
    client.write(textFrame({ type: "hello", id: 1, token: bad[i % bad.length] }));
    assert.equal((await client.expect({ object: { re: 1 } })).object.code, "unauthorized");
    assert.equal((await client.closeFrame()).code, 4500);
    client.destroy();
  });
});

withTokens("a flood of expired tokens, each refused with 4501", { each: 50 }, async (cage) => {
  const expired = token({ exp: inSeconds(-600) });
  return await cage.repeat(async () => {
    const client = await cage.raw();
    client.write(textFrame({ type: "hello", id: 1, token: expired }));
    assert.equal((await client.closeFrame()).code, 4501);
    client.destroy();
  });
});

beast("one that closes, does not wait, and goes on sending", {}, async (cage) => {
  const client = await cage.visitor("leaver");
  client.write(closing(1000));
  await cage.flood(client, () => textFrame({ type: "send", room: "calm", text: "after the end" }));
  assert.equal((await client.closeFrame()).code, 1000);
});

beast("one that asks for much, and hangs up at once", { each: 120 }, async (cage) => {
  // One alone would have to wait for what the ones before have asked for.
  return await cage.repeat(async (i) => {
    const client = await cage.member(`prankster${i}`, "calm");
    await cage.pour(
      client,
      batch(20, (i) => textFrame({ type: "history", id: 10 + i, room: "calm", limit: 200 })),
    );
    client.destroy();
  });
});

/** What to say of a server that has much to read from: 400 messages of 4 KB in the room `library`. */
async function library(world, server) {
  const writer = await world.connect(server);
  await writer.hello({ guest: "librarian" });
  await writer.ask({ type: "join", room: "library" });
  for (let i = 0; i < 400; ++i) {
    writer.say({ type: "send", id: 100 + i, room: "library", text: "x".repeat(4000) });
    if (i % 20 === 19) await writer.expect({ re: 100 + i });
  }
  await writer.close();
}
const FAST = ["--rate-commands", "100000", "--rate-burst", "100000"];
const LIBRARY = { prepare: library, args: FAST };

beast(
  "a reader that has stopped and asks for history is closed with 4000",
  { ...LIBRARY, shares: 40, memory: 16 },
  async (cage) => {
    const client = await cage.member("hoarder", "library");
    client.socket.pause();
    await cage.pour(
      client,
      batch(40, (i) => textFrame({ type: "history", id: 10 + i, room: "library", limit: 200 })),
    );
    await observe(() => 0, 100, 5); // for a while it reads nothing
    client.socket.resume();
    assert.equal((await client.closeFrame()).code, 4000);
  },
);

beast(
  "a reader that has stopped and resumes many times is closed with 4000",
  { ...LIBRARY, shares: 40, memory: 24 },
  async (cage) => {
    const all = await Promise.all(
      Array.from({ length: 10 }, async (_, i) => {
        const client = await cage.raw();
        client.write(textFrame({ type: "hello", id: 1, guest: cage.own(`rereader${i}`) }));
        await client.expect({ object: { type: "welcome" } });
        client.write(textFrame({ type: "join", id: 2, room: "library", since: 0 }));
        client.socket.pause();
        return client;
      }),
    );
    await observe(() => 0, 100, 8);
    for (const each of all) each.socket.resume();
  },
);

beast(
  "a reader that has stopped loses signals, not its connection",
  {
    seconds: 3,
    shares: 60,
    memory: 16,
    args: FAST,
  },
  async (cage) => {
    const deaf = await cage.visitor("narcissus");
    deaf.socket.pause();
    const self = await cage.visitor("narcissus");
    await cage.flood(self, () => textFrame({ type: "signal", to: cage.own("narcissus"), data: { x: "x".repeat(8000) } }), {
      batch: 10,
      most: 1500,
    });
    deaf.socket.resume();
    deaf.write(textFrame({ type: "ping", id: 99 }));
    assert.equal((await deaf.expect({ object: { re: 99 } })).object.type, "pong");
  },
);

beast(
  "commands held with large contents are bounded in bytes",
  { memory: 2 },
  async (cage) => {
    const client = await cage.visitor("packrat");
    client.socket.pause();
    await cage.pour(
      client,
      batch(62, (i) => textFrame({ type: "refresh", id: 10 + i, token: "t".repeat(65_000) })),
    );
    await observe(() => 0, 100, 5);
  },
);

const PING = frame(opcode.ping, "x".repeat(100));
const PONG = frame(opcode.pong, "x".repeat(100));

const FEW = { most: 900 }; // as many as may come in ten seconds

beast("pings by the hundred", { each: 0.5 }, async (cage) =>
  cage.flood(await cage.visitor("woodpecker"), () => PING, FEW),
);

beast("pings by the hundred, of which no pong is read", { each: 0.5 }, async (cage) => {
  const client = await cage.visitor("cuckoo");
  client.socket.pause();
  return await cage.flood(client, () => PING, FEW);
});

beast("pongs by the hundred, which nobody asked for", { each: 0.3 }, async (cage) =>
  cage.flood(await cage.visitor("parrot"), () => PONG, FEW),
);

beast("fragments of nothing by the thousand", { each: 0.1 }, async (cage) => {
  const client = await cage.visitor("ghost");
  client.write(frame(opcode.text, "", { fin: false }));
  const nothing = frame(opcode.continuation, "", { fin: false });
  return await cage.flood(client, () => nothing, { batch: 1000 });
});

for (const [what, make] of [
  ["pings", () => PING],
  ["pongs", () => PONG],
]) {
  beast(
    `${what} without end are no way to take a core`,
    { shares: 25 },
    async (cage) => {
      const client = await cage.visitor("drummer");
      await cage.flood(client, make, { batch: 1000 });
      assert.equal((await client.closeFrame()).code, 4003);
    },
  );
}

beast("a message in fragments without end is closed with 1009", {}, async (cage) => {
  const client = await cage.visitor("hydra");
  client.write(frame(opcode.text, "{", { fin: false }));
  const more = frame(opcode.continuation, " ".repeat(1000), { fin: false });
  await cage.flood(client, () => more);
  assert.equal((await client.closeFrame()).code, 1009);
});

for (const [what, bytes, code] of [
  ["a frame of 2^62 bytes", frame(opcode.text, "x", { length: 2 ** 62 }), 1009],
  ["a frame of one byte too many", frame(opcode.text, " ".repeat(65_537)), 1009],
  ["a frame without a mask", frame(opcode.text, "{}", { mask: false }), 1002],
  ["a reserved opcode", frame(3, "x"), 1002],
  ["a reserved bit", frame(opcode.text, "{}", { rsv: 1 }), 1002],
  ["compression that was not agreed on", frame(opcode.text, "{}", { rsv: 4 }), 1002],
  ["a binary frame", frame(opcode.binary, "{}"), 1003],
  ["a text that is not UTF-8", frame(opcode.text, Buffer.from([0x22, 0xff, 0x22])), 1007],
]) {
  beast(`${what}, again and again, is closed with ${code}`, { each: 60 }, async (cage) => {
    return await cage.repeat(async () => {
      const client = await cage.visitor("vandal");
      await cage.pour(client, bytes);
      assert.equal((await client.closeFrame()).code, code);
      client.destroy();
    });
  });
}

const bomb = deflatedFrame(" ".repeat(10_000_000));
beast("bombs: messages that inflate to ten megabytes are closed with 1009", { each: 80 }, async (cage) => {
  return await cage.repeat(async () => {
    const client = await cage.visitor("bomber", { headers: DEFLATE });
    await cage.pour(client, bomb);
    assert.equal((await client.closeFrame()).code, 1009);
    client.destroy();
  });
});

beast("a deflated message that is damaged is closed", {}, async (cage) => {
  const client = await cage.visitor("breaker", { headers: DEFLATE });
  client.write(frame(opcode.text, Buffer.from([7, 255, 254, 1, 2, 3]), { rsv: 4 }));
  assert.ok([1002, 1007].includes((await client.closeFrame()).code));
});
