// What an app passes to the client: checked, with defaults, and with the system where nothing else is given.

/** @param {import("./confab.js").ClientOptions} options */
export function complete(options) {
  if ((options.token === undefined) === (options.guest === undefined)) {
    throw new TypeError("pass either a token or the name of a guest");
  }
  return {
    queueMax: 1000,
    requestTimeoutMs: 10_000,
    connectTimeoutMs: 10_000,
    heartbeatSlackMs: 10_000,
    tokenTimeoutMs: 10_000,
    retriesMax: 20,
    backoffBaseMs: 500,
    backoffCapMs: 20_000,
    ...options,
    env: { ...systemEnvironment(), ...options.env },
  };
}

/**
 * Whom to connect to, and by what. Asked when it comes to that: what renders on a server has neither, and connects later.
 *
 * @param {import("./confab.js").ClientOptions} options
 */
export function endpoint({ url = "/ws", WebSocket = globalThis.WebSocket }) {
  if (!WebSocket) throw new TypeError("there is no WebSocket here: pass one as an option, such as that of npm's ws");
  // Without a `URL`, where that can be: React Native's does not work.
  if (!/^(ws|http)s?:/i.test(url)) {
    const page = globalThis.location?.href;
    if (!page) throw new TypeError(`${url} needs a page to start from: pass a whole url`);
    url = new URL(url, page).href;
  }
  return { url: url.replace(/^http/i, "ws"), WebSocket };
}

/** Without https, and in Node 18, there is no randomUUID. A key must be unique, not secret. */
export const uuid = () =>
  globalThis.crypto?.randomUUID?.() ?? [1, 2, 3].map(Math.random).join("-");

/** @returns {import("./confab.js").Environment} */
function systemEnvironment() {
  return {
    setTimeout: (fn, ms) => setTimeout(fn, ms),
    clearTimeout: (timer) => clearTimeout(/** @type {any} */ (timer)),
    now: () => globalThis.performance?.now() ?? Date.now(),
    date: () => Date.now(),
    random: () => Math.random(),
    uuid,
    network: typeof globalThis.addEventListener === "function" ? globalThis : undefined,
    // Only a page's socket does not say why it failed. "no-cors": of another origin one learns at least whether it answers.
    look: globalThis.document && (async (url) => (await fetch(url, { mode: "no-cors" })).status),
  };
}
