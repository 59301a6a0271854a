// The client: which session there is, and what it does for the rooms and commands that outlive it.

import { Backoff } from "./backoff.js";
import { CloseCode, closeAction } from "./codes.js";
import { command } from "./commands.js";
import { Connection } from "./connection.js";
import { ConfabError, ProtocolError, ServerError, StoppedError, TokenError } from "./errors.js";
import { CommandQueue } from "./queue.js";
import { RoomLog } from "./room.js";

/**
 * @typedef {import("./confab.js").ClientEvents} ClientEvents
 * @typedef {import("./confab.js").ClientState} ClientState
 * @typedef {import("./confab.js").ServerEvent} ServerEvent
 * @typedef {import("./confab.js").Welcome} Welcome
 * @typedef {import("./confab.js").Joined} Joined
 * @typedef {import("./queue.js").Command} Command
 */

/** @type {Record<ClientState, ClientState[]>} */
const TRANSITIONS = {
  idle: ["connecting", "stopped"],
  connecting: ["connecting", "live", "stopped"], // to itself: the attempt failed, another follows
  live: ["connecting", "stopped"],
  stopped: ["connecting"],
};

const LOG_TYPES = new Set(["message", "edited", "deleted", "reacted"]);
/** A session that lasted this long was a good one: the next loss starts the back-off anew. */
const STABLE_MS = 10_000;
/** Beyond this a server's `reconnect_after_ms` is taken for a mistake. */
const RECONNECT_AFTER_MS_MAX = 300_000;
/** Entries of `hello.resume`, at most 150 bytes each, so that `hello` stays within a frame; more rooms join one by one. */
const RESUME_MAX = 200;

export class ConfabClient {
  #state = /** @type {ClientState} */ ("idle");
  #options;
  #env;
  #backoff;
  #queue;
  /** @type {Map<string, Set<(event: any) => void>>} */
  #listeners = new Map();
  /** @type {Map<string, RoomLog>} */
  #rooms = new Map();
  #welcome = /** @type {Welcome | null} */ (null);
  #token = /** @type {string | null} */ (null);
  #connection = /** @type {Connection | null} */ (null);
  /** Counts attempts; what an older one still brings is void. */
  #turn = 0;
  #timer = /** @type {unknown} */ (null);
  #liveSince = 0;
  #helloError = /** @type {ServerError | undefined} */ (undefined);
  #ready = /** @type {{ promise: Promise<Welcome>, resolve: (w: Welcome) => void, reject: (e: Error) => void } | null} */ (null);

