// Commands from call to outcome: ids, order, repeats, time-outs, and what a lost connection means to each.

import { retryAfter } from "./codes.js";
import { ConfabError, ConnectionLostError, QueueFullError, RequestTimeoutError, ServerError, StoppedError } from "./errors.js";

/**
 * @typedef {{ type: string, [field: string]: unknown }} Frame
 *
 * @typedef {object} Command
 * @property {Frame} frame
 * @property {string} text the frame as JSON, made once: what is repeated is what was first said
 * @property {boolean} repeat
 * @property {unknown} lane commands of one lane are sent one after the other's outcome, messages ahead of it; a name, or a lane of its own
 * @property {boolean} internal ours, not the app's: not counted, and void when the connection goes
 * @property {number[]} ids under which it was sent; an answer to any of them counts
 * @property {boolean} sent on this connection, and not answered
 * @property {boolean} unsure it may have taken effect already
 * @property {number} at when it was called
 * @property {number} tries answered by a retryable error, or not at all
 * @property {unknown} timer
 * @property {(value: any) => void} resolve
 * @property {(error: Error) => void} reject
 */

/** What must not be said again by itself: not stored by the server, so that late or twice would be wrong, or twice counted. */
const ONCE = ["refresh", "report", "emit", "signal", "ping"];
/** How long a server that does not say so remembers keys. */
const KEY_MS = 24 * 3600_000;
/** So many messages of a lane are under way at once, where the server lets each name the one before it. */
const AHEAD_MAX = 32;

export class CommandQueue {
  /** How many commands of the app wait. */
  size = 0;
  /** Insertion order is the order of the calls. @type {Set<Command>} */
  #commands = new Set();
  /** @type {Map<number, Command>} */
  #byId = new Map();
  /** How many messages of a lane may be under way at once; -Infinity: one, as the server can't keep their order. */
  #ahead = -Infinity;
  #live = false;
  #lastId = 0;
  /** @type {StoppedError | null} */
  #stopped = null;
  #options;

  /**
   * @param {object} options
   * @param {import("./confab.js").Environment} options.env
   * @param {number} options.queueMax
   * @param {number} options.requestTimeoutMs
   * @param {number} options.retriesMax
   * @param {import("./backoff.js").Backoff} options.backoff
   * @param {(text: string) => ConfabError | undefined} options.transmit says why a frame can never be sent
   */
  constructor(options) {
    this.#options = options;
  }

  nextId() {
    return ++this.#lastId;
  }

