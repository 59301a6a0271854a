// What is known of the chat, for whoever shows it: rooms, their messages, who is there, what is unread. It hears the
// client, and hands out snapshots: objects that never change, and are the same as long as nothing has changed.

import { Inbox } from "./store_inbox.js";
import { Reading } from "./store_reading.js";
import { ENDS } from "./store_room.js";
import { Directory } from "./store_rooms.js";
import { Outgoing } from "./outgoing.js";
import { memoryPositions } from "./positions.js";
import { findReaction } from "./reactions.js";
import { Users } from "./store_users.js";

export { indexedOutbox } from "./outbox.js";
export { localPositions, memoryPositions } from "./positions.js";

/**
 * @typedef {import("./confab.js").ClientEvents} ClientEvents
 * @typedef {import("./store.js").RoomSnapshot} RoomSnapshot
 * @typedef {import("./store_room.js").RoomState} RoomState
 * @typedef {import("./store.js").StoreSnapshot} StoreSnapshot
 */

const HISTORY_PAGE = 100;
const LIST_PAGES_MAX = 10;

export class Store {
  client;
  #positions;
  #me = /** @type {import("./confab.js").User | null} */ (null);
  #outgoing;
  #rejoin;
  /** @type {Users} */
  #users;
  #rooms = new Directory(() => this.#me?.id, () => this.#changed(), (id) => (id === undefined ? this.#users.blocked.length > 0 : this.#users.isBlocked(id)));
  #inbox;
  #reading;
  /** What still comes of these is not wanted. @type {Set<string>} */
  #leaving = new Set();
  #connection = /** @type {import("./confab.js").StateChange} */ ({ state: "idle", previous: "idle" });
  #listed = /** @type {readonly import("./confab.js").RoomSummary[]} */ ([]);
  #listeners = /** @type {Set<() => void>} */ (new Set());
  #snapshot = /** @type {StoreSnapshot | null} */ (null);
  #notifying = false;
  #welcomed = false;
  #ends = /** @type {(() => void)[]} */ ([]);

