// The messages of one room in order, and one's own that are on their way. A message that changes becomes another object,
// so that whoever shows it can tell by looking at that alone.

import { react, reactionsOf } from "./reactions.js";

/**
 * @typedef {import("./store.js").TimelineMessage} TimelineMessage
 * @typedef {import("./confab.js").LogEntry} LogEntry
 */

/** Of messages, kept once nobody reads the older ones any more. */
const KEPT_MAX = 1000;
const KEPT_AFTER_TRIM = 500;

/** @param {any} event */
const isEntry = (event) => Number.isSafeInteger(event?.seq);

export class Timeline {
  /** Stored ones, by ascending `seq`. @type {TimelineMessage[]} */
  messages = [];
  /** @type {TimelineMessage[]} */
  pending = [];
  /** There is nothing before the first one. */
  complete = false;

  /** @param {() => string | undefined} me @param {(id: string) => string} nameOf */
  constructor(me, nameOf) {
    this.me = me;
    this.nameOf = nameOf;
  }

  get firstSeq() {
    return this.messages[0]?.seq ?? null;
  }
  get lastSeq() {
    return this.messages[this.messages.length - 1]?.seq ?? null;
  }

  /** The state is void: this is the new one. @param {LogEntry[]} entries */
  replace(entries) {
    const events = (entries ?? []).filter(isEntry);
    this.messages = [];
    for (const event of events) {
      if (event.type === "message") this.add(event);
      else this.apply(event);
    }
    this.pending = this.pending.filter(({ state }) => state !== "sent"); // among these, or before them
    this.complete = events.length === 0 || events[0].seq === 1;
  }

  /** @param {import("./confab.js").Message} event @returns {TimelineMessage | null} null: it is there already */
  add(event) {
    const at = this.#place(event.seq);
    if (this.messages[at]?.seq === event.seq) return null;
    const message = this.#message(event);
    this.messages.splice(at, 0, message);
    if (event.key !== undefined && event.from === this.me()) this.dropPending(event.key);
    return message;
  }

  /** A page of history before `first`, unless something else came before it in the meantime. @param {number} first @param {LogEntry[]} events @param {boolean} more */
  prepend(first, events, more) {
    if (this.firstSeq !== first) return;
    const older = (events ?? []).filter((event) => isEntry(event) && event.type === "message" && event.seq < first);
    this.messages.unshift(...older.map((event) => this.#message(/** @type {any} */ (event))));
    this.complete = !more || older.length === 0;
  }

  /** What happens to a message that is there. @param {any} entry @returns {boolean} whether anything changed */
  apply(entry) {
    const at = this.#place(entry.target);
    const before = this.messages[at];
    if (before === undefined || before.seq !== entry.target) return false;
    const after = this.#changed(before, entry);
    this.messages[at] = after;
    return after !== before;
  }

  /** @param {TimelineMessage} before @param {any} entry @returns {TimelineMessage} */
  #changed(before, entry) {
    switch (entry.type) {
      case "edited":
        return { ...before, text: entry.text ?? "", data: entry.data, editedAt: entry.at ?? before.at };
      case "deleted":
        return { ...before, text: "", data: undefined, deleted: true, reactions: [] };
      case "reacted":
        return { ...before, reactions: react(before.reactions, entry, this.me()) };
      default:
        return before;
    }
  }

  /** The seq of the last message of `user`. @param {string | undefined} user */
  lastOf(user) {
    for (let i = this.messages.length - 1; i >= 0; i--) if (this.messages[i].from === user) return this.messages[i].seq;
    return null;
  }

  trim() {
    if (this.messages.length <= KEPT_MAX) return;
    this.messages.splice(0, this.messages.length - KEPT_AFTER_TRIM);
    this.complete = false;
  }

  // --------------------------------------------------------------------------------------- one's own on their way

  /** @param {string} key @param {{ text?: string, data?: unknown }} content @param {number} at */
  addPending(key, { text = "", data }, at) {
    const from = this.me() ?? "";
    this.pending.push({
      id: `key-${key}`, seq: null, key, at, from, name: this.nameOf(from), text, data, deleted: false, reactions: [],
      state: "sending",
    });
  }

  /** It has turned out who oneself is. */
  claimPending() {
    const from = this.me() ?? "";
    if (this.pending.some((one) => one.from !== from)) this.pending = this.pending.map((one) => ({ ...one, from, name: this.nameOf(from) }));
  }

  /** @param {string} key @param {Pick<TimelineMessage, "state" | "error">} change */
  changePending(key, change) {
    this.pending = this.pending.map((one) => (one.key === key ? { ...one, error: undefined, ...change } : one));
  }

  /** The server has it. Its message event follows, or came before with what was missed. @param {string} key @param {number} seq */
  settle(key, seq) {
    if (seq <= (this.lastSeq ?? 0)) this.dropPending(key);
    else this.changePending(key, { state: "sent" });
  }

  /** @param {string} key */
  dropPending(key) {
    this.pending = this.pending.filter((one) => one.key !== key);
  }

  // ----------------------------------------------------------------------------------------------------- parts

  /** Where a message of this number is, or would be. @param {number} seq */
  #place(seq) {
    let [low, high] = [0, this.messages.length];
    if (high > 0 && /** @type {number} */ (this.lastSeq) < seq) return high;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (/** @type {number} */ (this.messages[middle].seq) < seq) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** @param {import("./confab.js").Message} event @returns {TimelineMessage} */
  #message({ seq, key, at = 0, from = "", name, text = "", data, edited_at, deleted, reactions }) {
    const me = this.me();
    return {
      // The same for the one on its way and the one it becomes, so that what shows it stays.
      id: key !== undefined && from === me ? `key-${key}` : `seq-${seq}`,
      seq, key, at, from, name: name ?? this.nameOf(from), text, data, deleted: deleted === true,
      ...(edited_at !== undefined && { editedAt: edited_at }),
      reactions: reactionsOf(reactions, me),
      state: "stored",
    };
  }
}
