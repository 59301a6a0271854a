// What of a room's log has been delivered. No I/O: the client asks, steps it, and acts.

/**
 * @typedef {object} Page a catch-up that is arriving
 * @property {import("./confab.js").Joined} frame
 * @property {import("./queue.js").Command | undefined} command
 * @property {boolean} snapshot
 * @property {import("./confab.js").LogEntry[]} events of a snapshot
 */

/** What a setting is where the server tells none, if that is neither zero, empty nor false. */
const DEFAULTS = /** @type {Record<string, unknown>} */ ({
  visibility: "public", visitors: "write", posting: "all", inviting: "members", history: "all",
});

/** Also `data` without a field. @param {[string, any]} setting */
const isSet = ([name, value]) => value && value !== DEFAULTS[name] && (name !== "data" || Object.keys(value).length > 0);

export class RoomLog {
  /** Joined by the app; otherwise a direct room that was merely heard of. */
  joined = false;
  /** Everything up to here was delivered or is part of a delivered snapshot. null: there is no state yet. */
  last = /** @type {number | null} */ (null);
  epoch = /** @type {string | undefined} */ (undefined);
  /** The highest `seq` known to exist. */
  seen = 0;
  /** Named in `hello.resume`, not yet answered. */
  resuming = false;
  /** A join of our own (not of the app) is on its way. */
  asking = false;
  /** `last` at the latest such join: asked twice from the same point, the log has a hole that does not heal. */
  askedAt = /** @type {number | null} */ (null);
  /** We gave up healing: the snapshot to come is a gap, even though the server does not say so. */
  forced = false;
  page = /** @type {Page | null} */ (null);
  /** Of the latest `joined` and `presence`. */
  info = /** @type {Partial<import("./confab.js").RoomInfo>} */ ({});

  /** @param {string} id */
  constructor(id) {
    this.id = id;
  }

  /**
   * An entry arrived. "new": deliver it. "old": was delivered, or comes with the snapshot. "hole": something before
   * it is missing; it will come again by catching up.
   *
   * @param {{ seq: number, prev?: number }} entry
   * @returns {"new" | "old" | "hole"}
   */
  offer({ seq, prev = seq - 1 }) {
    this.seen = Math.max(this.seen, seq);
    if (this.last === null || seq <= this.last) return "old";
    if (prev > this.last) return "hole";
    this.last = seq;
    return "new";
  }

  /**
   * Which `since` to catch up from; undefined: only a snapshot can help.
   *
   * @returns {number | undefined}
   */
  ask() {
    this.asking = true;
    if (this.last === null) return undefined;
    if (this.askedAt === this.last) {
      this.forced = true;
      return undefined;
    }
    this.askedAt = this.last;
    return this.last;
  }

  /**
   * The state is void: what we had cannot be continued.
   *
   * @param {string} epoch
   */
  reset(epoch) {
    this.last = null;
    this.seen = 0;
    this.epoch = epoch;
    this.forced = false;
  }

  /**
   * The catch-up is complete.
   *
   * @returns {boolean} whether something is still missing
   */
  finish() {
    const { frame, snapshot } = /** @type {Page} */ (this.page);
    this.page = null;
    this.asking = false;
    this.seen = Math.max(this.seen, frame.head);
    if (snapshot) this.last = frame.head;
    if (this.seen > (this.last ?? 0)) return true;
    this.askedAt = null;
    return false;
  }

  /** What was asked for is refused. */
  gaveUp() {
    this.asking = false;
    this.askedAt = null;
  }

  /** The connection went; what was asked on it will not be answered. */
  lost() {
    this.gaveUp();
    this.resuming = false;
    this.page = null;
  }

  /** What an entry says of the room itself. @param {any} entry */
  learn({ type, room, seq, prev, at, from, key, title, ...change }) {
    const { pins = [], settings = {} } = this.info;
    const others = pins.filter((pinned) => pinned !== change.target);
    if (type === "pinned") this.info.pins = change.on && Number.isSafeInteger(change.target) ? [...others, change.target] : others;
    if (type === "deleted") this.info.pins = others;
    if (type === "trimmed") this.info.pins = pins.filter((pinned) => pinned > change.upto);
    if (type === "room_set") {
      this.info.settings = Object.fromEntries(Object.entries({ ...settings, ...change }).filter(isSet));
      this.info.title = title ?? this.info.title;
    }
  }

  /** @returns {import("./confab.js").RoomInfo} */
  describe() {
    return { ...this.info, room: this.id, joined: this.joined, seq: this.last, epoch: this.epoch };
  }
}