  /**
   * @param {Frame} frame without `id`
   * @param {{ lane?: unknown, internal?: boolean }} [options]
   * @returns {Promise<any>}
   */
  submit(frame, { lane = {}, internal = false } = {}) {
    return new Promise((resolve, reject) => {
      const repeat = !ONCE.includes(frame.type);
      if (this.#stopped) return reject(this.#stopped);
      if (!repeat && !this.#live) return reject(new ConnectionLostError(`${frame.type}: not connected`));
      if (!internal && this.size >= this.#options.queueMax) {
        return reject(new QueueFullError(`${this.#options.queueMax} commands wait already (queueMax)`));
      }
      /** @type {Command} */
      const command = {
        frame, text: JSON.stringify(frame), repeat, lane, internal, ids: [], sent: false, unsure: false, tries: 0,
        at: this.#options.env.date(), timer: null, resolve, reject,
      };
      this.#commands.add(command);
      if (!internal) this.size++;
      this.#dispatch(command);
    });
  }

  /**
   * A session is live: sends what waits, in the order of the calls. What was written so long ago that the server may have
   * forgotten its key soon is the app's to send again: it might be there twice.
   *
   * @param {number} [keyMs] how long the server remembers keys
   * @param {boolean} [ahead] whether a message may name the one before it
   */
  resume(keyMs = KEY_MS, ahead = false) {
    this.#ahead = ahead ? AHEAD_MAX : -Infinity;
    const since = this.#options.env.date() - keyMs / 2;
    for (const command of [...this.#commands]) {
      const message = `${command.frame.type}: it was written long ago`;
      const { key } = command.frame;
      if (key && command.at < since) this.reject(command, new RequestTimeoutError(message, { outcomeUnknown: command.unsure }));
    }
    this.#live = true;
    for (const command of [...this.#commands]) this.#dispatch(command);
  }

  /** The session is lost. */
  suspend() {
    this.#live = false;
    this.#byId.clear();
    for (const command of [...this.#commands]) {
      this.disarm(command);
      command.unsure ||= command.sent;
      command.sent = false;
      if (!command.repeat || command.internal) {
        const message = `${command.frame.type}: the connection was lost`;
        this.reject(command, new ConnectionLostError(message, { outcomeUnknown: command.unsure }));
      }
    }
  }

  /**
   * No session will come: rejects everything, what is submitted from now on included, until `start`.
   *
   * @param {string} message
   * @param {{ closeCode?: number, cause?: unknown }} options
   */
  stop(message, options) {
    this.suspend();
    this.#stopped = new StoppedError(message, options);
    for (const command of [...this.#commands]) {
      this.reject(command, new StoppedError(message, { ...options, outcomeUnknown: command.unsure }));
    }
  }

  start() {
    this.#stopped = null;
  }

  /** @param {unknown} id */
  find(id) {
    return this.#byId.get(/** @type {number} */ (id));
  }

  /** No time-out any more, as when an answer has begun to arrive. @param {Command} command */
  disarm(command) {
    this.#options.env.clearTimeout(command.timer);
    command.timer = null;
  }

  /** @param {Command} command @param {unknown} value */
  resolve(command, value) {
    this.#ahead = Math.min(this.#ahead + 1, AHEAD_MAX);
    if (this.#remove(command)) command.resolve(value);
  }

  /** @param {Command} command @param {Error} error */
  reject(command, error) {
    if (this.#remove(command)) command.reject(error);
  }

  /** The server answered with an error: repeats the command, or settles it. @param {Command} command @param {import("./confab.js").ErrorFrame} frame */
  refuse(command, frame) {
    const { type, room } = command.frame;
    // Said to a repeat, they say that the first one had worked.
    if (command.unsure && type === "leave" && ["not_joined", "no_such_room"].includes(frame.code)) {
      return this.resolve(command, { type: "left", room });
    }
    command.unsure ||= ["unavailable", "internal"].includes(frame.code);
    const error = new ServerError(frame, { outcomeUnknown: command.unsure });
    if (frame.code === "rate_limited") this.#ahead = Math.min(this.#ahead, 1);
    const isFirst = this.#lane(command)[0] === command;
    if (!command.repeat || !error.retry || (isFirst && ++command.tries > this.#options.retriesMax)) return this.reject(command, error);
    this.disarm(command);
    command.sent = false;
    if (!isFirst) return; // it goes again behind the one before it, whose refusal it shares
    const wait = retryAfter(frame) ?? this.#options.backoff.after(command.tries - 1);
    command.timer = this.#options.env.setTimeout(() => {
      command.timer = null;
      this.#dispatch(command);
    }, wait);
  }

  /** @param {Command} command */
  #dispatch(command) {
    if (!this.#live || command.sent || command.timer !== null) return;
    const lane = this.#lane(command);
    const place = lane.indexOf(command);
    const before = lane[place - 1];
    // Were the second of two writes accepted and the first repeated, they'd change places: so a message that is sent ahead of
    // the answer to another one names it, and the server takes it only behind that one.
    const { type } = command.frame;
    const isAhead = place < this.#ahead && before?.sent && before.frame.type === type && ["send", "direct"].includes(type);
    if (place !== 0 && !isAhead) return; // or it is settled

    const id = this.nextId();
    command.ids.push(id);
    command.sent = true;
    this.#byId.set(id, command);
    command.timer = this.#options.env.setTimeout(() => this.#timedOut(command), this.#options.requestTimeoutMs);
    const own = JSON.stringify({ id, after: before?.frame.key });
    const error = this.#options.transmit(`${own.slice(0, -1)},${command.text.slice(1)}`);
    if (error) this.reject(command, error);
    else if (lane[place + 1]) this.#dispatch(lane[place + 1]);
  }

  /** @param {Command} command */
  #lane(command) {
    return [...this.#commands].filter(({ lane }) => lane === command.lane);
  }

  /** @param {Command} command */
  #timedOut(command) {
    command.timer = null;
    command.sent = false;
    command.unsure = true;
    if (command.repeat && ++command.tries <= this.#options.retriesMax) return this.#dispatch(command);
    const message = `${command.frame.type}: no answer in ${this.#options.requestTimeoutMs} ms`;
    this.reject(command, new RequestTimeoutError(message, { outcomeUnknown: true }));
  }

  /** @param {Command} command @returns {boolean} false: it was settled before */
  #remove(command) {
    if (!this.#commands.delete(command)) return false;
    this.disarm(command);
    if (!command.internal) this.size--;
    for (const id of command.ids) this.#byId.delete(id);
    for (const next of this.#lane(command).slice(0, AHEAD_MAX)) this.#dispatch(next);
    return true;
  }
}
