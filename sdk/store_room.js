// One room of the store: its state, which changes, and its snapshot, which does not.

import { ownOf } from "./store_own.js";
import { Timeline } from "./timeline.js";

/** The server forgets who types after this, and says nothing. */
const TYPING_MS = 10_000;
const INVITED_MAX = 1000;
/** What was missed is counted back to here; beyond, it is "more than that". */
const COUNT_PAGE = 200;
const COUNT_PAGES_MAX = 5;

/** What ends a membership, as a state and as a reason to leave; `deleted`: the user was erased. @type {Set<unknown>} */
export const ENDS = new Set(["left", "removed", "banned", "deleted"]);

const NONE = Object.freeze({});
const NO_PINS = /** @type {readonly number[]} */ (Object.freeze([]));

/** What a visitor may do. @param {string} [visitors] the room's setting */
const visitorsRole = (visitors = "write") => (visitors === "write" ? "member" : "reader");

export class RoomState {
  joined = false;
  joining = false;
  /** Why the server took the user out. */
  left = /** @type {import("./confab.js").LeftReason | null} */ (null);
  /** What the client knows of it. */
  info = /** @type {Partial<import("./confab.js").RoomInfo>} */ ({});
  role = "";
  member = false;
  memberCount = 0;
  /** The entry up to which `role` and `member` are known. */
  asOf = 0;
  /** The one up to which `memberCount` is. */
  #countAsOf = 0;
  /** Those known to be invited: that they go is no loss of a member. @type {Set<string>} */
  #invited = new Set();
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
  /** Those that are for oneself. @type {Set<number>} */
  mentions = new Set();
  /** What the server says of it, where one is a member. */
  row = /** @type {import("./confab.js").InboxRow | null} */ (null);
  /** Up to where others have read, where the room tells it. @type {Record<string, number>} */
  reads = {};
  /** The count under way of what was missed; what an older one brings is void. */
  counting = /** @type {object | null} */ (null);
  /** Until when each one types. @type {Map<string, ReturnType<typeof setTimeout>>} */
  #typing = new Map();
  #snapshot = /** @type {import("./store.js").RoomSnapshot | null} */ (null);
  #known;

  /**
   * @param {string} key
   * @param {{ me: () => string | undefined, nameOf: (id: string) => string, changed: () => void, isBlocked: (id?: string) => boolean }} known
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
      title: this.with === null ? this.info.title || this.key : nameOf(this.with),
      settings: this.info.settings ?? NONE,
      pins: this.info.pins ?? NO_PINS,
      joined: this.joined,
      left: this.left,
      role: this.role,
      member: this.member,
      memberCount: this.memberCount,
      error: this.error,
      online: this.online,
      members: [...this.members].map(user),
      typing: [...this.#typing.keys()].map(user),
      messages: [...this.timeline.messages, ...this.timeline.pending],
      hasOlder: this.joined && !this.timeline.complete,
      loadingOlder: this.loadingOlder,
      olderError: this.olderError,
      own: ownOf(this.row),
      readUpTo: this.readUpTo,
      reads: this.reads,
      ...this.#counts(),
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

  // ----------------------------------------------------------------------------------- members, and oneself there

  /** @param {import("./confab.js").JoinedRoom} event */
  joinedAs({ role = "", member, count = 0, head = 0, snapshot }) {
    Object.assign(this, { joined: true, joining: false, left: null, error: null, role, member: member === true, asOf: head });
    this.countedMembers(count, head);
    if (snapshot) this.#invited.clear();
  }

  /** @param {number} count @param {number} asOf */
  countedMembers(count, asOf) {
    this.memberCount = count;
    this.#countAsOf = asOf;
  }

