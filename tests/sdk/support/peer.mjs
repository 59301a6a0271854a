// The server's end, played by hand: a test takes the client's frames and says the server's.

import assert from "node:assert/strict";

import { ConfabClient } from "../../../sdk/confab.js";
import { Clock } from "./clock.mjs";

export class Peer {
  onopen = null;
  onmessage = null;
  onclose = null;
  onerror = null;
  /** Frames of the client, not yet taken. */
  inbox = [];
  closedByClient = null;

  constructor(url, protocols, clock) {
    Object.assign(this, { url, protocols, clock });
    const hello = helloIn(protocols);
    if (hello) this.inbox.push(hello);
  }

  // ---- what the client calls

  send(text) {
    if (!this.closedByClient) this.inbox.push(JSON.parse(text));
  }
  close(code, reason) {
    this.closedByClient ??= { code, reason };
  }

  // ---- what a test calls

  async open() {
    this.onopen?.({});
    await this.clock.advance(0);
  }
  async say(...frames) {
    for (const frame of frames) this.onmessage?.({ data: typeof frame === "string" ? frame : JSON.stringify(frame) });
    await this.clock.advance(0);
  }
  async lose(code = 1006, reason = "") {
    const { onclose } = this;
    this.onclose = this.onmessage = null;
    onclose?.({ code, reason });
    await this.clock.advance(0);
  }
  /** The client's next frame, which must be of this type. */
  take(type) {
    const frame = this.inbox.shift();
    assert.equal(frame?.type, type);
    return frame;
  }
  /** Opens, takes the hello, says welcome. Gives the hello. */
  async welcome(fields = {}) {
    await this.open();
    const hello = this.take("hello");
    await this.welcomeWith(hello, fields);
    return hello;
  }
  /** Says welcome to this hello. */
  async welcomeWith(hello, fields = {}) {
    await this.say(welcome({ re: hello.id, ...fields }));
  }
  /** Lets time pass, and answers what is asked for a sign of life; other frames stay. */
  async keepAlive(ms) {
    for (const end = this.clock.time + ms; this.clock.time < end; ) {
      await this.clock.advance(Math.min(5000, end - this.clock.time));
      const others = this.inbox.filter((frame) => frame.type !== "ping");
      for (const { id, type } of this.inbox.splice(0)) if (type === "ping") await this.say({ type: "pong", re: id });
      this.inbox.push(...others);
    }
  }
  /** Takes a join and answers it. */
  async letJoin(fields = {}) {
    const join = this.take("join");
    await this.say(joined({ re: join.id, room: join.room, ...fields }));
    return join;
  }
}

const EARLY_HELLO = "confab.hello.";

/** What a client says already in the upgrade request. @param {string[]} protocols those it offers */
export function helloIn(protocols) {
  const early = protocols.find((name) => name.startsWith(EARLY_HELLO));
  return early && JSON.parse(Buffer.from(early.slice(EARLY_HELLO.length), "base64url"));
}

export const welcome = (fields) => ({
  type: "welcome",
  user: { id: "alice", name: "Alice" },
  session: "s-1",
  node: "n1",
  server: "confab/0.1.0",
  heartbeat_ms: 25000,
  limits: { text_bytes: 4096, frame_bytes: 65536, rooms: 200 },
  directs: [],
  ...fields,
});

export const joined = (fields) => ({
  type: "joined",
  room: "general",
  title: "General",
  epoch: "e1",
  head: 0,
  gap: false,
  role: "member",
  online: 1,
  members: [{ id: "alice", name: "Alice" }],
  events: [],
  ...fields,
});

export const message = (seq, fields) => ({
  type: "message",
  room: "general",
  seq,
  at: 1763790000000 + seq,
  from: "bob",
  text: `text ${seq}`,
  ...fields,
});

export const messages = (from, to, fields) =>
  Array.from({ length: to - from + 1 }, (_, i) => message(from + i, fields));

export const sent = (command, seq) => ({
  type: "sent",
  re: command.id,
  room: command.room ?? "dm:alice:bob",
  seq,
  at: 1763790000000 + seq,
  durability: "disk",
});

export const refusal = (command, code, fields) => ({
  type: "error",
  ...(command && { re: command.id }),
  code,
  message: code,
  retry: false,
  ...fields,
});

const EVENTS = [
  "state", "welcome", "message", "edited", "deleted", "reacted", "member_set", "room_set", "pinned", "trimmed", "erased", "joined", "left", "gap",
  "presence", "typing", "signal", "emitted", "read", "receipts", "inbox", "token_expiring", "refreshed", "error", "unknown",
];

/** The time of day when a test's clock starts. */
export const EPOCH_MS = 1_763_790_000_000;

/** From `connecting` to itself: an attempt failed, another follows. */
const TRANSITIONS = {
  idle: ["connecting", "stopped"],
  connecting: ["connecting", "live", "stopped"],
  live: ["connecting", "stopped"],
  stopped: ["connecting"],
};

/** A client that changes its state otherwise has a bug, which is thrown where no test can overlook it. */
export function allowOnly(client) {
  client.on("state", ({ previous, state }) => assert.ok(TRANSITIONS[previous].includes(state), `${previous} to ${state}`));
}

/** A client, its clock, its sockets, and everything it emitted. */
export class Harness {
  clock = new Clock();
  sockets = [];
  events = [];
  /** What `random` says; 0.5 makes the waits 250, 500, 1000, … ms. */
  random = 0.5;
  /** How far the clock on the wall is ahead, in ms. */
  clockError = 0;
  #uuids = 0;

  constructor(options = {}) {
    const harness = this;
    const { setTimeout, clearTimeout, now } = this.clock;
    this.network = new EventTarget();
    this.client = new ConfabClient({
      url: "ws://chat.test/ws",
      ...("guest" in options ? {} : { token: "t-1" }),
      ...options,
      WebSocket: class extends Peer {
        constructor(url, protocols) {
          super(url, protocols, harness.clock);
          harness.sockets.push(this);
        }
      },
      env: {
        setTimeout,
        clearTimeout,
        now,
        date: () => EPOCH_MS + this.clock.time + this.clockError,
        random: () => this.random,
        uuid: () => `key-${++this.#uuids}`,
        network: this.network,
        look: options.look,
      },
    });
    for (const type of EVENTS) this.client.on(type, (event) => this.events.push([type, event]));
    allowOnly(this.client);
  }

  get peer() {
    return this.sockets.at(-1);
  }
  of(type) {
    return this.events.filter(([t]) => t === type).map(([, event]) => event);
  }
  /** The delivered seqs of a room. */
  seqs(room = "general") {
    return this.of("message").filter((m) => m.room === room).map((m) => m.seq);
  }

  async live(fields) {
    this.client.connect();
    await this.clock.advance(0);
    await this.peer.welcome(fields);
    return this;
  }
  /** Live and in `general`, the log being at `head`. */
  async inGeneral(head = 0, fields) {
    await this.live(fields);
    const done = this.client.join("general");
    await this.peer.letJoin({ head });
    await done;
    return this;
  }
  /** Loses the connection and has the next one welcomed. Gives the hello. */
  async reconnect(fields) {
    await this.peer.lose();
    await this.nextAttempt();
    return this.peer.welcome(fields);
  }
  async nextAttempt() {
    await this.clock.advance(this.of("state").at(-1).retryInMs);
  }
}

/** What became of a promise, without waiting for it. */
export function outcome(promise) {
  const result = { settled: false, times: 0 };
  const settle = (fields) => Object.assign(result, fields, { settled: true, times: result.times + 1 });
  promise.then((value) => settle({ value }), (error) => settle({ error }));
  return result;
}
