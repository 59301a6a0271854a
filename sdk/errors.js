// What promises reject with and the "error" event carries.

export class ConfabError extends Error {
  /**
   * @param {string} message
   * @param {{ outcomeUnknown?: boolean, cause?: unknown }} [options]
   */
  constructor(message, { outcomeUnknown = false, cause } = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = new.target.name;
    this.outcomeUnknown = outcomeUnknown;
  }
}

export class ServerError extends ConfabError {
  /**
   * @param {{ code: import("./confab.js").ErrorCodeName, message: string, retry?: boolean, retry_after_ms?: number, until?: number, reason?: string, limit?: number }} frame
   * @param {{ outcomeUnknown?: boolean }} [options]
   */
  constructor(frame, options) {
    super(`${frame.code}: ${frame.message}`, options);
    this.code = frame.code;
    this.retry = frame.retry === true;
    if (frame.retry_after_ms !== undefined) this.retryAfterMs = frame.retry_after_ms;
    if (frame.until !== undefined) this.until = frame.until;
    if (frame.reason !== undefined) this.reason = frame.reason;
    if (frame.limit !== undefined) this.limit = frame.limit;
  }
}

export class ConnectionLostError extends ConfabError {}
export class RequestTimeoutError extends ConfabError {}
export class QueueFullError extends ConfabError {}
export class ProtocolError extends ConfabError {}
export class TokenError extends ConfabError {}

export class ConnectError extends ConfabError {
  /**
   * @param {string} message
   * @param {{ attempt: number, reason: import("./confab.js").ConnectFailure, cause?: unknown }} options
   */
  constructor(message, { attempt, reason, cause }) {
    super(message, { cause });
    this.attempt = attempt;
    this.reason = reason;
  }
}

export class StoppedError extends ConfabError {
  /**
   * @param {string} message
   * @param {{ closeCode?: number | undefined, outcomeUnknown?: boolean, cause?: unknown }} [options]
   */
  constructor(message, options = {}) {
    super(message, options);
    if (options.closeCode !== undefined) this.closeCode = options.closeCode;
  }
}