  /** The entry does not say whether who is banned was a member; it is taken for granted. @param {import("./confab.js").MemberSet} entry */
  changeMembers({ seq, users, state }) {
    if (state === undefined || !Array.isArray(users)) return;
    for (const user of users) {
      const invited = this.#invited.delete(user);
      if (state === "invited" && this.#invited.size < INVITED_MAX) this.#invited.add(user);
      if (seq <= this.#countAsOf) continue;
      if (state === "member") this.memberCount++;
      else if (ENDS.has(state) && !invited) this.memberCount = Math.max(0, this.memberCount - 1);
    }
  }

  /** Before the client's new settings are taken over. @param {import("./confab.js").RoomSet} entry */
  changeSettings({ seq, visitors }) {
    if (seq <= this.asOf || this.member || visitors === undefined || this.role !== visitorsRole(this.info.settings?.visitors)) return;
    this.role = visitorsRole(visitors);
  }

  // --------------------------------------------------------------------------------------------------- unread

  /**
   * The server's numbers, as of the row's `head`, and what has come since. It does not know whom one blocks: where it is somebody,
   * what is loaded is counted here.
   */
  #counts() {
    const { row } = this;
    const counts = { unread: this.unread.size, mentions: this.mentions.size };
    if (!row || (row.read ?? 0) < this.readUpTo || (this.joined && this.#known.isBlocked())) return counts;
    const since = (/** @type {Set<number>} */ set) => [...set].filter((seq) => seq > (row.head ?? 0)).length;
    return { unread: (row.unread ?? 0) + since(this.unread), mentions: (row.mentions ?? 0) + since(this.mentions) };
  }

  /** @param {Record<string, number>} reads @param {boolean} [all] also of those who were not known to read */
  othersRead(reads, all = true) {
    for (const [user, seq] of Object.entries(reads ?? {})) {
      if ((all || user in this.reads) && Number.isSafeInteger(seq) && seq > (this.reads[user] ?? -1)) this.reads = { ...this.reads, [user]: seq };
    }
  }

  /** Anew, of what is loaded. @param {number} readUpTo */
  count(readUpTo) {
    this.counted = true;
    this.readUpTo = readUpTo;
    this.counting = null;
    this.unread.clear();
    this.mentions.clear();
    this.countEarlier(this.timeline.messages, this.#known.me());
  }

  /** The unread ones before what is loaded. @param {import("./confab.js").ConfabClient} client */
  async countMissed(client) {
    const counting = (this.counting = {});
    let before = this.timeline.firstSeq;
    try {
      for (let n = 0; n < COUNT_PAGES_MAX && before !== null; n++) {
        const page = await client.history(/** @type {string} */ (this.wire), { before, limit: COUNT_PAGE });
        if (this.counting !== counting) return;
        const mine = this.countEarlier(page.events, this.#known.me());
        before = page.more && !mine ? page.events[0]?.seq ?? null : null;
        if (before !== null && before <= this.readUpTo + 1) before = null;
        this.changed();
      }
    } catch {
      // What is loaded is counted; the next snapshot tries again.
    }
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
    for (const message of messages.slice(own + 1)) {
      if (message.type === undefined || message.type === "message") this.note(message);
    }
    return own >= 0;
  }

  /**
   * Whether a message counts, anew: quiet ones do not, nor what somebody wrote whom one blocks, and those in threads only where
   * they are for oneself.
   *
   * @param {any} message
   */
  note({ seq, from, deleted, quiet, thread, mentions }) {
    this.forget(seq);
    const me = this.#known.me();
    if (seq <= this.readUpTo || from === me || deleted === true || quiet === true || this.#known.isBlocked(from)) return;
    if (thread === undefined) this.unread.add(seq);
    if (Array.isArray(mentions) && (mentions.includes(me) || mentions.includes("@room"))) this.mentions.add(seq);
  }

  /** The user is blocked, or no more. What is not loaded counts as it did. @param {string} user */
  recount(user) {
    this.stopTyping(user);
    for (const message of this.timeline.messages) if (message.from === user) this.note(message);
    this.changed();
  }

  /** It does not count any more. @param {number} seq */
  forget(seq) {
    this.unread.delete(seq);
    this.mentions.delete(seq);
  }

  /** Nothing counts any more up to there. @param {number} upto */
  trimmed(upto) {
    for (const each of [...this.unread, ...this.mentions]) if (each <= upto) this.forget(each);
  }

  /** Up to here it is read. @param {number} seq @returns {boolean} whether that is news */
  readTo(seq) {
    if (seq <= this.readUpTo && this.unread.size === 0) return false;
    this.readUpTo = Math.max(this.readUpTo, seq);
    this.counting = null;
    this.trimmed(seq);
    return true;
  }
}
