// One room of the store: its state, which changes, and its snapshot, which does not.

import { Timeline } from "./timeline.js";

/** The server forgets who types after this, and says nothing. */
const TYPING_MS = 10_000;

export class RoomState {
  joined = false;
  joining = false;
  title = "";
  online = 0;
  epoch = /** @type {string | undefined} */ (undefined);
  error = /** @type {Error | null} */ (null);
  loadingOlder = false;
  olderError = /** @type {Error | null} */ (null);
  /** @type {Set<string>} */
  members = new Set();
  /** The last seq that was read, and those after it that count. */
  readUpTo = 0;
  /** It is known how far that is. */
  counted = false;
  /** @type {Set<number>} */
  unread = new Set();
  /** The count under way of what was missed; what an older one brings is void. */
  counting = /** @type {object | null} */ (null);
  /** Until when each one types. @type {Map<string, ReturnType<typeof setTimeout>>} */
  #typing = new Map();
  #snapshot = /** @type {import("./store.js").RoomSnapshot | null} */ (null);
  #known;

  /**
   * @param {string} key
   * @param {{ me: () => string | undefined, nameOf: (id: string) => string, changed: () => void }} known
   */
  constructor(key, known) {
    this.key = key;
    this.with = key.startsWith("@") ? key.slice(1) : null;
    this.wire = this.with === null ? key : null;
    this.#known = known;
    this.timeline = new Timeline(known.me, known.nameOf);
  }

  changed() {
    this.#snapshot = null;
    this.#known.changed();
  }

  destroy() {
    for (const timer of this.#typing.values()) clearTimeout(timer);
    this.#typing.clear();
  }

  /** @returns {import("./store.js").RoomSnapshot} */
  snapshot() {
    const { nameOf } = this.#known;
    const user = (/** @type {string} */ id) => ({ id, name: nameOf(id) });
    this.#snapshot ??= Object.freeze({
      key: this.key,
      room: this.wire,
      with: this.with,
      title: this.with === null ? this.title || this.key : nameOf(this.with),
      joined: this.joined,
      error: this.error,
      online: this.online,
      members: [...this.members].map(user),
      typing: [...this.#typing.keys()].map(user),
      messages: [...this.timeline.messages, ...this.timeline.pending],
      hasOlder: this.joined && !this.timeline.complete,
      loadingOlder: this.loadingOlder,
      olderError: this.olderError,
      readUpTo: this.readUpTo,
      unread: this.unread.size,
    });
    return this.#snapshot;
  }

  // --------------------------------------------------------------------------------------------------- typing

  /** @param {string} user */
  startTyping(user) {
    this.stopTyping(user);
    const lapsed = () => {
      this.#typing.delete(user);
      this.changed();
    };
    const timer = setTimeout(lapsed, TYPING_MS);
    /** @type {any} */ (timer).unref?.(); // it is no reason for a program to go on
    this.#typing.set(user, timer);
  }

  /** @param {string} user */
  stopTyping(user) {
    clearTimeout(this.#typing.get(user));
    this.#typing.delete(user);
  }

  // --------------------------------------------------------------------------------------------------- unread

  /** Anew, of what is loaded. @param {number} readUpTo */
  count(readUpTo) {
    this.counted = true;
    this.readUpTo = readUpTo;
    this.counting = null;
    this.unread.clear();
    this.countEarlier(this.timeline.messages, this.#known.me());
  }

  /**
   * Counts messages of a page, by ascending seq; one's own says that those before it were read.
   *
   * @param {readonly any[]} messages
   * @param {string | undefined} me
   * @returns {boolean} there is one of one's own
   */
  countEarlier(messages, me) {
    let own = messages.length - 1;
    while (own >= 0 && messages[own].from !== me) own--;
    if (own >= 0) this.readUpTo = Math.max(this.readUpTo, messages[own].seq);
    for (const { seq, deleted, type } of messages.slice(own + 1)) {
      if (seq > this.readUpTo && deleted !== true && (type === undefined || type === "message")) this.unread.add(seq);
    }
    return own >= 0;
  }

  /** Up to here it is read. @param {number} seq @returns {boolean} whether that is news */
  readTo(seq) {
    if (seq <= this.readUpTo && this.unread.size === 0) return false;
    this.readUpTo = Math.max(this.readUpTo, seq);
    this.counting = null;
    for (const each of this.unread) if (each <= seq) this.unread.delete(each);
    return true;
  }
}
