// One's own messages until the server has them, and drafts. With an outbox both outlive the page.

import { ConfabError, StoppedError } from "./errors.js";
import { uuid } from "./options.js";

/**
 * @typedef {import("./store_room.js").RoomState} RoomState
 * @typedef {import("./store.js").KeptMessage} KeptMessage
 * @typedef {import("./store.js").Outbox} Outbox
 */

/** More than this waits in memory only; the client takes as many commands by default. */
const KEPT_MAX = 1000;
/** How long a server that does not say so remembers keys. */
const KEY_MS = 24 * 3600_000;

export class Outgoing {
  #outbox;
  #date;
  #store;
  /** In the outbox, by key. @type {Map<string, KeptMessage>} */
  #kept = new Map();
  /** Of an earlier page: the first session sends them. @type {KeptMessage[]} */
  #earlier = [];
  /** By the room's key. @type {Map<string, string>} */
  #drafts = new Map();
  #lastAt = 0;
  #release = () => {};
  /** Ends when those of an earlier page are under way, or cannot be: others go behind them. @type {Promise<void> | null} */
  #turn = null;
  /** Resolves when what an earlier page had left is in its rooms. */
  restored;

  /**
   * @param {Outbox | undefined} outbox
   * @param {() => number} date
   * @param {object} store
   * @param {import("./confab.js").ConfabClient} store.client
   * @param {(key: string) => RoomState} store.room
   * @param {(key: string) => void} store.join
   * @param {(user: string, wire: string) => void} store.met a direct room has its name
   */
  constructor(outbox, date, store) {
    this.#outbox = outbox;
    this.#date = date;
    this.#store = store;
    this.restored = this.#restore();
  }

  /** @param {RoomState} room @param {import("./confab.js").Content} content @param {import("./confab.js").SendOptions} [options] */
  send(room, content, options) {
    const parts = contentOf({ ...(typeof content === "string" ? { text: content } : content), ...options });
    const key = uuid();
    const at = (this.#lastAt = Math.max(this.#date(), this.#lastAt + 1)); // the outbox keeps their order by it
    room.timeline.addPending(key, parts, at);
    this.#keep({ room: room.key, key, at, ...parts });
    room.changed();
    return this.#deliver(room, key, parts);
  }

  /** @param {RoomState} room @param {string} key */
  retry(room, key) {
    const failed = room.timeline.pending.find((one) => one.key === key && one.state === "failed");
    if (!failed) return Promise.resolve();
    room.timeline.changePending(key, { state: "sending" });
    room.changed();
    return this.#deliver(room, key, contentOf(failed));
  }

  /** @param {RoomState} room @param {string} key */
  discard(room, key) {
    room.timeline.dropPending(key);
    this.forget(key);
    room.changed();
  }

  /** The server has it, or nobody wants it any more. @param {string | undefined} key */
  forget(key) {
    if (key !== undefined && this.#kept.delete(key)) this.#outbox?.remove(key);
  }

  /** A session began. What an earlier page had written goes out under its keys, so that it is there once. @param {number} [keyMs] */
  async welcomed(keyMs = KEY_MS) {
    await this.restored;
    const waiting = this.#earlier.splice(0).filter(({ key }) => this.#kept.has(key));
    this.release();
    for (const { room: key, key: message, at, ...content } of waiting) {
      const room = this.#store.room(key);
      if (this.#date() - at > keyMs / 2) this.#failed(room, message, new ConfabError("it was written long ago"));
      else {
        this.#store.join(key);
        void this.#deliver(room, message, contentOf(content));
      }
    }
  }

  /** Nobody waits for those of an earlier page any more: they are under way, or no session will come and sending fails at once. */
  release() {
    this.#release();
    this.#turn = null;
  }

  /** @param {string} room */
  draft(room) {
    return this.#drafts.get(room) ?? "";
  }

  /** @param {string} room @param {string} text */
  setDraft(room, text) {
    if (text === this.draft(room)) return;
    if (text === "") this.#drafts.delete(room);
    else this.#drafts.set(room, text);
    this.#outbox?.setDraft(room, text);
  }

  async #restore() {
    if (!this.#outbox) return;
    this.#turn = new Promise((resolve) => (this.#release = () => resolve()));
    const { messages, drafts } = await this.#outbox.load().catch(() => ({ messages: [], drafts: {} }));
    for (const [room, text] of Object.entries(drafts)) if (!this.#drafts.has(room)) this.#drafts.set(room, text);
    for (const kept of messages) {
      if (this.#kept.has(kept.key)) continue; // written here in the meantime
      this.#kept.set(kept.key, kept);
      const room = this.#store.room(kept.room);
      room.timeline.addPending(kept.key, contentOf(kept), kept.at);
      if (kept.failed === undefined) this.#earlier.push(kept);
      else room.timeline.changePending(kept.key, { state: "failed", error: new Error(kept.failed) });
      room.changed();
    }
    if (this.#earlier.length === 0) this.release();
  }

  /** @param {RoomState} room @param {string} key @param {import("./store.js").MessageContent} content */
  async #deliver(room, key, content) {
    try {
      if (this.#turn) await this.#turn;
      const { client } = this.#store;
      const options = { ...content, key };
      const sent = room.with === null
        ? await client.send(/** @type {string} */ (room.wire), content, options)
        : await client.direct(room.with, content, options);
      room.timeline.settle(key, sent.seq, sent.unreached);
      this.forget(key);
      if (room.with !== null && !room.joined) this.#store.met(room.with, sent.room);
    } catch (error) {
      this.#failed(room, key, /** @type {Error} */ (error));
    }
    room.changed();
  }

  /** The next page shows it as failed as well, unless the client was merely stopped. @param {RoomState} room @param {string} key @param {Error} error */
  #failed(room, key, error) {
    room.timeline.changePending(key, { state: "failed", error });
    const kept = this.#kept.get(key);
    if (kept && !(error instanceof StoppedError)) this.#keep({ ...kept, failed: error.message });
    room.changed();
  }

  /** @param {KeptMessage} message */
  #keep(message) {
    if (!this.#outbox || (this.#kept.size >= KEPT_MAX && !this.#kept.has(message.key))) return;
    this.#kept.set(message.key, message);
    this.#outbox.put(message);
  }
}

/** What goes out of a message. @param {any} message @returns {import("./store.js").MessageContent} */
const contentOf = ({ text, data, replyTo, thread, mentions, attachments, quiet, event }) =>
  ({ ...(text && { text }), data, replyTo, thread, mentions, attachments, quiet, event });
