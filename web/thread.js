// A thread beside the messages: its root, the replies, and a box to write one more.

import { cleanText } from "./sdk/format.js";
import { avatar, bdi, byId, el, hintEnter, icon, isComposing, redraw, touch } from "./dom.js";
import { closeThread, openThread } from "./drawers.js";
import { isCovered, mentionsMe, messageContent, uncover, unreachedWords } from "./message.js";
import { plain } from "./notices.js";
import { byteLength, timeElement } from "./text.js";

/** Of history, to find the root. */
const PAGES_MAX = 10;

export class Thread {
  #store;
  #actions;
  #key = null; // of its room
  #root = null; // its seq
  #mayWrite = true;
  #text = byId("thread-text");
  #list = byId("thread-list");

  /** `actions`: send, menu, hasMenu, retry, discard, changed, bytesMax. */
  constructor(store, actions) {
    this.#store = store;
    this.#actions = actions;
    byId("thread-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    hintEnter(this.#text);
    this.#text.addEventListener("input", () => this.#fit());
    this.#text.addEventListener("keydown", (event) => {
      if (isComposing(event) || event.key !== "Enter" || event.shiftKey || event.altKey || touch.matches) return;
      event.preventDefault();
      this.#submit();
    });
    this.#list.addEventListener("click", ({ target }) => {
      const button = target.closest("button");
      const message = button && this.#messages().find(({ id }) => id === button.dataset.id);
      if (!message) return;
      if (button.dataset.act === "uncover") {
        uncover(message, store.room(this.#key));
        actions.changed();
      } else if (button.dataset.act) actions[button.dataset.act](this.#key, message.key);
      else actions.menu(button, message);
    });
  }

  /** The seq of the message under which it stands; null: none is open. */
  get root() {
    return this.#root;
  }

  async open(key, root) {
    if (this.#key !== key || this.#root !== root) this.#text.value = "";
    this.#key = key;
    this.#root = root;
    openThread();
    this.draw();
    this.#list.scrollTop = this.#list.scrollHeight;
    this.#text.focus();
    for (let n = 0; n < PAGES_MAX; n++) {
      const { messages, hasOlder } = this.#store.room(key);
      if (!hasOlder || (messages[0]?.seq ?? 0) <= root || this.#root !== root) break;
      await this.#store.loadOlder(key);
    }
  }

  close() {
    if (this.#root === null) return;
    this.#root = null;
    closeThread();
    this.#actions.changed(); // the list of threads may be back, and is asked for anew
  }

  #messages() {
    return this.#store.room(this.#key).messages.filter(({ seq, thread }) => seq === this.#root || thread === this.#root);
  }

  /** What there is now; of another room than `key` it is closed. */
  draw(key = this.#key, mayWrite = this.#mayWrite) {
    this.#mayWrite = mayWrite;
    if (this.#root === null) return;
    if (key !== this.#key) return this.close();
    const room = this.#store.room(this.#key);
    const messages = this.#messages();
    const root = messages[0]?.seq === this.#root;
    const atEnd = this.#list.scrollHeight - this.#list.scrollTop - this.#list.clientHeight < 48;
    if (byId("thread-form").hidden === mayWrite) {
      byId("thread-form").hidden = !mayWrite;
      this.#fit(); // hidden it has no height
    }
    const store = this.#store;
    const shown = messages.map((message) => [
      message.id, message.seq, message.text, message.state, message.deleted, message.reason, message.editedAt, message.data, message.attachments,
      this.#actions.hasMenu(message), store.nameOf(message.from), message.error?.message, isCovered(message, room, store), unreachedWords(message, room, store),
    ]);
    redraw(this.#list, JSON.stringify([this.#root, root, shown]), () => [
      !root && el("p", { class: "muted note", textContent: room.hasOlder ? "The beginning of this thread is far back." : "The beginning of this thread is gone." }),
      el("ol", { "aria-label": "Thread" }, messages.map((message) => this.#row(message, room))),
    ].filter(Boolean));
    if (atEnd) this.#list.scrollTop = this.#list.scrollHeight;
  }

  #row(message, room) {
    const { id, seq, from, at, deleted, state } = message;
    const { me } = this.#store.getSnapshot();
    const name = this.#store.nameOf(from);
    return el("li", { class: `reply${seq === this.#root ? " root" : ""} ${state}${mentionsMe(message, me?.id) ? " mine" : ""}` },
      el("div", { class: "author" }, avatar(from, name), bdi(name, "name"), timeElement(at),
        seq !== null && !deleted && this.#actions.hasMenu(message) && el("button", { type: "button", class: "icon small", title: "More", "aria-label": "More about this message", "aria-haspopup": "menu", data: { id, key: id } }, icon("more"))),
      messageContent(message, room, this.#store),
      state === "failed" && el("p", { class: "failure" }, `Not sent. ${plain(message.error)}`,
        el("button", { type: "button", class: "link", textContent: "Try again", data: { id, act: "retry" } }),
        el("button", { type: "button", class: "link", textContent: "Discard", data: { id, act: "discard" } })));
  }

  #fit() {
    this.#text.style.height = "auto";
    this.#text.style.height = `${this.#text.scrollHeight}px`;
    byId("thread-send").disabled = !this.#text.value.trim() || byteLength(this.#text.value) > this.#actions.bytesMax();
  }

  #submit() {
    const text = cleanText(this.#text.value);
    if (!text.trim() || byteLength(text) > this.#actions.bytesMax()) return;
    this.#text.value = "";
    this.#fit();
    this.#actions.send(this.#key, text, { thread: this.#root });
    this.#list.scrollTop = this.#list.scrollHeight;
  }
}
