// Finds messages by their words, in all rooms one is in, and goes to them.

import { avatar, bdi, byId, el, isComposing } from "./dom.js";
import { COVERED } from "./message.js";
import { plain } from "./notices.js";
import { titleOf } from "./sidebar.js";
import { summary, timeElement } from "./text.js";

const SOON_MS = 250;
const TEXT_MAX = 200;
/** Of pages without hits: what was looked at so far had none, and there is more. */
const PAGES_MAX = 10;

export class Search {
  #store;
  #open;
  #dialog = byId("search");
  #input = byId("search-input");
  #hits = [];
  #next;
  #asked = 0;
  #timer = null;

  /** `open` is called with the key of a room and a message in it. */
  constructor(store, open) {
    this.#store = store;
    this.#open = open;
    this.#input.addEventListener("input", () => this.#askSoon());
    this.#input.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || isComposing(event)) return;
      event.preventDefault();
      byId("search-list").querySelector("button")?.focus();
    });
    byId("search-list").addEventListener("click", ({ target }) => {
      const { hit, act } = target.closest("button")?.dataset ?? {};
      if (act === "more") return this.#ask(this.#next);
      if (hit === undefined) return;
      const { room, message } = this.#hits[Number(hit)];
      this.#dialog.close();
      this.#open(this.#roomOf(room).key, message);
    });
    this.#dialog.addEventListener("click", (event) => event.target === this.#dialog && this.#dialog.close());
    store.client.on("welcome", ({ features }) => (byId("search-open").hidden = !features?.includes("search")));
  }

  show() {
    this.#dialog.showModal();
    this.#input.select();
  }

  #askSoon() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#ask(), SOON_MS);
  }

  async #ask(after) {
    const query = this.#input.value.trim();
    const asked = ++this.#asked;
    if (after === undefined) [this.#hits, this.#next] = [[], undefined];
    if (query === "") return this.#draw("");
    try {
      for (let pages = 0; pages < PAGES_MAX; ++pages) {
        const page = await this.#store.search({ query, after });
        if (asked !== this.#asked) return;
        this.#hits.push(...page.hits);
        after = this.#next = page.next;
        if (page.hits.length > 0 || after === undefined) break;
      }
      this.#draw(this.#hits.length > 0 || this.#next !== undefined ? "" : "Nothing was found.");
    } catch (error) {
      if (asked === this.#asked) this.#draw(plain(error));
    }
  }

  #roomOf(wire) {
    return this.#store.getSnapshot().rooms.find(({ room }) => room === wire) ?? this.#store.room(wire);
  }

  #draw(status) {
    byId("search-status").textContent = status;
    byId("search-list").replaceChildren(...this.#hits.map((hit, index) => this.#row(hit, index)),
      ...(this.#next === undefined ? [] : [el("li", {}, el("button", { type: "button", class: "link all", textContent: "Search further back", data: { act: "more" } }))]));
  }

  #row({ room, message }, index) {
    const name = this.#store.nameOf(message.from);
    return el("li", {}, el("button", { type: "button", class: "root", data: { hit: index } },
      avatar(message.from, name),
      el("span", { class: "who" },
        el("span", { class: "author" }, bdi(name, "name"), timeElement(message.at)),
        el("span", { class: "summary", dir: "auto", textContent: this.#store.isBlocked(message.from) ? COVERED : summary(message).slice(0, TEXT_MAX) }),
        el("span", { class: "last muted" }, bdi(titleOf(this.#roomOf(room), this.#store))))));
  }
}
