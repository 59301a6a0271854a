// What is known of the chat: rooms, their messages, who is there. No DOM and no network: what the client library
// reports goes in, the views read. A room's key is its id, a direct room's is "@" and the other user's id: that one is
// known before the server has made the room.

const KEPT_MAX = 1000; // messages kept per room once the reader is back at the end
const KEPT_AFTER_TRIM = 500;
const TYPING_MS = 10_000;

/** What a message shows: its text, or what an app put in its place. */
const shown = ({ text, data }) => text ?? (data === undefined ? "" : JSON.stringify(data, null, 2));

/** Who reacted with what. A summary names the first few users and counts the others. */
const reactionsOf = (reactions) =>
  new Map(Object.entries(reactions ?? {}).map(([emoji, users]) => [emoji, new Set(Array.isArray(users) ? users : users?.users)]));

/** Never used twice: after a log began anew, the message that has an old one's number is another. */
let versions = 0;

export class Store {
  rooms = new Map();
  names = new Map();
  /** What `listRooms` said last. */
  listed = [];
  me;
  #byWire = new Map();
  #bookmarks;
  #now;

  constructor(me, bookmarks, now = Date.now) {
    this.me = me;
    this.#bookmarks = bookmarks;
    this.#now = now;
    this.names.set(me.id, me.name);
  }

  // ------------------------------------------------------------------------------------------------- rooms

  /** The room of this key, made if need be. */
  room(key) {
    let room = this.rooms.get(key);
    if (!room) {
      const peer = key.startsWith("@") ? key.slice(1) : null;
      room = {
        key, peer, wire: peer ? null : key, title: "", joined: false, error: null,
        online: 0, members: new Map(), typing: new Map(),
        messages: [], bySeq: new Map(), pending: [], complete: false,
        readUpTo: this.#bookmarks.readUpTo(key), unread: 0, divider: null, draft: "",
      };
      this.rooms.set(key, room);
      if (!peer) this.#byWire.set(key, room);
    }
    return room;
  }

  /** The direct room with `peer`, now that the server has named it. */
  bindDirect(peer, wire) {
    const room = this.room(`@${peer}`);
    room.wire = wire;
    this.#byWire.set(wire, room);
    return room;
  }

  /** The room the server calls `wire`; `from`, who wrote there, tells whose direct room it is. */
  #roomOf(wire, from) {
    const known = this.#byWire.get(wire);
    if (known) return known;
    return wire.startsWith("dm:") ? this.bindDirect(this.#peerIn(wire, from), wire) : this.room(wire);
  }

