// <confab-room>: what is written in one room, and a box to write in.

import { cleanText, formatText } from "../format.js";
import { Base, LABELS, chatOf, el, lazySheet, named, plainName, shadow, takeEarly } from "./parts.js";
import { ROOM } from "./style.js";

/**
 * @typedef {import("../store.js").Store} Store
 * @typedef {import("../store.js").TimelineMessage} TimelineMessage
 * @typedef {Map<string, { message: TimelineMessage, drawn: string, row: HTMLElement }>} Rows by the message's id, and how they are drawn
 */

/** Messages of one author within this time have one heading. */
const GROUP_MS = 5 * 60_000;
const END_PX = 48;
/** @type {CSSStyleSheet | undefined} */
let sheet;

export class ConfabRoom extends Base {
  static observedAttributes = ["room"];
  #store = /** @type {Store | null} */ (null);
  #given = /** @type {Store | null} */ (null);
  #end = () => {};
  /** @type {Rows} */
  #rows = new Map();
  #atEnd = true;
  #drawing = false;
  /** The message whose new text is being written. @type {TimelineMessage | null} */
  #editing = null;
  /** The seq of the one that goes if "delete" is pressed again. @type {number | null} */
  #doomed = null;
  #parts = /** @type {Record<string, any>} */ ({});

  /** In place of the one of the <confab-chat> around it. */
  get store() {
    return this.#store;
  }
  set store(store) {
    this.#given = store;
    if (this.isConnected) this.#attach();
  }

  /** A room's id, or `@` and a user's for a direct room. */
  get room() {
    return this.getAttribute("room") ?? "";
  }
  set room(key) {
    this.setAttribute("room", key);
  }

