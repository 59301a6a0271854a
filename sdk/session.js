// The session: which connection there is, and what it does for the rooms and commands that outlive it.

import { Backoff } from "./backoff.js";
import { UNAUTHORIZED, closeAction, reconnectAfter, retryAfter } from "./codes.js";
import { Connection } from "./connection.js";
import { diagnose } from "./diagnose.js";
import { Emitter } from "./emitter.js";
import { ConfabError, ConnectError, ProtocolError, ServerError, StoppedError } from "./errors.js";
import { complete, endpoint } from "./options.js";
import { CommandQueue } from "./queue.js";
import { Rooms } from "./rooms.js";
import { TokenKeeper } from "./token.js";

/**
 * @typedef {import("./confab.js").ClientState} ClientState
 * @typedef {import("./confab.js").ServerEvent} ServerEvent
 * @typedef {import("./confab.js").Welcome} Welcome
 */

/** What browsers say when a program may have been asleep, or its network gone. */
const WAKE_UPS = ["online", "offline", "visibilitychange", "pageshow", "resume"];

/** A session that lasted this long was a good one: the next loss starts the back-off anew. */
const STABLE_MS = 10_000;

/** One per client. What it keeps outlives connections: rooms, commands that wait, the token. */
export class Session {
  events = new Emitter();
  env;
  queue;
  rooms;
  state = /** @type {ClientState} */ ("idle");
  welcome = /** @type {Welcome | null} */ (null);
  #options;
  #backoff;
  #token;
  /** @type {(event: string, fields: () => object) => void} */
  #trace = () => {};
  #connection = /** @type {Connection | null} */ (null);
  /** By which a guest is known again. */
  #guestToken = /** @type {string | undefined} */ (undefined);
  /** Attempts since there was a session. */
  #attempts = 0;
  /** Counts attempts; what an older one still brings is void. */
  #turn = 0;
  #timer = /** @type {unknown} */ (null);
  #liveSince = 0;
  #helloError = /** @type {ServerError | undefined} */ (undefined);
  /** What `connect` promised, and how it is kept; null: nobody has called it. */
  #first = /** @type {Promise<Welcome>} */ (/** @type {unknown} */ (null));
  #ready = /** @type {{ resolve: (w: Welcome) => void, reject: (e: Error) => void } | null} */ (null);