  /** @param {import("./confab.js").ConfabClient} client @param {import("./store.js").StoreOptions} [options] */
  constructor(client, { positions = memoryPositions(), outbox, me, rejoin = true, date = Date.now } = {}) {
    this.client = client;
    this.#positions = positions;
    this.#users = new Users(client, {
      isNamed: (id) => this.#rooms.isNamed(id),
      meet: (user) => this.#rooms.meet(user),
      changed: (user) => {
        for (const room of this.#rooms.all()) room.recount(user);
        this.#changed();
      },
    });
    this.#reading = new Reading(client, this.#rooms, positions);
    this.#inbox = new Inbox(client, this.#rooms, (room) => this.#reading.agreeOnRow(room), date);
    this.#me = me ?? null;
    this.#rejoin = rejoin;
    if (me) this.#rooms.meet(me);
    const entry = (/** @type {any} */ event) => this.#entry(event);
    const heard = /** @type {{ [K in keyof ClientEvents]?: (event: ClientEvents[K]) => void }} */ ({
      state: (event) => this.#state(event),
      welcome: (event) => this.#welcome(event),
      joined: (event) => this.#joined(event),
      left: (event) => this.#left(event),
      message: (event) => this.#message(event),
      edited: entry, deleted: entry, reacted: entry, pinned: entry, trimmed: entry, erased: entry, room_set: entry, member_set: entry,
      read: (event) => this.#reading.onServer(event),
      inbox: (event) => this.#inbox.changed(event),
      receipts: (event) => this.#reading.byOthers(event),
      presence: (event) => this.#presence(event),
      typing: (event) => this.#typing(event),
      refreshed: () => this.#comeBack(this.#rooms.refused()),
    });
    for (const [type, listener] of Object.entries(heard)) this.#ends.push(client.on(/** @type {any} */ (type), /** @type {any} */ (listener)));
    const ends = positions.watch?.((key, position) => this.#reading.elsewhere(key, position));
    if (ends) this.#ends.push(ends);
    this.#connection = { state: client.state, previous: client.state };
    this.#outgoing = new Outgoing(outbox, date, {
      client,
      room: (key) => this.#rooms.room(key),
      join: (key) => void this.join(key),
      met: (user, wire) => void this.join(this.#rooms.bind(user, wire).key),
    });
    if (client.state === "live" && client.welcome) this.#welcome(client.welcome);
  }

  get restored() {
    return this.#outgoing.restored;
  }

  /** Hears nothing any more; the client is left alone. */
  destroy() {
    for (const end of this.#ends.splice(0)) end();
    for (const room of this.#rooms.all()) room.destroy();
  }

  // ------------------------------------------------------------------------------------------------ snapshots

  /** @returns {StoreSnapshot} */
  getSnapshot = () => {
    if (this.#snapshot) return this.#snapshot;
    const rooms = this.#rooms.all().map((room) => room.snapshot());
    this.#snapshot = Object.freeze({
      connection: this.#connection,
      me: this.#me,
      rooms,
      listed: this.#listed,
      blocked: this.#users.blocked,
      ...this.#inbox.sumOf(rooms),
    });
    return this.#snapshot;
  };

  /** @param {() => void} listener called soon after anything changed @returns {() => void} */
  subscribe = (listener) => {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  };

  /** Also of a room that is not there yet: asking changes nothing. @param {string} key @returns {RoomSnapshot} */
  room(key) {
    return this.#rooms.peek(key).snapshot();
  }

  has = (/** @type {string} */ key) => this.#rooms.get(key) !== undefined;
  nameOf = (/** @type {string} */ id) => this.#rooms.nameOf(id);

  /** Whoever was heard of by name. @returns {import("./confab.js").User[]} */
  people() {
    return this.#rooms.people();
  }

  /** @param {string} user */
  isBlocked(user) {
    return this.#users.isBlocked(user);
  }

  /** @param {string} user */
  isOnline(user) {
    return this.#rooms.all().some((room) => room.members.has(user));
  }

  // --------------------------------------------------------------------------------------------------- actions

  /** Resolves when the room is caught up, or cannot be joined: then its snapshot has the `error`. @param {string} key @param {{ member?: boolean }} [options] */
  async join(key, { member } = {}) {
    const room = this.#rooms.room(key);
    if (room.wire !== null && (member || (!room.joining && !room.joined))) await this.#join(room, member);
  }

  /** @param {RoomState} room @param {boolean} [member] */
  async #join(room, member) {
    const wire = /** @type {string} */ (room.wire);
    // Who is there keeps what is loaded.
    const { seq, epoch } = (room.joined && this.client.room(wire)) || {};
    room.joining = true;
    try {
      await this.client.join(wire, { since: seq ?? undefined, epoch, member });
    } catch (error) {
      room.error = /** @type {Error} */ (error);
    }
    room.joining = false;
    room.changed();
  }

  /** Leaves, and forgets how far the room was read. @param {string} key @param {{ member?: boolean }} [options] */
  async leave(key, options) {
    const room = this.#rooms.get(key);
    if (!room) return;
    this.#positions.remove(key);
    this.setDraft(key, "");
    for (const message of room.timeline.pending) this.#outgoing.forget(message.key);
    this.#rooms.remove(room);
    room.destroy();
    this.#changed();
    const { wire } = room;
    if (wire === null) return;
    this.#leaving.add(wire);
    try {
      await this.client.leave(wire, options);
    } finally {
      this.#leaving.delete(wire);
    }
  }

  /**
   * Shows the message at once, and sends it. What becomes of it is in its `state`.
   *
   * @param {string} key
   * @param {import("./confab.js").Content} content
   * @param {import("./store.js").StoreSendOptions} [options]
   * @returns {Promise<void>} does not reject
   */
  send(key, content, options) {
    return this.#outgoing.send(this.#rooms.room(key), content, options);
  }

  /** Once more, after it failed. It has the same key: whatever happened the first time, it will be there once. @param {string} key @param {string} message its `key` */
  retry(key, message) {
    return this.#outgoing.retry(this.#rooms.room(key), message);
  }

  /** Forgets one that failed. @param {string} key @param {string} message its `key` */
  discard(key, message) {
    this.#outgoing.discard(this.#rooms.room(key), message);
  }

  /** @param {string} key */
  draft(key) {
    return this.#outgoing.draft(key);
  }

  /** @param {string} key @param {string} text */
  setDraft(key, text) {
    this.#outgoing.setDraft(key, text);
  }

  /** @param {string} key @param {number} seq @param {import("./confab.js").Content} content @param {import("./confab.js").EditOptions} [options] */
  async edit(key, seq, content, options) {
    const done = await this.client.edit(this.#rooms.wire(key), seq, content, options);
    const room = this.#rooms.room(key);
    room.timeline.reached(seq, done.unreached);
    room.changed();
    return done;
  }

  /** @param {string} key @param {number} seq @param {{ reason?: string }} [options] */
  remove(key, seq, options) {
    return this.client.delete(this.#rooms.wire(key), seq, options);
  }

  /** @param {string} key @param {number} seq @param {boolean} [on] */
  setPin(key, seq, on = true) {
    return this.client[on ? "pin" : "unpin"](this.#rooms.wire(key), seq);
  }

  /** A page of the pinned messages. @param {string} key @param {{ after?: string }} [options] */
  async pins(key, options) {
    return this.#named(await this.client.pins(this.#rooms.wire(key), options));
  }

  /** A page of the threads, by their roots. @param {string} key @param {{ mine?: boolean, after?: string, limit?: number }} [options] */
  async threads(key, options) {
    return this.#named(await this.client.threads(this.#rooms.wire(key), options));
  }

  /** @param {import("./confab.js").SearchOptions} options */
  async search(options) {
    return this.#named(await this.client.search(options));
  }

  /** Of a frame with authors, who they are. @template {{ users?: import("./confab.js").User[] }} T @param {T} page */
  #named(page) {
    for (const user of page.users ?? []) this.#rooms.meet(user);
    return page;
  }

  /** Resolves when the server has it. @param {string} user */
  setBlocked(user, on = true) {
    return this.#users.block(user, on);
  }

  /** Whom oneself blocks, anew; in the snapshot as `blocked`. */
  loadBlocked() {
    return this.#users.load();
  }

  /** Asks for the names of those whom no frame has named. @param {readonly string[]} ids */
  learn(ids) {
    this.#users.learn(ids);
  }

  /** A page of what addresses oneself, in all rooms, the latest first. @param {{ after?: string, limit?: number }} [options] */
  async mentions(options) {
    return this.#named(await this.client.mentions(options));
  }

  /** A page of the members; says also how many there are. @param {string} key @param {{ state?: "member" | "invited" | "banned", after?: string, limit?: number }} [options] */
  async members(key, options) {
    const page = await this.client.members(this.#rooms.wire(key), options);
    const room = this.#rooms.room(key);
    for (const member of page.members) this.#rooms.meet(member);
    room.countedMembers(page.count, page.seq);
    room.changed();
    return page;
  }

  /** Reacts, or takes it back. @param {string} key @param {number} seq @param {string} emoji */
  async toggleReaction(key, seq, emoji) {
    const wire = this.#rooms.wire(key);
    const message = this.#rooms.room(key).timeline.find(seq);
    const own = findReaction(message?.reactions ?? [], emoji)?.own ?? [];
    if (own.length === 0) await this.client.react(wire, seq, emoji);
    else await Promise.all(own.map((said) => this.client.unreact(wire, seq, said)));
  }

  /** @param {string} key @param {boolean} [on] */
  setTyping(key, on) {
    const { wire } = this.#rooms.room(key);
    if (wire !== null) this.client.typing(wire, on);
  }

  /** A page of what was before. Its outcome is in the snapshot: `messages`, `hasOlder`, `olderError`. @param {string} key */
  async loadOlder(key) {
    const room = this.#rooms.room(key);
    const first = room.timeline.firstSeq;
    if (room.loadingOlder || room.wire === null || first === null || room.timeline.complete) return;
    Object.assign(room, { loadingOlder: true, olderError: null });
    room.changed();
    try {
      room.timeline.prepend(first, this.#named(await this.client.history(room.wire, { before: first, limit: HISTORY_PAGE })));
    } catch (error) {
      room.olderError = /** @type {Error} */ (error);
    }
    room.loadingOlder = false;
    room.changed();
  }

  /** The user has seen the end of the room. @param {string} key */
  markRead(key) {
    this.#reading.seen(this.#rooms.room(key));
  }

  /** @param {string} key @param {import("./confab.js").OwnSettings} own */
  setOwn(key, own) {
    return this.client.setOwn(this.#rooms.wire(key), own);
  }

  /** Which rooms there are to join; in the snapshot as `listed`. */
  async listRooms() {
    /** @type {import("./confab.js").RoomSummary[]} */
    const listed = [];
    for (let n = 0, more = true; more && n < LIST_PAGES_MAX; n++) {
      const page = await this.client.listRooms({ after: listed[listed.length - 1]?.room });
      listed.push(...page.rooms);
      more = page.more && page.rooms.length > 0;
    }
    this.#listed = listed;
    this.#changed();
  }

  // ------------------------------------------------------------------------------------------ what is reported

  /** @param {import("./confab.js").StateChange} change */
  #state(change) {
    this.#connection = change;
    if (change.state === "stopped") this.#outgoing.release();
    this.#changed();
  }

  /** @param {import("./confab.js").Welcome} welcome */
  #welcome({ user, directs, limits, features }) {
    if (user) {
      this.#me = user;
      this.#rooms.meet(user);
      for (const room of this.#rooms.all()) room.timeline.claimPending();
    }
    if (features?.includes("inbox")) void this.#inbox.load();
    if (features?.includes("members")) void this.loadBlocked().catch(() => {}); // the next session asks again
    const known = (directs ?? []).map((direct) => this.#rooms.bind(direct.with, direct.room).key);
    this.#comeBack([...known, ...(this.#welcomed ? this.#rooms.refused() : this.#positions.keys())]);
    this.#welcomed = true;
    void this.#outgoing.welcomed(limits?.key_ms);
    this.#changed();
  }

  /** @param {readonly string[]} keys */
  #comeBack(keys) {
    if (this.#rejoin) for (const key of keys) void this.join(key);
  }

  /** @param {import("./confab.js").JoinedRoom} event */
  #joined(event) {
    if (this.#leaving.has(event.room)) return;
    const room = this.#rooms.of(event.room);
    this.#named(event);
    room.members.clear();
    for (const user of event.members ?? []) this.#rooms.meet(user, room);
    Object.assign(room, { online: event.online ?? 0, epoch: event.epoch, info: this.client.room(event.room) ?? {} });
    room.joinedAs(event);
    if (event.snapshot) this.#replace(room, event);
    if (event.read !== undefined) this.#reading.agree(room, event.read);
    room.reads = { ...event.reads };
    room.changed();
  }

  /** @param {RoomState} room @param {import("./confab.js").JoinedRoom} event */
  #replace(room, { events, head, epoch, read }) {
    const { timeline } = room;
    const { pending } = timeline;
    timeline.replace(events, head);
    for (const one of pending) if (!timeline.pending.includes(one)) this.#outgoing.forget(one.key);
    const last = timeline.lastSeq ?? 0;
    const kept = this.#positions.get(room.key);
    // A public room that is new to this user counts as read, where the server knows of no marker; of a direct room nothing was read before one answered.
    let readUpTo = kept?.seq ?? read ?? (room.counted || room.with !== null ? room.readUpTo : last);
    if (readUpTo > (head ?? last) || (kept?.epoch !== undefined && kept.epoch !== epoch)) readUpTo = 0; // the log began anew
    room.count(Math.max(readUpTo, timeline.lastOf(this.#me?.id) ?? 0));
    if (kept === undefined) this.#reading.keep(room);
    if (!timeline.complete && (timeline.firstSeq ?? 0) > room.readUpTo + 1) void room.countMissed(this.client);
  }

  /** @param {import("./confab.js").LeftRoom} event */
  #left({ room: wire, error, reason }) {
    const room = this.#rooms.byWire(wire);
    if (!room) return;
    Object.assign(room, { joined: false, role: "" });
    room.left = reason ?? null;
    room.members.clear();
    room.destroy();
    room.error = error ?? (reason === undefined ? null : new Error(`you may not be here any more (${reason})`));
    if (reason !== undefined) this.#positions.remove(room.key); // the next page does not join it by itself either
    if (ENDS.has(reason)) room.member = false;
    room.changed();
  }

  /** @param {import("./confab.js").Presence} event */
  #presence({ room: wire, joined = [], left = [], online }) {
    const room = this.#rooms.byWire(wire);
    if (!room) return; // left, and this had been on its way
    room.online = online ?? room.online;
    for (const user of joined) this.#rooms.meet(user, room);
    for (const id of left) {
      room.members.delete(id);
      room.stopTyping(id);
    }
    room.changed();
  }

  /** @param {import("./confab.js").Typing} event */
  #typing({ room: wire, from, on }) {
    const room = this.#rooms.byWire(wire);
    if (!room || typeof from !== "string") return;
    if (on && from !== this.#me?.id && !this.isBlocked(from)) room.startTyping(from);
    else room.stopTyping(from);
    room.changed();
  }

  /** @param {import("./confab.js").Message} event */
  #message(event) {
    if (this.#leaving.has(event.room)) return;
    if (event.name !== undefined) this.#rooms.meet({ id: event.from, name: event.name });
    const room = this.#rooms.of(event.room, event.from);
    const message = room.timeline.add(event);
    if (message) {
      room.stopTyping(event.from);
      room.othersRead({ [event.from]: event.seq }, false);
      if (event.from === this.#me?.id) {
        this.#outgoing.forget(event.key);
        this.#reading.read(room, event.seq); // who answers has read
      } else room.note(message);
    }
    room.changed();
    if (room.with !== null && !room.joined) this.#comeBack([room.key]);
  }

  /** @param {import("./confab.js").LogEntry} event */
  #entry(event) {
    const room = this.#rooms.byWire(event.room);
    if (!room) return;
    if (event.type === "room_set") room.changeSettings(event);
    room.info = this.client.room(event.room) ?? room.info;
    room.timeline.apply(event);
    if (event.type === "deleted") room.forget(event.target);
    if (event.type === "trimmed") room.trimmed(event.upto);
    if (event.type === "edited") {
      const message = room.timeline.find(event.target);
      if (message) room.note(message);
    }
    if (event.type === "member_set") this.#memberSet(room, event);
    room.changed();
  }

  /** @param {RoomState} room @param {import("./confab.js").MemberSet} event */
  #memberSet(room, event) {
    room.changeMembers(event);
    const { seq, users, state, role } = event;
    if (!room.joined || room.joining || seq <= room.asOf || !this.#me || !users?.includes(this.#me.id)) return;
    // What one may do depends on one's token too, so the server is asked. Who has to go hears so by `left`.
    if (state === "member" || (state === undefined && role !== undefined)) void this.#join(room);
  }

  #changed() {
    this.#snapshot = null;
    if (this.#notifying) return;
    this.#notifying = true;
    queueMicrotask(() => {
      this.#notifying = false;
      for (const listener of [...this.#listeners]) listener();
    });
  }
}

/** @param {import("./confab.js").ConfabClient} client @param {import("./store.js").StoreOptions} [options] */
export const createStore = (client, options) => new Store(client, options);
