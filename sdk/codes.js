// The protocol's codes, as tables.

const ERRORS = [
  "bad_request", "unknown_type", "unauthorized", "forbidden", "not_joined", "no_such_room", "no_such_user",
  "no_such_message", "too_long", "too_many_rooms", "rate_limited", "unavailable", "already", "conflict", "internal",
  "limit", "banned", "muted", "read_only", "slow_mode", "not_member", "rejected",
];
export const ErrorCode = /** @type {typeof import("./confab.js").ErrorCode} */ (Object.fromEntries(ERRORS.map((name) => [name, name])));

export const CloseCode = /** @type {const} */ ({
  normal: 1000,
  going_away: 1001,
  wrong_kind: 1003,
  no_status: 1005,
  connection_lost: 1006,
  not_utf8: 1007,
  too_big: 1009,
  internal: 1011,
  restart: 1012,
  slow_consumer: 4000,
  heartbeat_missed: 4001,
  hello_late: 4002,
  rate_abuse: 4003,
  unauthorized: 4500,
  token_expired: 4501,
  removed: 4502,
  protocol_error: 4503,
  replaced: 4504,
});

/**
 * RFC 6455 codes that another try cannot help: 1000 is a good-bye on purpose, and 1002, 1003, 1007, 1008, 1009 and
 * 1010 say that what we sent was wrong, which the same program would send again.
 */
const FINAL = new Set([1000, 1002, 1003, 1007, 1008, 1009, 1010]);

/**
 * @param {number} code
 * @returns {"reconnect" | "token" | "stop"}
 */
export function closeAction(code) {
  if (code === CloseCode.token_expired) return "token";
  if (FINAL.has(code) || (code >= 4500 && code <= 4999)) return "stop";
  return "reconnect";
}

/** Beyond this a wait that a server names is taken for a mistake. */
const WAIT_MS_MAX = 300_000;

/** @param {unknown} ms */
const wait = (ms) => (typeof ms === "number" && ms >= 0 && ms <= WAIT_MS_MAX ? ms : undefined);

/** How long a server that goes away wants to be left alone, if it says so. @param {number} code @param {string} reason */
export function reconnectAfter(code, reason) {
  if (code !== CloseCode.going_away && code !== CloseCode.restart) return;
  try {
    return wait(JSON.parse(reason).reconnect_after_ms);
  } catch {
    // Not ours: a proxy's words, or none.
  }
}

/** When an error may be gone, if the server says so. @param {{ retry_after_ms?: number }} error */
export const retryAfter = (error) => wait(error.retry_after_ms);
