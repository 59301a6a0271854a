// The client as an app sees it: what one can say, and what is known. The session behind it does the work.

import { Session } from "./session.js";
import { TypingThrottle } from "./typing.js";

/**
 * @typedef {import("./confab.js").ClientEvents} ClientEvents
 * @typedef {import("./confab.js").SendOptions} SendOptions
 */

export class ConfabClient {
  #session;
  #typing = new TypingThrottle();
  #active = true;

  /** @param {import("./confab.js").ClientOptions} [options] */
  constructor(options) {
    this.#session = new Session(options);
    this.on("welcome", () => {
      this.#typing.clear();
      if (!this.#active) this.active(false);
    });
  }

  get state() {
    return this.#session.state;
  }
  get welcome() {
    return this.#session.welcome;
  }
  get user() {
    return this.welcome?.user ?? null;
  }
  get session() {
    return this.welcome?.session ?? null;
  }
  get pending() {
    return this.#session.queue.size;
  }
  get rooms() {
    return this.#session.rooms.describe();
  }

  /** @param {string} room */
  room(room) {
    return this.#session.rooms.find(room)?.describe() ?? null;
  }

  /**
   * @template {keyof ClientEvents} K
   * @param {K} type
   * @param {(event: ClientEvents[K]) => void} listener
   */
  on(type, listener) {
    return this.#session.events.on(type, listener);
  }

  connect() {
    return this.#session.connect();
  }

  stop() {
    this.#session.stop();
  }

  /** @param {string} room @param {{ since?: number, epoch?: string, member?: boolean }} [options] */
  async join(room, { since, epoch, member } = {}) {
    this.#session.rooms.joining(room, since);
    try {
      return await this.#inRoom("join", { room, since, epoch, member });
    } catch (error) {
      this.#session.rooms.joinFailed(room);
      throw error;
    }
  }

  /** @param {string} room @param {{ member?: boolean }} [options] */
  async leave(room, { member } = {}) {
    const left = await this.#inRoom("leave", { room, member });
    this.#session.rooms.forget(room);
    return left;
  }

  /** @param {string} room @param {import("./confab.js").Content} content @param {SendOptions} [options] */
  send(room, content, { replyTo, ...options } = {}) {
    this.#typing.sent(room);
    return this.#write("send", { ...options, ...parts(content), reply_to: replyTo, room });
  }

  /** @param {string} to @param {import("./confab.js").Content} content @param {SendOptions} [options] */
  direct(to, content, { replyTo, ...options } = {}) {
    return this.#write("direct", { ...options, ...parts(content), reply_to: replyTo, to }, `to ${to}`);
  }

  /** @param {string} room @param {number} target @param {import("./confab.js").Content} content @param {import("./confab.js").EditOptions} [options] */
  edit(room, target, content, options) {
    return this.#write("edit", { ...options, ...parts(content), room, target });
  }

  /** @param {string} room @param {number | number[]} target @param {{ key?: string, reason?: string }} [options] */
  delete(room, target, options) {
    return this.#write("delete", { ...options, ...(Array.isArray(target) ? { targets: target } : { target }), room });
  }

  /** @param {string} room @param {number} target @param {string} emoji @param {{ key?: string }} [options] */
  react(room, target, emoji, options) {
    return this.#write("react", { ...options, room, target, emoji });
  }

  /** @param {string} room @param {number} target @param {string} emoji @param {{ key?: string }} [options] */
  unreact(room, target, emoji, options) {
    return this.#write("unreact", { ...options, room, target, emoji });
  }

  /** @param {string} room @param {number} target @param {{ key?: string }} [options] */
  pin(room, target, options) {
    return this.#write("pin", { ...options, room, target });
  }

  /** @param {string} room @param {number} target @param {{ key?: string }} [options] */
  unpin(room, target, options) {
    return this.#write("unpin", { ...options, room, target });
  }

  /** @param {string} room @param {{ after?: string }} [options] */
  pins(room, options) {
    return this.#inRoom("pins", { ...options, room });
  }

  /** @param {string} room @param {number} target @param {string} emoji @param {{ after?: string }} [options] */
  listReactions(room, target, emoji, options) {
    return this.#inRoom("reactions", { ...options, room, target, emoji });
  }

  /** @param {string} room @param {{ before?: number, after?: number, thread?: number, limit?: number }} [options] */
  history(room, options) {
    return this.#inRoom("history", { ...options, room });
  }

  /** @param {string} room @param {{ mine?: boolean, after?: string, limit?: number }} [options] */
  threads(room, options) {
    return this.#inRoom("threads", { ...options, room });
  }

  /** @param {string} room @param {{ state?: "member" | "invited" | "banned", after?: string, limit?: number }} [options] */
  members(room, options) {
    return this.#inRoom("members", { ...options, room });
  }

  /** @param {string} room @param {string | string[]} users @param {import("./confab.js").MemberChange} change @param {{ key?: string }} [options] */
  setMember(room, users, { muteUntil, deleteMs, ...change }, options) {
    const fields = { ...options, ...change, mute_until: muteUntil, delete_ms: deleteMs };
    return this.#write("set_member", { ...fields, room, users: [users].flat() });
  }

  /** @param {import("./confab.js").RoomSettings & { room?: string, users?: string[], key?: string }} [options] */
  createRoom(options) {
    return this.#write("create", { ...options });
  }

  /** @param {string} room @param {import("./confab.js").RoomSettings} settings @param {{ key?: string }} [options] */
  setRoom(room, settings, options) {
    return this.#write("set_room", { ...options, ...settings, room });
  }

  /** @param {string} room @param {string} event @param {unknown} [data] */
  emit(room, event, data) {
    return this.#ask("emit", { room, event, data });
  }

  /** @param {string} room @param {{ mime: string, bytes: number, name?: string }} file */
  upload(room, file) {
    return this.#ask("upload", { ...file, room });
  }

  /** @param {string} room @param {number} seq @param {number} [index] */
  download(room, seq, index = 0) {
    return this.#ask("download", { room, seq, index });
  }

  /** @param {string} room @param {number} target @param {string} [reason] */
  report(room, target, reason) {
    return this.#ask("report", { room, target, reason });
  }

  /** @param {string} user */
  block(user) {
    return this.#ask("block", { user, on: true }, "blocks");
  }

  /** @param {string} user */
  unblock(user) {
    return this.#ask("block", { user, on: false }, "blocks");
  }

  blocks() {
    return this.#ask("blocks", {}, "blocks");
  }

  /** @param {string[]} ids @param {{ after?: string }} [options] */
  users(ids, options) {
    return this.#ask("users", { ...options, ids });
  }

  /** @param {string} room @param {number} seq */
  read(room, seq) {
    return this.#ask("read", { room, seq }, "markers");
  }

  /** @param {string} room @param {import("./confab.js").OwnSettings} own */
  setOwn(room, own) {
    return this.#ask("set_own", { ...own, room }, "markers");
  }

  readAll() {
    return this.#ask("read", {}, "markers");
  }

  /** @param {{ after?: string, since?: string, limit?: number }} [options] */
  inbox(options) {
    return this.#ask("inbox", options);
  }

  /** @param {import("./confab.js").SearchOptions} options */
  search(options) {
    return this.#ask("search", options);
  }

  /** @param {{ after?: string, limit?: number }} [options] */
  mentions(options) {
    return this.#ask("mentions", options);
  }

  /** @param {boolean} on */
  active(on) {
    this.#active = on;
    this.#session.mention({ type: "active", on });
  }

  /** @param {{ after?: string }} [options] */
  listRooms(options) {
    return this.#ask("rooms", options);
  }

  /** @param {string} room @param {boolean} [on] */
  typing(room, on = true) {
    if (this.state === "live" && this.#typing.admit(room, on, this.#session.env.now())) {
      this.#session.mention({ type: "typing", room, on });
    }
  }

  wake() {
    this.#session.wake("the app");
  }

  /** @param {string} to @param {import("./confab.js").JsonValue} data */
  signal(to, data) {
    return this.#ask("signal", { to, data });
  }

  /** @param {string} session @param {import("./confab.js").JsonValue} data */
  signalSession(session, data) {
    return this.#ask("signal", { to_session: session, data });
  }

  async ping() {
    const from = this.#session.env.now();
    await this.#ask("ping");
    return this.#session.env.now() - from;
  }

  /** @param {string} token */
  refresh(token) {
    return this.#session.refresh(token);
  }

  /** What writes to a log has a key. @param {string} type @param {Record<string, unknown>} fields @param {string} [lane] */
  #write(type, { key = this.#session.env.uuid(), ...fields }, lane) {
    return this.#inRoom(type, { ...fields, key }, lane);
  }

  /** @param {string} type @param {Record<string, unknown>} fields @param {string} [lane] */
  #inRoom(type, fields, lane = `in ${fields.room}`) {
    return this.#ask(type, fields, lane);
  }

  /** @param {string} type @param {object} [fields] @param {string} [lane] @returns {Promise<any>} */
  #ask(type, fields, lane) {
    // An app's options may have more than they should, but neither of these.
    return this.#session.queue.submit({ ...fields, type, id: undefined }, { lane });
  }
}

/** @param {import("./confab.js").ClientOptions} [options] */
export function connect(options) {
  const client = new ConfabClient(options);
  client.connect();
  return client;
}

/** @param {import("./confab.js").Content} content */
const parts = (content) => (typeof content === "string" ? { text: content } : { text: content.text, data: content.data });
