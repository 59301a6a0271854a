// The messages of the open room: which of them have a row, what the rows look like, and where the reader is.
//
// However long the history, only a window of it has rows: the latest ones while the reader is at the end, else a
// stretch that grows toward where they scroll and shrinks at the other side.

import { avatar, bdi, byId, el, icon, setText } from "./dom.js";
import { isCovered, mentionsMe, messageContent, quoteOf, unreachedWords } from "./message.js";
import { isolated, listNames } from "./names.js";
import { plain } from "./notices.js";
import { isShut } from "./gate.js";
import { isInvited } from "./roles.js";
import { titleOf } from "./sidebar.js";
import { dayLabel, dayOf, timeElement } from "./text.js";

const ROWS = 120; // shown at the end of a room
const ROWS_STEP = 60; // added when a border is near
const ROWS_MAX = 300;
const BORDER_PX = 500; // how near is near
const END_PX = 48; // still counts as being at the end
const GROUP_MS = 5 * 60_000;
const PAGES_MAX = 10; // of history, on the way to a message
const QUICK = ["👍", "❤️", "😂"];

const bottomOf = (row) => row.offsetTop + row.offsetHeight;

export class Timeline {
  /** The reader sees the latest message. */
  atEnd = true;
  #store;
  #actions;
  #room = null; // its snapshot
  #messages = []; // those the server has, and one's own on their way
  #pending = [];
  #divider = null; // the last seq before the line "New"
  #rows = new Map(); // by the message's id
  #from = null; // seq of the first and the last message with a row; null: follows the end
  #to = null;
  #seen = 0; // seq of the last message when the reader left the end
  #pinnedAt = 0; // scrollTop where the view was last put to the end
  #active = null; // id of the message that has the toolbar and the tab stop
  #toolbar;
  #scroller = byId("scroller");
  #list = byId("messages");
  #picker;