  /** @param {import("./confab.js").ClientOptions} [options] */
  constructor(options = {}) {
    const WebSocket = options.WebSocket ?? globalThis.WebSocket;
    if (!WebSocket) throw new TypeError("no WebSocket here: pass one as an option, e.g. of the npm package ws");
    if ((options.token === undefined) === (options.guest === undefined)) {
      throw new TypeError("pass either a token or the name of a guest");
    }
    this.#options = {
      queueMax: 1000,
      requestTimeoutMs: 10_000,
      connectTimeoutMs: 10_000,
      heartbeatSlackMs: 10_000,
      retriesMax: 20,
      backoffBaseMs: 500,
      backoffCapMs: 20_000,
      ...options,
      url: absolute(options.url),
      WebSocket,
    };
    this.#env = { ...systemEnvironment(), ...options.env };
    const { backoffBaseMs, backoffCapMs } = this.#options;
    this.#backoff = new Backoff(backoffBaseMs, backoffCapMs, this.#env.random);
    this.#queue = new CommandQueue({
      ...this.#options,
      env: this.#env,
      backoff: new Backoff(backoffBaseMs, backoffCapMs, this.#env.random),
      transmit: (text) => this.#transmit(text),
    });
  }

  // ------------------------------------------------------------------------------------------------- surface

  get state() {
    return this.#state;
  }
  get welcome() {
    return this.#welcome;
  }
  get user() {
    return this.#welcome?.user ?? null;
  }
  get session() {
    return this.#welcome?.session ?? null;
  }
  get pending() {
    return this.#queue.size;
  }
  get rooms() {
    return [...this.#rooms.values()].map((log) => log.describe());
  }

  /** @param {string} room */
  room(room) {
    return this.#rooms.get(room)?.describe() ?? null;
  }

  /**
   * @template {keyof ClientEvents} K
   * @param {K} type
   * @param {(event: ClientEvents[K]) => void} listener
   */
  on(type, listener) {
    const listeners = this.#listeners.get(type) ?? new Set();
    this.#listeners.set(type, listeners.add(listener));
    return () => void listeners.delete(listener);
  }

  connect() {
    if (this.#ready) return this.#ready.promise;
    /** @type {(w: Welcome) => void} */
    let resolve = () => {};
    /** @type {(e: Error) => void} */
    let reject = () => {};
    const promise = /** @type {Promise<Welcome>} */ (new Promise((yes, no) => ((resolve = yes), (reject = no))));
    promise.catch(() => {}); // whoever does not wait for it hears of failure by "state" and "error"
    this.#ready = { promise, resolve, reject };
    this.#queue.start();
    this.#backoff.reset();
    this.#env.network?.addEventListener("online", this.#onOnline);
    this.#env.network?.addEventListener("offline", this.#onOffline);
    const turn = ++this.#turn;
    this.#to("connecting");
    if (turn === this.#turn) this.#attempt();
    return promise;
  }

  stop() {
    if (this.#state !== "stopped") this.#halt({ reason: "stopped by the app" });
  }

  /** @param {string} room @param {{ since?: number, epoch?: string }} [options] */
  async join(room, { since, epoch } = {}) {
    const log = this.#log(room);
    if (since !== undefined) {
      log.last = since; // the app says what it has: later entries are delivered, even if they were before
      log.epoch = epoch ?? log.epoch;
    }
    try {
      return await this.#inRoom("join", { room, since, epoch });
    } catch (error) {
      if (!log.joined && (log.last === null || !isDirect(room))) this.#rooms.delete(room);
      throw error;
    }
  }

  /** @param {string} room */
  async leave(room) {
    const left = await this.#inRoom("leave", { room });
    this.#forget(room);
    return left;
  }

  /** @param {string} room @param {import("./confab.js").Content} content @param {{ key?: string }} [options] */
  send(room, content, { key = this.#env.uuid() } = {}) {
    return this.#inRoom("send", { room, key, ...parts(content) });
  }

  /** @param {string} to @param {import("./confab.js").Content} content @param {{ key?: string }} [options] */
  direct(to, content, { key = this.#env.uuid() } = {}) {
    return this.#queue.submit(command("direct", { to, key, ...parts(content) }), { lane: `to ${to}` });
  }

  /** @param {string} room @param {number} target @param {import("./confab.js").Content} content @param {{ key?: string }} [options] */
  edit(room, target, content, { key = this.#env.uuid() } = {}) {
    return this.#inRoom("edit", { room, target, key, ...parts(content) });
  }

  /** @param {string} room @param {number} target @param {{ key?: string }} [options] */
  delete(room, target, { key = this.#env.uuid() } = {}) {
    return this.#inRoom("delete", { room, target, key });
  }

  /** @param {string} room @param {number} target @param {string} emoji @param {{ key?: string }} [options] */
  react(room, target, emoji, { key = this.#env.uuid() } = {}) {
    return this.#inRoom("react", { room, target, emoji, key });
  }

  /** @param {string} room @param {number} target @param {string} emoji @param {{ key?: string }} [options] */
  unreact(room, target, emoji, { key = this.#env.uuid() } = {}) {
    return this.#inRoom("unreact", { room, target, emoji, key });
  }

  /** @param {string} room @param {{ before?: number, after?: number, limit?: number }} [options] */
  history(room, options = {}) {
    return this.#inRoom("history", { ...options, room });
  }

  /** @param {{ after?: string }} [options] */
  listRooms(options) {
    return this.#queue.submit(command("rooms", options));
  }

  /** @param {string} room @param {boolean} [on] */
  typing(room, on = true) {
    if (this.#state === "live") this.#connection?.send(JSON.stringify(command("typing", { room, on })));
  }

  /** @param {string} to @param {import("./confab.js").JsonObject} data */
  signal(to, data) {
    return this.#queue.submit(command("signal", { to, data }));
  }

  /** @param {string} session @param {import("./confab.js").JsonObject} data */
  signalSession(session, data) {
    return this.#queue.submit(command("signal", { to_session: session, data }));
  }

  async ping() {
    const from = this.#env.now();
    await this.#queue.submit(command("ping"));
    return this.#env.now() - from;
  }

  /** @param {string} token */
  async refresh(token) {
    const refreshed = await this.#queue.submit(command("refresh", { token }));
    this.#token = token;
    return refreshed;
  }

  // ------------------------------------------------------------------------------------------ state and attempts

  /**
   * The only place where the state changes.
   *
   * @param {ClientState} state
   * @param {{ code?: number, reason?: string, retryInMs?: number }} [why]
   */
  #to(state, why = {}) {
    const previous = this.#state;
    if (!TRANSITIONS[previous].includes(state)) throw new Error(`a bug in confab-sdk: ${previous} to ${state}`);
    this.#state = state;
    this.#emit("state", { state, previous, ...why });
  }

  async #attempt() {
    const turn = ++this.#turn;
    let token;
    try {
      token = await this.#credential();
    } catch (cause) {
      if (turn !== this.#turn) return;
      this.#retry({ reason: "no token" });
      this.#emit("error", new TokenError("the token callback failed", { cause }));
      return;
    }
    if (turn !== this.#turn) return;
    const { WebSocket, url, connectTimeoutMs, heartbeatSlackMs } = this.#options;
    try {
      this.#connection = new Connection({
        WebSocket, url, connectTimeoutMs, heartbeatSlackMs,
        env: this.#env,
        nextId: () => this.#queue.nextId(),
        events: {
          hello: () => this.#hello(token),
          frame: (text) => this.#receive(text),
          lost: (code, reason) => this.#lost(code, reason),
        },
      });
    } catch (cause) {
      this.#halt({ reason: "the socket cannot be made" }, cause); // a wrong URL: the next try would fail as well
    }
  }

  async #credential() {
    const { token } = this.#options;
    if (typeof token !== "function") return this.#token ?? token;
    return (this.#token ??= await token());
  }

  /** @param {string | undefined} token */
  #hello(token) {
    const { guest, name, device } = this.#options;
    /** @type {{ room: string, since: number, epoch?: string }[]} */
    const resume = [];
    for (const log of this.#rooms.values()) {
      if (!log.joined || log.last === null || resume.length === RESUME_MAX) continue;
      log.resuming = log.asking = true;
      resume.push({ room: log.id, since: log.last, epoch: log.epoch });
    }
    const fields = { token, guest, name, device, resume: resume.length > 0 ? resume : undefined };
    return JSON.stringify({ ...command("hello", fields), id: this.#queue.nextId() });
  }

  /** @param {Welcome} welcome */
  #welcomed(welcome) {
    const first = this.#welcome === null;
    this.#welcome = welcome;
    this.#helloError = undefined;
    this.#liveSince = this.#env.now();
    this.#connection?.welcomed(welcome.heartbeat_ms);
    this.#catchUpAll(welcome.directs ?? [], first);
    this.#queue.resume();
    this.#timer = this.#env.setTimeout(() => this.#askAgain(), this.#options.requestTimeoutMs);
    this.#ready?.resolve(welcome);
    this.#to("live");
    this.#emit("welcome", welcome);
  }

  /** The socket is gone. @param {number} code @param {string} reason */
  #lost(code, reason) {
    this.#detach();
    const action = closeAction(code);
    const { token } = this.#options;
    if (action === "stop" || (action === "token" && typeof token !== "function")) {
      return this.#halt({ code, reason }, this.#helloError);
    }
    if (action === "token") this.#token = null;
    if (this.#state === "live" && this.#env.now() - this.#liveSince >= STABLE_MS) this.#backoff.reset();
    const restart = code === CloseCode.going_away || code === CloseCode.restart;
    this.#retry({ code, reason, waitMs: restart ? reconnectAfter(reason) : undefined });
  }

  /** Another attempt after a while. @param {{ code?: number, reason: string, waitMs?: number }} why */
  #retry({ waitMs, ...why }) {
    const retryInMs = waitMs ?? this.#backoff.next();
    this.#clearTimer();
    this.#timer = this.#env.setTimeout(() => {
      this.#timer = null;
      this.#attempt();
    }, retryInMs);
    this.#to("connecting", { ...why, retryInMs });
  }

  /** No more attempts. @param {{ code?: number, reason: string }} why @param {unknown} [cause] */
  #halt({ code, reason }, cause) {
    const byApp = code === undefined && cause === undefined;
    const connection = this.#connection;
    this.#detach();
    connection?.close();
    this.#turn++;
    this.#env.network?.removeEventListener("online", this.#onOnline);
    this.#env.network?.removeEventListener("offline", this.#onOffline);
    const message = code === undefined ? reason : `the server closed with ${code} ${reason}`.trim();
    const options = { ...(code !== undefined && { closeCode: code }), ...(cause !== undefined && { cause }) };
    const error = new StoppedError(message, options);
    this.#queue.stop({ message, ...options });
    this.#ready?.reject(error);
    this.#ready = null;
    this.#to("stopped", { ...(code !== undefined && { code }), reason });
    if (!byApp) this.#emit("error", error);
  }

  #detach() {
    this.#connection = null;
    this.#clearTimer();
    for (const log of this.#rooms.values()) log.lost();
    this.#queue.suspend();
  }

  #clearTimer() {
    if (this.#timer !== null) this.#env.clearTimeout(this.#timer);
    this.#timer = null;
  }

  #onOnline = () => {
    if (this.#state === "live") return this.#connection?.probe();
    if (this.#connection || this.#timer === null) return; // an attempt is under way
    this.#clearTimer();
    this.#backoff.reset();
    this.#attempt();
  };

  // Not a loss in itself: browsers also say it when one of two networks goes.
  #onOffline = () => {
    this.#connection?.probe();
  };

  // -------------------------------------------------------------------------------------------------- frames

  /** @param {string} text @returns {ConfabError | undefined} */
  #transmit(text) {
    const max = this.#welcome?.limits?.frame_bytes ?? 65_536;
    // The server would close with 1009, and again after each reconnect. A UTF-16 unit has at most 3 bytes.
    if (text.length * 3 > max && new TextEncoder().encode(text).length > max) {
      return new ServerError({ code: "too_long", message: `a frame has at most ${max} bytes` });
    }
    this.#connection?.send(text);
  }

  /** @param {unknown} text */
  #receive(text) {
    let frame;
    try {
      frame = JSON.parse(/** @type {string} */ (text));
    } catch (cause) {
      return this.#emit("error", new ProtocolError("a frame that is not JSON", { cause }));
    }
    if (typeof frame?.type !== "string") return this.#emit("error", new ProtocolError("a frame without a type"));
    if (this.#state === "live") this.#handle(frame);
    else if (frame.type === "welcome") this.#welcomed(frame);
    else if (frame.type === "error") this.#helloFailed(frame);
  }

  /** @param {import("./confab.js").ErrorFrame} frame */
  #helloFailed(frame) {
    this.#helloError = new ServerError(frame);
    if (frame.code === "unauthorized") return; // the close that follows says whether a new token helps
    if (!frame.retry) return this.#halt({ reason: "the server refused hello" }, this.#helloError);
    const connection = this.#connection;
    this.#detach();
    connection?.close();
    this.#retry({ reason: frame.code, waitMs: frame.retry_after_ms });
  }

  /** @param {ServerEvent} frame */
  #handle(frame) {
    const command = "re" in frame ? this.#queue.find(frame.re) : undefined;
    switch (frame.type) {
      case "message":
      case "edited":
      case "deleted":
      case "reacted":
        return this.#entry(frame);
      case "joined":
        return this.#joined(frame, command);
      case "events": {
        const log = this.#rooms.get(frame.room);
        if (log?.page) this.#page(log, log.page, frame);
        return;
      }
      case "sent":
      case "done":
      case "history":
      case "rooms":
      case "signalled":
      case "pong":
      case "refreshed":
        if (command) this.#queue.resolve(command, frame);
        return;
      case "left":
        if (command) this.#queue.resolve(command, frame);
        else if (frame.re === undefined) this.#forget(frame.room);
        return;
      case "error":
        if (command) return this.#queue.refuse(command, this.#rejoining(command, frame) ? { ...frame, retry: true } : frame);
        if (frame.re !== undefined) return; // late, to a command that is settled
        this.#emit("error", new ServerError(frame));
        return this.#askAgain();
      case "presence": {
        const log = this.#rooms.get(frame.room);
        if (log) log.info.online = frame.online;
        return this.#emit("presence", frame);
      }
      case "typing":
        return this.#emit("typing", frame);
      case "signal":
        return this.#emit("signal", frame);
      case "token_expiring":
        this.#emit("token_expiring", frame);
        return this.#renew();
      case "welcome":
        return;
      default:
        return this.#unknown(frame, command);
    }
  }

  /**
   * After a reconnect the app's commands follow `hello` at once; where a room's `resume` failed they are too early.
   *
   * @param {Command} command @param {import("./confab.js").ErrorFrame} frame
   */
  #rejoining({ frame: { room } }, { code }) {
    const log = typeof room === "string" ? this.#rooms.get(room) : undefined;
    return code === "not_joined" && log !== undefined && log.joined && log.asking;
  }

  /** A later version's frame. Its place in a log counts nevertheless. @param {any} frame @param {Command} [command] */
  #unknown(frame, command) {
    if (command) this.#queue.resolve(command, frame);
    else if (isEntry(frame)) this.#entry(frame);
    else this.#emit("unknown", frame);
  }

  async #renew() {
    const { token } = this.#options;
    if (typeof token !== "function") return; // the app heard "token_expiring" and may call refresh()
    const turn = this.#turn;
    try {
      const fresh = (this.#token = await token());
      if (turn === this.#turn) await this.refresh(fresh);
    } catch (cause) {
      // The server will close with 4501, and the callback gets another chance.
      this.#emit("error", new TokenError("the token could not be renewed", { cause }));
    }
  }

  // --------------------------------------------------------------------------------------------------- rooms

  /** @param {string} type @param {Record<string, unknown> & { room: string }} fields @returns {Promise<any>} */
  #inRoom(type, fields) {
    return this.#queue.submit(command(type, fields), { lane: `in ${fields.room}` });
  }

  /** @param {string} room */
  #log(room) {
    let log = this.#rooms.get(room);
    if (!log) this.#rooms.set(room, (log = new RoomLog(room)));
    return log;
  }

  /** An entry outside of a catch-up. @param {import("./confab.js").LogEntry} entry */
  #entry(entry) {
    if (!isEntry(entry)) return this.#emit("unknown", /** @type {any} */ (entry));
    let log = this.#rooms.get(entry.room);
    if (!log) {
      if (!isDirect(entry.room)) return; // left, and the entry had been on its way
      log = this.#log(entry.room);
      log.last = entry.prev ?? entry.seq - 1; // live since `welcome`, so this is the first one since
    }
    const hole = this.#deliver(log, entry) === "hole";
    if (hole && !log.asking && !log.page) this.#catchUp(log);
  }

  /** @param {RoomLog} log @param {import("./confab.js").LogEntry} entry */
  #deliver(log, entry) {
    const verdict = log.offer(entry);
    if (verdict === "new") {
      this.#emit(LOG_TYPES.has(entry.type) ? entry.type : "unknown", /** @type {any} */ (entry));
    }
    return verdict;
  }

  /** @param {Joined} frame @param {Command} [command] */
  #joined(frame, command) {
    let log = this.#rooms.get(frame.room);
    if (!log) {
      if (!command || command.internal) return; // left in the meantime
      log = this.#log(frame.room); // an earlier join of it had failed
      log.last = /** @type {number | undefined} */ (command.frame.since) ?? null;
    }
    if (log.page) this.#finish(log); // its rest will not come any more
    if (command) this.#queue.answered(command);
    const since = command ? command.frame.since : log.last;
    log.resuming = false;
    log.info = { title: frame.title, role: frame.role, online: frame.online };
    const snapshot = frame.gap || typeof since !== "number";
    if (frame.gap || (snapshot && log.forced)) {
      const gap = { room: frame.room, since: Number(since ?? log.last), oldest: frame.oldest ?? frame.head + 1 };
      log.reset(frame.epoch);
      this.#emit("gap", { ...gap, head: frame.head, epoch: frame.epoch });
    } else if (snapshot && log.outdated(frame)) {
      log.reset(frame.epoch);
    }
    log.epoch = frame.epoch;
    const page = { frame, command, snapshot, events: [] };
    log.page = page;
    if (!snapshot) this.#emit("joined", joinedRoom(frame, false, []));
    this.#page(log, page, frame);
  }

  /**
   * @param {RoomLog} log
   * @param {import("./room.js").Page} page
   * @param {{ events: import("./confab.js").LogEntry[], more?: boolean }} frame
   */
  #page(log, page, { events, more }) {
    for (const bare of events ?? []) {
      if (log.page !== page) return; // a listener stopped the client or left the room
      const entry = { ...bare, room: log.id };
      if (page.snapshot) page.events.push(entry);
      else if (isEntry(entry)) this.#deliver(log, entry);
      else this.#emit("unknown", /** @type {any} */ (entry));
    }
    if (log.page === page && !more) this.#finish(log);
  }

  /** The catch-up is complete. @param {RoomLog} log */
  #finish(log) {
    const { frame, command, snapshot, events } = /** @type {import("./room.js").Page} */ (log.page);
    if (command && !command.internal) log.joined = true;
    if (log.finish()) this.#catchUp(log);
    const joined = joinedRoom(frame, snapshot, events);
    if (command) this.#queue.resolve(command, joined);
    if (snapshot) this.#emit("joined", joined);
  }

  /** Asks for what is missing. @param {RoomLog} log */
  #catchUp(log) {
    const since = log.ask();
    const epoch = since === undefined ? undefined : log.epoch;
    const asked = this.#queue.submit(command("join", { room: log.id, since, epoch }), { internal: true });
    asked.catch((error) => {
      if (this.#rooms.get(log.id) !== log || this.#state !== "live") return; // the next session asks anew
      log.gaveUp();
      this.#emit("error", error);
      if (log.joined && error instanceof ServerError && !error.retry) this.#forget(log.id, error);
    });
  }

  /**
   * After `welcome`: the rooms that `hello` could not resume, and the direct rooms in which something happened.
   *
   * @param {import("./confab.js").DirectSummary[]} directs
   * @param {boolean} first there was no session before, so nothing was missed
   */
  #catchUpAll(directs, first) {
    const heads = new Map(directs.map(({ room, head }) => [room, head]));
    for (const [room, head] of heads) {
      if (!this.#rooms.has(room)) this.#log(room).last = first ? head : 0;
    }
    // The list is cut at the latest; what was cut off is older than an unchanged one, if there is one.
    const cutOff = ![...heads].some(([room, head]) => this.#rooms.get(room)?.last === head);
    for (const log of this.#rooms.values()) {
      // Another head, not only a higher one: a lower one says that the log was begun anew.
      const missed = log.last !== null && (heads.has(log.id) ? heads.get(log.id) !== log.last : cutOff && isDirect(log.id));
      if (!log.asking && (log.joined || missed)) this.#catchUp(log);
    }
  }

  /** A `resume` that failed has an `error` that names no room: ask for each by itself what became of it. */
  #askAgain() {
    for (const log of this.#rooms.values()) {
      if (!log.resuming) continue;
      log.resuming = false;
      this.#catchUp(log);
    }
  }

  /** @param {string} room @param {ServerError} [error] */
  #forget(room, error) {
    const log = this.#rooms.get(room);
    if (!log) return;
    log.joined = false;
    log.page = null;
    if (!isDirect(room)) this.#rooms.delete(room); // a direct room's messages keep coming
    this.#emit("left", error ? { room, error } : { room });
  }

  // -------------------------------------------------------------------------------------------------- events

  /**
   * @template {keyof ClientEvents} K
   * @param {K} type
   * @param {ClientEvents[K]} event
   */
  #emit(type, event) {
    for (const listener of [...(this.#listeners.get(type) ?? [])]) {
      try {
        listener(event);
      } catch (error) {
        // The app's bug: shown as any uncaught error, but not in the midst of our state.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}

/** @param {import("./confab.js").ClientOptions} [options] */
export function connect(options) {
  const client = new ConfabClient(options);
  client.connect();
  return client;
}

/** @param {string} room */
const isDirect = (room) => room.startsWith("dm:");

/** @param {any} frame */
const isEntry = (frame) => typeof frame.room === "string" && Number.isSafeInteger(frame.seq);

/** @param {import("./confab.js").Content} content */
const parts = (content) => (typeof content === "string" ? { text: content } : { text: content.text, data: content.data });

/** @param {Joined} frame @param {boolean} snapshot @param {import("./confab.js").LogEntry[]} events */
function joinedRoom({ room, title, epoch, head, role, online, members }, snapshot, events) {
  return { room, title, epoch, head, role, online, members, snapshot, events };
}

/** @param {string} reason */
function reconnectAfter(reason) {
  try {
    const ms = JSON.parse(reason).reconnect_after_ms;
    if (ms >= 0 && ms <= RECONNECT_AFTER_MS_MAX) return Number(ms);
  } catch {
    // Not ours: a proxy's words, or none.
  }
}

/** @param {string} [url] */
function absolute(url = "/ws") {
  const result = new URL(url, globalThis.location?.href);
  result.protocol = result.protocol.replace(/^http/, "ws");
  return result.href;
}

/** @returns {import("./confab.js").Environment} */
function systemEnvironment() {
  return {
    setTimeout: (fn, ms) => setTimeout(fn, ms),
    clearTimeout: (timer) => clearTimeout(/** @type {any} */ (timer)),
    now: () => performance.now(),
    random: () => Math.random(),
    // Without https, and in Node 18, there is no randomUUID. A key must be unique, not secret.
    uuid: () => globalThis.crypto?.randomUUID?.() ?? Array.from({ length: 4 }, () => Math.random().toString(36).slice(2, 10)).join("-"),
    network: typeof globalThis.addEventListener === "function" ? globalThis : undefined,
  };
}