  /** @param {import("./confab.js").ClientOptions} [options] */
  constructor(options = {}) {
    this.#options = complete(options);
    this.#guestToken = this.#options.guestToken;
    this.env = this.#options.env;
    this.#backoff = new Backoff(this.#options.backoffBaseMs, this.#options.backoffCapMs, this.env.random);
    this.queue = new CommandQueue({
      ...this.#options,
      backoff: this.#backoff,
      transmit: (text) => this.#transmit(text),
    });
    this.rooms = new Rooms({ queue: this.queue, emit: (type, event) => this.events.emit(type, event) });
    this.#token = new TokenKeeper(this.#options, {
      refresh: (token) => this.refresh(token),
      error: (error) => this.#error(error),
    });
    const { debug } = this.#options;
    if (debug) this.events.on("trace", typeof debug === "function" ? debug : (entry) => console.debug("confab", entry));
    this.#trace = (event, fields) => debug && this.events.emit("trace", { at: this.env.date(), event, ...fields() });
  }

  /** @returns {Promise<Welcome>} of the first session */
  connect() {
    if (this.#ready) return this.#first;
    this.#first = new Promise((resolve, reject) => (this.#ready = { resolve, reject }));
    this.#first.catch(() => {}); // whoever does not wait for it hears of failure by "state" and "error"
    this.queue.start();
    this.#backoff.reset();
    this.#token.forget(); // it may be why the last session ended
    for (const type of WAKE_UPS) this.env.network?.addEventListener(type, this.#onWake);
    this.#attempts = 0;
    this.#attempt();
    return this.#first;
  }

  stop() {
    if (this.state !== "stopped") this.#halt({ reason: "stopped by the app" });
  }

  /** @param {string} token */
  async refresh(token) {
    const refreshed = await this.queue.submit({ type: "refresh", token });
    this.#token.replace(token);
    this.#token.accepted(refreshed.expires_at);
    this.events.emit("refreshed", refreshed);
    return refreshed;
  }

  /** Now or never: said only while there is a session, and nobody waits for an answer. @param {import("./queue.js").Frame} frame */
  mention(frame) {
    if (this.state === "live") this.#connection?.send(JSON.stringify(frame));
  }
  // ------------------------------------------------------------------------------------------ state and attempts

  /**
   * The only place where the state changes: from idle to connecting, between connecting and live, from anywhere to stopped and from
   * there to connecting; and from connecting to itself when an attempt failed and another one follows.
   *
   * @param {ClientState} state
   * @param {{ code?: number, reason?: string, attempt?: number, retryInMs?: number }} [why]
   */
  #to(state, why = {}) {
    const previous = this.state;
    this.state = state;
    const change = { state, previous, ...why };
    this.#trace("state", () => change);
    this.events.emit("state", change);
  }

  async #attempt() {
    const turn = ++this.#turn;
    this.#to("connecting", { attempt: ++this.#attempts });
    if (turn !== this.#turn) return; // a listener stopped the client
    let token;
    try {
      token = await this.#token.get();
    } catch (error) {
      if (turn !== this.#turn) return;
      this.#retry({ reason: "no token" });
      this.#error(/** @type {ConfabError} */ (error));
      return;
    }
    if (turn !== this.#turn) return;
    try {
      this.#connection = new Connection({
        ...this.#options,
        ...endpoint(this.#options),
        trace: this.#trace,
        hello: this.#hello(token),
        nextId: () => this.queue.nextId(),
        events: {
          frame: (text) => this.#receive(text),
          lost: (code, reason) => this.#lost(code, reason),
        },
      });
    } catch (cause) {
      this.#halt({ reason: /** @type {Error} */ (cause).message }, cause); // no WebSocket, a wrong URL: the next try would fail as well
    }
  }

  /** @param {string | undefined} token */
  #hello(token) {
    const { guest, name, device } = this.#options;
    const resume = this.rooms.resume();
    const who = this.#guestToken === undefined ? { token, guest } : { token: this.#guestToken };
    const fields = { ...who, name, device, resume: resume.length > 0 ? resume : undefined };
    return JSON.stringify({ type: "hello", ...fields, id: this.queue.nextId() });
  }

  /** @param {Welcome} welcome */
  #welcomed(welcome) {
    const first = this.welcome === null;
    this.welcome = welcome;
    this.#helloError = undefined;
    this.#liveSince = this.env.now();
    this.#attempts = 0;
    this.#connection?.welcomed(welcome.heartbeat_ms);
    this.#token.accepted(welcome.expires_at);
    this.#guestToken = welcome.guest_token ?? this.#guestToken;
    this.rooms.welcomed(welcome.directs ?? [], first);
    this.queue.resume(welcome.limits?.key_ms, welcome.features?.includes("after"));
    this.#timer = this.env.setTimeout(() => this.rooms.askAgain(), this.#options.requestTimeoutMs);
    this.#ready?.resolve(welcome);
    this.#to("live");
    this.events.emit("welcome", welcome);
  }

  /** The socket is gone. @param {number} code @param {string} reason */
  #lost(code, reason) {
    const failed = this.state === "connecting" ? this.#connection : null;
    this.#trace("lost", () => ({ code, reason }));
    this.#detach();
    const action = closeAction(code);
    if (this.#guestToken !== undefined && (action === "token" || code === UNAUTHORIZED)) {
      this.#guestToken = undefined; // too old, or of another server: as a new guest, then
      return this.#retry({ code, reason });
    }
    if (action === "stop" || (action === "token" && !this.#token.renewable)) {
      return this.#halt({ code, reason }, this.#helloError);
    }
    if (this.state === "live" && this.env.now() - this.#liveSince >= STABLE_MS) this.#backoff.reset();
    if (failed) void this.#explain(failed, `${code} ${reason}`.trim());
    if (action === "reconnect") return this.#retry({ code, reason, waitMs: reconnectAfter(code, reason) });
    this.#token.forget();
    this.#retry({ code, reason, waitMs: Math.max(this.#backoff.next(), this.#token.restMs) });
  }

  /** Another attempt after a while. @param {{ code?: number, reason: string, waitMs?: number }} why */
  #retry({ waitMs, ...why }) {
    const retryInMs = waitMs ?? this.#backoff.next();
    this.#clearTimer();
    this.#timer = this.env.setTimeout(() => {
      this.#timer = null;
      this.#attempt();
    }, retryInMs);
    this.#to("connecting", { ...why, attempt: this.#attempts + 1, retryInMs });
  }

  /** Says what is known of an attempt that brought no session. @param {Connection} failed @param {string} end */
  async #explain({ url, opened, detail }, end) {
    const attempt = this.#attempts;
    const { look } = this.env;
    const first = attempt === 1 && this.welcome === null; // later ones would only be a load
    const [reason, message] = await diagnose({ url, opened, detail, end }, first ? look : undefined);
    if (this.state !== "stopped") this.#error(new ConnectError(message, { attempt, reason, cause: this.#helloError }));
  }

  /** @param {ConfabError} error */
  #error(error) {
    this.#trace("error", () => ({ name: error.name, message: error.message }));
    this.events.emit("error", error);
  }

  /** No more attempts. @param {{ code?: number, reason: string }} why @param {unknown} [cause] */
  #halt({ code, reason }, cause) {
    const byApp = code === undefined && cause === undefined;
    this.#detach()?.close();
    this.#turn++;
    for (const type of WAKE_UPS) this.env.network?.removeEventListener(type, this.#onWake);
    const message = code === undefined ? reason : `the server closed with ${code} ${reason}`.trim();
    const options = { closeCode: code, cause };
    const error = new StoppedError(message, options);
    this.queue.stop(message, options);
    this.#ready?.reject(error);
    this.#ready = null;
    this.#to("stopped", { code, reason });
    if (!byApp) this.#error(error);
  }

  /** The connection, if there is one, is nobody's any more. */
  #detach() {
    const connection = this.#connection;
    this.#connection = null;
    this.#clearTimer();
    this.#token.pause();
    this.rooms.lost();
    this.queue.suspend();
    return connection;
  }

  #clearTimer() {
    this.env.clearTimeout(this.#timer);
    this.#timer = null;
  }

  /** @param {{ type: string }} event */
  #onWake = ({ type }) => {
    if (globalThis.document?.visibilityState !== "hidden") this.wake(type);
  };

  /** The program may have been asleep, or the network gone: a connection is asked whether it is, and a wait ends. @param {string} by */
  wake(by) {
    this.#trace("wake", () => ({ by }));
    if (this.#connection) return this.#connection.probe();
    // "offline" is not a loss in itself: browsers also say it when one of two networks goes.
    if (this.#timer === null || by === "offline") return;
    this.#clearTimer();
    this.#backoff.reset();
    this.#attempt();
  }

  // -------------------------------------------------------------------------------------------------- frames

  /** @param {string} text @returns {ConfabError | undefined} */
  #transmit(text) {
    const max = this.welcome?.limits?.frame_bytes ?? 65_536;
    // The server would close with 1009, and again after each reconnect. A UTF-16 unit has at most 3 bytes.
    if (text.length * 3 > max && unescape(encodeURIComponent(text)).length > max) {
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
      return this.#error(new ProtocolError("a frame that is not JSON", { cause }));
    }
    if (typeof frame?.type !== "string") return this.#error(new ProtocolError("a frame without a type"));
    try {
      if (this.state === "live") this.#handle(frame);
      else if (frame.type === "welcome") this.#welcomed(frame);
      else if (frame.type === "error") this.#helloFailed(frame);
    } catch (cause) {
      this.#error(new ProtocolError(`a frame of type ${frame.type} that makes no sense`, { cause }));
      if (this.state === "connecting") this.#connection?.drop("no session");
    }
  }

  /** @param {import("./confab.js").ErrorFrame} frame */
  #helloFailed(frame) {
    this.#helloError = new ServerError(frame);
    if (frame.code === "unauthorized") return; // the close that follows says whether a new token helps
    if (!frame.retry) return this.#halt({ reason: `the server refused hello: ${this.#helloError.message}` }, this.#helloError);
    this.#detach()?.close();
    this.#error(new ConnectError(frame.message ?? frame.code, { attempt: this.#attempts, reason: "refused", cause: this.#helloError }));
    if (this.state === "connecting") this.#retry({ reason: frame.code, waitMs: retryAfter(frame) });
  }

  /** @param {ServerEvent} frame */
  #handle(frame) {
    const { re } = /** @type {{ re?: number }} */ (frame);
    const command = this.queue.find(re);
    switch (frame.type) {
      case "joined":
        return this.rooms.joined(frame, command);
      case "events":
        return this.rooms.events(frame);
      case "read":
        if (command) this.queue.resolve(command, frame);
        if (frame.room === undefined) return;
        this.rooms.read(frame);
        break;
      case "left":
        if (command) this.queue.resolve(command, frame);
        else if (re === undefined) this.rooms.forget(frame.room, frame.reason && { reason: frame.reason });
        return;
      case "error":
        if (command) {
          const early = frame.code === "not_joined" && this.rooms.rejoining(command.frame.room);
          return this.queue.refuse(command, early ? { ...frame, retry: true } : frame);
        }
        if (re !== undefined) return; // late, to a command that is settled
        this.#error(new ServerError(frame));
        return this.rooms.askAgain(frame.room);
      case "presence":
        this.rooms.presence(frame);
        break;
      case "token_expiring":
        this.#token.expiring();
        break;
      case "inbox":
        if (command) return this.queue.resolve(command, frame);
        break;
      case "receipts":
      case "typing":
      case "emitted":
      case "signal":
        break;
      case "welcome":
        return;
      default:
        // A reply, an entry of a log, or a frame of a later version. An entry's place in its log counts, whatever it says.
        if (command) this.queue.resolve(command, frame);
        else if (re === undefined) this.rooms.entry(/** @type {any} */ (frame)); // else it is late, to a command that is settled
        return;
    }
    this.events.emit(frame.type, /** @type {any} */ (frame));
  }
}
