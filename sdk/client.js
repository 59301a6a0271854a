// The client as an app sees it: what one can say, and what is known. The session behind it does the work.

import { command } from "./commands.js";
import { Session } from "./session.js";
import { TypingThrottle } from "./typing.js";

/** @typedef {import("./confab.js").ClientEvents} ClientEvents */

export class ConfabClient {
  #session;
  #typing = new TypingThrottle();

  /** @param {import("./confab.js").ClientOptions} [options] */
  constructor(options) {
    this.#session = new Session(options);
    this.on("welcome", () => this.#typing.clear());
  }

  get state() {
    return this.#session.state;
  }
  get welcome() {
    return this.#session.welcome;
  }
  get user() {
    return this.#session.welcome?.user ?? null;
  }
  get session() {
    return this.#session.welcome?.session ?? null;
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

  /** @param {string} room @param {{ since?: number, epoch?: string }} [options] */
  async join(room, { since, epoch } = {}) {
    this.#session.rooms.joining(room, since);
    try {
      return await this.#inRoom("join", { room, since, epoch });
    } catch (error) {
      this.#session.rooms.joinFailed(room);
      throw error;
    }
  }

  /** @param {string} room */
  async leave(room) {
    const left = await this.#inRoom("leave", { room });
    this.#session.rooms.forget(room);
    return left;
  }

  /** @param {string} room @param {import("./confab.js").Content} content @param {{ key?: string }} [options] */
  send(room, content, { key = this.#session.env.uuid() } = {}) {
    this.#typing.sent(room);
    return this.#inRoom("send", { room, key, ...parts(content) });
  }

  /** @param {string} to @param {import("./confab.js").Content} content @param {{ key?: string }} [options] */
  direct(to, content, { key = this.#session.env.uuid() } = {}) {
    return this.#session.queue.submit(command("direct", { to, key, ...parts(content) }), { lane: `to ${to}` });
  }

  /** @param {string} room @param {number} target @param {import("./confab.js").Content} content @param {{ key?: string }} [options] */
  edit(room, target, content, { key = this.#session.env.uuid() } = {}) {
    return this.#inRoom("edit", { room, target, key, ...parts(content) });
  }

  /** @param {string} room @param {number} target @param {{ key?: string }} [options] */
  delete(room, target, { key = this.#session.env.uuid() } = {}) {
    return this.#inRoom("delete", { room, target, key });
  }

  /** @param {string} room @param {number} target @param {string} emoji @param {{ key?: string }} [options] */
  react(room, target, emoji, { key = this.#session.env.uuid() } = {}) {
    return this.#inRoom("react", { room, target, emoji, key });
  }

  /** @param {string} room @param {number} target @param {string} emoji @param {{ key?: string }} [options] */
  unreact(room, target, emoji, { key = this.#session.env.uuid() } = {}) {
    return this.#inRoom("unreact", { room, target, emoji, key });
  }

  /** @param {string} room @param {number} target @param {string} emoji @param {{ after?: string }} [options] */
  listReactions(room, target, emoji, options = {}) {
    return this.#inRoom("reactions", { ...options, room, target, emoji });
  }

  /** @param {string} room @param {{ before?: number, after?: number, limit?: number }} [options] */
  history(room, options = {}) {
    return this.#inRoom("history", { ...options, room });
  }

  /** @param {{ after?: string }} [options] */
  listRooms(options) {
    return this.#session.queue.submit(command("rooms", options));
  }

  /** @param {string} room @param {boolean} [on] */
  typing(room, on = true) {
    if (this.state === "live" && this.#typing.admit(room, on, this.#session.env.now())) {
      this.#session.mention(command("typing", { room, on }));
    }
  }

  wake() {
    this.#session.wake("the app");
  }

  /** @param {string} to @param {import("./confab.js").JsonValue} data */
  signal(to, data) {
    return this.#session.queue.submit(command("signal", { to, data }));
  }

  /** @param {string} session @param {import("./confab.js").JsonValue} data */
  signalSession(session, data) {
    return this.#session.queue.submit(command("signal", { to_session: session, data }));
  }

  async ping() {
    const from = this.#session.env.now();
    await this.#session.queue.submit(command("ping"));
    return this.#session.env.now() - from;
  }

  /** @param {string} token */
  refresh(token) {
    return this.#session.refresh(token);
  }

  /** @param {string} type @param {Record<string, unknown> & { room: string }} fields @returns {Promise<any>} */
  #inRoom(type, fields) {
    return this.#session.queue.submit(command(type, fields), { lane: `in ${fields.room}` });
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
