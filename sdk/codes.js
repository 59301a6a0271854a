// The protocol's codes. The tables are the app's: a bundler leaves them out where an app does not look into them, and so the
// codes that the library itself uses have names of their own.

const ERRORS = [
  "bad_request", "unknown_type", "unauthorized", "forbidden", "not_joined", "no_such_room", "no_such_user",
  "no_such_message", "too_long", "too_many_rooms", "rate_limited", "unavailable", "already", "conflict", "internal",
  "limit", "banned", "muted", "read_only", "slow_mode", "not_member", "rejected",
  "out_of_order",
];
export const ErrorCode = /** @type {typeof import("./confab.js").ErrorCode} */ (
  /* @__PURE__ */ Object.fromEntries(/* @__PURE__ */ ERRORS.map((name) => [name, name]))
);

export const NORMAL = 1000;
export const GOING_AWAY = 1001;
export const NO_STATUS = 1005;
export const CONNECTION_LOST = 1006;
export const RESTART = 1012;
export const HEARTBEAT_MISSED = 4001;
export const UNAUTHORIZED = 4500;
export const TOKEN_EXPIRED = 4501;

export const CloseCode = /** @type {const} */ ({
  normal: NORMAL,
  going_away: GOING_AWAY,
  wrong_kind: 1003,
  no_status: NO_STATUS,
  connection_lost: CONNECTION_LOST,
  not_utf8: 1007,
  too_big: 1009,
  internal: 1011,
  restart: RESTART,
  slow_consumer: 4000,
  heartbeat_missed: HEARTBEAT_MISSED,
  hello_late: 4002,
  rate_abuse: 4003,
  disconnected: 4004,
  unauthorized: UNAUTHORIZED,
  token_expired: TOKEN_EXPIRED,
  removed: 4502,
  protocol_error: 4503,
  replaced: 4504,
});

/**
 * RFC 6455 codes that another try cannot help: 1000 is a good-bye on purpose, and 1002, 1003, 1007, 1008, 1009 and
 * 1010 say that what we sent was wrong, which the same program would send again.
 */
const FINAL = /^(100[023789]|1010|4[5-9]..)$/;

/**
 * @param {number} code
 * @returns {"reconnect" | "token" | "stop"}
 */
export function closeAction(code) {
  if (code === TOKEN_EXPIRED) return "token";
  return FINAL.test(String(code)) ? "stop" : "reconnect";
}

/** Beyond this a wait that a server names is taken for a mistake. */
const WAIT_MS_MAX = 300_000;

/** @param {unknown} ms */
const wait = (ms) => (typeof ms === "number" && ms >= 0 && ms <= WAIT_MS_MAX ? ms : undefined);

/** How long a server that goes away wants to be left alone, if it says so. @param {number} code @param {string} reason */
export function reconnectAfter(code, reason) {
  if (code !== GOING_AWAY && code !== RESTART) return;
  try {
    return wait(JSON.parse(reason).reconnect_after_ms);
  } catch {
    // Not ours: a proxy's words, or none.
  }
}

/** When an error may be gone, if the server says so. @param {{ retry_after_ms?: number }} error */
export const retryAfter = (error) => wait(error.retry_after_ms);
