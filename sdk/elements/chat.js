// <confab-chat>: one connection, and either the rooms that stand in it or a list of rooms beside the one that is chosen.

import { ConfabClient } from "../confab.js";
import { createStore, indexedOutbox, localPositions } from "../store.js";
import { Base, LABELS, el, lazySheet, shadow, takeEarly } from "./parts.js";
import { CHAT } from "./style.js";

/** @typedef {import("../store.js").Store} Store */

const FIRST_ROOM = "general";
/** @type {CSSStyleSheet | undefined} */
let sheet;

export class ConfabChat extends Base {
  static observedAttributes = ["room", "guest", "token-url"];
  #options = /** @type {import("../confab.js").ClientOptions | null} */ (null);
  #labels = /** @type {Partial<typeof LABELS>} */ ({});
  #store = /** @type {Store | null} */ (null);
  /** The store was made here, so its client is ours to stop. */
  #own = false;
  #end = () => {};
  #inbox = /** @type {HTMLElement | null} */ (null);
  #room = /** @type {import("./room.js").ConfabRoom | null} */ (null);
  #signedOut = false;

  /** Options of the client that attributes cannot say: `{ token: async () => … }`. Setting them connects anew. */
  get options() {
    return this.#options;
  }
  set options(options) {
    this.#options = options;
    if (this.isConnected) this.#start();
  }

  /** Null until there is a guest, a token or options. One that is given is neither connected nor stopped here. */
  get store() {
    return this.#store;
  }
  set store(store) {
    this.#use(store, false);
  }

  get labels() {
    return { ...LABELS, ...this.#labels };
  }
  set labels(labels) {
    this.#labels = labels;
    this.#use(this.#store, this.#own);
  }

  /** The last answer of `token-url` was 401. */
  get signedOut() {
    return this.#signedOut;
  }

  /** The room that is shown, by its key. */
  get room() {
    return this.getAttribute("room") ?? FIRST_ROOM;
  }
  set room(key) {
    this.setAttribute("room", key);
  }

  connectedCallback() {
    takeEarly(this, ["options", "store", "labels"]);
    if (!this.shadowRoot) this.#build();
    if (this.#store === null) this.#start();
  }

  disconnectedCallback() {
    // Not at once: an element that is moved is taken out and put in again.
    queueMicrotask(() => !this.isConnected && this.#own && this.#use(null, false));
  }

  attributeChangedCallback() {
    if (!this.shadowRoot) return; // connected soon
    if (this.#store === null) this.#start();
    this.#arrange();
  }

  #start() {
    const attribute = (/** @type {string} */ name) => this.getAttribute(name) ?? undefined;
    const [guest, name, tokenUrl] = ["guest", "name", "token-url"].map(attribute);
    const token = tokenUrl === undefined ? undefined : () => this.#fetchToken(tokenUrl);
    this.#signedOut = false;
    if (guest === undefined && token === undefined && this.#options === null) return;
    try {
      const client = new ConfabClient({ url: attribute("url"), guest, name, token, ...this.#options });
      const user = attribute("user") ?? guest;
      const kept = user === undefined ? {} : { positions: localPositions(user), outbox: globalThis.indexedDB && indexedOutbox(user) };
      this.#use(createStore(client, kept), true);
      void client.connect();
    } catch (error) {
      this.#report(error);
    }
  }

  /** @param {string} url */
  async #fetchToken(url) {
    const answer = await fetch(url, { credentials: "include", cache: "no-store" });
    this.#signedOut = answer.status === 401;
    if (!answer.ok) throw new Error(`${url} answered ${answer.status}`);
    return (await answer.text()).trim();
  }

  /** @param {Store | null} store @param {boolean} own */
  #use(store, own) {
    const before = this.#store;
    if (before !== store) {
      this.#end();
      this.#end = () => {};
      if (this.#own) {
        before?.destroy();
        before?.client.stop();
      }
      this.#store = store;
      this.#own = own;
      this.#end = store?.client.on("error", (error) => this.#report(error)) ?? (() => {});
    }
    this.dispatchEvent(new Event("confab-store"));
  }

  /** @param {unknown} error */
  #report(error) {
    this.dispatchEvent(new CustomEvent("confab-error", { detail: error, bubbles: true, composed: true }));
  }

  #build() {
    const root = shadow(this, (sheet ??= lazySheet(CHAT)));
    this.#inbox = el("confab-inbox", { exportparts: "rooms, room-button, room-title, badge" });
    this.#room = el("confab-room", { part: "room", exportparts: "header, title, messages, message, author, time, text, files, actions, status, form, input, send" });
    const slot = el("slot", {}, el("div", { className: "frame", part: "frame" }, this.#inbox, this.#room));
    slot.addEventListener("slotchange", () => this.#arrange());
    root.append(slot);
    this.#arrange();
  }

  /** Where rooms stand in it, they are what is shown. */
  #arrange() {
    const slot = this.shadowRoot?.querySelector("slot");
    if (!slot || !this.#room) return;
    if (slot.assignedElements().length === 0) this.#room.setAttribute("room", this.room);
    else this.#room.removeAttribute("room");
    for (const inbox of [this.#inbox, ...this.querySelectorAll("confab-inbox")]) inbox?.setAttribute("room", this.room);
  }
}
