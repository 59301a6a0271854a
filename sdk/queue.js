// Commands from call to outcome: ids, order, repeats, time-outs, and what a lost connection means to each.

import { retryAfter } from "./codes.js";
import { COMMANDS } from "./commands.js";
import { ConfabError, ConnectionLostError, QueueFullError, RequestTimeoutError, ServerError, StoppedError } from "./errors.js";

/**
 * @typedef {{ type: string, [field: string]: unknown }} Frame
 *
 * @typedef {object} Command
 * @property {Frame} frame
 * @property {string} text the frame as JSON, made once: what is repeated is what was first said
 * @property {boolean} repeat
 * @property {string | null} lane commands of one lane are sent one after the other's outcome
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
  /** Insertion order is the order of the calls. @type {Set<Command>} */
  #commands = new Set();
  /** @type {Map<number, Command>} */
  #byId = new Map();
  /** @type {Map<string, Command[]>} */
  #lanes = new Map();
  #live = false;
  #counted = 0;
  #lastId = 0;
  /** @type {StoppedError | null} */
  #stopped = null;

  /**
   * @param {object} options
   * @param {import("./confab.js").Environment} options.env
   * @param {number} options.queueMax
   * @param {number} options.requestTimeoutMs
   * @param {number} options.retriesMax
   * @param {import("./backoff.js").Backoff} options.backoff
   * @param {(text: string) => ConfabError | undefined} options.transmit says why a frame can never be sent
   */
  constructor({ env, queueMax, requestTimeoutMs, retriesMax, backoff, transmit }) {
    this.env = env;
    this.queueMax = queueMax;
    this.requestTimeoutMs = requestTimeoutMs;
    this.retriesMax = retriesMax;
    this.backoff = backoff;
    this.transmit = transmit;
  }

  get size() {
    return this.#counted;
  }

  nextId() {
    return ++this.#lastId;
  }

  /**
   * @param {Frame} frame without `id`
   * @param {{ lane?: string | null, internal?: boolean }} [options]
   * @returns {Promise<any>}
   */
  submit(frame, { lane = null, internal = false } = {}) {
    return new Promise((resolve, reject) => {
      const { repeat } = COMMANDS[frame.type];
      if (this.#stopped) return reject(this.#stopped);
      if (!repeat && !this.#live) return reject(new ConnectionLostError(`${frame.type}: not connected`));
      if (!internal && this.#counted >= this.queueMax) {
        return reject(new QueueFullError(`${this.queueMax} commands wait already (queueMax)`));
      }
      /** @type {Command} */
      const command = {
        frame, text: JSON.stringify(frame), repeat, lane, internal, ids: [], sent: false, unsure: false, tries: 0,
        at: this.env.date(), timer: null, resolve, reject,
      };
      this.#commands.add(command);
      if (!internal) this.#counted++;
      if (lane !== null) {
        const waiting = this.#lanes.get(lane);
        if (waiting) waiting.push(command);
        else this.#lanes.set(lane, [command]);
      }
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
    const since = this.env.date() - keyMs / 2;
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
      this.#disarm(command);
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
   * @param {{ message: string, closeCode?: number, cause?: unknown }} why
   */
  stop({ message, ...options }) {
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

  /** The answer has begun to arrive: no time-out any more. @param {Command} command */
  answered(command) {
    this.#disarm(command);
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
    if (command.unsure && COMMANDS[type].done?.includes(frame.code)) {
      return this.resolve(command, { type: "left", room });
    }
    command.unsure ||= UNSURE.has(frame.code);
    const error = new ServerError(frame, { outcomeUnknown: command.unsure });
    if (!command.repeat || frame.retry !== true || ++command.tries > this.retriesMax) return this.reject(command, error);
    this.#disarm(command);
    command.sent = false;
    const wait = retryAfter(frame) ?? this.backoff.after(command.tries - 1);
    command.timer = this.env.setTimeout(() => {
      command.timer = null;
      this.#dispatch(command);
    }, wait);
  }

  /** @param {Command} command */
  #dispatch(command) {
    const waits = !this.#live || command.sent || command.timer !== null;
    if (waits || !this.#commands.has(command)) return;
    // One at a time: were the second of two pipelined messages accepted and the first repeated, they'd change places.
    if (command.lane !== null && this.#lanes.get(command.lane)?.[0] !== command) return;
    const id = this.nextId();
    command.ids.push(id);
    command.sent = true;
    this.#byId.set(id, command);
    command.timer = this.env.setTimeout(() => this.#timedOut(command), this.requestTimeoutMs);
    const error = this.transmit(`{"id":${id},${command.text.slice(1)}`);
    if (error) this.reject(command, error);
  }

  /** @param {Command} command */
  #timedOut(command) {
    command.timer = null;
    command.sent = false;
    command.unsure = true;
    if (command.repeat && ++command.tries <= this.retriesMax) return this.#dispatch(command);
    const message = `${command.frame.type}: no answer in ${this.requestTimeoutMs} ms`;
    this.reject(command, new RequestTimeoutError(message, { outcomeUnknown: true }));
  }

  /** @param {Command} command */
  #disarm(command) {
    if (command.timer !== null) this.env.clearTimeout(command.timer);
    command.timer = null;
  }

  /** @param {Command} command @returns {boolean} false: it was settled before */
  #remove(command) {
    if (!this.#commands.delete(command)) return false;
    this.#disarm(command);
    if (!command.internal) this.#counted--;
    for (const id of command.ids) this.#byId.delete(id);
    const lane = command.lane === null ? undefined : this.#lanes.get(command.lane);
    if (lane) {
      lane.splice(lane.indexOf(command), 1);
      if (lane.length === 0) this.#lanes.delete(/** @type {string} */ (command.lane));
      else this.#dispatch(lane[0]);
    }
    return true;
  }
}
