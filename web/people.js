// The panel beside the messages: what the room is, who belongs to it, who is there, and what may be done about that.

import { REASON_LIVE, ask } from "./ask.js";
import { blockItem } from "./blocking.js";
import { avatar, bdi, byId, el, icon, redraw } from "./dom.js";
import { isShut } from "./gate.js";
import { showMenu } from "./menu.js";
import { COVERED } from "./message.js";
import { idsIn, isolated, plainName } from "./names.js";
import { INVITED } from "./newroom.js";
import { hasOwn, ownItems } from "./own.js";
import { untilWords } from "./notices.js";
import { isArchived, isClosed, mayInvite, mayPin, maySet, moderates, powersOver, rank } from "./roles.js";
import { changeSettings, factsOf } from "./settings.js";
import { summary } from "./text.js";

const CROWD = 100; // beyond this the server does not say who is there
const PAGES_MAX = 5;
const SOON_MS = 300;
const [MINUTE, HOUR, DAY] = [60_000, 3_600_000, 86_400_000];
const NOTHING = { member: [], invited: [], banned: [], pins: [] };

const LASTS = [[String(10 * MINUTE), "10 minutes"], [String(HOUR), "1 hour"], [String(DAY), "1 day"], [String(7 * DAY), "1 week"]];

export class People {
  #store;
  #actions;
  #room = null; // its snapshot
  #lists = NOTHING;
  #asked = ""; // what the lists were asked for
  #timer = null;
  #mutes = new Map(); // by room and user: what entries said, as lists tell no reason

