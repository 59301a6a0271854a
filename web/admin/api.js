// The server's HTTP API (docs/api.md), as the admin page calls it.

const KEY = "confab.admin";

/** For this tab only: whoever opens the browser later is somebody else. Storage that is blocked forgets at once. */
export function rememberedKey() {
  try {
    return sessionStorage.getItem(KEY) ?? "";
  } catch {
    return "";
  }
}
export function rememberKey(key) {
  try {
    sessionStorage.setItem(KEY, key);
  } catch {
    // Then it has to be given again after a reload.
  }
}

/** Capital and full stop. */
const sentence = (text) => text.charAt(0).toUpperCase() + text.slice(1).replace(/[^.!?]$/, "$&.");

/** A refusal: `code`, and `message` for people. */
export class ApiError extends Error {
  constructor(status, { code = "", title = "", detail = "", faults = [] } = {}) {
    const said = [detail || (faults.length > 0 ? "" : (title || code || `status ${status}`).replaceAll("_", " ")), ...faults.map(({ at, detail: why }) => `${at} ${why}`)];
    super(said.filter(Boolean).map(sentence).join(" "));
    this.status = status;
    this.code = code;
  }
}

/** What went wrong, in words. */
export const wordsOf = (error) => (error instanceof ApiError ? error.message : error instanceof TypeError ? "The server does not answer." : sentence(error.message));

/** A path from names and ids, which may hold anything: at`/rooms/${id}`. */
export const at = (parts, ...ids) => String.raw({ raw: parts }, ...ids.map(encodeURIComponent));

export class Api {
  #key;
  #base = new URL("../api/v1", location.href);

  constructor(key) {
    this.#key = key;
  }

  /** Those of `query` that are undefined or empty are left out. */
  get(path, query = {}, options = {}) {
    const asked = new URLSearchParams(Object.entries(query).filter(([, value]) => value !== undefined && value !== ""));
    return this.#call("GET", asked.size > 0 ? `${path}?${asked}` : path, undefined, options);
  }
  post = (path, body) => this.#call("POST", path, body);
  patch = (path, body) => this.#call("PATCH", path, body);
  /** `query` as of `get`. */
  delete(path, query = {}) {
    const asked = new URLSearchParams(Object.entries(query).filter(([, value]) => value));
    return this.#call("DELETE", asked.size > 0 ? `${path}?${asked}` : path);
  }

  async #call(method, path, body, { signal } = {}) {
    const headers = { Authorization: `Bearer ${this.#key}` };
    if (body !== undefined) headers["Content-Type"] = "application/json";
    const response = await fetch(this.#base + path, { method, headers, signal, body: body && JSON.stringify(body), cache: "no-store" });
    const said = await response.text();
    const json = said && parsed(said);
    if (!response.ok) throw new ApiError(response.status, json || undefined);
    return json;
  }
}

/** A proxy may answer with anything. */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
