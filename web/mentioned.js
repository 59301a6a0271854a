// What addresses oneself, in all rooms, the latest first.

import { avatar, bdi, byId, el, setText } from "./dom.js";
import { COVERED } from "./message.js";
import { titleOf } from "./sidebar.js";
import { summary, timeElement } from "./text.js";

const TEXT_MAX = 200;
const WHY = { mention: "mentions you", reply: "replies to you", thread: "in a thread of yours" };

export class Mentioned {
  #store;
  #attempt;
  #list = [];
  #next;
  #dialog = byId("mentioned");

  /** `open` gets the key of a room and the message there. */
  constructor(store, { open, attempt }) {
    this.#store = store;
    this.#attempt = attempt;
    this.#dialog.addEventListener("click", ({ target }) => {
      const { index, act } = target.closest("button")?.dataset ?? {};
      if (act === "more") return attempt(this.#load());
      if (target === this.#dialog || act === "close") this.#dialog.close();
      if (index === undefined) return;
      this.#dialog.close();
      const { message } = this.#list[Number(index)];
      open(this.#roomOf(message).key, message);
    });
  }

  show() {
    [this.#list, this.#next] = [[], undefined];
    byId("mentioned-list").replaceChildren();
    setText(byId("mentioned-none"), "Loading…");
    this.#dialog.showModal();
    this.#attempt(this.#load());
  }

  async #load() {
    try {
      const page = await this.#store.mentions({ after: this.#next });
      this.#list.push(...page.mentions);
      this.#next = page.next;
    } finally {
      this.#draw();
    }
  }

  #roomOf({ room: wire }) {
    return this.#store.getSnapshot().rooms.find(({ room }) => room === wire) ?? this.#store.room(wire);
  }

  #draw() {
    setText(byId("mentioned-none"), this.#list.length === 0 ? "Nobody has mentioned you yet." : "");
    byId("mentioned-list").replaceChildren(...[
      el("ul", {}, this.#list.map((one, index) => this.#row(one, index))),
      this.#next !== undefined && el("button", { type: "button", class: "link all", textContent: "More mentions", data: { act: "more" } }),
    ].filter(Boolean));
  }

  #row({ why, read, message }, index) {
    const store = this.#store;
    const { from, at } = message;
    const covered = store.isBlocked(from);
    return el("li", {}, el("button", { type: "button", class: "root", data: { index } },
      avatar(from, store.nameOf(from)),
      el("span", { class: "who" },
        el("span", { class: "author" }, bdi(store.nameOf(from), "name"), timeElement(at)),
        el("span", { class: `summary${covered ? " gone" : ""}`, dir: "auto", textContent: covered ? COVERED : summary(message).slice(0, TEXT_MAX) }),
        el("span", { class: "last" },
          el("span", { class: "muted" }, bdi(titleOf(this.#roomOf(message), store)), ` · ${WHY[why] ?? ""}`),
          !read && el("span", { class: "badge", textContent: "new" })))));
  }
}
