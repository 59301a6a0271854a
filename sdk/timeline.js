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

/** What is gone of a message that is deleted. */
const NOTHING = {
  text: "", data: undefined, mentions: undefined, attachments: undefined, unreached: undefined, editedAt: undefined, editedBy: undefined, reactions: [],
};

/** @param {any} event */
const isEntry = (event) => Number.isSafeInteger(event?.seq);

export class Timeline {
  /** Stored ones, by ascending `seq`. @type {TimelineMessage[]} */
  messages = [];
  /** @type {TimelineMessage[]} */
  pending = [];
  /** There is nothing before the first one. */
  complete = false;
  /** Whom one's own mentions did not reach, by seq: only the answer to sending says so. @type {Map<number, readonly string[]>} */
  #unreached = new Map();

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

  /** The state is void: this is the new one. @param {LogEntry[]} entries @param {number} [head] see `add` */
  replace(entries, head) {
    const events = (entries ?? []).filter(isEntry);
    this.messages = [];
    for (const event of events) {
      if (event.type === "message") this.add(event, head);
      else this.apply(event);
    }
    this.pending = this.pending.filter(({ state }) => state !== "sent"); // among these, or before them
    this.complete = events.length === 0 || events[0].seq === 1;
  }

  /**
   * @param {import("./confab.js").Message} event
   * @param {number} [head] it is as this entry left it; a live one is as it was written
   * @returns {TimelineMessage | null} null: it is there already
   */
  add(event, head) {
    const at = this.#place(event.seq);
    if (this.messages[at]?.seq === event.seq) return null;
    const message = this.#message(event, head);
    this.messages.splice(at, 0, message);
    if (event.thread !== undefined && !message.deleted) {
      this.#update(event.thread, event.seq, (root) => ({ ...root, replies: root.replies + 1, lastReply: event.seq, lastReplyAt: event.at }));
    }
    if (event.key !== undefined && event.from === this.me()) this.dropPending(event.key);
    return message;
  }

  /** A page of history before `first`, unless something else came before it in the meantime. @param {number} first @param {import("./confab.js").History} page */
  prepend(first, { events, more, head }) {
    if (this.firstSeq !== first) return;
    const older = (events ?? []).filter((event) => isEntry(event) && event.type === "message" && event.seq < first);
    this.messages.unshift(...older.map((event) => this.#message(/** @type {any} */ (event), head)));
    this.complete = !more || older.length === 0;
  }

  /** What happens to a message that is there. @param {any} entry */
  apply(entry) {
    if (entry.type === "trimmed") {
      this.messages = this.messages.filter(({ seq }) => /** @type {number} */ (seq) > entry.upto);
      this.complete = true;
    }
    if (entry.type === "erased") this.messages = this.messages.map((message) => this.#without(message, entry));
    const before = this.find(entry.target);
    this.#update(entry.target, entry.seq, (message) => this.#changed(message, entry));
    const { thread, deleted } = before ?? {};
    if (entry.type !== "deleted" || thread === undefined || deleted) return;
    // Where the root is loaded, so is all that came after it.
    const last = this.messages.filter((one) => one.thread === thread && !one.deleted).pop();
    this.#update(thread, entry.seq, (root) => ({
      ...root, replies: Math.max(0, root.replies - 1), lastReply: last?.seq ?? undefined, lastReplyAt: last?.at,
    }));
  }

  /** @param {number} seq @returns {TimelineMessage | undefined} */
  find(seq) {
    const message = this.messages[this.#place(seq)];
    return message?.seq === seq ? message : undefined;
  }

  /** A page may be ahead of what comes live: what it holds already is not done twice. @param {number} seq @param {number} entry @param {(message: TimelineMessage) => TimelineMessage} change */
  #update(seq, entry, change) {
    const before = this.find(seq);
    if (before === undefined || entry <= /** @type {number} */ (before.asOf)) return;
    const after = change(before);
    if (after !== before) this.messages[this.#place(seq)] = { ...after, asOf: entry };
  }

  /** The user is no more, and was called so. @param {TimelineMessage} message @param {{ user: string, as: string }} entry @returns {TimelineMessage} */
  #without(message, { user, as }) {
    const { from, mentions, reactions } = message;
    const theirs = reactions.filter(({ users }) => users.includes(user));
    if (from !== user && !mentions?.includes(user) && theirs.length === 0) return message;
    return {
      ...message,
      ...(from === user && { ...NOTHING, deleted: true, from: as, name: as }),
      mentions: mentions?.map((id) => (id === user ? as : id)),
      reactions: from === user ? [] : theirs.reduce((all, { emoji }) => react(all, { emoji, from: user, on: false }, this.me()), reactions),
    };
  }

  /** @param {TimelineMessage} before @param {any} entry @returns {TimelineMessage} */
  #changed(before, entry) {
    switch (entry.type) {
      case "edited":
        return {
          ...before, text: entry.text ?? "", data: entry.data, mentions: entry.mentions, attachments: entry.attachments,
          editedAt: entry.at ?? before.at, editedBy: entry.from === before.from ? undefined : entry.from,
        };
      case "deleted":
        return { ...before, ...NOTHING, deleted: true, deletedBy: entry.from, reason: entry.reason };
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

  /** @param {string} key @param {import("./store.js").MessageContent} content @param {number} at */
  addPending(key, content, at) {
    const from = this.me() ?? "";
    this.pending.push({
      id: `key-${key}`, seq: null, key, at, from, name: this.nameOf(from), text: "", deleted: false, replies: 0,
      reactions: [], state: "sending", ...content,
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

  /** The server has it. Its message event follows, or came before with what was missed. @param {string} key @param {number} seq @param {readonly string[]} [unreached] */
  settle(key, seq, unreached) {
    if (unreached) this.reached(seq, unreached);
    if (seq <= (this.lastSeq ?? 0)) this.dropPending(key);
    else this.changePending(key, { state: "sent" });
  }

  /** What the server says of a message's mentions. @param {number} seq @param {readonly string[]} [unreached] */
  reached(seq, unreached = []) {
    if (unreached.length > 0) this.#unreached.set(seq, unreached);
    else this.#unreached.delete(seq);
    const at = this.#place(seq);
    if (this.messages[at]?.seq === seq) this.messages[at] = { ...this.messages[at], unreached: this.#unreached.get(seq) };
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

  /** @param {import("./confab.js").Message} event @param {number} [head] @returns {TimelineMessage} */
  #message(event, head = 0) {
    const { seq, key, at = 0, from = "", name, text = "", data, thread, mentions, attachments, quiet, reason, reactions } = event;
    const me = this.me();
    return {
      // The same for the one on its way and the one it becomes, so that what shows it stays.
      id: key !== undefined && from === me ? `key-${key}` : `seq-${seq}`,
      seq, key, at, from, name: name ?? this.nameOf(from), text, data, thread, mentions, attachments, quiet, reason,
      replyTo: event.reply_to, event: event.event,
      editedAt: event.edited_at, editedBy: event.edited_by, deleted: event.deleted === true, deletedBy: event.deleted_by,
      replies: event.replies ?? 0, lastReply: event.last_reply, lastReplyAt: event.last_reply_at,
      reactions: reactionsOf(reactions, me),
      unreached: this.#unreached.get(seq),
      state: "stored",
      asOf: Math.max(seq, head),
    };
  }
}
