// What a message says, wherever it is shown.

import { formatText } from "./sdk/format.js";
import { el } from "./dom.js";
import { filesOf } from "./files.js";
import { isolated, listNames } from "./names.js";
import { moderates } from "./roles.js";
import { shownText, summary } from "./text.js";

const QUOTE_MAX = 140;
export const COVERED = "You have blocked who wrote this.";

export const mentionsMe = ({ mentions, from, deleted, quiet }, me) => !deleted && !quiet && from !== me && (mentions?.includes(me) || mentions?.includes("@room")) === true;

/** Messages of people one has blocked that are shown all the same. */
const uncovered = new Set();
const keyIn = (room, { id }) => `${room.key} ${id}`;

export const isCovered = (message, room, store) => !message.deleted && store.isBlocked(message.from) && !uncovered.has(keyIn(room, message));
export const uncover = (message, room) => uncovered.add(keyIn(room, message));

/** Its text and files, or what is said in place of them. */
export function messageContent(message, room, store) {
  const { deleted, deletedBy, from, reason, editedAt, editedBy } = message;
  if (deleted) {
    const by = deletedBy !== undefined && deletedBy !== from ? ` by ${isolated(store.nameOf(deletedBy))}` : "";
    return [el("p", { class: "text gone", textContent: `This message was deleted${by}.${reason ? ` Reason: ${isolated(reason)}` : ""}` })];
  }
  if (isCovered(message, room, store)) {
    return [el("p", { class: "covered" }, el("span", { class: "text gone", textContent: COVERED }), " ",
      el("button", { type: "button", class: "link", textContent: "Show it", data: { act: "uncover", id: message.id } }))];
  }
  const text = shownText(message);
  const by = editedBy === undefined ? "" : ` by ${isolated(store.nameOf(editedBy))}`;
  const edited = editedAt !== undefined && el("span", { class: "edited", textContent: ` (edited${by})` });
  const unreached = unreachedWords(message, room, store);
  return [
    (text || edited) && el("div", { class: "text", dir: "auto" }, formatText(text), edited),
    filesOf(message, keyIn(room, message), room.key),
    unreached && el("p", { class: "muted unreached", textContent: unreached }),
  ].filter(Boolean);
}

/** Whom the mentions of one's own message did not reach, and why. Who is here sees it all the same. */
export function unreachedWords({ unreached = [], thread, editedAt }, room, store) {
  const away = unreached.filter((id) => id !== "@room" && !room.members.some((one) => one.id === id)).map((id) => isolated(store.nameOf(id)));
  const words = [];
  if (away.length > 0) words.push(`${listNames(away)} ${away.length > 1 ? "are not members" : "is not a member"} of this room, and ${away.length > 1 ? "were" : "was"} not told.`);
  if (unreached.includes("@room")) words.push(`@room told nobody: ${whyNotRoom(room, thread, editedAt)}`);
  return words.join(" ");
}

function whyNotRoom(room, thread, editedAt) {
  if (thread !== undefined) return "it does not work in a thread.";
  if (editedAt !== undefined) return "it cannot be added later.";
  if (room.with !== null) return "it does not work here.";
  return room.member && !moderates(room) ? "in a room this large only moderators may use it." : "only members may use it.";
}

/** Who has read what one wrote last, where the room has receipts and nobody has written since. */
export function readWords(room, store) {
  const last = room.messages.findLast(({ thread }) => thread === undefined);
  const { me } = store.getSnapshot();
  if (!last || last.from !== me.id || !Number.isSafeInteger(last.seq)) return "";
  const readers = Object.keys(room.reads).filter((id) => id !== me.id && room.reads[id] >= last.seq);
  if (readers.length === 0) return "";
  return room.with !== null ? "Read" : `Read by ${listNames(readers.map((id) => isolated(store.nameOf(id))))}`;
}

/** One line of the message `seq` of a room, for those that answer it: they carry no copy. */
export function quoteOf(room, seq, store) {
  const message = room.messages.find((one) => one.seq === seq);
  if (!message) return `an earlier message (no. ${seq})`;
  if (message.deleted) return "a deleted message";
  if (isCovered(message, room, store)) return "a message of somebody you have blocked";
  const text = summary(message);
  return `${isolated(store.nameOf(message.from))}: ${text.length > QUOTE_MAX ? `${text.slice(0, QUOTE_MAX)}…` : text}`;
}
