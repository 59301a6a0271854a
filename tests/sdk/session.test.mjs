// Opening, losing and seeking a session.

import assert from "node:assert/strict";
import { test } from "node:test";

import { ConfabClient, ServerError, StoppedError } from "../../sdk/confab.js";
import { Harness, joined, outcome, refusal } from "./support/peer.mjs";

const states = (t) => t.of("state").map(({ state }) => state);

test("a client goes from idle over connecting to live, and by stop to stopped", async () => {
  const t = new Harness();
  assert.equal(t.client.state, "idle");

  const connected = outcome(t.client.connect());
  assert.equal(t.client.state, "connecting");
  await t.clock.advance(0);
  assert.equal(t.peer.protocols[0], "confab.v1.json");
  await t.peer.welcome({ session: "s-7" });

  assert.equal(t.client.state, "live");
  assert.equal(connected.value.session, "s-7");
  assert.equal(t.client.session, "s-7");
  assert.deepEqual(t.client.user, { id: "alice", name: "Alice" });
  t.client.stop();
  assert.deepEqual(t.peer.closedByClient?.code, 1000);
  assert.deepEqual(states(t), ["connecting", "live", "stopped"]);
  assert.equal(t.clock.waiting, 0, "a stopped client leaves no timers");
});

test("hello carries the token and the device", async () => {
  const t = new Harness({ device: "d-1" });
  t.client.connect();
  await t.clock.advance(0);

  const { id, ...hello } = await t.peer.welcome();

  assert.ok(id >= 1);
  assert.deepEqual(hello, { type: "hello", token: "t-1", device: "d-1" });
});

test("hello carries the guest and the name", async () => {
  const t = new Harness({ guest: "alice", name: "Alice" });
  t.client.connect();
  await t.clock.advance(0);

  const { id, ...hello } = await t.peer.welcome();

  assert.deepEqual(hello, { type: "hello", guest: "alice", name: "Alice" });
});

test("a guest whose id the server made is the same one after a reconnect", async () => {
  const t = await new Harness({ guest: "alice", name: "Alice" }).live({ user: { id: "guest:q5x2", name: "Alice" }, guest_token: "g-1" });

  const { id, ...hello } = await t.reconnect({ guest_token: "g-2" });
  assert.deepEqual(hello, { type: "hello", token: "g-1", name: "Alice" });
  await t.peer.lose();
  await t.nextAttempt();

  assert.equal(t.peer.take("hello").token, "g-2", "each welcome has a new one");
});

for (const code of [4500, 4501]) {
  test(`a guest's token that is refused with ${code} makes a new guest, and a guest that is refused stops`, async () => {
    const t = new Harness({ guest: "alice", guestToken: "g-old" });
    t.client.connect();
    await t.clock.advance(0);
    assert.equal(t.peer.take("hello").token, "g-old");

    await t.peer.lose(code);
    await t.nextAttempt();
    const { guest, token } = t.peer.take("hello");
    assert.deepEqual([guest, token], ["alice", undefined]);
    await t.peer.lose(4500);

    assert.equal(t.client.state, "stopped");
  });
}

test("hello is said within the upgrade request, or when that is open if it is too long for a header", async () => {
  const short = new Harness({ token: "ä".repeat(500) });
  const long = new Harness({ token: "t".repeat(3100) });
  for (const t of [short, long]) {
    t.client.connect();
    await t.clock.advance(0);
  }

  assert.match(short.peer.protocols[1], /^confab\.hello\.[A-Za-z0-9_-]+$/);
  assert.equal(short.peer.take("hello").token, "ä".repeat(500));
  assert.deepEqual(long.peer.protocols, ["confab.v1.json"]);
  assert.deepEqual(long.peer.inbox, []);
  for (const t of [short, long]) await t.peer.open();
  assert.deepEqual(short.peer.inbox, [], "once is enough");
  assert.equal(long.peer.take("hello").token.length, 3100);
});

