// What the page tells its user beside the messages: the banner, toasts, and for screen readers what comes in.

import { byId, setText } from "./dom.js";
import { isolated } from "./names.js";
import { whenLabel } from "./text.js";

const TOAST_MS = 6000;
const RESTORED_MS = 2500;

/** " until …", or nothing where there is no end. */
export const untilWords = (until) => (until ? ` until ${whenLabel(until)}` : "");

const IN_WORDS = {
  too_long: () => "That is too long.",
  rate_limited: () => "Too fast. Try again in a moment.",
  forbidden: () => "You may not do that here.",
  banned: ({ until, reason }) => `You are banned from this room${untilWords(until)}.${reason ? ` Reason: ${isolated(reason)}` : ""}`,
  muted: ({ until }) => `You are muted${untilWords(until)}.`,
  read_only: () => "You can read here, but not write.",
  slow_mode: ({ retryAfterMs }) => `Slow mode: wait ${Math.ceil((retryAfterMs ?? 1000) / 1000)} s.`,
  not_member: () => "Only members can do that.",
  no_such_room: () => "There is no such room, or it is private and you are not invited.",
  no_such_user: () => "Nobody is called that here.",
  rejected: ({ reason }) => (reason ? isolated(reason) : "It was not allowed."),
  limit: ({ limit }) => `There are too many${limit ? `: at most ${limit}` : ""}.`,
};

/** An error in words for people. */
export function plain(error) {
  if (error.code in IN_WORDS) return IN_WORDS[error.code](error);
  const text = error.message.replace(/^[a-z_]+: /, "");
  return text.charAt(0).toUpperCase() + text.slice(1).replace(/[^.!?]$/, "$&.");
}

let bannerTimer;
/** `kind`: "lost", "restored" (goes by itself) or "stopped"; no text: none. */
export function banner(kind, text = "", action = "", act = null) {
  clearTimeout(bannerTimer);
  byId("banner").hidden = text === "";
  byId("banner").className = kind;
  setText(byId("banner-text"), text);
  setText(byId("banner-action"), action);
  byId("banner-action").hidden = act === null;
  byId("banner-action").onclick = act;
  if (kind === "restored") bannerTimer = setTimeout(() => banner(""), RESTORED_MS);
}

let toastTimer;
/** Names in `text` are isolated by who says it. */
export function toast(text) {
  clearTimeout(toastTimer);
  byId("toast").textContent = text;
  byId("toast").hidden = false;
  toastTimer = setTimeout(() => (byId("toast").hidden = true), TOAST_MS);
}

/** For screen readers; a burst is summed up. */
const unsaid = [];
export function announce(text) {
  if (unsaid.push(text) > 1) return;
  setTimeout(() => {
    const text = unsaid.length > 3 ? `${unsaid.length} new messages` : unsaid.join("\n");
    byId("announcer").textContent = text;
    unsaid.length = 0;
  }, 500);
}
