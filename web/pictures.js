// Pictures of people in the place of their initials: `picture` of what a profile says as `data`, from origins that the operator
// trusts. From others none is loaded: whoever keeps it there would learn who looks at whom.

import { IMAGE_ORIGINS } from "./config.js";

const ASKED_MAX = 100;
const SOON_MS = 50;

const known = new Map(); // by id: the address, or null
const waiting = new Set();
let find = null;

/** `finder`: `users` of the client. */
export function findPictures(finder) {
  find = finder;
  if (waiting.size > 0) void look();
}

/** Puts the picture of a user into what holds the initials, now or once it is known. */
export function showPicture(place, id) {
  if (IMAGE_ORIGINS.length === 0) return;
  place.dataset.face = id;
  if (known.has(id)) return put(place, known.get(id));
  if (waiting.size === 0) setTimeout(look, SOON_MS);
  waiting.add(id);
}

async function look() {
  const ids = [...waiting].slice(0, ASKED_MAX);
  if (find === null || ids.length === 0) return;
  const users = await profiles(ids).catch(() => null);
  if (users === null) return waiting.clear(); // those that are shown next ask again
  for (const id of ids) {
    waiting.delete(id);
    known.set(id, null);
  }
  for (const { id, data } of users) known.set(id, trusted(data?.picture));
  for (const place of document.querySelectorAll(".avatar[data-face]")) if (ids.includes(place.dataset.face)) put(place, known.get(place.dataset.face));
  void look();
}

/** Page by page: what applications say of users may be long. */
async function profiles(ids) {
  const all = [];
  for (let after; ; ) {
    const { users = [], more, next } = await find(ids, { after });
    all.push(...users);
    if (!more || next === undefined) return all;
    after = next;
  }
}

function trusted(text) {
  try {
    const address = new URL(text);
    return address.origin === location.origin || IMAGE_ORIGINS.includes(address.origin) ? address.href : null;
  } catch {
    return null;
  }
}

function put(place, address) {
  if (!address) return;
  const image = new Image();
  image.alt = ""; // the name stands beside it
  image.referrerPolicy = "no-referrer";
  image.addEventListener("load", () => place.replaceChildren(image));
  image.src = address;
}
