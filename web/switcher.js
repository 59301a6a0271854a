// Ctrl+K: finds a room or a person by a few letters, and starts what does not exist yet.

import { bdi, byId, el, isComposing } from "./dom.js";
import { isId, isUserId } from "./identity.js";
import { isClosed } from "./roles.js";
import { isOpen, lock, orderedRooms, titleOf } from "./sidebar.js";

const SHOWN_MAX = 12;
const LISTED_MAX = 1000;

export class Switcher {
  #store;
  #open;
  #choices = [];
  #chosen = 0;
  #dialog = byId("switcher");
  #input = byId("switcher-input");
  #list = byId("switcher-list");

  /** `open` is called with the key of what was chosen. */
  constructor(store, open) {
    this.#store = store;
    this.#open = open;
    this.#input.addEventListener("input", () => this.draw());
    this.#input.addEventListener("keydown", (event) => this.#key(event));
    this.#list.addEventListener("click", (event) => {
      const option = event.target.closest("[role=option]");
      if (option) this.#choose(Number(option.dataset.index));
    });
    this.#dialog.addEventListener("click", (event) => event.target === this.#dialog && this.#dialog.close());
  }

  /** `prefix`: "#" for rooms only, "@" for people only. */
  show(prefix = "") {
    if (this.#dialog.open) return this.#dialog.close();
    this.#input.value = prefix;
    this.#dialog.showModal();
    this.draw();
  }

  /** Also when what can be chosen has changed. */
  draw() {
    if (!this.#dialog.open) return;
    this.#choices = this.#find(this.#input.value.trim());
    this.#chosen = 0;
    this.#list.replaceChildren(...this.#choices.map(({ sign, closed, label, note }, index) =>
      el("li", { role: "option", id: `choice-${index}`, data: { index } },
        closed ? lock() : el("span", { class: "sign", "aria-hidden": "true", textContent: sign }), bdi(label, "title"), el("span", { class: "muted", textContent: note }))));
    this.#mark();
  }

  #find(typed) {
    const store = this.#store;
    const { me, listed } = store.getSnapshot();
    const name = typed.replace(/^[#@]/, "");
    const matches = ({ key, label }) => [key, label].some((text) => text.toLowerCase().includes(name.toLowerCase()));
    const joined = orderedRooms(store).map((room) => ({
      key: room.key, label: titleOf(room, store), sign: room.with ? "@" : "#", closed: isClosed(room.settings), note: room.unread ? `${room.unread} unread` : room.with ? "direct" : "",
    }));
    const elsewhere = listed.filter(({ room }) => !isOpen(store, room) && !room.startsWith("dm:")).map(({ room, title, online, invited, ...row }) => ({
      key: room, label: title || room, sign: "#", closed: isClosed(row), note: invited ? "you are invited" : online ? `${online} online` : "not joined",
    }));
    const people = store.people().filter(({ id }) => !store.has(`@${id}`)).map(({ id, name: label }) => ({
      key: `@${id}`, label, sign: "@", note: id === me?.id ? "notes to myself" : "direct",
    }));
    const found = [...joined, ...elsewhere, ...people].filter((choice) => choice.sign === typed[0] || !/^[#@]/.test(typed)).filter(matches).slice(0, /^[#@]/.test(typed) ? LISTED_MAX : SHOWN_MAX);
    const has = (key) => found.some((choice) => choice.key === key);
    if (isId(name) && !typed.startsWith("@") && !name.startsWith("dm:") && !has(name)) found.push({ key: name, label: name, sign: "#", note: "new room" });
    if (isUserId(name) && !typed.startsWith("#") && !has(`@${name}`)) found.push({ key: `@${name}`, label: name, sign: "@", note: "write to this person" });
    return found;
  }

  #mark() {
    [...this.#list.children].forEach((option, index) => option.setAttribute("aria-selected", String(index === this.#chosen)));
    this.#list.children[this.#chosen]?.scrollIntoView({ block: "nearest" });
    this.#input.setAttribute("aria-activedescendant", this.#choices.length ? `choice-${this.#chosen}` : "");
  }

  #key(event) {
    if (isComposing(event)) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && this.#choices.length) {
      this.#chosen = (this.#chosen + step + this.#choices.length) % this.#choices.length;
      this.#mark();
    } else if (event.key === "Enter") this.#choose(this.#chosen);
    else return;
    event.preventDefault();
  }

  #choose(index) {
    const choice = this.#choices[index];
    if (!choice) return;
    this.#dialog.close();
    this.#open(choice.key);
  }
}