test("connecting twice is connecting once", async () => {
  const t = new Harness();

  const first = t.client.connect();
  assert.equal(t.client.connect(), first);
  await t.clock.advance(0);

  assert.equal(t.sockets.length, 1);
});

test("neither token nor guest, or both, is a mistake that shows at once", () => {
  const WebSocket = class {};
  assert.throws(() => new ConfabClient({ url: "ws://x/ws", WebSocket }), TypeError);
  assert.throws(() => new ConfabClient({ url: "ws://x/ws", WebSocket, token: "t", guest: "g" }), TypeError);
});

test("http addresses become ws addresses", async () => {
  const t = new Harness({ url: "https://chat.test/ws" });

  t.client.connect();
  await t.clock.advance(0);

  assert.equal(t.peer.url, "wss://chat.test/ws");
});

test("a lost connection is sought again with growing waits", async () => {
  const t = await new Harness().live();

  for (const wait of [250, 500, 1000, 2000, 4000, 8000, 10000, 10000]) {
    const before = t.sockets.length;
    await t.peer.lose();
    assert.equal(t.of("state").at(-1).retryInMs, wait);
    assert.equal(t.client.state, "connecting");
    await t.clock.advance(wait - 1);
    assert.equal(t.sockets.length, before, `not before ${wait} ms`);
    await t.clock.advance(1);
    assert.equal(t.sockets.length, before + 1, `after ${wait} ms`);
  }
});

test("a session that held starts the back-off anew, one that was lost at once does not", async () => {
  const t = await new Harness().live();
  await t.peer.lose();
  await t.clock.advance(250);
  await t.peer.welcome();

  await t.clock.advance(9_999);
  await t.peer.lose();
  assert.equal(t.of("state").at(-1).retryInMs, 500);

  await t.clock.advance(500);
  await t.peer.welcome();
  await t.clock.advance(10_000);
  await t.peer.lose();
  assert.equal(t.of("state").at(-1).retryInMs, 250);
});

for (const code of [1001, 1012]) {
  test(`a server that stops with ${code} says when to come back`, async () => {
    const t = await new Harness().live();

    await t.peer.lose(code, '{"reconnect_after_ms":1234}');

    assert.equal(t.of("state").at(-1).retryInMs, 1234);
    await t.clock.advance(1233);
    assert.equal(t.sockets.length, 1);
    await t.clock.advance(1);
    assert.equal(t.sockets.length, 2);
  });
}

for (const reason of ["", "bye", "null", '{"reconnect_after_ms":-1}', '{"reconnect_after_ms":"x"}', '{"reconnect_after_ms":1e12}']) {
  test(`a close reason like ${JSON.stringify(reason)} is no advice`, async () => {
    const t = await new Harness().live();

    await t.peer.lose(1001, reason);

    assert.equal(t.of("state").at(-1).retryInMs, 250);
  });
}

for (const code of [1005, 1006, 1011, 1012, 1013, 4000, 4001, 4002, 4003, 4004, 4499]) {
  test(`after ${code} the client reconnects`, async () => {
    const t = await new Harness().live();

    await t.peer.lose(code);
    await t.nextAttempt();

    assert.equal(t.sockets.length, 2);
  });
}

for (const code of [1000, 1002, 1003, 1007, 1009, 4500, 4502, 4503, 4504, 4999]) {
  test(`after ${code} the client stops and says why`, async () => {
    const t = await new Harness().live();
    const send = outcome(t.client.send("general", "hi"));

    await t.peer.lose(code, "because");
    await t.clock.advance(60_000);

    assert.equal(t.sockets.length, 1);
    assert.equal(t.client.state, "stopped");
    const [error] = t.of("error");
    assert.ok(error instanceof StoppedError);
    assert.equal(error.closeCode, code);
    assert.ok(send.error instanceof StoppedError);
    assert.equal(t.clock.waiting, 0);
  });
}

