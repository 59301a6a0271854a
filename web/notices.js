// What the page tells its user beside the messages: the banner, toasts, the question before deleting, and for screen
// readers what comes in.

import { byId, setText } from "./dom.js";
import { plainName } from "./names.js";
import { shownText } from "./text.js";

const TOAST_MS = 6000;
const RESTORED_MS = 2500;

/** An error in words for people. */
export function plain(error) {
  const said = { too_long: "That is too long.", rate_limited: "Too fast. Try again in a moment.", forbidden: "You may not do that here." };
  const text = said[error.code] ?? error.message.replace(/^[a-z_]+: /, "");
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
export function toast(text) {
  clearTimeout(toastTimer);
  byId("toast").textContent = plainName(text);
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

export function confirmDelete(message) {
  const dialog = byId("confirm");
  const text = shownText(message);
  byId("confirm-text").textContent = text.length > 200 ? `${text.slice(0, 200)}…` : text;
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((resolve) => dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true }));
}