  connectedCallback() {
    takeEarly(this, ["store"]);
    if (!this.shadowRoot) this.#build();
    const chat = this.#chat;
    const attach = () => this.#attach();
    const seen = () => this.#draw();
    chat?.addEventListener("confab-store", attach);
    chat?.addEventListener("confab-error", seen);
    document.addEventListener("visibilitychange", seen);
    this.#end = () => {
      chat?.removeEventListener("confab-store", attach);
      chat?.removeEventListener("confab-error", seen);
      document.removeEventListener("visibilitychange", seen);
    };
    attach();
  }

  disconnectedCallback() {
    this.#end();
    this.#unsubscribe();
    this.#store = null;
  }

  attributeChangedCallback() {
    if (!this.shadowRoot || !this.isConnected) return; // connected soon
    this.#rows.clear();
    this.#parts.list?.replaceChildren();
    this.#atEnd = true;
    this.#doomed = null;
    this.#edit(null);
    this.#enter();
  }

  get #chat() {
    return chatOf(this);
  }

  get #labels() {
    return this.#chat?.labels ?? LABELS;
  }

  #unsubscribe = () => {};
  #attach() {
    const store = this.#given ?? this.#chat?.store ?? null;
    if (store !== this.#store) {
      this.#unsubscribe();
      this.#store = store;
      this.#unsubscribe = store?.subscribe(() => this.#draw()) ?? (() => {});
    }
    this.#label();
    this.#enter();
  }

  #enter() {
    const { input } = this.#parts;
    if (this.#store && this.room !== "") {
      void this.#store.join(this.room);
      void this.#store.restored.then(() => input.value === "" && this.#restore());
    }
    if (!this.#editing) this.#restore();
    this.#drawNow();
  }

  #restore() {
    this.#parts.input.value = this.#store?.draft(this.room) ?? "";
  }

  // ------------------------------------------------------------------------------------------------- what it is made of

  #build() {
    const parts = this.#parts = {
      title: el("h2", { part: "title", dir: "auto" }),
      online: el("p", {}),
      older: el("button", { type: "button", className: "older", part: "older" }),
      note: el("p", { className: "note" }),
      list: el("ol", { className: "messages", role: "list" }),
      status: el("p", { className: "status", part: "status", role: "status" }),
      input: el("textarea", { id: "input", part: "input", rows: 1, dir: "auto", enterKeyHint: "send" }),
      label: el("label", { className: "hidden", htmlFor: "input" }),
      send: el("button", { part: "send" }),
      editing: el("span", {}),
      cancel: el("button", { type: "button" }),
      bar: /** @type {any} */ (null),
      log: /** @type {any} */ (null),
      form: /** @type {any} */ (null),
      section: /** @type {any} */ (null),
    };
    parts.log = el("div", { className: "log", part: "messages", role: "log", tabIndex: 0 }, parts.older, parts.note, parts.list);
    parts.form = el("form", { part: "form" }, parts.label, parts.input, parts.send);
    parts.bar = el("p", { className: "editing", part: "editing", hidden: true }, parts.editing, parts.cancel);
    parts.section = el("section", {}, el("header", { part: "header" }, parts.title, parts.online), parts.log, parts.status, parts.bar, parts.form);
    shadow(this, (sheet ??= lazySheet(ROOM))).append(parts.section);

    parts.log.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    parts.older.addEventListener("click", () => this.#store?.loadOlder(this.room));
    parts.list.addEventListener("click", (/** @type {Event} */ event) => this.#clicked(/** @type {HTMLElement} */ (event.target).closest("button")));
    parts.list.addEventListener("focusout", () => this.#doom(null));
    parts.cancel.addEventListener("click", () => this.#edit(null, true));
    parts.input.addEventListener("input", () => this.#typed());
    parts.input.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => this.#key(event));
    parts.form.addEventListener("submit", (/** @type {Event} */ event) => {
      event.preventDefault();
      this.#submit();
    });
  }

  #label() {
    const { labels, log, label, send, older, input, editing, cancel } = { labels: this.#labels, .../** @type {any} */ (this.#parts) };
    log.setAttribute("aria-label", labels.messages);
    label.textContent = input.placeholder = labels.message;
    send.textContent = labels.send;
    older.textContent = labels.older;
    editing.textContent = labels.editing;
    cancel.textContent = labels.cancel;
  }

  // ------------------------------------------------------------------------------------------------------ writing

  #typed() {
    if (this.#editing) return;
    const text = this.#parts.input.value;
    this.#store?.setDraft(this.room, text);
    this.#store?.setTyping(this.room, text.trim() !== "");
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const composing = event.isComposing || event.keyCode === 229; // Safari ends a composition before the key that ended it
    const touch = matchMedia("(hover: none) and (pointer: coarse)").matches;
    if (event.key === "Escape" && this.#editing && !composing) return this.#edit(null, true);
    if (event.key !== "Enter" || event.shiftKey || event.altKey || composing || touch) return;
    event.preventDefault();
    this.#submit();
  }

  #submit() {
    const { input } = this.#parts;
    const text = cleanText(input.value);
    if (!this.#store || this.room === "" || text.trim() === "") return;
    if (this.#editing) {
      const { seq, text: before, data, mentions, attachments } = this.#editing;
      this.#edit(null, true);
      if (text === before) return;
      const kept = { text, data: before ? data : undefined };
      this.#store.edit(this.room, /** @type {number} */ (seq), kept, { mentions, attachments }).catch((error) => this.#report(error));
      return;
    }
    input.value = "";
    this.#store.setDraft(this.room, "");
    void this.#store.send(this.room, text);
    this.#atEnd = true;
    this.#drawNow();
    input.focus();
  }

  /** Begins to edit a message, or ends it. @param {TimelineMessage | null} message @param {boolean} [focus] */
  #edit(message, focus) {
    const { bar, input } = this.#parts;
    if (message) input.value = shownText(message);
    else if (this.#editing) this.#restore();
    this.#editing = message;
    bar.hidden = message === null;
    if (focus) input.focus();
  }

  /** @param {number | null} seq */
  #doom(seq) {
    if (this.#doomed === seq) return;
    this.#doomed = seq;
    // In place: the button keeps the focus.
    for (const button of this.#parts.list.querySelectorAll("[data-act=remove]")) button.textContent = this.#removeLabel(Number(button.dataset.seq));
  }

  /** @param {number | null} seq */
  #removeLabel(seq) {
    return seq !== null && this.#doomed === seq ? this.#labels.confirm : this.#labels.remove;
  }

  /** @param {HTMLButtonElement | null} button */
  #clicked(button) {
    const { act, value = "" } = button?.dataset ?? {};
    const seq = Number(button?.dataset.seq);
    const message = this.#store?.room(this.room).messages.find((one) => one.seq === seq);
    if (act === "edit" && message) this.#edit(message, true);
    if (act === "remove" && this.#doomed !== seq) this.#doom(seq);
    else if (act === "remove") {
      this.#doom(null);
      if (this.#editing?.seq === seq) this.#edit(null);
      this.#parts.input.focus();
      this.#store?.remove(this.room, seq).catch((error) => this.#report(error));
    }
    if (act === "retry") void this.#store?.retry(this.room, value);
    if (act === "discard") this.#store?.discard(this.room, value);
    if (act === "react") this.#store?.toggleReaction(this.room, Number(button?.dataset.seq), value).catch((error) => this.#report(error));
  }

  /** @param {unknown} error */
  #report(error) {
    this.dispatchEvent(new CustomEvent("confab-error", { detail: error, bubbles: true, composed: true }));
  }

  // ------------------------------------------------------------------------------------------------------ drawing

  #draw() {
    if (this.#drawing) return;
    this.#drawing = true;
    setTimeout(() => {
      this.#drawing = false;
      if (this.isConnected) this.#drawNow();
    }, 0);
  }

  #drawNow() {
    const { title, online, older, note, list, status, log, section } = this.#parts;
    const store = this.#store;
    const labels = this.#labels;
    const room = store && this.room !== "" ? store.room(this.room) : null;
    title.textContent = plainName(room?.title ?? this.room);
    section.ariaLabel = title.textContent;
    online.textContent = room?.joined ? labels.online(room.online) : "";
    older.hidden = !room?.hasOlder;
    older.disabled = room?.loadingOlder ?? false;
    note.textContent = room?.error ? room.error.message : room?.joined && room.messages.length === 0 ? labels.empty : "";
    note.hidden = note.textContent === "";

    const [height, first] = [log.scrollHeight, list.firstElementChild];
    this.#fill(list, room?.messages ?? []);
    if (this.#atEnd) log.scrollTop = log.scrollHeight;
    else if (list.firstElementChild !== first) log.scrollTop += log.scrollHeight - height;

    const state = store?.getSnapshot().connection.state;
    const typing = room?.typing.map(({ name }) => plainName(name)).join(", ");
    const connecting = this.#chat?.signedOut ? labels.signedOut : labels.connecting;
    status.textContent = state === "connecting" ? connecting : state === "stopped" ? labels.stopped : typing ? labels.typing(typing) : "";
    if (room?.joined && this.#atEnd && document.visibilityState === "visible") store?.markRead(this.room);
  }

  /** @param {HTMLElement} list @param {readonly TimelineMessage[]} messages */
  #fill(list, messages) {
    /** @type {Rows} */
    const rows = new Map();
    let previous = /** @type {TimelineMessage | null} */ (null);
    for (const message of messages) {
      const first = previous === null || previous.from !== message.from || message.at - previous.at > GROUP_MS;
      const blocked = !message.deleted && this.#store?.isBlocked(message.from) === true;
      const drawn = `${first} ${blocked}`;
      const old = this.#rows.get(message.id);
      rows.set(message.id, old?.message === message && old.drawn === drawn ? old : { message, drawn, row: this.#row(message, first, blocked) });
      previous = message;
    }
    for (const [id, { row }] of this.#rows) if (rows.get(id)?.row !== row) row.remove();
    let next = list.firstElementChild;
    for (const { row } of rows.values()) {
      if (row === next) next = row.nextElementSibling;
      else list.insertBefore(row, next);
    }
    this.#rows = rows;
  }

  /** @param {TimelineMessage} message @param {boolean} first @param {boolean} blocked */
  #row(message, first, blocked) {
    const { from, at, deleted, editedAt, state, reactions } = message;
    const own = from === this.#store?.getSnapshot().me?.id;
    const labels = this.#labels;
    const date = new Date(at);
    const name = this.#store?.nameOf(from) ?? from;
    const author = named(name, "author");
    author.className = first ? "author" : "hidden";
    const time = el("time", { part: "time", dateTime: date.toISOString(), title: date.toLocaleString(), className: first ? "" : "hidden" },
      date.toLocaleTimeString([], { hour: "numeric", minute: "2-digit" }));
    return el("li", { className: `message ${state}${own ? " own" : ""}${first ? " first" : ""}`, part: `message${own ? " own" : ""}` },
      el("div", { className: "line" }, author, time),
      deleted || blocked
        ? el("div", { className: "text gone", part: "text" }, deleted ? labels.deleted : labels.blocked)
        : el("div", { className: "text", part: "text", dir: "auto" }, ...formatText(shownText(message)), editedAt !== undefined && el("span", { className: "edited" }, ` ${labels.edited}`)),
      !deleted && !blocked && files(message),
      state === "sending" && el("p", { className: "hidden" }, labels.sending),
      state === "failed" && this.#failure(message),
      !blocked && reactions.length > 0 && this.#chips(message),
      own && state === "stored" && !deleted && this.#actions(message));
  }

  /** @param {TimelineMessage} message */
  #actions({ seq }) {
    const button = (/** @type {string} */ act, /** @type {string} */ label) => {
      const made = el("button", { type: "button" }, label);
      Object.assign(made.dataset, { act, seq: String(seq) });
      return made;
    };
    return el("div", { className: "actions", part: "actions" }, button("edit", this.#labels.edit), button("remove", this.#removeLabel(seq)));
  }

  /** @param {TimelineMessage} message */
  #failure({ key, error }) {
    const button = (/** @type {"retry" | "discard"} */ act) => {
      const made = el("button", { type: "button" }, this.#labels[act]);
      Object.assign(made.dataset, { act, value: key });
      return made;
    };
    return el("p", { className: "failure" }, `${this.#labels.failed} ${plainName(/** @type {any} */ (error)?.reason ?? error?.message ?? "")}`, button("retry"), button("discard"));
  }

  /** @param {TimelineMessage} message */
  #chips({ seq, reactions }) {
    return el("div", { className: "chips" }, ...reactions.map(({ emoji, count, own }) => {
      const chip = el("button", { type: "button", part: "reaction", "aria-pressed": String(own.length > 0) }, `${emoji} ${count}`);
      Object.assign(chip.dataset, { act: "react", value: emoji, seq: String(seq) });
      return chip;
    }));
  }

  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.#parts.log;
    const atEnd = scrollHeight - scrollTop - clientHeight < END_PX;
    const returned = atEnd && !this.#atEnd;
    this.#atEnd = atEnd;
    if (returned) this.#draw();
  }
}

/** @param {TimelineMessage} message */
const shownText = ({ text, data }) => text || (data === undefined ? "" : JSON.stringify(data, null, 2));

/** Links to a message's files. Nothing of them is loaded. @param {TimelineMessage} message */
function files({ attachments }) {
  if (!attachments?.length) return null;
  return el("ul", { className: "files", part: "files", role: "list" }, ...attachments.map(({ name, url, ref }) => {
    const shown = named(name ?? url ?? ref ?? "", "file");
    const safe = url?.startsWith("https://");
    return el("li", {}, safe ? el("a", { href: url, target: "_blank", rel: "noopener noreferrer nofollow" }, shown) : shown);
  }));
}