  /** `actions`: attempt, changed, become, goTo, goElsewhere. */
  constructor(store, actions) {
    this.#store = store;
    this.#actions = actions;
    for (const type of ["member_set", "pinned", "deleted", "edited"]) {
      store.client.on(type, ({ room }) => room === this.#room?.room && this.#askSoon());
    }
    store.client.on("member_set", ({ room, users = [], mute_until: until, reason }) => {
      if (until !== undefined) this.#mutes.set(room, new Map([...(this.#mutes.get(room) ?? []), ...users.map((user) => [user, { until, reason }])]));
    });
    store.client.on("joined", ({ room, snapshot }) => snapshot && this.#mutes.delete(room));
    byId("members-list").addEventListener("click", ({ target }) => {
      const button = target.closest("button");
      if (button) this.#clicked(button);
    });
  }

  /** Until when somebody is muted here (0: not any more), as far as it is known, and why, where an entry said it. */
  muteOf(user) {
    const told = this.#mutes.get(this.#room.room)?.get(user);
    return told ?? { until: this.#lists.member.find(({ id }) => id === user)?.mute_until };
  }

  /** What an owner's leaving comes to. */
  get heirWords() {
    const me = this.#store.getSnapshot().me?.id;
    const others = this.#lists.member.filter(({ id }) => id !== me);
    if (this.#room.role !== "owner" || others.some(({ role }) => role === "owner")) return "";
    if (others.length > 0) return "You are its only owner: the moderator who has been here longest takes your place, or else the member.";
    return this.#lists.member.length > 0 && isClosed(this.#room.settings) ? "Nobody else belongs to it: nobody will come in any more." : "";
  }

  /** Whom a mention may mean. */
  mentionable() {
    const me = this.#store.getSnapshot().me?.id;
    const all = [...this.#lists.member, ...(this.#room?.members ?? [])].map(({ id }) => ({ id, name: this.#store.nameOf(id) }));
    return [...new Map(all.map((one) => [one.id, one])).values()].filter(({ id }) => id !== me).sort((a, b) => a.name.localeCompare(b.name));
  }

  show(room) {
    if (room.key !== this.#room?.key || room.left !== null || isShut(room)) this.#lists = NOTHING;
    this.#room = room;
    const asks = JSON.stringify([room.key, room.joined, room.role, room.member, room.memberCount > 0, room.pins]);
    if (asks !== this.#asked) {
      this.#asked = asks;
      this.#askSoon(0);
    }
    this.#draw();
  }

  // ------------------------------------------------------------------------------------------------ what is there

  #askSoon(ms = SOON_MS) {
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      void this.#ask();
    }, ms);
  }

  async #ask() {
    const room = this.#room;
    if (!room.joined || room.with !== null && room.pins.length === 0) return;
    try {
      const lists = { ...NOTHING };
      if (room.memberCount > 0) lists.member = await this.#all(room, "member");
      if (room.memberCount > 0 && (room.member || moderates(room))) lists.invited = await this.#all(room, "invited");
      if (moderates(room)) lists.banned = await this.#all(room, "banned");
      if (room.pins.length > 0) lists.pins = (await this.#store.pins(room.key)).pins;
      if (room.key !== this.#room.key) return;
      this.#lists = lists;
      this.#actions.changed();
    } catch {
      // The next change asks again.
    }
  }

  async #all(room, state) {
    const found = [];
    for (let n = 0, after; n < PAGES_MAX; n++) {
      const page = await this.#store.members(room.key, { state, after });
      found.push(...page.members);
      if (!page.more) break;
      after = page.next;
    }
    return found;
  }

  // ---------------------------------------------------------------------------------------------------- drawing

  #draw() {
    const [room, store] = [this.#room, this.#store];
    const me = store.getSnapshot().me?.id;
    const online = new Set(room.members.map(({ id }) => id));
    const named = (row) => ({ ...row, name: store.nameOf(row.id), online: online.has(row.id), blocked: store.isBlocked(row.id), mute: this.muteOf(row.id) });
    const byName = (a, b) => rank(b.role) - rank(a.role) || a.name.localeCompare(b.name);
    const members = this.#lists.member.map(named).sort(byName);
    const [invited, banned] = [this.#lists.invited.map(named), this.#lists.banned.map(named)];
    const listed = new Set([...members, ...invited, ...banned].map(({ id }) => id));
    const peer = room.with === null || online.has(room.with) ? [] : [{ id: room.with }];
    const visitors = [...room.members, ...peer].filter(({ id }) => !listed.has(id)).map(named).sort(byName);
    const pins = this.#lists.pins.filter(({ message }) => room.pins.includes(message.seq))
      .map(({ message }) => ({ ...message, name: store.nameOf(message.from), covered: store.isBlocked(message.from) }));
    const crowd = room.online > CROWD;
    byId("members-count").textContent = members.length ? room.memberCount : (room.joined && room.online) || "";
    const state = [room.key, room.title, room.settings, room.role, room.member, room.joined, members, visitors, invited, banned, pins, crowd && room.online, me];
    redraw(byId("members-list"), JSON.stringify(state), () => [
      ...this.#about(room),
      ...this.#section("Pinned", pins.map((pin) => this.#pin(pin, room))),
      ...this.#section(members.length > 0 && `Members · ${room.memberCount}`, members.map((row) => this.#row(row, me))),
      ...this.#section(members.length > 0 ? "Visitors" : pins.length > 0 && "People", visitors.map((row) => this.#row(row, me))),
      ...this.#section("Invited", invited.map((row) => this.#row(row, me))),
      ...this.#section("Banned", banned.map((row) => this.#row(row, me))),
      crowd && el("p", { class: "muted note", textContent: `${room.online} people are here. In a room this large not all of them are listed.` }),
    ].filter(Boolean));
  }

  #section(title, rows) {
    return rows.length === 0 ? [] : [title && el("h3", { textContent: title }), el("ul", {}, rows)].filter(Boolean);
  }

  #about(room) {
    if (!room.joined) return [];
    const button = (act, label) => el("button", { type: "button", textContent: label, data: { act, key: act } });
    const mine = hasOwn(room) && button("own", "For me…");
    if (mine) mine.ariaHasPopup = "menu";
    if (room.with !== null) return mine ? [el("p", { class: "do" }, mine)] : [];
    const { topic } = room.settings;
    const facts = [...factsOf(room), room.member && `you are ${room.role === "owner" ? "an owner" : `a ${room.role}`}`].filter(Boolean).join(" · ");
    const buttons = [
      !room.member && !isArchived(room) && button("become", "Become a member"),
      mayInvite(room) && button("invite", "Invite"),
      maySet(room) && button("settings", "Settings"),
      mine,
    ].filter(Boolean);
    return [
      topic && el("p", { class: "topic", dir: "auto", textContent: plainName(topic) }),
      facts && el("p", { class: "muted facts", textContent: facts }),
      buttons.length > 0 && el("p", { class: "do" }, buttons),
    ].filter(Boolean);
  }

  #row(row, me) {
    const { id, name, state, role, until, mute, reason, online, blocked } = row;
    const muted = mute.until > Date.now();
    const label = [
      id === me ? "you" : name !== id && `@${id}`, role !== "member" && role, muted && `muted${untilWords(mute.until)}`, muted && mute.reason,
      state === "banned" && `banned${untilWords(until)}`, reason, blocked && "blocked by you",
    ].filter(Boolean).join(" · ");
    return el("li", { class: "person" },
      el("a", { href: `#@${encodeURIComponent(id)}`, class: "member", title: id === me ? "Notes to myself" : `Write to ${isolated(name)}`, data: { key: id } },
        avatar(id, name), el("span", { class: "who" }, bdi(name, "name"), label && el("bdi", { class: "handle", textContent: label })),
        state !== undefined && online && el("span", { class: "dot on", title: "Online" })),
      this.#items(row).length > 0 && el("button", { type: "button", class: "icon small", title: "More", "aria-label": `More about ${isolated(name)}`, "aria-haspopup": "menu", data: { user: id, key: `more ${id}` } }, icon("more")));
  }

  #pin(message, room) {
    const text = message.deleted ? "This message was deleted." : message.covered ? COVERED : summary(message);
    return el("li", { class: "person pin" },
      el("button", { type: "button", class: "member", data: { act: "goto", seq: message.seq, key: `pin ${message.seq}` } },
        el("span", { class: "who" }, bdi(message.name, "name"), el("bdi", { class: "handle", textContent: text }))),
      mayPin(room) && el("button", { type: "button", class: "icon small", title: "Unpin", "aria-label": `Unpin: ${text.slice(0, 40)}`, data: { act: "unpin", seq: message.seq, key: `unpin ${message.seq}` } }, icon("close")));
  }

  // ------------------------------------------------------------------------------------------------ what one does

  #clicked(button) {
    const { act, user, seq } = button.dataset;
    const room = this.#room;
    if (user) {
      const row = this.#rowOf(user);
      showMenu(button, `About ${isolated(this.#store.nameOf(user))}`, this.#items(row));
    } else if (act === "become") this.#actions.become(room.key);
    else if (act === "goto") this.#actions.goTo(Number(seq));
    else if (act === "unpin") this.#actions.attempt(this.#store.setPin(room.key, Number(seq), false));
    else if (act === "invite") this.#invite(room);
    else if (act === "settings") this.#settings(room);
    else if (act === "own") showMenu(button, "This room, for me", ownItems(this.#store.room(room.key), this.#store, this.#actions));
  }

  #rowOf(id) {
    const { member, invited, banned } = this.#lists;
    return [...member, ...invited, ...banned].find((row) => row.id === id) ?? { id };
  }

  #items(row) {
    const other = row.id !== this.#store.getSnapshot().me?.id;
    return [...this.#powers(row), ...(other ? [blockItem(row.id, this.#store, this.#actions.attempt)] : [])];
  }

  #powers(row) {
    const room = this.#room;
    const me = this.#store.getSnapshot().me?.id;
    if (room.with !== null || !room.joined) return [];
    const may = powersOver(row, room, me);
    const named = isolated(this.#store.nameOf(row.id));
    const set = (change) => this.#actions.attempt(this.#store.client.setMember(room.room, row.id, change));
    const asking = (question, change) => async () => {
      const said = await ask(question);
      if (said) set(change(said));
    };
    const reasoned = ({ reason }) => ({ reason: reason || undefined });
    const muted = this.muteOf(row.id).until > Date.now();
    return [
      ...may.roles.map((role) => [row.id === me ? `Give up being ${room.role === "owner" ? "an owner" : "a moderator"}` : `Make ${role}`, () => set({ role })]),
      may.invite && ["Invite as a member", () => set({ state: "invited" })],
      may.mute && muted && ["Let speak again", () => set({ muteUntil: 0 })],
      may.mute && !muted && ["Mute…", asking(
        { title: `Mute ${named}?`, fields: [{ name: "lasts", label: "How long", choices: LASTS }, REASON_LIVE], yes: "Mute" },
        (said) => ({ muteUntil: Date.now() + Number(said.lasts), ...reasoned(said) }))],
      may.remove && [row.state === "invited" ? "Take the invitation back" : "Remove…", row.state === "invited" ? () => set({ state: "removed" }) : asking(
        { title: `Remove ${named} from this room?`, fields: [REASON_LIVE], yes: "Remove", danger: true },
        (said) => ({ state: "removed", ...reasoned(said) }))],
      may.ban && ["Ban…", asking(
        {
          title: `Ban ${named} from this room?`, yes: "Ban", danger: true,
          fields: [
            { name: "lasts", label: "How long", choices: [...LASTS.slice(1), ["", "Without an end"]], value: String(DAY) }, { ...REASON_LIVE, label: "Reason (they see it, who is here now, and moderators later)" },
            { name: "gone", label: "Delete what they wrote", choices: [["", "No"], [String(HOUR), "In the last hour"], [String(DAY), "In the last day"]] },
          ],
        },
        (said) => ({
          state: "banned", until: said.lasts ? Date.now() + Number(said.lasts) : undefined,
          deleteMs: said.gone ? Number(said.gone) : undefined, ...reasoned(said),
        }))],
      may.unban && ["Unban", () => set({ state: "unbanned" })],
    ].filter(Boolean);
  }

  async #invite(room) {
    const said = await ask({ title: "Invite people", fields: [{ ...INVITED, label: "Who", required: true }], yes: "Invite" });
    const users = said ? idsIn(said.users, this.#store.people()) : [];
    if (users.length) this.#actions.attempt(this.#store.client.setMember(room.room, users, { state: "invited" }));
  }

  #settings({ key, room }) {
    changeSettings(() => this.#store.room(key), (settings) => this.#store.client.setRoom(room, settings));
  }
}
