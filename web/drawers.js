// The room list, and the lists of people and threads and a thread where they lie over the chat: which is open, and the ways out
// of it. All but the room list have one place. The back button is a way out, so an open drawer has an entry in the browser's history.

import { byId } from "./dom.js";

const narrow = matchMedia("(max-width: 45em)");
const wide = matchMedia("(min-width: 67.5em)");

export const isNarrow = () => narrow.matches;

const hasEntry = () => history.state?.drawer === true;
const roomsAreOpen = () => document.body.classList.contains("rooms-open");
const isOver = () => !byId("scrim").hidden;

const SIDES = ["members", "threads", "thread"];
/** Each with a button of its own. */
const LISTS = ["members", "threads"];

let opener = null; // where the focus was
let before = ""; // the list beside the chat whose place the thread took
let closing = () => {};

/** `side`: one of SIDES, or "". */
function show(rooms, side) {
  document.body.classList.toggle("rooms-open", rooms);
  for (const id of SIDES) byId(id).hidden = id !== side;
  for (const id of LISTS) byId(`${id}-toggle`).setAttribute("aria-expanded", String(side === id));
  const over = rooms || (side !== "" && !wide.matches);
  byId("scrim").hidden = !over;
  byId("chat").inert = over;
  byId("sidebar").inert = narrow.matches && !rooms;
  if (over && !hasEntry()) history.pushState({ drawer: true }, "");
  if (rooms) byId("find").focus();
  else if (over) byId(`${side}-close`).focus();
}

const isOpen = (id) => !byId(id).hidden;
const besides = () => (wide.matches && SIDES.find(isOpen)) || "";

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
  before = LISTS.find(isOpen) ?? "";
  show(false, "thread");
}

/** Without moving the focus. */
export function closeThread() {
  if (!isOpen("thread")) return;
  if (isOver() && hasEntry()) history.back();
  show(false, wide.matches ? before : "");
}

function closeByHand() {
  const from = roomsAreOpen() ? byId("sidebar-open") : isOpen("thread") ? opener : byId(`${LISTS.find(isOpen)}-toggle`);
  if (isOver() && hasEntry()) history.back();
  const thread = isOpen("thread");
  show(false, thread && wide.matches ? before : "");
  if (thread) closing();
  (from?.isConnected && from.checkVisibility() ? from : byId("text")).focus();
}

function toggle(list) {
  if (isOpen(list)) return closeByHand();
  if (isOpen("thread")) closing();
  show(false, list);
}

/** `threadClosed` is called when the user has closed the thread. */
export function startDrawers(threadClosed) {
  closing = threadClosed;
  if (hasEntry()) history.replaceState(null, ""); // of before a reload
  const onClick = {
    "sidebar-open": () => show(true, ""),
    ...Object.fromEntries(LISTS.map((id) => [`${id}-toggle`, () => toggle(id)])),
    "sidebar-close": closeByHand, "members-close": closeByHand, "threads-close": closeByHand, "thread-close": closeByHand, scrim: closeByHand,
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
    if (event.key !== "Escape" || !isOver() || event.defaultPrevented || document.querySelector("dialog[open], :popover-open")) return; // one at a time
    closeByHand();
    event.preventDefault();
  });
  for (const width of [narrow, wide]) width.addEventListener("change", () => show(false, besides() || (wide.matches ? "members" : "")));
  show(false, wide.matches ? "members" : "");
}
