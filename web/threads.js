// The threads of the open room, the one last replied to first.

import { avatar, bdi, byId, el, redraw, setText } from "./dom.js";
import { COVERED } from "./message.js";
import { summary, timeElement, whenLabel } from "./text.js";

const SOON_MS = 300;
const TEXT_MAX = 200;

export class ThreadList {
  #store;
  #actions;
  #room = null; // its snapshot
  #roots = [];
  #next; // where the list goes on
  #problem = "";
  #asked = ""; // what the list was asked for
  #answered = ""; // and what was answered
  #timer = null;
  #before = new Map(); // by room: up to where it was read when it was opened
  #seen = new Map(); // by room and root: the last reply that was shown

  /** `actions`: changed, open (gets the root), attempt. */
  constructor(store, actions) {
    this.#store = store;
    this.#actions = actions;
    const { client } = store;
    client.on("message", ({ room, thread }) => thread !== undefined && this.#heard(room));
    for (const type of ["deleted", "edited"]) client.on(type, ({ room }) => this.#heard(room));
    byId("threads-toggle").addEventListener("click", actions.changed);
    byId("threads-mine").addEventListener("click", ({ currentTarget }) => {
      currentTarget.setAttribute("aria-pressed", String(!this.#mine));
      actions.changed();
    });
    byId("threads-list").addEventListener("click", ({ target }) => {
      const { root, act } = target.closest("button")?.dataset ?? {};
      if (root) actions.open(Number(root));
      else if (act === "more") actions.attempt(this.#more());
    });
  }

  get #mine() {
    return byId("threads-mine").getAttribute("aria-pressed") === "true";
  }

  /** Before the room counts as read. */
  notice({ key, joined, readUpTo }) {
    if (joined && !this.#before.has(key)) this.#before.set(key, readUpTo);
  }

  /** A thread is on the screen. */
  saw({ key, messages }, root) {
    const last = messages.findLast(({ seq, thread }) => seq !== null && thread === root);
    if (last) this.#seen.set(`${key} ${root}`, last.seq);
  }

  show(room) {
    byId("threads-toggle").hidden = !room.joined;
    if (byId("threads").hidden) {
      this.#asked = this.#answered = ""; // it is asked for anew when it is opened
      return;
    }
    if (room.key !== this.#room?.key) [this.#roots, this.#next] = [[], undefined];
    this.#room = room;
    const asks = JSON.stringify([room.key, room.joined, this.#mine]);
    if (asks !== this.#asked) {
      this.#asked = asks;
      this.#askSoon(0);
    }
    this.#draw();
  }

  #heard(wire) {
    if (!byId("threads").hidden && wire === this.#room?.room) this.#askSoon(SOON_MS);
  }

  #askSoon(ms) {
    this.#timer ??= setTimeout(async () => {
      this.#timer = null;
      const { key, joined } = this.#room;
      if (!joined) return;
      const asked = this.#asked;
      try {
        const page = await this.#store.threads(key, { mine: this.#mine || undefined });
        if (asked !== this.#asked) return;
        this.#answered = asked;
        [this.#roots, this.#next, this.#problem] = [page.events, page.next, ""];
      } catch {
        this.#problem = "The threads could not be loaded.";
      }
      this.#actions.changed();
    }, ms);
  }

  async #more() {
    const asked = this.#asked;
    const page = await this.#store.threads(this.#room.key, { mine: this.#mine || undefined, after: this.#next });
    if (asked !== this.#asked) return;
    const known = new Set(this.#roots.map(({ seq }) => seq));
    this.#roots = [...this.#roots, ...page.events.filter(({ seq }) => !known.has(seq))];
    this.#next = page.next;
    this.#actions.changed();
  }

  #isNew({ seq, last_reply: last = 0 }) {
    const { key, messages } = this.#room;
    const read = Math.max(this.#before.get(key) ?? 0, this.#seen.get(`${key} ${seq}`) ?? 0);
    return last > read && messages.find((one) => one.seq === last)?.from !== this.#store.getSnapshot().me?.id;
  }

  #draw() {
    const store = this.#store;
    const rows = this.#roots.map((root) => ({ ...root, name: store.nameOf(root.from), fresh: this.#isNew(root), covered: store.isBlocked(root.from) }));
    const waits = this.#room.joined && this.#answered !== this.#asked;
    setText(byId("threads-none"), this.#problem || (rows.length > 0 ? "" : waits ? "Loading…" : this.#mine ? "You are in none of the threads here." : "No threads yet. To begin one, choose “More” beside a message."));
    redraw(byId("threads-list"), JSON.stringify([rows, this.#next]), () => [
      el("ul", {}, rows.map((row) => this.#row(row))),
      this.#next !== undefined && el("button", { type: "button", class: "link all", textContent: "More threads", data: { act: "more", key: "more" } }),
    ].filter(Boolean));
  }

  #row({ seq, from, at, name, deleted, covered, replies = 0, last_reply_at: last, fresh, ...message }) {
    const text = deleted ? "This message was deleted." : covered ? COVERED : summary(message).slice(0, TEXT_MAX);
    return el("li", {}, el("button", { type: "button", class: "root", data: { root: seq, key: seq } },
      avatar(from, name),
      el("span", { class: "who" },
        el("span", { class: "author" }, bdi(name, "name"), timeElement(at)),
        el("span", { class: `summary${deleted || covered ? " gone" : ""}`, dir: "auto", textContent: text }),
        el("span", { class: "last" },
          el("span", { class: "muted", textContent: `${replies === 1 ? "1 reply" : `${replies} replies`}${last ? ` · last ${whenLabel(last)}` : ""}` }),
          fresh && el("span", { class: "badge", textContent: "new" })))));
  }
}
