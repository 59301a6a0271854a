// Tokens: where they come from, and that a session outlives them.

import assert from "node:assert/strict";
import { test } from "node:test";

import { StoppedError, TokenError } from "../../sdk/confab.js";
import { EPOCH_MS, Harness, outcome, refusal } from "./support/peer.mjs";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

test("a token callback is asked once, and its token serves the reconnects", async () => {
  let asked = 0;
  const t = await new Harness({ token: async () => `t-${++asked}` }).live();

  const hello = await t.reconnect();

  assert.equal(hello.token, "t-1");
});

test("after 4501 a new token is got before reconnecting", async () => {
  let asked = 0;
  const t = await new Harness({ token: async () => `t-${++asked}` }).live();

  await t.peer.lose(4501);
  await t.nextAttempt();
  const hello = await t.peer.welcome();

  assert.equal(hello.token, "t-2");
});

test("after 4501 a client with a fixed token stops", async () => {
  const t = await new Harness().live();

  await t.peer.lose(4501);

  assert.equal(t.client.state, "stopped");
  assert.equal(t.of("error")[0].closeCode, 4501);
});

test("a token that expires is renewed on the open connection", async () => {
  let asked = 0;
  const t = await new Harness({ token: async () => `t-${++asked}` }).live({ expires_at: EPOCH_MS + HOUR });
  await t.peer.keepAlive(HOUR - MINUTE);
  assert.equal(asked, 1);

  await t.peer.say({ type: "token_expiring", expires_at: EPOCH_MS + HOUR });
  await t.clock.advance(0);
  const refresh = t.peer.take("refresh");
  assert.equal(refresh.token, "t-2");
  await t.peer.say({ type: "refreshed", re: refresh.id, expires_at: EPOCH_MS + 2 * HOUR });

  assert.equal(t.of("token_expiring").length, 1);
  assert.deepEqual(t.of("error"), []);
  assert.equal((await t.reconnect()).token, "t-2");
});

test("an app with a fixed token hears that it expires and can refresh by hand", async () => {
  const t = await new Harness().live();

  await t.peer.say({ type: "token_expiring", expires_at: 1 });
  assert.deepEqual(t.peer.inbox, []);
  const refreshed = outcome(t.client.refresh("t-9"));
  await t.peer.say({ type: "refreshed", re: t.peer.take("refresh").id, expires_at: 2 });

  assert.equal(refreshed.value.expires_at, 2);
  assert.equal((await t.reconnect()).token, "t-9");
});

test("a refused refresh leaves the old token in use", async () => {
  const t = await new Harness().live();
  const refreshed = outcome(t.client.refresh("of-another-user"));

  await t.peer.say(refusal(t.peer.take("refresh"), "forbidden"));

  assert.equal(refreshed.error.code, "forbidden");
  assert.equal((await t.reconnect()).token, "t-1");
});

test("a token callback that fails is asked again later", async () => {
  let asked = 0;
  const token = async () => {
    if (++asked === 1) throw new Error("login service down");
    return "t-good";
  };
  const t = new Harness({ token });
  t.client.connect();
  await t.clock.advance(0);
  assert.equal(t.sockets.length, 0);
  assert.ok(t.of("error")[0] instanceof TokenError);
  assert.equal(t.of("error")[0].cause.message, "login service down");

  await t.clock.advance(250);

  assert.equal((await t.peer.welcome()).token, "t-good");
});

test("coming online while the callback runs does not ask it twice", async () => {
  let asked = 0;
  const t = await new Harness({ token: () => (++asked === 1 ? "t-1" : new Promise(() => {})) }).live();
  await t.peer.lose(4501);
  await t.nextAttempt();

  t.network.dispatchEvent(new Event("online"));
  await t.clock.advance(0);

  assert.equal(asked, 2);
});

test("a client that was stopped while the callback ran opens no socket", async () => {
  let bring;
  const t = new Harness({ token: () => new Promise((resolve) => (bring = resolve)) });
  t.client.connect();
  t.client.stop();

  bring("late");
  await t.clock.advance(0);

  assert.equal(t.sockets.length, 0);
});

test("after 4500 each connect asks the callback anew", async () => {
  let asked = 0;
  const t = await new Harness({ token: async () => `t-${++asked}` }).live();
  await t.peer.lose(4500);
  assert.equal(t.client.state, "stopped");

  t.client.connect();
  await t.clock.advance(0);

  assert.equal((await t.peer.welcome()).token, "t-2");
  assert.equal(t.client.state, "live");
});

test("a token callback that hangs is given up after ten seconds, and asked again", async () => {
  let asked = 0;
  const t = new Harness({ token: () => (++asked === 1 ? new Promise(() => {}) : "t-good") });
  t.client.connect();
  await t.clock.advance(9_999);
  assert.equal(asked, 1);
  assert.deepEqual(t.of("error"), []);

  await t.clock.advance(1);
  assert.ok(t.of("error")[0] instanceof TokenError);
  assert.match(t.of("error")[0].message, /nothing in 10000 ms/);
  assert.equal(t.client.state, "connecting");
  await t.clock.advance(250);

  assert.equal((await t.peer.welcome()).token, "t-good");
});

for (const nothing of [undefined, null, "", 42, {}]) {
  test(`a token callback that brings ${JSON.stringify(nothing)} is asked again`, async () => {
    let asked = 0;
    const t = new Harness({ token: () => (++asked === 1 ? nothing : "t-good") });
    t.client.connect();
    await t.clock.advance(0);
    assert.ok(t.of("error")[0] instanceof TokenError);
    assert.deepEqual([t.client.state, t.sockets.length], ["connecting", 0]);

    await t.clock.advance(250);

    assert.equal((await t.peer.welcome()).token, "t-good");
  });
}

