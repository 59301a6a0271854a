// Who uses this page, and what it remembers of them in this browser.

const ID = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$/;
const USER_ID = /^[A-Za-z0-9_][A-Za-z0-9._:|@+=~-]{0,127}$/;
export const isId = (text) => ID.test(text);
export const isUserId = (text) => USER_ID.test(text);

/** 128 random bits. Unlike `crypto.randomUUID`, also there on pages served by plain http. */
const randomId = () =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");

/** The user id for a chosen name: the name itself where it is one, else what can be kept of it. Empty: nothing. */
export function idFromName(name) {
  const trimmed = name.trim();
  if (isId(trimmed)) return trimmed;
  const kept = trimmed.normalize("NFKD").replace(/[\u0300-\u036f]/g, "").replace(/[^A-Za-z0-9._-]+/g, "-");
  return kept.replace(/^[^A-Za-z0-9]+|[-.]+$/g, "").toLowerCase().slice(0, 64);
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
