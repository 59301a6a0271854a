// A small server that speaks the protocol over a network with faults, on the virtual clock. Seeded: a seed is a run.

import { helloIn } from "./peer.mjs";

/** mulberry32 (Tommy Ettinger, public domain). */
export function seeded(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const PAGE = 4;

class Room {
  epoch = "e1";
  entries = [];
  keys = new Map();
  trimmed = 0;
  constructor(id) {
    this.id = id;
  }
  get head() {
    return this.entries.at(-1)?.seq ?? 0;
  }
}

export class SimServer {
  rooms = new Map();
  sessions = new Set();
  /** Probabilities; set to 0 to let things settle. */
  faults = { refuse: 0.1, forget: 0.05, skipSeq: 0.1, loseFrame: 0.02, repeatFrame: 0.05, resumeError: 0 };

  constructor(clock, random) {
    Object.assign(this, { clock, random });
  }
  /** Of `welcome`. */
  features = [];
  /** How many messages named the one before them, and how many of them came before that one. */
  ahead = { all: 0, early: 0 };

  chance(p) {
    return this.random() < p;
  }
  room(id) {
    if (!this.rooms.has(id)) this.rooms.set(id, new Room(id));
    return this.rooms.get(id);
  }

  /** The class to give to a client as WebSocket. */
  socketFor(user) {
    const server = this;
    return class {
      onopen = null;
      onmessage = null;
      onclose = null;
      onerror = null;
      constructor(url, protocols) {
        this.session = { user, socket: this, joined: new Set(), welcomed: false, up: [], down: [], open: true };
        this.later(this.session.up, () => {
          server.sessions.add(this.session);
          this.onopen?.({});
          const hello = helloIn(protocols);
          if (hello) server.receive(this.session, hello);
        });
      }
      send(text) {
        this.later(this.session.up, () => server.receive(this.session, JSON.parse(text)));
      }
      close() {
        this.later(this.session.up, () => server.sessions.delete(this.session));
        this.session.open = false;
      }
      /** Both directions keep their order, with a latency of their own. */
      later(line, act) {
        const at = Math.max(server.clock.now() + server.random() * 80, line.until ?? 0);
        line.until = at;
        const { session } = this;
        server.clock.setTimeout(() => session.open && act(), at - server.clock.now());
      }
    };
  }

  say(session, frame) {
    session.socket.later(session.down, () => session.socket.onmessage?.({ data: JSON.stringify(frame) }));
  }

  /** What is on its way in either direction is lost. */
  cut(session, code = 1006) {
    session.open = false;
    this.sessions.delete(session);
    this.clock.setTimeout(() => session.socket.onclose?.({ code, reason: "" }), this.random() * 50);
  }

  receive(session, command) {
    const { id, type, room } = command;
    const reply = (frame) => this.say(session, { ...frame, re: id });
    const refuse = (code, retry) => reply({ type: "error", code, message: code, retry, ...(retry && this.chance(0.5) && { retry_after_ms: 40 }) });
    if (type === "hello") return this.hello(session, command);
    if (type === "ping") return reply({ type: "pong" });
    if (this.chance(this.faults.refuse)) return refuse(this.chance(0.5) ? "rate_limited" : "unavailable", true);
    if (type === "join") return this.join(session, command, id);
    if (type === "leave") {
      if (!session.joined.delete(room)) return refuse("not_joined", false);
      return reply({ type: "left", room });
    }
    const target = type === "direct" ? `dm:${[session.user, command.to].sort().join(":")}` : room;
    if (!target.startsWith("dm:") && !session.joined.has(target)) return refuse("not_joined", false);
    const isEarly = command.after && !this.room(target).keys.has(`${session.user} ${command.after}`);
    this.ahead.all += command.after ? 1 : 0;
    this.ahead.early += isEarly ? 1 : 0;
    if (isEarly) return refuse("out_of_order", true);
    const entry = this.append(this.room(target), session.user, command);
    // The outcome is unknown: it was stored, and the client does not hear so, or hears that it may not have been.
    if (this.chance(this.faults.forget)) return this.chance(0.5) ? undefined : refuse("unavailable", true);
    reply({ type: "sent", room: target, seq: entry.seq, at: entry.at, durability: "disk" });
  }

  hello(session, { id, resume = [] }) {
    session.welcomed = true;
    const directs = [...this.rooms.values()]
      .filter((r) => r.id.startsWith("dm:") && r.id.split(":").includes(session.user) && r.head > 0)
      .map((r) => ({ room: r.id, with: "?", head: r.head, last_at: r.entries.at(-1).at }));
    this.say(session, {
      type: "welcome", re: id, user: { id: session.user, name: session.user }, session: "s", node: "n", server: "sim",
      heartbeat_ms: 2000, limits: { text_bytes: 4096, frame_bytes: 65536, rooms: 200 }, features: this.features, directs,
    });
    for (const point of resume) {
      if (this.chance(this.faults.resumeError)) {
        this.say(session, { type: "error", code: "unavailable", message: "no such luck", retry: true });
      } else this.join(session, point);
    }
  }

  join(session, { room: roomId, since, epoch }, re) {
    const room = this.room(roomId);
    session.joined.add(roomId);
    const asked = since !== undefined;
    const gap = asked && (since < room.trimmed || since > room.head || (epoch !== undefined && epoch !== room.epoch));
    const snapshot = !asked || gap;
    const events = snapshot ? room.entries.slice(-3) : room.entries.filter((e) => e.seq > since);
    const pages = [];
    do pages.push(events.splice(0, PAGE)); while (events.length > 0);
    pages.forEach((page, i) => {
      const more = i < pages.length - 1;
      if (i > 0) return this.say(session, { type: "events", room: roomId, events: page, more });
      this.say(session, {
        type: "joined", ...(re !== undefined && { re }), room: roomId, title: roomId, epoch: room.epoch, head: room.head,
        gap, ...(gap && { oldest: room.trimmed + 1 }), role: "member", online: 1, members: [], events: page,
        ...(more && { more }),
      });
    });
  }

  append(room, from, { key, text }) {
    const known = room.keys.get(`${from} ${key}`);
    if (known) return known;
    const last = room.head;
    const seq = last + (this.chance(this.faults.skipSeq) ? 3 : 1);
    const entry = { type: "message", room: room.id, seq, ...(seq > last + 1 && { prev: last }), at: this.clock.now(), from, key, text };
    room.entries.push(entry);
    room.keys.set(`${from} ${key}`, entry);
    for (const session of this.sessions) {
      const hears = session.joined.has(room.id) || (room.id.startsWith("dm:") && room.id.split(":").includes(session.user));
      if (!session.welcomed || !hears) continue;
      // A frame lost within a connection is against the protocol: the client's own guard is tested by it. Of a direct
      // room it never heard of it cannot know how the log begins.
      if (last > 0 && this.chance(this.faults.loseFrame)) continue;
      this.say(session, entry);
      if (this.chance(this.faults.repeatFrame)) this.say(session, entry);
    }
    return entry;
  }

  trim(room) {
    room.trimmed = room.entries.at(-2)?.seq ?? 0;
    room.entries = room.entries.filter((e) => e.seq > room.trimmed);
  }
}
