// The box one writes in: a new message, or the new text of an old one.

import { cleanText } from "./sdk/format.js";
import { Attaching } from "./attaching.js";
import { byId, el, hintEnter, isComposing, setText, touch } from "./dom.js";
import { isolated } from "./names.js";
import { byteLength, shownText } from "./text.js";

export class Composer {
  /** Set by `welcome`. */
  bytesMax = 4096;
  files;
  #actions;
  #room = null; // its key
  #editing = null; // the message
  #replyTo = null; // the message that the next one answers
  #waitUntil = 0; // before it nothing is sent
  #saidTyping = false; // that we type
  #isPlace = false; // where files can be put
  #text = byId("text");

  /** `picker`: of emoji. `actions`: send, edit, editLast, typing, draft, setDraft, upload. */
  constructor(actions, picker) {
    this.#actions = actions;
    this.files = new Attaching({
      upload: actions.upload,
      changed: () => {
        this.files.draw();
        this.#fit();
      },
    });
    byId("attach").addEventListener("click", () => {
      const input = el("input", { type: "file", multiple: true });
      input.addEventListener("change", () => this.attach([...input.files]));
      input.click();
    });
    byId("composer").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    byId("edit-cancel").addEventListener("click", () => this.#cancel());
    byId("emoji").addEventListener("click", ({ currentTarget }) => picker.show(currentTarget, (emoji) => this.#insert(emoji)));
    this.#text.addEventListener("input", () => this.#changed());
    this.#text.addEventListener("keydown", (event) => this.#key(event));
    hintEnter(this.#text);
  }

  show(room, title) {
    if (this.#room !== room.key) {
      this.stopEditing(false);
      this.#answer(null);
      this.#sayTyping(false);
      this.#room = room.key;
      this.files.show(room.key);
      this.#set(this.#actions.draft(room.key));
    }
    this.#isPlace = this.files.allowed && room.room !== null && room.joined;
    byId("attach").hidden = !this.#mayAttach;
    const place = `Message ${room.with ? "" : "#"}${isolated(title)}`;
    if (this.#text.placeholder !== place) this.#text.placeholder = place;
  }

  /** Drafts of before a reload are there. */
  restored() {
    if (this.#room !== null && this.#text.value === "") this.#set(this.#actions.draft(this.#room));
  }

  focus() {
    this.#text.focus();
  }

  get #mayAttach() {
    return this.#isPlace && this.#editing === null && !byId("box").hidden;
  }

  /** Files for the next message; whether they can be sent here. */
  attach(files) {
    if (!this.#mayAttach || files.length === 0 || document.querySelector("dialog[open]")) return false;
    this.files.add(files);
    this.focus();
    return true;
  }

  /** Hidden it has no height, and what is in it may have changed. */
  hide(hidden) {
    const box = byId("box");
    if (box.hidden === hidden) return;
    box.hidden = hidden;
    this.#fit();
  }

  /** Until then one writes, and does not send. */
  wait(until) {
    if (this.#waitUntil === until) return;
    this.#waitUntil = until;
    this.#fit();
  }

  /** The next message answers this one; `quote` is what is shown of it. */
  reply(message, quote) {
    this.stopEditing(false);
    this.#answer(message, `Reply to ${quote}`);
    this.focus();
  }

  #answer(message, words = "") {
    this.#replyTo = message;
    this.#bar(words);
  }

  #bar(words) {
    byId("editing").hidden = words === "";
    setText(byId("editing-text"), words);
  }

  #cancel() {
    if (this.#editing) this.stopEditing();
    else {
      this.#answer(null);
      this.focus();
    }
  }

  edit(message) {
    this.#replyTo = null;
    this.#editing = message;
    this.#bar("Editing your message");
    this.#set(shownText(message));
    this.focus();
  }

  stopEditing(focus = true) {
    if (!this.#editing) return;
    this.#editing = null;
    this.#bar("");
    this.#set(this.#actions.draft(this.#room));
    if (focus) this.focus();
  }

  #key(event) {
    if (isComposing(event)) return;
    if (event.key === "Enter" && !event.shiftKey && !event.altKey && !touch.matches) this.#submit();
    else if (event.key === "Escape" && (this.#editing || this.#replyTo)) this.#cancel();
    else if (event.key === "ArrowUp" && !event.altKey && !event.shiftKey && this.#text.value === "") this.#actions.editLast(this.#room);
    else return;
    event.preventDefault();
  }

  #insert(emoji) {
    const { selectionStart, selectionEnd } = this.#text;
    this.#text.setRangeText(emoji, selectionStart, selectionEnd, "end");
    this.#changed();
    this.focus();
  }

  #submit() {
    const text = cleanText(this.#text.value);
    if (!this.#isSomething || byteLength(text) > this.bytesMax) return;
    const editing = this.#editing;
    if (!editing && Date.now() < this.#waitUntil) return;
    if (editing) {
      this.stopEditing();
      if (text !== editing.text) this.#actions.edit(this.#room, editing, text);
    } else {
      this.#set("");
      this.#actions.setDraft(this.#room, "");
      this.#saidTyping = false; // ends with the message
      const replyTo = this.#replyTo?.seq;
      this.#answer(null);
      const attachments = this.files.take();
      this.#actions.send(this.#room, text.trim() ? text : "", { replyTo, attachments: attachments.length > 0 ? attachments : undefined });
      this.files.draw();
    }
  }

  /** Whether there is something to send, and all of it is ready. */
  get #isSomething() {
    const hasText = this.#text.value.trim() !== "";
    return this.#editing ? hasText : (hasText || !this.files.isEmpty) && this.files.isReady;
  }

  #set(text) {
    this.#text.value = text;
    this.#fit();
  }

  #changed() {
    this.#fit();
    if (this.#editing) return;
    this.#actions.setDraft(this.#room, this.#text.value);
    this.#sayTyping(this.#text.value.trim() !== "");
  }

  /** The client library says it as often as others need it. */
  #sayTyping(on) {
    if (this.#room === null || !(on || this.#saidTyping)) return;
    this.#saidTyping = on;
    this.#actions.typing(this.#room, on);
  }

  #fit() {
    this.#text.style.height = "auto";
    this.#text.style.height = `${this.#text.scrollHeight}px`; // up to the style sheet's max-height
    const left = this.bytesMax - byteLength(this.#text.value);
    byId("attach").hidden = !this.#mayAttach;
    byId("send").disabled = !this.#isSomething || left < 0 || (!this.#editing && Date.now() < this.#waitUntil);
    setText(byId("counter"), left >= 400 ? "" : left < 0 ? `${-left} bytes too long` : `${left} bytes left`);
    byId("counter").classList.toggle("error", left < 0);
  }
}
