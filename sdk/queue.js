// Commands from call to outcome: ids, order, repeats, time-outs, and what a lost connection means to each.

import { retryAfter } from "./codes.js";
import { LEFT, repeatable } from "./commands.js";
import { ConfabError, ConnectionLostError, QueueFullError, RequestTimeoutError, ServerError, StoppedError } from "./errors.js";

/**
 * @typedef {{ type: string, [field: string]: unknown }} Frame
 *
 * @typedef {object} Command
 * @property {Frame} frame
 * @property {string} text the frame as JSON, made once: what is repeated is what was first said
 * @property {boolean} repeat
 * @property {unknown} lane commands of one lane are sent one after the other's outcome; a name, or a lane of its own
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

/** How long a server that does not say so remembers keys. */
const KEY_MS = 24 * 3600_000;
/** What "the outcome is unknown" looks like as an error code. */
const UNSURE = new Set(["unavailable", "internal"]);

export class CommandQueue {
  /** How many commands of the app wait. */
  size = 0;
  /** Insertion order is the order of the calls. @type {Set<Command>} */
  #commands = new Set();
  /** @type {Map<number, Command>} */
  #byId = new Map();
  /** @type {Map<unknown, Set<Command>>} */
  #lanes = new Map();
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
      const repeat = repeatable(frame.type);
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
      this.#lanes.set(lane, (this.#lanes.get(lane) ?? new Set()).add(command));
      this.#dispatch(command);
    });
  }

  /**
   * A session is live: sends what waits, in the order of the calls. What was written so long ago that the server may have
   * forgotten its key soon is the app's to send again: it might be there twice.
   *
   * @param {number} [keyMs] how long the server remembers keys
   */
  resume(keyMs = KEY_MS) {
    const since = this.#options.env.date() - keyMs / 2;
    for (const command of [...this.#commands]) {
      if (command.frame.key === undefined || command.at >= since) continue;
      const message = `${command.frame.type}: it was written long ago`;
      this.reject(command, new RequestTimeoutError(message, { outcomeUnknown: command.unsure }));
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
      const lost = command.sent;
      command.sent = false;
      if (!command.repeat || command.internal) {
        const message = `${command.frame.type}: the connection was lost`;
        this.reject(command, new ConnectionLostError(message, { outcomeUnknown: lost }));
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
    if (this.#remove(command)) command.resolve(value);
  }

  /** @param {Command} command @param {Error} error */
  reject(command, error) {
    if (this.#remove(command)) command.reject(error);
  }

  /** The server answered with an error: repeats the command, or settles it. @param {Command} command @param {import("./confab.js").ErrorFrame} frame */
  refuse(command, frame) {
    const { type, room } = command.frame;
    if (command.unsure && type === "leave" && LEFT.includes(frame.code)) {
      return this.resolve(command, { type: "left", room });
    }
    command.unsure ||= UNSURE.has(frame.code);
    const error = new ServerError(frame, { outcomeUnknown: command.unsure });
    if (!command.repeat || frame.retry !== true || ++command.tries > this.#options.retriesMax) return this.reject(command, error);
    this.disarm(command);
    command.sent = false;
    const wait = retryAfter(frame) ?? this.#options.backoff.after(command.tries - 1);
    command.timer = this.#options.env.setTimeout(() => {
      command.timer = null;
      this.#dispatch(command);
    }, wait);
  }

  /** @param {Command} command */
  #dispatch(command) {
    if (!this.#live || command.sent || command.timer !== null) return;
    // One at a time: were the second of two pipelined messages accepted and the first repeated, they'd change places.
    const [first] = this.#lanes.get(command.lane) ?? [];
    if (first !== command) return; // or it is settled

    const id = this.nextId();
    command.ids.push(id);
    command.sent = true;
    this.#byId.set(id, command);
    command.timer = this.#options.env.setTimeout(() => this.#timedOut(command), this.#options.requestTimeoutMs);
    const error = this.#options.transmit(`{"id":${id},${command.text.slice(1)}`);
    if (error) this.reject(command, error);
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
    const lane = /** @type {Set<Command>} */ (this.#lanes.get(command.lane));
    lane.delete(command);
    const [next] = lane;
    if (next) this.#dispatch(next);
    else this.#lanes.delete(command.lane);
    return true;
  }
}
