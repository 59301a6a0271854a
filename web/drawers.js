// The room list and the list of people where they lie over the chat: which is open, and the ways out of it. The back
// button is one, so an open drawer has an entry in the browser's history.

import { byId } from "./dom.js";

const narrow = matchMedia("(max-width: 45em)");
const wide = matchMedia("(min-width: 67.5em)");

export const isNarrow = () => narrow.matches;

const hasEntry = () => history.state?.drawer === true;
const roomsAreOpen = () => document.body.classList.contains("rooms-open");
const isOver = () => !byId("scrim").hidden;

function show(rooms, people) {
  document.body.classList.toggle("rooms-open", rooms);
  byId("members").hidden = !people;
  byId("members-toggle").setAttribute("aria-expanded", String(people));
  const over = rooms || (people && !wide.matches);
  byId("scrim").hidden = !over;
  byId("chat").inert = over;
  byId("sidebar").inert = narrow.matches && !rooms;
  if (over && !hasEntry()) history.pushState({ drawer: true }, "");
  if (rooms) byId("find").focus();
  else if (over) byId("members-close").focus();
}

/** Closes what lies over the chat; the list of people stays where it is beside it. */
export function closeDrawers() {
  if (isOver() && hasEntry()) history.back();
  show(false, wide.matches && !byId("members").hidden);
}

function closeByHand() {
  const opener = roomsAreOpen() ? "sidebar-open" : "members-toggle";
  if (isOver() && hasEntry()) history.back();
  show(false, false);
  byId(opener).focus();
}

export function startDrawers() {
  if (hasEntry()) history.replaceState(null, ""); // of before a reload
  const onClick = {
    "sidebar-open": () => show(true, false),
    "members-toggle": () => (byId("members").hidden ? show(false, true) : closeByHand()),
    "sidebar-close": closeByHand, "members-close": closeByHand, scrim: closeByHand,
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
  for (const width of [narrow, wide]) width.addEventListener("change", () => show(false, wide.matches));
  show(false, wide.matches);
}
