// What promises reject with and the "error" event carries.

export class ConfabError extends Error {
  /**
   * @param {string} message
   * @param {{ outcomeUnknown?: boolean, cause?: unknown, [field: string]: unknown }} [options] what is undefined it does not have
   */
  constructor(message, { cause, ...fields } = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = new.target.name;
    this.outcomeUnknown = false;
    for (const [name, value] of Object.entries(fields)) {
      if (value !== undefined) /** @type {any} */ (this)[name] = value;
    }
  }
}

export class ServerError extends ConfabError {
  /**
   * @param {{ code: import("./confab.js").ErrorCodeName, message: string, retry?: boolean, retry_after_ms?: number, until?: number, reason?: string, limit?: number, data?: unknown }} frame
   * @param {{ outcomeUnknown?: boolean }} [options]
   */
  constructor({ code, message, retry, retry_after_ms: retryAfterMs, until, reason, limit, data }, options) {
    super(`${code}: ${message}`, { ...options, retryAfterMs, until, reason, limit, data });
    this.code = code;
    this.retry = retry === true;
  }
}

export class ConnectionLostError extends ConfabError {}
export class RequestTimeoutError extends ConfabError {}
export class QueueFullError extends ConfabError {}
export class ProtocolError extends ConfabError {}
export class TokenError extends ConfabError {}
export class StoppedError extends ConfabError {}

export const ConnectError = /** @type {typeof import("./confab.js").ConnectError} */ (/** @type {any} */ (class ConnectError extends ConfabError {}));
