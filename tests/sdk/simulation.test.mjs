// Many seeded runs of clients against a server and a network with faults. What must hold in each run is what the
// README promises: every entry once, in order, none missing (or a gap is said); every send exactly once, in order.

import assert from "node:assert/strict";
import { test } from "node:test";

import { ConfabClient } from "../../sdk/confab.js";
import { Clock } from "./support/clock.mjs";
import { allowOnly } from "./support/peer.mjs";
import { SimServer, seeded } from "./support/sim_server.mjs";

const USERS = ["alice", "bob", "carol"];
const ROOMS = ["general", "random"];

/** A client, and the views of its rooms that an app would build from its events. */
class App {
  views = new Map();
  gaps = 0;
  sends = [];

  constructor(user, server, clock, random) {
    let keys = 0;
    const { setTimeout, clearTimeout, now } = clock;
    this.user = user;
    this.client = new ConfabClient({
      url: "ws://sim/ws", guest: user, WebSocket: server.socketFor(user), requestTimeoutMs: 1500, heartbeatSlackMs: 500,
      retriesMax: 1000,
      env: { setTimeout, clearTimeout, now, random, uuid: () => `${user}-${++keys}` },
    });
    allowOnly(this.client);
    let first = true;
    this.client.on("welcome", ({ directs }) => {
      if (first) for (const { room, head } of directs) this.views.set(room, { from: head, seqs: [] });
      first = false;
    });
    this.client.on("joined", ({ room, snapshot, head }) => {
      if (snapshot) this.views.set(room, { from: head, seqs: [] });
    });
    this.client.on("gap", ({ room }) => {
      this.gaps++;
      this.views.delete(room);
    });
    this.client.on("message", ({ room, seq }) => {
      if (!this.views.has(room)) this.views.set(room, { from: 0, seqs: [] }); // a direct room
      this.views.get(room).seqs.push(seq);
    });
  }

  send(room, text) {
    const send = { room, text, seq: undefined, error: undefined };
    this.sends.push(send);
    const promise = room.startsWith("dm:")
      ? this.client.direct(room.split(":").slice(1).find((user) => user !== this.user), text)
      : this.client.send(room, text);
    promise.then((sent) => (send.seq = sent.seq), (error) => (send.error = error));
  }
}

async function run(seed, { trims = false, resumeError = 0, ahead = false } = {}) {
  const random = seeded(seed);
  const clock = new Clock();
  const server = new SimServer(clock, random);
  server.faults.resumeError = resumeError;
  if (ahead) server.features = ["after"];
  const apps = USERS.map((user) => new App(user, server, clock, random));
  for (const app of apps) {
    app.client.connect();
    for (const room of ROOMS) app.client.join(room).catch((error) => assert.fail(error));
  }

  let n = 0;
  for (let step = 0; step < 60; step++) {
    const app = apps[Math.floor(random() * apps.length)];
    const dice = random();
    const burst = ahead ? 1 + Math.floor(random() * 4) : 1;
    const room = ROOMS[Math.floor(random() * ROOMS.length)];
    if (dice < 0.6) for (let i = 0; i < burst; i++) app.send(room, `text ${++n}`);
    else if (dice < 0.75) app.send(app.user < "bob" ? "dm:alice:bob" : "dm:bob:carol", `text ${++n}`);
    else if (dice < 0.9) for (const session of server.sessions) random() < 0.5 && server.cut(session, random() < 0.5 ? 1006 : 4000);
    else if (trims && dice < 0.95) server.trim(server.room(ROOMS[0]));
    await clock.advance(random() * 300);
  }
  server.faults = { refuse: 0, forget: 0, skipSeq: 0, loseFrame: 0, repeatFrame: 0, resumeError: 0 };
  await clock.advance(120_000);
  // A frame lost as the last of a live connection shows with the next entry only, so there is one.
  for (const room of [...ROOMS]) apps[0].send(room, `last in ${room}`);
  apps[0].send("dm:alice:bob", "last");
  apps[1].send("dm:bob:carol", "last");
  await clock.advance(60_000);

  for (const app of apps) {
    for (const { text, seq, error } of app.sends) assert.ok(seq, `${app.user}: ${text} is unsettled or failed: ${error}`);
    for (const room of server.rooms.values()) {
      const mine = room.entries.filter((e) => e.from === app.user).map((e) => e.text);
      const called = app.sends.filter((s) => s.room === room.id).map((s) => s.text);
      assert.deepEqual(mine, trims ? called.slice(called.length - mine.length) : called, `${app.user} in ${room.id}: each once, in order`);
    }
    for (const [id, { from, seqs }] of app.views) {
      const expected = server.room(id).entries.map((e) => e.seq).filter((seq) => seq > from);
      const seen = trims ? seqs.slice(seqs.length - expected.length) : seqs;
      assert.deepEqual(seen, expected, `${app.user} sees ${id}: each once, in order, none missing`);
      assert.deepEqual(seqs, [...new Set(seqs)].sort((a, b) => a - b));
    }
    for (const room of ROOMS) assert.ok(app.views.has(room));
    app.client.stop();
  }
  return { gaps: apps.reduce((sum, app) => sum + app.gaps, 0), ahead: server.ahead };
}

const RUNS = Number(process.env.CONFAB_SIM_RUNS ?? 60);

test(`${RUNS} runs lose, repeat and reorder nothing`, async () => {
  for (let seed = 1; seed <= RUNS; seed++) {
    try {
      const { gaps } = await run(seed);
      assert.equal(gaps, 0, "nothing was trimmed, so there is no gap");
    } catch (error) {
      error.message = `seed ${seed}: ${error.message}`;
      throw error;
    }
  }
});

test(`${RUNS} runs with logs being trimmed say every gap`, async () => {
  let gaps = 0;
  for (let seed = 1001; seed <= 1000 + RUNS; seed++) {
    try {
      gaps += (await run(seed, { trims: true })).gaps;
    } catch (error) {
      error.message = `seed ${seed}: ${error.message}`;
      throw error;
    }
  }
  assert.ok(gaps > 0, "or the test tests nothing");
});

test(`${RUNS} runs in which resuming fails now and then, and messages are sent ahead of answers, lose and reorder nothing either`, async () => {
  const seen = { all: 0, early: 0 };
  for (let seed = 2001; seed <= 2000 + RUNS; seed++) {
    try {
      const { ahead } = await run(seed, { resumeError: 0.2, ahead: true });
      seen.all += ahead.all;
      seen.early += ahead.early;
    } catch (error) {
      error.message = `seed ${seed}: ${error.message}`;
      throw error;
    }
  }
  assert.ok(seen.early > RUNS && seen.all > 3 * seen.early, `or the test tests nothing: ${JSON.stringify(seen)}`);
});
