// The room list, the list of people and the thread where they lie over the chat: which is open, and the ways out of it.
// People and thread have one place. The back button is a way out, so an open drawer has an entry in the browser's history.

import { byId } from "./dom.js";

const narrow = matchMedia("(max-width: 45em)");
const wide = matchMedia("(min-width: 67.5em)");

export const isNarrow = () => narrow.matches;

const hasEntry = () => history.state?.drawer === true;
const roomsAreOpen = () => document.body.classList.contains("rooms-open");
const isOver = () => !byId("scrim").hidden;

let opener = null; // where the focus was
let peopleBefore = false; // beside the chat, before the thread took their place
let closing = () => {};

/** `side`: "members", "thread" or "". */
function show(rooms, side) {
  document.body.classList.toggle("rooms-open", rooms);
  for (const id of ["members", "thread"]) byId(id).hidden = id !== side;
  byId("members-toggle").setAttribute("aria-expanded", String(side === "members"));
  const over = rooms || (side !== "" && !wide.matches);
  byId("scrim").hidden = !over;
  byId("chat").inert = over;
  byId("sidebar").inert = narrow.matches && !rooms;
  if (over && !hasEntry()) history.pushState({ drawer: true }, "");
  if (rooms) byId("find").focus();
  else if (over) byId(`${side}-close`).focus();
}

const isOpen = (id) => !byId(id).hidden;
const besides = () => (!wide.matches ? "" : isOpen("thread") ? "thread" : isOpen("members") ? "members" : "");

/** Closes what lies over the chat; what is beside it stays there. */
export function closeDrawers() {
  if (isOver() && hasEntry()) history.back();
  const over = isOpen("thread") && !wide.matches;
  show(false, besides());
  if (over) closing();
}

export function openThread() {
  if (isOpen("thread")) return;
  opener = document.activeElement;
  peopleBefore = isOpen("members");
  show(false, "thread");
}

/** Without moving the focus. */
export function closeThread() {
  if (!isOpen("thread")) return;
  if (isOver() && hasEntry()) history.back();
  show(false, wide.matches && peopleBefore ? "members" : "");
}

function closeByHand() {
  const from = roomsAreOpen() ? byId("sidebar-open") : isOpen("thread") ? opener : byId("members-toggle");
  if (isOver() && hasEntry()) history.back();
  const thread = isOpen("thread");
  show(false, thread && wide.matches && peopleBefore ? "members" : "");
  if (thread) closing();
  (from?.isConnected ? from : byId("text")).focus();
}

/** `threadClosed` is called when the user has closed the thread. */
export function startDrawers(threadClosed) {
  closing = threadClosed;
  if (hasEntry()) history.replaceState(null, ""); // of before a reload
  const onClick = {
    "sidebar-open": () => show(true, ""),
    "members-toggle": () => {
      if (isOpen("members")) return closeByHand();
      if (isOpen("thread")) closing();
      show(false, "members");
    },
    "sidebar-close": closeByHand, "members-close": closeByHand, "thread-close": closeByHand, scrim: closeByHand,
  };
  for (const [button, action] of Object.entries(onClick)) byId(button).addEventListener("click", action);
  addEventListener("popstate", () => isOver() && !hasEntry() && closeByHand());
  for (const drawer of ["sidebar", "members"]) {
    byId(drawer).addEventListener("click", (event) => {
      const link = event.target.closest("a[href^='#']");
      if (!link || !hasEntry() || event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      location.replace(link.href); // the room takes the drawer's place in the history
    });
  }
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !isOver() || event.defaultPrevented) return;
    closeByHand();
    event.preventDefault();
  });
  for (const width of [narrow, wide]) width.addEventListener("change", () => show(false, besides() || (wide.matches ? "members" : "")));
  show(false, wide.matches ? "members" : "");
}
