// What a client says of itself: why it did not connect, what it does, and that it looks for a sign of life after a sleep.

import assert from "node:assert/strict";
import { test } from "node:test";

import { ConnectError } from "../../sdk/confab.js";
import { Harness, message, refusal } from "./support/peer.mjs";

const failures = (t) => t.of("error").map(({ name, reason, attempt }) => [name, reason, attempt]);

// --------------------------------------------------------------------------------------------------- why it failed

test("each state names the attempt, and the wait before the next one", async () => {
  const t = new Harness();
  t.client.connect();
  await t.clock.advance(0);
  await t.peer.lose();
  await t.nextAttempt();
  await t.peer.lose();
  await t.nextAttempt();
  await t.peer.welcome();
  await t.peer.lose();

  assert.deepEqual(t.of("state").map(({ state, attempt, retryInMs }) => [state, attempt, retryInMs]), [
    ["connecting", 1, undefined],
    ["connecting", 2, 250],
    ["connecting", 2, undefined],
    ["connecting", 3, 500],
    ["connecting", 3, undefined],
    ["live", undefined, undefined],
    ["connecting", 1, 1000],
  ]);
});

test("a socket that opened and brought no welcome", async () => {
  const t = new Harness({ connectTimeoutMs: 3000 });
  t.client.connect();
  await t.clock.advance(0);
  await t.peer.open();

  await t.clock.advance(3000);

  assert.deepEqual(failures(t), [["ConnectError", "no_welcome", 1]]);
  assert.match(t.of("error")[0].message, /ws:\/\/chat\.test\/ws brought no welcome .*no session in time/);
});

test("each failed attempt says so, and a lost session is none", async () => {
  const t = await new Harness().live();
  await t.peer.lose();
  assert.deepEqual(t.of("error"), []);

  for (let i = 0; i < 2; i++) {
    await t.nextAttempt();
    await t.peer.lose();
  }

  assert.deepEqual(failures(t), [["ConnectError", "unknown", 1], ["ConnectError", "unknown", 2]]);
});

for (const [status, reason] of [[404, "wrong_path"], [403, "refused"], [426, "unknown"], [0, "unknown"], [null, "unreachable"]]) {
  test(`where a socket says nothing, HTTP is asked: ${status}`, async () => {
    const asked = [];
    const look = async (url) => {
      asked.push(url);
      if (status === null) throw new TypeError("Failed to fetch");
      return status;
    };
    const t = new Harness({ look });
    t.client.connect();
    await t.clock.advance(0);
    for (let i = 0; i < 2; i++) {
      await t.peer.lose();
      await t.nextAttempt();
    }

    assert.equal(failures(t)[0][1], reason);
    assert.deepEqual(asked, ["http://chat.test/ws"], "once, not at each attempt");
  });
}

test("what the socket says of its failure is passed on", async () => {
  const t = new Harness();
  t.client.connect();
  await t.clock.advance(0);

  t.peer.onerror({ message: "getaddrinfo ENOTFOUND chat.test" });
  await t.peer.lose();

  assert.deepEqual(failures(t), [["ConnectError", "unreachable", 1]]);
  assert.match(t.of("error")[0].message, /ENOTFOUND/);
});

test("a hello that is refused for a while says so", async () => {
  const t = new Harness();
  t.client.connect();
  await t.clock.advance(0);
  await t.peer.open();

  await t.peer.say(refusal(t.peer.take("hello"), "unavailable", { retry: true }));

  const [error] = t.of("error");
  assert.ok(error instanceof ConnectError);
  assert.deepEqual([error.reason, error.cause.code], ["refused", "unavailable"]);
});

test("a client that stops for good says that alone", async () => {
  const t = new Harness();
  t.client.connect();
  await t.clock.advance(0);

  await t.peer.lose(4502);

  assert.deepEqual(t.of("error").map(({ name }) => name), ["StoppedError"]);
});

// ---------------------------------------------------------------------------------------------------------- tracing

test("with debug each step is told, without texts and tokens", async () => {
  const trace = [];
  const t = new Harness({ token: "t-secret", debug: (entry) => trace.push(entry) });
  await t.live();
  t.client.send("general", "my words");
  await t.peer.say(message(1, { text: "their words" }));
  await t.peer.lose();
  t.client.wake();
  await t.clock.advance(0);

  assert.deepEqual(trace.map(({ event }) => event), [
    "state", "socket", "open", "in", "state", "out", "in", "lost", "state", "wake", "state", "socket",
  ]);
  assert.deepEqual({ ...trace[5], length: 0 }, { at: trace[5].at, event: "out", length: 0, type: "send", id: 2, room: "general" });
  assert.ok(!/secret|words/.test(JSON.stringify(trace)));
  assert.deepEqual(t.client.state, "connecting");
});

test("without debug nothing is traced", async () => {
  const t = new Harness();
  let heard = 0;
  t.client.on("trace", () => heard++);
  await t.live();

  assert.equal(heard, 0);
});

test("debug: true shows it in the console", async (context) => {
  const shown = context.mock.method(console, "debug", () => {});

  await new Harness({ debug: true }).live();

  assert.deepEqual(shown.mock.calls[0].arguments[0], "confab");
  assert.equal(shown.mock.calls[0].arguments[1].event, "state");
});

// ---------------------------------------------------------------------------------------------------------- wake-up

for (const event of ["visibilitychange", "pageshow", "resume", "online"]) {
  test(`after ${event} a connection is asked at once, and given up after three seconds`, async () => {
    const t = await new Harness().live();

    t.network.dispatchEvent(new Event(event));
    t.peer.take("ping");
    await t.clock.advance(2999);
    assert.equal(t.client.state, "live");
    await t.clock.advance(1);

    assert.equal(t.client.state, "connecting");
  });
}

test("a connection that answers after a wake-up stays", async () => {
  const t = await new Harness().live();
  t.client.wake();
  await t.clock.advance(10);
  await t.peer.say({ type: "pong", re: t.peer.take("ping").id });

  await t.clock.advance(20_000);

  assert.equal(t.client.state, "live");
});

test("a heartbeat that is under way gets the shorter time as well", async () => {
  const t = await new Harness().live({ heartbeat_ms: 25_000 });
  await t.clock.advance(25_000);
  t.peer.take("ping");

  t.client.wake();
  await t.clock.advance(3000);

  assert.equal(t.client.state, "connecting");
});

test("a wake-up ends the wait for the next attempt", async () => {
  const t = await new Harness().live();
  for (let i = 0; i < 5; i++) {
    await t.peer.lose();
    if (i < 4) await t.nextAttempt();
  }
  const { length } = t.sockets;

  t.network.dispatchEvent(new Event("visibilitychange"));
  await t.clock.advance(0);

  assert.equal(t.sockets.length, length + 1);
});

test("an attempt that hangs since before a sleep is given up three seconds after it", async () => {
  const t = new Harness({ connectTimeoutMs: 10_000 });
  t.client.connect();
  await t.clock.advance(0);

  t.client.wake();
  await t.clock.advance(3000);
  assert.equal(t.of("state").at(-1).retryInMs, 250);

  await t.nextAttempt();
  assert.equal(t.sockets.length, 2);
});

test("a page that is hidden is not woken by that", async () => {
  const t = await new Harness().live();
  globalThis.document = { visibilityState: "hidden" };
  try {
    t.network.dispatchEvent(new Event("visibilitychange"));
  } finally {
    delete globalThis.document;
  }

  assert.deepEqual(t.peer.inbox, []);
});