test("connect rejects when the server wants no such client", async () => {
  const t = new Harness();
  const connected = outcome(t.client.connect());
  await t.clock.advance(0);
  await t.peer.open();

  await t.peer.say(refusal(t.peer.take("hello"), "unauthorized"));
  assert.equal(connected.settled, false, "the close code decides");
  await t.peer.lose(4500);

  assert.ok(connected.error instanceof StoppedError);
  assert.ok(connected.error.cause instanceof ServerError);
  assert.equal(connected.error.cause.code, "unauthorized");
});

test("a hello that the server finds wrong is not said again", async () => {
  const t = new Harness({ guest: "no spaces allowed" });
  const connected = outcome(t.client.connect());
  await t.clock.advance(0);
  await t.peer.open();

  await t.peer.say(refusal(t.peer.take("hello"), "bad_request"));
  await t.clock.advance(60_000);

  assert.equal(t.sockets.length, 1);
  assert.equal(connected.error.cause.code, "bad_request");
  assert.equal(connected.error.message, "the server refused hello: bad_request: bad_request");
  assert.ok(t.peer.closedByClient);
});

test("a hello that the server cannot take now is said again later", async () => {
  const t = new Harness();
  t.client.connect();
  await t.clock.advance(0);
  await t.peer.open();

  await t.peer.say(refusal(t.peer.take("hello"), "unavailable", { retry: true, retry_after_ms: 700 }));

  await t.clock.advance(699);
  assert.equal(t.sockets.length, 1);
  await t.clock.advance(1);
  assert.equal(t.sockets.length, 2);
});

test("a socket that does not open, or opens and stays silent, is given up", async () => {
  const t = new Harness({ connectTimeoutMs: 3000 });
  t.client.connect();
  await t.clock.advance(3000);
  assert.ok(t.peer.closedByClient);
  await t.clock.advance(250);
  assert.equal(t.sockets.length, 2);

  await t.peer.open();
  await t.clock.advance(3000 + 500);

  assert.equal(t.sockets.length, 3);
});

test("a stopped client can connect again and has its rooms back", async () => {
  const t = await new Harness().inGeneral(5);
  t.client.stop();
  await assert.rejects(t.client.send("general", "hi"), StoppedError);

  t.client.connect();
  await t.clock.advance(0);
  const hello = await t.peer.welcome();

  assert.deepEqual(hello.resume, [{ room: "general", since: 5, epoch: "e1" }]);
  assert.equal(t.client.state, "live");
});

test("a listener may stop the client in the midst of anything", async () => {
  const t = await new Harness().inGeneral(5);
  t.client.on("message", () => t.client.stop());
  await t.reconnect();

  await t.peer.say(joined({ head: 8, events: [6, 7, 8].map((seq) => ({ type: "message", room: "general", seq })) }));

  assert.deepEqual(t.seqs(), [6]);
  assert.equal(t.client.room("general").seq, 6);
  const again = new Harness();
  again.client.on("state", () => again.client.stop());
  await assert.rejects(again.client.connect(), StoppedError);
  await again.clock.advance(60_000);
  assert.equal(again.sockets.length, 0);
});

test("an unsubscribed listener hears nothing", async () => {
  const t = new Harness();
  let heard = 0;
  const off = t.client.on("state", () => heard++);
  t.client.connect();
  off();

  t.client.stop();

  assert.equal(heard, 1);
});

test("connecting again after a stop begins the back-off anew", async () => {
  const t = await new Harness().live();
  for (let i = 0; i < 4; i++) {
    await t.peer.lose();
    await t.nextAttempt();
  }
  t.client.stop();

  t.client.connect();
  await t.clock.advance(0);
  await t.peer.lose();

  assert.equal(t.of("state").at(-1).retryInMs, 250);
});

test("stopping a token callback that hangs leaves no timers", async () => {
  const t = new Harness({ token: () => new Promise(() => {}) });
  t.client.connect();

  t.client.stop();

  assert.equal(t.clock.waiting, 0);
});

test("typing is not said before welcome", async () => {
  const t = new Harness();
  t.client.connect();
  await t.clock.advance(0);

  t.client.typing("general");

  t.peer.take("hello");
  assert.deepEqual(t.peer.inbox, []);
});

