// What a message says, wherever it is shown.

import { formatText } from "/sdk/format.js";
import { el } from "./dom.js";
import { isolated } from "./names.js";
import { shownText } from "./text.js";

const QUOTE_MAX = 140;

export const mentionsMe = ({ mentions, from, deleted }, me) => !deleted && from !== me && (mentions?.includes(me) || mentions?.includes("@room")) === true;

/** Its text, or what is said in place of it. */
export function messageText(message, store) {
  const { deleted, deletedBy, from, reason, editedAt, editedBy } = message;
  if (!deleted) {
    const by = editedBy === undefined ? "" : ` by ${isolated(store.nameOf(editedBy))}`;
    return el("div", { class: "text", dir: "auto" }, formatText(shownText(message)), editedAt !== undefined && el("span", { class: "edited", textContent: ` (edited${by})` }));
  }
  const by = deletedBy !== undefined && deletedBy !== from ? ` by ${isolated(store.nameOf(deletedBy))}` : "";
  return el("p", { class: "text gone", textContent: `This message was deleted${by}.${reason ? ` Reason: ${isolated(reason)}` : ""}` });
}

/** One line of the message `seq` of a room, for those that answer it: they carry no copy. */
export function quoteOf(room, seq, store) {
  const message = room.messages.find((one) => one.seq === seq);
  if (!message) return `an earlier message (no. ${seq})`;
  if (message.deleted) return "a deleted message";
  const text = shownText(message).replace(/\s+/g, " ");
  return `${isolated(store.nameOf(message.from))}: ${text.length > QUOTE_MAX ? `${text.slice(0, QUOTE_MAX)}…` : text}`;
}
