// The list of rooms at the left.

import { bdi, byId, el, icon, redraw } from "./dom.js";
import { isShut } from "./gate.js";
import { isClosed, isInvited } from "./roles.js";
import { countLabel } from "./text.js";

/** Of a room that keeps its title from one there is only the id, which says nothing to people. */
const SHUT = { no_such_room: "No such room", banned: "A room you are banned from", forbidden: "A room you may not enter" };

/** What a room is called here: where one is not in it, as the list of rooms says. */
export function titleOf(room, store) {
  const { me, listed } = store.getSnapshot();
  if (room.with !== null) return room.with === me?.id ? "Notes to myself" : room.title;
  const title = (!room.joined && listed.find((row) => row.room === room.key)?.title) || room.title;
  return title === room.key && isShut(room) ? SHUT[room.error.code] : title;
}

const OTHERS_MAX = 8; // rooms not joined that are shown; the button below them shows all

/** Unread by wish, with nothing to count. */
const dot = () => el("span", { class: "badge", textContent: "•" }, el("span", { class: "hidden", textContent: " marked as unread" }));

const badge = (count, mentions) => mentions > 0
  ? el("span", { class: "badge" }, "@", el("span", { class: "hidden", textContent: ` you are mentioned${count > 0 ? `, ${countLabel(count)} unread` : ""}` }))
  : count > 0 && el("span", { class: "badge" }, countLabel(count), el("span", { class: "hidden", textContent: " unread" }));

/** Rooms one is in, in the order they are listed: public ones by name, then direct ones, the latest first. */
export function orderedRooms(store) {
  const { rooms } = store.getSnapshot();
  const latest = (room) => room.messages.at(-1)?.at ?? 0;
  return [
    ...rooms.filter((room) => room.with === null && room.left === null && !isInvited(room)).sort((a, b) => a.title.localeCompare(b.title)),
    ...rooms.filter((room) => room.with !== null).sort((a, b) => latest(b) - latest(a)),
  ];
}

/** One is in it, or has been there and not gone: not where one is only invited. */
export const isOpen = (store, room) => store.has(room) && store.room(room).left === null && !isInvited(store.room(room));

/** `open`: the key of the room that is shown. */
export function drawRooms(store, open) {
  const rooms = orderedRooms(store).filter((room) => room.key === open || (!isShut(room) && !room.own.hidden)).map((room) => ({
    key: room.key, peer: room.with, title: titleOf(room, store), unread: room.unread, mentions: room.mentions, marked: room.own.marked === true, closed: isClosed(room.settings), current: room.key === open,
    online: room.with !== null && store.isOnline(room.with),
  }));
  const listed = store.getSnapshot().listed.filter(({ room }) => !isOpen(store, room) && !room.startsWith("dm:"));
  const invitations = listed.filter(({ invited }) => invited);
  const others = listed.filter(({ invited }) => !invited);
  const shown = others.slice(0, OTHERS_MAX);
  redraw(byId("rooms"), JSON.stringify([rooms, shown, others.length, invitations]), () => [
    ...(invitations.length === 0 ? [] : section("Invitations", invitations.map(({ room, title }) =>
      item(`#${encodeURIComponent(room)}`, room, room === open ? "unread current" : "unread", lock(), bdi(title || room, "title"))))),
    ...section("Rooms", rooms.filter((room) => room.peer === null).map(roomItem), button("new-room", "New room")),
    ...section("Direct messages", rooms.filter((room) => room.peer !== null).map(roomItem), button("new-message", "New message")),
    ...(others.length === 0 ? [] : section("More rooms", [
      ...shown.map(({ room, title, online }) =>
        item(`#${encodeURIComponent(room)}`, room, "other", sign("#"), bdi(title || room, "title"), online > 0 && el("span", { class: "muted count", textContent: `${online} online` }))),
      el("li", {}, el("button", { type: "button", class: "link all", textContent: `All ${others.length + rooms.filter(({ peer }) => peer === null).length} rooms`, data: { act: "all-rooms", key: "all-rooms" } })),
    ])),
  ]);
}

/** `action`: a button beside the heading. */
const section = (title, items, action) => [el("div", { class: "heading" }, el("h2", { textContent: title }), action), items.length > 0 && el("ul", {}, items)].filter(Boolean);
const button = (act, label) => el("button", { type: "button", class: "icon small", title: label, "aria-label": label, data: { act, key: act } }, icon("plus"));
export const lock = () => el("span", { class: "sign" }, icon("lock"));
const sign = (text) => el("span", { class: "sign", "aria-hidden": "true", textContent: text });

function roomItem({ key, peer, title, unread, mentions, marked, closed, current, online }) {
  const className = `${unread || mentions || marked ? "unread" : ""}${current ? " current" : ""}`;
  const mark = peer ? el("span", { class: `dot${online ? " on" : ""}`, title: online ? "Online" : "Not here" }) : closed ? lock() : sign("#");
  const link = item(`#${peer ? "@" : ""}${encodeURIComponent(peer ?? key)}`, key, className, mark, bdi(title, "title"), badge(unread, mentions) || (marked && dot()));
  if (current) link.firstElementChild.setAttribute("aria-current", "page");
  return link;
}

const item = (href, key, className, ...content) => el("li", {}, el("a", { href, class: `room ${className}`, data: { key } }, content));
