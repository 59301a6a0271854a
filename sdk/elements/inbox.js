// <confab-inbox>: the rooms one is in, with what is unread in them.

import { Base, LABELS, chatOf, el, lazySheet, named, shadow, takeEarly } from "./parts.js";
import { INBOX } from "./style.js";

/** @typedef {import("../store.js").Store} Store */

/** @type {CSSStyleSheet | undefined} */
let sheet;

export class ConfabInbox extends Base {
  static observedAttributes = ["room"];
  #store = /** @type {Store | null} */ (null);
  #given = /** @type {Store | null} */ (null);
  #end = () => {};
  #unsubscribe = () => {};
  #nav = /** @type {HTMLElement | null} */ (null);
  #list = /** @type {HTMLElement} */ (/** @type {unknown} */ (null));
  #drawn = "";

  /** In place of the one of the <confab-chat> around it. */
  get store() {
    return this.#store;
  }
  set store(store) {
    this.#given = store;
    if (this.isConnected) this.#attach();
  }

  /** The key of the room that is shown elsewhere. */
  get room() {
    return this.getAttribute("room") ?? "";
  }
  set room(key) {
    this.setAttribute("room", key);
  }

  connectedCallback() {
    takeEarly(this, ["store"]);
    if (!this.#nav) {
      this.#list = el("ul", { role: "list" });
      this.#nav = /** @type {HTMLElement} */ (el("nav", { part: "rooms" }, this.#list));
      shadow(this, (sheet ??= lazySheet(INBOX))).append(this.#nav);
    }
    const chat = chatOf(this);
    const attach = () => this.#attach();
    chat?.addEventListener("confab-store", attach);
    this.#end = () => chat?.removeEventListener("confab-store", attach);
    attach();
  }

  disconnectedCallback() {
    this.#end();
    this.#unsubscribe();
    this.#store = null;
  }

  attributeChangedCallback() {
    this.#draw();
  }

  #attach() {
    const store = this.#given ?? chatOf(this)?.store ?? null;
    if (store !== this.#store) {
      this.#unsubscribe();
      this.#store = store;
      this.#unsubscribe = store?.subscribe(() => this.#draw()) ?? (() => {});
    }
    this.#drawn = "";
    this.#draw();
  }

  #draw() {
    if (!this.#nav) return; // connected soon
    const shown = this.#store?.getSnapshot().rooms.filter(({ key, own }) => !own.hidden || key === this.room) ?? [];
    const rooms = shown.map(({ key, title, unread }) => ({ key, title, unread }));
    if (this.room !== "" && !rooms.some(({ key }) => key === this.room)) rooms.push({ key: this.room, title: this.room, unread: 0 });
    const drawn = JSON.stringify([rooms, this.room]);
    if (drawn === this.#drawn) return;
    this.#drawn = drawn;
    const labels = chatOf(this)?.labels ?? LABELS;
    this.#nav.setAttribute("aria-label", labels.rooms);
    const focused = /** @type {HTMLElement | null} */ (this.shadowRoot?.activeElement ?? null)?.dataset.key;
    this.#list.replaceChildren(...rooms.map(({ key, title, unread }) => {
      const button = el("button", { type: "button", part: "room-button", "aria-current": key === this.room && "true" },
        named(title, "room-title"),
        unread > 0 && el("span", { className: "badge", part: "badge" }, labels.unread(unread)));
      button.dataset.key = key;
      button.addEventListener("click", () => this.#choose(key));
      return el("li", {}, button);
    }));
    for (const button of this.#list.querySelectorAll("button")) if (button.dataset.key === focused) button.focus();
  }

  /** @param {string} key */
  #choose(key) {
    const chat = chatOf(this);
    this.room = key;
    if (chat) chat.room = key;
    this.dispatchEvent(new CustomEvent("confab-room", { detail: key, bubbles: true, composed: true }));
  }
}
