// The client: which session there is, and what it does for the rooms and commands that outlive it.

import { Backoff } from "./backoff.js";
import { closeAction, reconnectAfter } from "./codes.js";
import { command } from "./commands.js";
import { Connection } from "./connection.js";
import { Emitter } from "./emitter.js";
import { ConfabError, ProtocolError, ServerError, StoppedError, TokenError } from "./errors.js";
import { complete } from "./options.js";
import { CommandQueue } from "./queue.js";
import { Rooms, isEntry } from "./rooms.js";

/**
 * @typedef {import("./confab.js").ClientEvents} ClientEvents
 * @typedef {import("./confab.js").ClientState} ClientState
 * @typedef {import("./confab.js").ServerEvent} ServerEvent
 * @typedef {import("./confab.js").Welcome} Welcome
 * @typedef {import("./queue.js").Command} Command
 */

/** @type {Record<ClientState, ClientState[]>} */
const TRANSITIONS = {
  idle: ["connecting", "stopped"],
  connecting: ["connecting", "live", "stopped"], // to itself: the attempt failed, another follows
  live: ["connecting", "stopped"],
  stopped: ["connecting"],
};

/** A session that lasted this long was a good one: the next loss starts the back-off anew. */
const STABLE_MS = 10_000;

export class ConfabClient {
  #state = /** @type {ClientState} */ ("idle");
  #options;
  #env;
  #backoff;
  #queue;
  #events = new Emitter();
  #rooms;
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
    this.#options = complete(options);
    this.#env = this.#options.env;
    const { backoffBaseMs, backoffCapMs } = this.#options;
    this.#backoff = new Backoff(backoffBaseMs, backoffCapMs, this.#env.random);
    this.#queue = new CommandQueue({
      ...this.#options,
      backoff: new Backoff(backoffBaseMs, backoffCapMs, this.#env.random),
      transmit: (text) => this.#transmit(text),
    });
    this.#rooms = new Rooms({ queue: this.#queue, emit: (type, event) => this.#events.emit(type, event) });
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
    return this.#rooms.describe();
  }

  /** @param {string} room */
  room(room) {
    return this.#rooms.find(room)?.describe() ?? null;
  }

  /**
   * @template {keyof ClientEvents} K
   * @param {K} type
   * @param {(event: ClientEvents[K]) => void} listener
   */
  on(type, listener) {
    return this.#events.on(type, listener);
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
    this.#rooms.joining(room, since);
    try {
      return await this.#inRoom("join", { room, since, epoch });
    } catch (error) {
      this.#rooms.joinFailed(room);
      throw error;
    }
  }

  /** @param {string} room */
  async leave(room) {
    const left = await this.#inRoom("leave", { room });
    this.#rooms.forget(room);
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

  /** @param {string} type @param {Record<string, unknown> & { room: string }} fields @returns {Promise<any>} */
  #inRoom(type, fields) {
    return this.#queue.submit(command(type, fields), { lane: `in ${fields.room}` });
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
    this.#events.emit("state", { state, previous, ...why });
  }

  async #attempt() {
    const turn = ++this.#turn;
    let token;
    try {
      token = await this.#credential();
    } catch (cause) {
      if (turn !== this.#turn) return;
      this.#retry({ reason: "no token" });
      this.#events.emit("error", new TokenError("the token callback failed", { cause }));
      return;
    }
    if (turn !== this.#turn) return;
    try {
      this.#connection = new Connection({
        ...this.#options,
        hello: this.#hello(token),
        nextId: () => this.#queue.nextId(),
        events: {
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
    const resume = this.#rooms.resume();
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
    this.#rooms.welcomed(welcome.directs ?? [], first);
    this.#queue.resume();
    this.#timer = this.#env.setTimeout(() => this.#rooms.askAgain(), this.#options.requestTimeoutMs);
    this.#ready?.resolve(welcome);
    this.#to("live");
    this.#events.emit("welcome", welcome);
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
    this.#retry({ code, reason, waitMs: reconnectAfter(code, reason) });
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
    if (!byApp) this.#events.emit("error", error);
  }

  #detach() {
    this.#connection = null;
    this.#clearTimer();
    this.#rooms.lost();
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
      return this.#events.emit("error", new ProtocolError("a frame that is not JSON", { cause }));
    }
    if (typeof frame?.type !== "string") return this.#events.emit("error", new ProtocolError("a frame without a type"));
    try {
      if (this.#state === "live") this.#handle(frame);
      else if (frame.type === "welcome") this.#welcomed(frame);
      else if (frame.type === "error") this.#helloFailed(frame);
    } catch (cause) {
      this.#events.emit("error", new ProtocolError(`a frame of type ${frame.type} that makes no sense`, { cause }));
      if (this.#state === "connecting") this.#connection?.drop("no session");
    }
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
        return this.#rooms.entry(frame);
      case "joined":
        return this.#rooms.joined(frame, command);
      case "events":
        return this.#rooms.events(frame);
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
        else if (frame.re === undefined) this.#rooms.forget(frame.room);
        return;
      case "error":
        if (command) return this.#refused(command, frame);
        if (frame.re !== undefined) return; // late, to a command that is settled
        this.#events.emit("error", new ServerError(frame));
        return this.#rooms.askAgain(frame.room);
      case "presence":
        this.#rooms.presence(frame);
        return this.#events.emit("presence", frame);
      case "typing":
        return this.#events.emit("typing", frame);
      case "signal":
        return this.#events.emit("signal", frame);
      case "token_expiring":
        this.#events.emit("token_expiring", frame);
        return this.#renew();
      case "welcome":
        return;
      default:
        return this.#unknown(frame, command);
    }
  }

  /** @param {Command} command @param {import("./confab.js").ErrorFrame} frame */
  #refused(command, frame) {
    const early = frame.code === "not_joined" && this.#rooms.rejoining(command.frame.room);
    this.#queue.refuse(command, early ? { ...frame, retry: true } : frame);
  }

  /** A later version's frame. Its place in a log counts nevertheless. @param {any} frame @param {Command} [command] */
  #unknown(frame, command) {
    if (command) this.#queue.resolve(command, frame);
    else if (isEntry(frame)) this.#rooms.entry(frame);
    else this.#events.emit("unknown", frame);
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
      this.#events.emit("error", new TokenError("the token could not be renewed", { cause }));
    }
  }
}

/** @param {import("./confab.js").ClientOptions} [options] */
export function connect(options) {
  const client = new ConfabClient(options);
  client.connect();
  return client;
}

/** @param {import("./confab.js").Content} content */
const parts = (content) => (typeof content === "string" ? { text: content } : { text: content.text, data: content.data });
