// What an app passes to the client: checked, with defaults, and with the system where nothing else is given.

/** @param {import("./confab.js").ClientOptions} options */
export function complete(options) {
  const WebSocket = options.WebSocket ?? globalThis.WebSocket;
  if (!WebSocket) throw new TypeError("no WebSocket here: pass one as an option, e.g. of the npm package ws");
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
    url: absolute(options.url),
    WebSocket,
    env: { ...systemEnvironment(), ...options.env },
  };
}

/** @param {string} [url] */
function absolute(url = "/ws") {
  const result = new URL(url, globalThis.location?.href);
  result.protocol = result.protocol.replace(/^http/, "ws");
  return result.href;
}

/** @returns {import("./confab.js").Environment} */
function systemEnvironment() {
  return {
    setTimeout: (fn, ms) => setTimeout(fn, ms),
    clearTimeout: (timer) => clearTimeout(/** @type {any} */ (timer)),
    now: () => performance.now(),
    date: () => Date.now(),
    random: () => Math.random(),
    // Without https, and in Node 18, there is no randomUUID. A key must be unique, not secret.
    uuid: () => globalThis.crypto?.randomUUID?.() ?? Array.from({ length: 4 }, () => Math.random().toString(36).slice(2, 10)).join("-"),
    network: typeof globalThis.addEventListener === "function" ? globalThis : undefined,
  };
}