  #peerIn(wire, from) {
    if (from && from !== this.me.id) return from;
    const pair = wire.slice(3);
    return pair.startsWith(`${this.me.id}:`) ? pair.slice(this.me.id.length + 1) : pair.slice(0, -this.me.id.length - 1);
  }

  nameOf(id) {
    return this.names.get(id) ?? id;
  }
  titleOf(room) {
    if (!room.peer) return room.title || room.key;
    return room.peer === this.me.id ? "Notes to myself" : this.nameOf(room.peer);
  }
  isOnline(user) {
    for (const room of this.rooms.values()) if (room.members.has(user)) return true;
    return false;
  }
  get unread() {
    let sum = 0;
    for (const room of this.rooms.values()) sum += room.unread;
    return sum;
  }

  // ---------------------------------------------------------------------------------------- what is reported

  joined(event) {
    const room = this.#roomOf(event.room);
    Object.assign(room, { title: event.title, joined: true, error: null, online: event.online });
    room.members.clear();
    for (const user of event.members ?? []) this.#meet(room, user);
    if (event.snapshot) this.#replace(room, event.events);
    return room;
  }

  left(event) {
    const room = this.#byWire.get(event.room);
    if (!room) return;
    room.joined = false;
    room.members.clear();
    room.error = event.error?.message ?? null;
  }

  presence({ room: wire, joined = [], left = [], online }) {
    const room = this.#byWire.get(wire);
    if (!room) return; // left, and this had been on its way
    room.online = online;
    for (const user of joined) this.#meet(room, user);
    for (const id of left) {
      room.members.delete(id);
      room.typing.delete(id);
    }
  }

  typing({ room: wire, from, on }) {
    const room = this.#byWire.get(wire);
    if (!room) return;
    if (on && from !== this.me.id) room.typing.set(from, this.#now() + TYPING_MS);
    else room.typing.delete(from);
  }

  /** Who types in `room` at this moment. */
  typists(room) {
    for (const [id, until] of room.typing) if (until <= this.#now()) room.typing.delete(id);
    return [...room.typing.keys()];
  }

  message(event) {
    const room = this.#roomOf(event.room, event.from);
    if (room.bySeq.has(event.seq)) return room;
    this.#add(room, event, "push");
    room.typing.delete(event.from);
    if (event.from !== this.me.id) room.unread += 1;
    return room;
  }

  edited({ room, target, at, ...content }) {
    this.#change(room, target, (message) => Object.assign(message, { text: shown(content), editedAt: at }));
  }
  deleted({ room, target }) {
    this.#change(room, target, (message) => Object.assign(message, { text: "", deleted: true }));
  }
  reacted({ room, target, emoji, from, on }) {
    this.#change(room, target, ({ reactions }) => {
      const users = reactions.get(emoji) ?? new Set();
      if (on) users.add(from);
      else users.delete(from);
      if (users.size) reactions.set(emoji, users);
      else reactions.delete(emoji);
    });
  }

  /** A page of history: the messages before the first one known. `first`: which one that was when it was asked for. */
  older(room, first, { events, more }) {
    if (room.messages[0]?.seq !== first) return;
    for (const event of events.filter((e) => e.type === "message" && e.seq < first).reverse()) this.#add(room, event, "unshift");
    room.complete = !more || events.length === 0;
  }

  #meet(room, { id, name = id }) {
    if (typeof id !== "string") return;
    room.members.set(id, name);
    this.names.set(id, name);
  }

  #replace(room, events) {
    room.messages = [];
    room.bySeq.clear();
    for (const event of events) {
      if (event.type === "message") this.#add(room, event, "push");
      else this[event.type]?.(event);
    }
    room.pending = room.pending.filter((p) => p.status !== "sent"); // among these, or before them
    room.complete = events.length === 0 || events[0].seq === 1;
    const last = room.messages.at(-1)?.seq ?? 0;
    // A public room that is new to this browser counts as read; of a direct room nothing was read before I answered.
    if (room.readUpTo === undefined) room.readUpTo = room.peer ? 0 : last;
    if (room.readUpTo > last) room.readUpTo = 0; // the server's data began anew
    const mine = room.messages.findLast((message) => message.from === this.me.id);
    if (mine) room.readUpTo = Math.max(room.readUpTo, mine.seq);
    room.unread = room.messages.filter((m) => m.seq > room.readUpTo && m.from !== this.me.id && !m.deleted).length;
  }

  #add(room, { seq, at, from, key, text, data, edited_at, deleted, reactions }, how) {
    const message = {
      seq, at: at ?? 0, from: from ?? "", text: shown({ text, data }), editedAt: edited_at, deleted: deleted === true,
      reactions: reactionsOf(reactions),
      // The same for the pending message and the one it becomes, so that its row stays.
      id: from === this.me.id && key ? `key-${key}` : `seq-${seq}`, version: ++versions,
    };
    room.messages[how](message);
    room.bySeq.set(seq, message);
    if (from === this.me.id && key) room.pending = room.pending.filter((p) => p.key !== key);
  }

  #change(wire, target, change) {
    const message = this.#byWire.get(wire)?.bySeq.get(target);
    if (!message) return;
    change(message);
    message.version = ++versions;
  }

  // ------------------------------------------------------------------------------------------- own messages

  addPending(room, key, text) {
    room.pending.push({ key, id: `key-${key}`, from: this.me.id, at: this.#now(), text, status: "sending", version: ++versions });
    room.divider = null;
  }
  /** The server has it. Its message event follows, or came before with what was missed. */
  settle(room, key, { seq }) {
    if (seq <= (room.messages.at(-1)?.seq ?? 0)) this.dropPending(room, key);
    else this.setPending(room, key, "sent");
  }
  /** `status`: "sending", "sent" or "failed". */
  setPending(room, key, status, error = "") {
    const pending = room.pending.find((p) => p.key === key);
    if (pending) Object.assign(pending, { status, error, version: ++versions });
  }
  dropPending(room, key) {
    room.pending = room.pending.filter((p) => p.key !== key);
  }
  get hasPending() {
    return [...this.rooms.values()].some((room) => room.pending.some((p) => p.status === "sending"));
  }
  lastOwn(room) {
    return room.messages.findLast((message) => message.from === this.me.id && !message.deleted);
  }

  // ----------------------------------------------------------------------------------------------- reading

  /** The reader sees the end of `room`. */
  markRead(room) {
    room.unread = 0;
    room.readUpTo = room.messages.at(-1)?.seq ?? room.readUpTo;
    if (room.joined) this.#bookmarks.set(room.key, room.readUpTo);
    if (room.messages.length > KEPT_MAX) {
      for (const message of room.messages.splice(0, room.messages.length - KEPT_AFTER_TRIM)) room.bySeq.delete(message.seq);
      room.complete = false;
    }
  }
  /** Where the line "new" goes, if it is not there yet. */
  markUnread(room) {
    if (room.unread > 0) room.divider ??= room.readUpTo ?? 0;
  }
  forget(room) {
    this.#bookmarks.forget(room.key);
    this.rooms.delete(room.key);
    this.#byWire.delete(room.wire);
  }
}