  /** `actions`: react, edit, remove, reply, more, tools, thread, jump, uncover, retry, discard, reachedEnd, toText. */
  constructor(store, actions, picker) {
    this.#store = store;
    this.#picker = picker;
    this.#actions = actions;
    this.#toolbar = this.#makeToolbar();
    this.#scroller.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    new ResizeObserver(() => this.#pin()).observe(this.#scroller);
    byId("jump").addEventListener("click", () => {
      this.toEnd();
      actions.reachedEnd();
    });
    // While the keyboard is used, the mouse counts when it is moved, not where it happens to be.
    this.#list.addEventListener("pointerover", (event) => {
      if (event.pointerType === "mouse" && !this.#list.querySelector(":focus-visible")) this.#activate(event.target);
    });
    this.#list.addEventListener("pointermove", ({ pointerType, movementX, movementY, target }) => {
      if (pointerType === "mouse" && (movementX || movementY)) this.#activate(target);
    });
    this.#list.addEventListener("focusin", (event) => this.#activate(event.target));
    this.#list.addEventListener("click", (event) => this.#clicked(event.target.closest("button")));
    this.#list.addEventListener("keydown", (event) => this.#key(event));
    this.#list.addEventListener("load", () => this.#pin(), true); // a picture has its height only then
  }

  /** Of the room that is shown. */
  get key() {
    return this.#room?.key;
  }

  /** Shows a room as it is now; another one than before from its end. */
  show(room, divider) {
    const other = this.#room?.key !== room.key;
    this.#divider = divider;
    this.#take(room);
    if (!other) return this.render();
    this.#rows.clear();
    this.#list.replaceChildren();
    this.#active = null;
    this.toEnd();
  }

  #take(room) {
    if (this.#room === room) return;
    // The reader has scrolled up, and the browser has not reported it yet: the end must not take that back.
    const stays = this.#room?.key === room.key;
    if (stays && this.atEnd && this.#scroller.scrollTop < this.#pinnedAt) this.#scrolled();
    this.#room = room;
    const me = this.#me;
    // Replies are shown in their thread, and here those that call for the reader.
    const shown = room.messages.filter((message) => message.thread === undefined || mentionsMe(message, me));
    const stored = shown.findIndex((message) => message.state !== "stored");
    this.#messages = stored < 0 ? shown : shown.slice(0, stored);
    this.#pending = stored < 0 ? [] : shown.slice(stored);
  }

  /** To the latest message, from wherever the reader is. */
  toEnd() {
    this.atEnd = true;
    this.#pinnedAt = 0;
    this.#from = this.#to = null;
    this.render();
  }

  /** To a message, loading what is before it; false: it is not to be had. */
  async goTo(seq) {
    const { key } = this.#room;
    for (let n = 0; n < PAGES_MAX && this.#room.hasOlder && !((this.#room.messages[0]?.seq ?? 0) <= seq); n++) {
      await this.#store.loadOlder(key);
      if (this.#room.key !== key) return true;
      this.#take(this.#store.room(key));
    }
    const messages = this.#messages;
    const at = messages.findIndex((message) => message.seq === seq);
    if (at < 0) return false;
    if (this.atEnd) this.#seen = messages.at(-1).seq;
    this.atEnd = false;
    this.#from = messages[Math.max(0, at - ROWS_STEP)].seq;
    this.#to = at + ROWS_STEP < messages.length - 1 ? messages[at + ROWS_STEP].seq : null;
    this.render();
    const row = this.#rows.get(messages[at].id).element;
    row.scrollIntoView({ block: "center" });
    row.focus({ preventScroll: true });
    return true;
  }

  // ------------------------------------------------------------------------------------------------ the window

  render() {
    if (!this.#room) return;
    const anchor = this.atEnd ? null : this.#anchor();
    this.#reconcile(this.#window());
    if (anchor) {
      const row = this.#rows.get(anchor.id)?.element;
      if (row) this.#scroller.scrollTop = bottomOf(row) - anchor.offset;
    }
    this.#pin();
    this.#status();
    this.#jump();
    if (this.#scroller.scrollTop < BORDER_PX) this.#showOlder();
  }

  #window() {
    const [messages, pending] = [this.#messages, this.#pending];
    if (this.#from === null) return [...messages.slice(-ROWS), ...pending];
    let first = messages.findIndex((message) => message.seq >= this.#from);
    if (first < 0) first = Math.max(0, messages.length - ROWS);
    let end = this.#to === null ? messages.length : messages.findLastIndex((message) => message.seq <= this.#to) + 1;
    if (end - first > ROWS_MAX) {
      end = first + ROWS_MAX; // what is new goes below the window, until the reader goes there
      this.#to = messages[end - 1].seq;
    }
    return end === messages.length ? [...messages.slice(first), ...pending] : messages.slice(first, end);
  }

  #scrolled() {
    if (!this.#room) return;
    const { scrollTop, scrollHeight, clientHeight } = this.#scroller;
    const messages = this.#messages;
    const below = scrollHeight - scrollTop - clientHeight;
    const atEnd = this.#to === null && below < END_PX;
    if (this.atEnd && !atEnd) {
      this.#from = messages.at(-ROWS)?.seq ?? messages[0]?.seq ?? 0;
      this.#seen = messages.at(-1)?.seq ?? 0;
    }
    const returned = atEnd && !this.atEnd;
    this.atEnd = atEnd;
    if (returned) {
      this.#from = null;
      this.#actions.reachedEnd();
    } else if (this.#to !== null && below < BORDER_PX) this.#showNewer();
    else if (scrollTop < BORDER_PX) this.#showOlder();
    this.#jump();
  }

  #showOlder() {
    const messages = this.#messages;
    const first = this.#from === null ? Math.max(0, messages.length - ROWS) : messages.findIndex((m) => m.seq >= this.#from);
    if (first > 0 && !this.atEnd) {
      this.#from = messages[Math.max(0, first - ROWS_STEP)].seq;
      const count = messages.length - Math.max(0, first - ROWS_STEP);
      if (count > ROWS_MAX) this.#to = messages[Math.max(0, first - ROWS_STEP) + ROWS_MAX - 1].seq;
      this.render();
    } else if (first <= 0 && this.#room.hasOlder && !this.#room.olderError && this.#room.messages.length > 0) this.#load();
  }

  #showNewer() {
    const messages = this.#messages;
    const end = messages.findLastIndex((m) => m.seq <= this.#to) + 1 + ROWS_STEP;
    this.#to = end >= messages.length ? null : messages[end - 1].seq;
    this.#from = messages[Math.max(0, Math.min(end, messages.length) - ROWS_MAX)].seq;
    this.render();
  }

  async #load() {
    const { key, loadingOlder } = this.#room;
    if (loadingOlder) return;
    const first = this.#messages[0]?.seq ?? Infinity;
    await this.#store.loadOlder(key);
    if (this.#room.key !== key) return;
    this.#take(this.#store.room(key));
    // With new rows above, but the view where it was; at the end they wait until they are scrolled to.
    if (!this.atEnd && this.#messages[0]?.seq < first) this.#from = this.#messages[0].seq;
    this.render();
  }

  #status() {
    const status = byId("history-status");
    const { hasOlder, loadingOlder, olderError, error, joined, with: peer } = this.#room;
    const title = isolated(titleOf(this.#room, this.#store));
    if (this.#room.left) setText(status, "");
    else if (isShut(this.#room) || isInvited(this.#room)) setText(status, ""); // the gate says it
    else if (error) setText(status, `This room cannot be shown. ${plain(error)}`);
    else if (olderError) {
      const retry = el("button", { type: "button", class: "link", textContent: "Try again" });
      retry.addEventListener("click", () => this.#load());
      status.replaceChildren("Earlier messages could not be loaded. ", retry);
    } else if (!joined && !peer) setText(status, "Joining…");
    else if (this.#messages.length === 0) {
      setText(status, this.#pending.length ? "" : peer ? `Only you and ${title} can read what is written here.` : this.#room.settings.history === "own" ? "You can read what is written from your joining on. So far that is nothing." : "Nothing here yet. Say hello!");
    } else if (!hasOlder) {
      const late = this.#room.settings.history === "own" && this.#messages[0].seq > 1;
      setText(status, peer ? "This is where it began." : late ? "What was written before is only for those who were members then." : `This is the beginning of ${title}.`);
    } else setText(status, loadingOlder ? "Loading earlier messages…" : "\u00a0");
  }

  // ------------------------------------------------------------------------------------------------- position

  #pin() {
    if (!this.atEnd) return;
    this.#scroller.scrollTop = this.#scroller.scrollHeight;
    this.#pinnedAt = this.#scroller.scrollTop;
  }

  /** The first row in sight, and how far below the upper edge it ends. Its top may lose or gain a heading. */
  #anchor() {
    const top = this.#scroller.scrollTop;
    for (const [id, { element }] of this.#rows) {
      if (bottomOf(element) > top) return { id, offset: bottomOf(element) - top };
    }
    return null;
  }

  #jump() {
    const me = this.#me;
    const fresh = this.atEnd ? 0 : this.#messages.filter((m) => m.seq > this.#seen && m.from !== me).length;
    byId("jump").hidden = this.atEnd;
    setText(byId("jump-text"), fresh === 0 ? "To the latest" : fresh === 1 ? "1 new message" : `${fresh} new messages`);
  }

  // ----------------------------------------------------------------------------------------------------- rows

  /** Makes the list show `messages`, keeping each row whose message looks the same as before. */
  #reconcile(messages) {
    const focused = this.#list.contains(document.activeElement) ? document.activeElement : null;
    const focusedId = focused?.closest(".message").id;
    const rows = new Map();
    let previous = null;
    for (const message of messages) {
      const lead = this.#lead(message, previous);
      const signature = JSON.stringify(lead);
      const old = this.#rows.get(message.id);
      const same = old?.message === message && old.signature === signature;
      rows.set(message.id, same ? old : { message, signature, element: this.#row(message, lead) });
      previous = message;
    }
    for (const [id, row] of this.#rows) if (rows.get(id) !== row) row.element.remove();
    let next = this.#list.firstElementChild;
    for (const { element } of rows.values()) {
      if (element === next) next = next.nextElementSibling;
      else this.#list.insertBefore(element, next);
    }
    this.#rows = rows;
    this.#moveToolbar();
    if (focused && document.activeElement !== focused) this.#refocus(focused, focusedId);
  }

  #refocus(lost, id) {
    const row = document.getElementById(id);
    const chip = [...(row?.querySelectorAll(".chip") ?? [])].find((c) => c.dataset.react === lost.dataset.react);
    (this.#toolbar.contains(lost) && lost.isConnected ? lost : (chip || row || this.#list.lastElementChild))?.focus();
  }

  /** What a row begins with, other than its text. */
  #lead(message, previous) {
    const day = dayOf(message.at);
    const newDay = !previous || dayOf(previous.at) !== day;
    const divider = this.#divider;
    const fresh = divider !== null && message.seq > divider && (previous?.seq ?? 0) <= divider && message.from !== this.#me;
    const author = newDay || fresh || previous.from !== message.from || message.at - previous.at > GROUP_MS;
    const [room, store] = [this.#room, this.#store];
    const quote = message.replyTo === undefined ? "" : quoteOf(room, message.replyTo, store);
    const others = [...new Set([message.editedBy, message.deletedBy, ...message.reactions.flatMap(({ users }) => users)])].filter((id) => id !== undefined);
    store.learn(others); // nobody else may have named them
    return {
      pinned: room.pins.includes(message.seq), day: newDay ? dayLabel(message.at) : "", fresh, author, name: store.nameOf(message.from), quote, others: others.map(store.nameOf),
      covered: isCovered(message, room, store), unreached: unreachedWords(message, room, store),
    };
  }

  #row(message, { pinned, day, fresh, author, name, quote, covered }) {
    const { id, from, at, deleted, replies, replyTo, state, thread } = message;
    const own = from === this.#me;
    const inside = (act, data, content, look) => el("button", { type: "button", class: look, tabIndex: -1, data: { act, ...data } }, content);
    const content = messageContent(message, this.#room, this.#store);
    for (const button of content.flatMap((part) => [...part.querySelectorAll("button")])) button.tabIndex = -1;
    return el("li", { id, class: `message${author ? " first" : ""}${own ? " own" : ""}${mentionsMe(message, this.#me) ? " mine" : ""}${state === "stored" ? "" : ` ${state}`}`, tabIndex: -1 },
      day && el("p", { class: "day" }, el("span", { textContent: day })),
      fresh && el("p", { class: "fresh" }, el("span", { textContent: "New" })),
      el("div", { class: "line" },
        author ? avatar(from, name) : el("span", { class: "gutter" }, timeElement(at, true)),
        el("div", { class: "content" },
          author
            ? el("p", { class: "author" }, bdi(name, "name"), name !== from && bdi(`@${from}`, "handle"), own && el("span", { class: "handle", textContent: "you" }), timeElement(at))
            : el("span", { class: "hidden", textContent: `${isolated(name)}: ` }),
          pinned && el("p", { class: "pinned muted" }, icon("pin"), "Pinned"),
          quote && !covered && inside("jump", { seq: replyTo }, el("span", { textContent: quote }), "quoted"),
          content,
          state === "sending" && el("p", { class: "hidden", textContent: "Sending" }),
          state === "failed" && this.#failure(message),
          !deleted && !covered && message.reactions.length > 0 && this.#chips(message),
          replies > 0 && inside("thread", {}, replies === 1 ? "1 reply" : `${replies} replies`, "link replies"),
          thread !== undefined && inside("thread", {}, "In a thread", "link replies"))));
  }

  #failure({ error }) {
    return el("p", { class: "failure" }, `Not sent. ${plain(error)} `,
      el("button", { type: "button", class: "link", textContent: "Try again", data: { act: "retry" } }),
      el("button", { type: "button", class: "link", textContent: "Discard", data: { act: "discard" } }));
  }

  #chips({ reactions }) {
    const me = this.#me;
    return el("div", { class: "chips" }, reactions.map(({ emoji, users, count, own }) => {
      const names = users.map((id) => (id === me ? "you" : isolated(this.#store.nameOf(id))));
      if (own.length > 0 && !users.includes(me)) names.unshift("you");
      const who = listNames(names, 8, count);
      return el("button", {
        type: "button", class: "chip", tabIndex: -1, title: who, "aria-pressed": String(own.length > 0),
        "aria-label": `${emoji} ${count}, ${who}`, data: { react: emoji },
      }, el("span", { textContent: emoji }), String(count));
    }));
  }

  // -------------------------------------------------------------------------- one message at a time has the tools

  #makeToolbar() {
    const tool = (label, data, content) => el("button", { type: "button", title: label, "aria-label": label, data }, content);
    return el("div", { class: "tools", role: "toolbar", "aria-label": "Message" },
      QUICK.map((emoji) => tool(`React with ${emoji}`, { react: emoji }, emoji)),
      tool("More reactions", { act: "pick" }, icon("smile")),
      tool("Reply", { act: "reply" }, icon("reply")),
      tool("Edit", { act: "edit" }, icon("edit")),
      tool("Delete", { act: "remove" }, icon("trash")),
      tool("More", { act: "more" }, icon("more")));
  }

  #activate(target) {
    const row = target.closest?.(".message");
    if (!row || row.id === this.#active) return;
    this.#active = row.id;
    this.#moveToolbar();
  }

  /** Also gives the tab stop: one row of the list has it, and what is inside that row. */
  #moveToolbar() {
    const row = this.#rows.get(this.#active)?.element ?? this.#list.lastElementChild;
    for (const element of this.#list.querySelectorAll("[tabindex='0']")) element.tabIndex = -1;
    if (!row) return;
    row.tabIndex = 0;
    for (const inside of row.querySelectorAll(".content button")) inside.tabIndex = 0;
    const message = this.#message(row.id);
    const usable = message && !message.deleted && !isCovered(message, this.#room, this.#store) && this.#room.left === null && row.id === this.#active;
    if (!usable) return this.#toolbar.remove();
    const tools = this.#actions.tools(this.#room, message);
    for (const button of this.#toolbar.children) button.hidden = !tools[button.dataset.act ?? "pick"];
    if (!Object.values(tools).includes(true)) return this.#toolbar.remove();
    const line = row.querySelector(".line");
    if (this.#toolbar.parentNode === line) return;
    const focused = this.#toolbar.contains(document.activeElement) && document.activeElement;
    line.append(this.#toolbar);
    if (focused) focused.focus();
  }

  /** The settled message of a row; none for a pending one. */
  #message(id) {
    return this.#messages.findLast((message) => message.id === id);
  }

  get #me() {
    return this.#store.getSnapshot().me?.id;
  }

  #react(emoji, id = this.#active) {
    const message = this.#message(id);
    if (message) this.#actions.react(this.#room, message, emoji);
  }

  #clicked(button) {
    if (!button) return;
    const { act, react, seq } = button.dataset;
    this.#activate(button);
    if (act === "jump") return this.#actions.jump(this.#room, Number(seq));
    if (react) return this.#react(react);
    if (act === "pick") {
      const id = this.#active; // the way to the picker leads over other rows
      return this.#picker.show(button, (emoji) => this.#react(emoji, id));
    }
    const message = this.#message(this.#active) ?? this.#pending.find((p) => p.id === this.#active);
    if (act && message) this.#actions[act](this.#room, message, button);
  }

  #key(event) {
    const row = event.target.closest(".message");
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === "Escape") this.#actions.toText();
    else if (event.target !== row) return;
    else if (event.key === "ArrowUp") row.previousElementSibling?.focus();
    else if (event.key === "ArrowDown") (row.nextElementSibling ?? byId("text")).focus();
    else if (event.key === "e" || event.key === "Delete") {
      const message = this.#message(row.id);
      const act = event.key === "e" ? "edit" : "remove";
      if (message?.from !== this.#me || message.deleted || !this.#actions.tools(this.#room, message)[act]) return;
      this.#actions[act](this.#room, message);
    } else return;
    event.preventDefault();
  }
}
