// Who uses this page, and what it remembers of them in this browser.

const ID = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$/;
const USER_ID = /^[A-Za-z0-9_][A-Za-z0-9._:|@+=~-]{0,127}$/;
export const isId = (text) => ID.test(text);
export const isUserId = (text) => USER_ID.test(text);

/** 128 random bits. Unlike `crypto.randomUUID`, also there on pages served by plain http. */
const randomId = () =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");

/** The id for a name: the name itself where it is one, else what can be kept of it. Empty: nothing. */
export function idFromLatin(name) {
  const trimmed = name.trim();
  if (isId(trimmed)) return trimmed;
  const kept = trimmed.normalize("NFKD").replace(/[\u0300-\u036f]/g, "").replace(/[^A-Za-z0-9._-]+/g, "-");
  return kept.replace(/^[^A-Za-z0-9]+|[-.]+$/g, "").toLowerCase().slice(0, 64);
}

/** The user id for a chosen name. In a script of which an id can keep nothing it stands for the name, so that it is the same everywhere. */
export function idFromName(name) {
  const plain = name.trim().normalize("NFC");
  return idFromLatin(plain) || (/[\p{L}\p{N}]/u.test(plain) ? `u-${hashOf(plain)}` : "");
}

/** FNV-1a in two lanes, as 13 letters and digits. No secret: it tells names apart. */
function hashOf(text) {
  let [a, b] = [0x811c9dc5, 0x01000193];
  for (const char of text) {
    a = Math.imul(a ^ char.codePointAt(0), 0x01000193);
    b = Math.imul(b ^ char.codePointAt(0), 0x85ebca6b);
  }
  return [a, b].map((lane) => (lane >>> 0).toString(36).padStart(7, "0")).join("").slice(1);
}

/** Who one is, and by what the client signs in: a guest by a name, */
export function guestOf(name) {
  const [id, plain] = [idFromName(name), name.trim()];
  return { id, name: plain, options: { guest: id, guestToken: rememberedGuest(id), name: plain === id ? undefined : plain } };
}

/** or whom a token names, as far as the page can tell: which claim counts the server knows. Null where it is no token. */
export function userOf(token) {
  try {
    const bytes = Uint8Array.from(atob(token.split(".")[1].replace(/-/g, "+").replace(/_/g, "/")), (char) => char.charCodeAt(0));
    const { sub, name } = JSON.parse(new TextDecoder().decode(bytes));
    const id = isUserId(String(sub)) ? String(sub) : "me";
    return { id, name: typeof name === "string" ? name : id, options: { token } };
  } catch {
    return null;
  }
}

/** Storage that is full, blocked or holds something else must not stop the chat. */
function read(storage, key, otherwise) {
  try {
    return JSON.parse(globalThis[storage].getItem(key)) ?? otherwise;
  } catch {
    return otherwise;
  }
}
function write(storage, key, value) {
  try {
    globalThis[storage].setItem(key, JSON.stringify(value));
  } catch {
    // Then it is forgotten.
  }
}

export const rememberedName = () => read("localStorage", "confab.name", "");
export const rememberName = (name) => write("localStorage", "confab.name", name);

/** For this tab only: whoever opens the browser later is somebody else. */
export const rememberedToken = () => read("sessionStorage", "confab.token", "");
export const rememberToken = (token) => write("sessionStorage", "confab.token", token);

export const rememberedNotify = () => read("localStorage", "confab.notify", false);
export const rememberNotify = (on) => write("localStorage", "confab.notify", on);

/** By which a server that gives guests their ids knows this one again. */
export const rememberedGuest = (id) => read("localStorage", `confab.guest.${id}`, undefined);
export const rememberGuest = (id, token) => write("localStorage", `confab.guest.${id}`, token);

/**
 * Stable in this tab, over reloads. A page that goes leaves it for the next one in the same tab; a duplicated tab gets a
 * copy that is in use, and makes one of its own.
 */
export function deviceId() {
  const left = read("sessionStorage", "confab.device.left", false) && read("sessionStorage", "confab.device", null);
  const id = left || `web-${randomId().slice(0, 12)}`;
  write("sessionStorage", "confab.device", id);
  write("sessionStorage", "confab.device.left", false);
  addEventListener("pagehide", () => write("sessionStorage", "confab.device.left", true));
  addEventListener("pageshow", () => write("sessionStorage", "confab.device.left", false));
  return id;
}