test("a token callback that throws at once is asked again", async () => {
  let asked = 0;
  const token = () => {
    if (++asked === 1) throw new Error("not signed in");
    return "t-good";
  };
  const t = new Harness({ token });
  t.client.connect();
  await t.clock.advance(250);

  assert.equal(t.of("error")[0].cause.message, "not signed in");
  assert.equal((await t.peer.welcome()).token, "t-good");
});

test("a token that is known to have expired is not tried", async () => {
  let asked = 0;
  const t = await new Harness({ token: () => `t-${++asked}` }).live({ expires_at: EPOCH_MS + HOUR });
  await t.peer.lose();
  await t.clock.advance(250);
  for (let i = 0; i < 10; i++) {
    await t.peer.lose();
    await t.nextAttempt();
  }
  assert.equal(asked, 1);
  await t.clock.advance(HOUR);

  await t.peer.lose();
  await t.nextAttempt();

  assert.equal(t.peer.take("hello").token, "t-2");
});

// --------------------------------------------------------------------------------------------- short-lived tokens

/** A server that gives every token the same life, warns 60 s before its end or at once, and closes with 4501 after it. */
async function withTokensOf(lifeMs, { callback, token = () => "t", clockError = 0, runMs }) {
  const asked = [];
  let ends;
  const t = new Harness({
    token: () => {
      asked.push(t.clock.time);
      return callback ? callback(asked.length) : token(lifeMs, t.clock.time);
    },
  });
  t.clockError = clockError;
  const end = (bearer) => (callback ? callback.ends(bearer) : t.clock.time + lifeMs);
  let warned = false;
  const accept = async (bearer, reply) => {
    const before = ends;
    ends = end(bearer);
    if (ends !== before) warned = false; // as the server does: the same end again starts no new timers
    await t.peer.say({ ...reply, expires_at: EPOCH_MS + ends });
  };
  t.client.connect();
  await t.clock.advance(0);
  await t.peer.open();
  const hello = t.peer.take("hello");
  ends = undefined;
  const first = end(hello.token);
  ends = first;
  await t.peer.welcomeWith(hello, { expires_at: EPOCH_MS + first });
  while (t.clock.time < runMs) {
    if (!warned && ends - t.clock.time <= MINUTE) {
      warned = true;
      await t.peer.say({ type: "token_expiring", expires_at: EPOCH_MS + ends });
    }
    if (t.clock.time >= ends) return { t, asked, expired: true };
    await t.clock.advance(100);
    for (const frame of t.peer.inbox.splice(0)) {
      if (frame.type === "ping") await t.peer.say({ type: "pong", re: frame.id });
      else await accept(frame.token, { type: "refreshed", re: frame.id });
    }
  }
  return { t, asked, expired: false };
}

for (const [seconds, least, most] of [[60, 19, 21], [20, 59, 61], [2, 580, 605]]) {
  test(`tokens of ${seconds} s are renewed at half of their life`, async () => {
    const { asked, expired } = await withTokensOf(seconds * SECOND, { runMs: 10 * MINUTE });

    assert.equal(expired, false);
    assert.ok(asked.length >= least && asked.length <= most, `${asked.length} in ten minutes`);
  });
}

test("the callback is never asked more often than once a second", async () => {
  const { asked } = await withTokensOf(1500, { runMs: MINUTE });

  const gaps = asked.slice(1).map((at, i) => at - asked[i]);
  assert.ok(Math.min(...gaps) >= 1000, `${Math.min(...gaps)} ms`);
});

const jwt = (claims) => `h.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.s`;

for (const clockError of [-10 * MINUTE, 10 * MINUTE]) {
  test(`a clock that is ${clockError / MINUTE} minutes off does not matter where the token says its life`, async () => {
    const token = (life, now) => jwt({ sub: "alice", iat: now / 1000, exp: (now + life) / 1000 });
    const { asked, expired } = await withTokensOf(20 * SECOND, { token, clockError, runMs: 2 * MINUTE });

    assert.equal(expired, false);
    assert.ok(asked.length <= 14, `${asked.length} in two minutes`);
  });
}

test("a callback that brings the same token a few times is asked until it brings another", async () => {
  const callback = (n) => (n <= 3 ? "t-old" : "t-new");
  callback.ends = (bearer) => (bearer === "t-old" ? HOUR : 2 * HOUR);
  const { t, asked, expired } = await withTokensOf(HOUR, { callback, runMs: HOUR + 5 * MINUTE });

  assert.equal(expired, false);
  assert.equal(asked.length, 4);
  assert.deepEqual(t.of("error"), []);
});

test("a renewal that fails is tried again before the token ends", async () => {
  let asked = 0;
  const token = () => {
    if (++asked === 2) throw new Error("login service down");
    return `t-${asked}`;
  };
  const t = await new Harness({ token }).live({ expires_at: EPOCH_MS + HOUR });
  await t.peer.keepAlive(HOUR - MINUTE);

  await t.peer.say({ type: "token_expiring", expires_at: EPOCH_MS + HOUR });
  await t.clock.advance(0);
  assert.equal(t.of("error")[0].cause.cause.message, "login service down");
  await t.peer.keepAlive(30 * SECOND);

  assert.equal(t.peer.take("refresh").token, "t-3");
});

test("nothing is renewed while there is no session, nor after a stop", async () => {
  let asked = 0;
  const t = await new Harness({ token: () => `t-${++asked}` }).live({ expires_at: EPOCH_MS + 20 * SECOND });
  t.client.stop();

  await t.clock.advance(MINUTE);

  assert.equal(asked, 1);
  assert.equal(t.clock.waiting, 0);
});
