// The rooms of a client: what `hello` resumes, what arrives for them, and what has to be asked for.

import { ConnectionLostError, ServerError, StoppedError } from "./errors.js";
import { RoomLog } from "./room.js";

/**
 * @typedef {import("./confab.js").ClientEvents} ClientEvents
 * @typedef {import("./confab.js").Joined} Joined
 * @typedef {import("./confab.js").LogEntry} LogEntry
 * @typedef {import("./queue.js").Command} Command
 */

const LOG_TYPES = ["message", "edited", "deleted", "reacted", "member_set", "room_set", "pinned", "trimmed", "erased"];
/** Entries of `hello.resume`, at most 150 bytes each, so that `hello` stays within a frame; more rooms join one by one. */
const RESUME_MAX = 200;

export class Rooms {
  /** @type {Map<string, RoomLog>} */
  #logs = new Map();
  #queue;
  #emit;

  /**
   * @param {object} options
   * @param {import("./queue.js").CommandQueue} options.queue
   * @param {<K extends keyof ClientEvents>(type: K, event: ClientEvents[K]) => void} options.emit
   */
  constructor({ queue, emit }) {
    this.#queue = queue;
    this.#emit = emit;
  }

  describe() {
    return [...this.#logs.values()].map((log) => log.describe());
  }

  /** @param {string} room */
  find(room) {
    return this.#logs.get(room);
  }

  // -------------------------------------------------------------------------------------- what the app asks for

  /** The app is about to join. @param {string} room @param {number} [since] */
  joining(room, since) {
    const log = this.#log(room);
    if (since !== undefined) log.last = since; // what it says it has: the rest is delivered, even if it was before
  }

  /** @param {string} room */
  joinFailed(room) {
    const log = this.#logs.get(room);
    if (log && !log.joined && (log.last === null || !isDirect(room))) this.#logs.delete(room);
  }

  /** We are not in the room any more. @param {string} room @param {{ error?: ServerError, reason?: import("./confab.js").LeftReason }} [why] */
  forget(room, why) {
    const log = this.#logs.get(room);
    if (!log) return;
    log.joined = false;
    log.page = null;
    if (!isDirect(room)) this.#logs.delete(room); // a direct room's messages keep coming
    this.#emit("left", { room, ...why });
  }

  // ------------------------------------------------------------------------------------------- sessions come and go

  /** What `hello` is to resume. */
  resume() {
    const points = [];
    for (const log of this.#logs.values()) {
      if (!log.joined || log.last === null || points.length === RESUME_MAX) continue;
      log.resuming = log.asking = true;
      points.push({ room: log.id, since: log.last, epoch: log.epoch });
    }
    return points;
  }

  /** The session is lost. */
  lost() {
    for (const log of this.#logs.values()) log.lost();
  }

  /**
   * After `welcome`: the rooms that `hello` could not resume, and the direct rooms in which something happened.
   *
   * @param {import("./confab.js").DirectSummary[]} directs
   * @param {boolean} first there was no session before, so nothing was missed
   */
  welcomed(directs, first) {
    const heads = new Map(directs.map(({ room, head }) => [room, head]));
    for (const [room, head] of heads) {
      if (!this.#logs.has(room)) this.#log(room).last = first ? head : 0;
    }
    // The list is cut at the latest; what was cut off is older than an unchanged one, if there is one.
    const cutOff = !directs.some(({ room, head }) => this.#logs.get(room)?.last === head);
    for (const log of this.#logs.values()) {
      // Another head, not only a higher one: a lower one says that the log was begun anew.
      const missed = log.last !== null && (heads.has(log.id) ? heads.get(log.id) !== log.last : cutOff && isDirect(log.id));
      if (!log.asking && (log.joined || missed)) this.#catchUp(log);
    }
  }

  /**
   * A `resume` failed or was not answered: ask by itself what became of it.
   *
   * @param {string} [room] only for this one
   */
  askAgain(room) {
    for (const log of this.#logs.values()) {
      if (!log.resuming || (room !== undefined && log.id !== room)) continue;
      log.resuming = false;
      this.#catchUp(log);
    }
  }

  /**
   * After a reconnect the app's commands follow `hello` at once; where a room's `resume` failed they are too early.
   *
   * @param {unknown} room
   */
  rejoining(room) {
    const log = this.#logs.get(/** @type {string} */ (room));
    return log !== undefined && log.joined && log.asking;
  }

  // ------------------------------------------------------------------------------------------------ what arrives

  /** An entry outside of a catch-up, or something else that this version does not know. @param {LogEntry} entry */
  entry(entry) {
    if (!isEntry(entry)) return this.#emit("unknown", /** @type {any} */ (entry));
    let log = this.#logs.get(entry.room);
    if (!log) {
      if (!isDirect(entry.room)) return; // left, and the entry had been on its way
      log = this.#log(entry.room);
      log.last = entry.prev ?? entry.seq - 1; // live since `welcome`, so this is the first one since
    }
    const hole = this.#deliver(log, entry) === "hole";
    if (hole && !log.asking) this.#catchUp(log);
  }

  /** @param {RoomLog} log @param {LogEntry} entry */
  #deliver(log, entry) {
    const verdict = log.offer(entry);
    if (verdict === "new") {
      log.learn(entry);
      this.#emit(LOG_TYPES.includes(entry.type) ? entry.type : "unknown", /** @type {any} */ (entry));
    }
    return verdict;
  }

  /** @param {Joined} frame @param {Command} [command] */
  joined(frame, command) {
    let log = this.#logs.get(frame.room);
    if (!log) {
      if (!command || command.internal) return; // left in the meantime
      log = this.#log(frame.room); // an earlier join of it had failed
      log.last = /** @type {number | undefined} */ (command.frame.since) ?? null;
    }
    if (log.page) this.#finish(log); // its rest will not come any more
    if (command) this.#queue.disarm(command);
    const since = command ? command.frame.since : log.last;
    log.resuming = false;
    const { title, role, online, member = false, read, settings = {}, count = 0, pins = [] } = frame;
    log.info = { title, role, online, member, read, settings, count, pins };
    const snapshot = frame.gap || typeof since !== "number";
    const page = { frame, command, snapshot, events: [] };
    if (frame.gap || (snapshot && log.forced)) {
      const gap = { room: frame.room, since: Number(since ?? log.last), oldest: frame.oldest ?? frame.head + 1 };
      log.reset(frame.epoch);
      log.page = page;
      this.#emit("gap", { ...gap, head: frame.head, epoch: frame.epoch });
      if (log.page !== page) return; // a listener stopped the client
    }
    log.epoch = frame.epoch;
    log.page = page;
    if (!snapshot) this.#emit("joined", joinedRoom(frame, false, []));
    this.#page(log, page, frame);
  }

  /** More of a catch-up. @param {import("./confab.js").Events} frame */
  events(frame) {
    const log = this.#logs.get(frame.room);
    if (log?.page) this.#page(log, log.page, frame);
  }

  /** @param {import("./confab.js").Presence} frame */
  presence(frame) {
    const log = this.#logs.get(frame.room);
    if (log) log.info.online = frame.online;
  }

  /** One's own marker. @param {import("./confab.js").Read} frame */
  read(frame) {
    const log = this.#logs.get(/** @type {string} */ (frame.room));
    if (log && Number.isSafeInteger(frame.read)) log.info.read = Math.max(log.info.read ?? 0, Number(frame.read));
  }

  /**
   * @param {RoomLog} log
   * @param {import("./room.js").Page} page
   * @param {{ events: LogEntry[], users?: import("./confab.js").User[], more?: boolean }} frame
   */
  #page(log, page, { events, users, more }) {
    const names = new Map((users ?? []).map((user) => [user?.id, user?.name]));
    for (const entry of events ?? []) {
      if (log.page !== page) return; // a listener stopped the client or left the room
      if (page.snapshot) page.events.push(entry);
      else if (isEntry(entry)) this.#deliver(log, withName(entry, names));
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
    const asked = this.#queue.submit({ type: "join", room: log.id, since, epoch }, { internal: true });
    asked.catch((error) => {
      if (this.#logs.get(log.id) !== log || error instanceof ConnectionLostError || error instanceof StoppedError) return; // the next session asks anew
      log.gaveUp();
      this.#emit("error", error);
      if (log.joined && error instanceof ServerError && !error.retry) this.forget(log.id, { error });
    });
  }

  /** @param {string} room */
  #log(room) {
    let log = this.#logs.get(room);
    if (!log) this.#logs.set(room, (log = new RoomLog(room)));
    return log;
  }
}

/** @param {string} room */
const isDirect = (room) => room.startsWith("dm:");

/** @param {any} frame */
const isEntry = (frame) => typeof frame?.room === "string" && Number.isSafeInteger(frame.seq);

/** A message that was caught up with names its author as a live one does. @param {LogEntry} entry @param {Map<string, string>} names */
function withName(entry, names) {
  const name = names.get(entry.from);
  return entry.type === "message" && name ? { ...entry, name } : entry;
}

/** @param {Joined} frame @param {boolean} snapshot @param {LogEntry[]} events @returns {import("./confab.js").JoinedRoom} */
function joinedRoom({ type, re, gap, oldest, more, ...room }, snapshot, events) {
  return { ...room, snapshot, events };
}