// ---------------------------------------------------------------------------------------------------- liveness

test("a silent connection is asked for a sign of life, and dropped when there is none", async () => {
  const t = await new Harness().live({ heartbeat_ms: 25_000 });
  await t.clock.advance(24_999);
  assert.deepEqual(t.peer.inbox, []);

  await t.clock.advance(1);
  assert.ok(t.peer.take("ping").id, "without an id nothing would be answered");
  await t.clock.advance(9_999);
  assert.equal(t.client.state, "live");
  await t.clock.advance(1);

  assert.equal(t.client.state, "connecting");
  assert.ok(t.sockets[0].closedByClient);
  await t.clock.advance(250);
  assert.equal(t.sockets.length, 2);
});

test("whatever is heard is a sign of life", async () => {
  const t = await new Harness().live({ heartbeat_ms: 25_000 });
  await t.clock.advance(20_000);
  await t.peer.say({ type: "presence", room: "general", online: 3 });
  await t.clock.advance(24_999);
  assert.deepEqual(t.peer.inbox, [], "counted from what was heard last");

  for (let i = 0; i < 10; i++) {
    await t.clock.advance(i === 0 ? 1 : 25_000);
    const ping = t.peer.take("ping");
    await t.peer.say({ type: "pong", re: ping.id });
  }

  assert.equal(t.client.state, "live");
  assert.equal(t.sockets.length, 1);
});

for (const [heartbeat, ms] of [[0, 25_000], [-5, 1000], [1, 1000], [1e12, 120_000], ["soon", 25_000], [null, 25_000]]) {
  test(`a heartbeat_ms of ${JSON.stringify(heartbeat)} is taken for ${ms} ms`, async () => {
    const t = await new Harness().live({ heartbeat_ms: heartbeat });

    await t.clock.advance(ms - 1);
    assert.deepEqual(t.peer.inbox, []);
    await t.clock.advance(1);

    t.peer.take("ping");
  });
}

test("frames of a socket that was given up are not heard", async () => {
  const t = await new Harness().inGeneral(5);
  const old = t.peer;
  const { onmessage } = old;
  await t.clock.advance(35_000 + 250);
  await t.peer.welcome();

  assert.notEqual(old, t.peer);
  assert.equal(old.onmessage, null);
  assert.ok(onmessage);
});

test("when the browser comes online a waiting client tries at once", async () => {
  const t = await new Harness().live();
  for (let i = 0; i < 6; i++) {
    await t.peer.lose();
    if (i < 5) await t.nextAttempt();
  }
  const before = t.sockets.length;

  t.network.dispatchEvent(new Event("online"));
  await t.clock.advance(0);

  assert.equal(t.sockets.length, before + 1);
  t.network.dispatchEvent(new Event("online"));
  await t.clock.advance(0);
  assert.equal(t.sockets.length, before + 1, "one attempt at a time");
  await t.peer.lose();
  assert.equal(t.of("state").at(-1).retryInMs, 250, "the waits begin anew");
});

for (const event of ["online", "offline"]) {
  test(`when the browser goes ${event} a live client asks whether its connection is`, async () => {
    const t = await new Harness().live();

    t.network.dispatchEvent(new Event(event));
    t.network.dispatchEvent(new Event(event));

    const ping = t.peer.take("ping");
    assert.deepEqual(t.peer.inbox, [], "once");
    await t.clock.advance(1);
    await t.peer.say({ type: "pong", re: ping.id });
    await t.clock.advance(20_000);
    assert.equal(t.client.state, "live");

    t.network.dispatchEvent(new Event(event));
    await t.clock.advance(10_000);
    assert.equal(t.client.state, "connecting");
  });
}

test("a stopped client does not listen to the network", async () => {
  const t = await new Harness().live();
  t.client.stop();

  t.network.dispatchEvent(new Event("online"));
  await t.clock.advance(0);

  assert.equal(t.sockets.length, 1);
});
