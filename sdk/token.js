// The token: where it comes from, how long it is good for, and when the next one is due.

import { ServerError, TokenError } from "./errors.js";

/** So long before a token's end the server speaks of it. */
const NOTICE_MS = 60_000;
/** Between two calls of the callback, and for short-lived tokens this part of their life. */
const SPACING_MS = 1000;
const SPACING_PART = 10;

export class TokenKeeper {
  #option;
  #env;
  #timeoutMs;
  #events;
  #token = /** @type {string | null} */ (null);
  #expiresAt = /** @type {number | undefined} */ (undefined);
  /** Of the token in use, by our own clock: when we last began to wait for its end, and when that will be. */
  #since = 0;
  #ends = Infinity;
  #spacingMs = SPACING_MS;
  #askedAt = -Infinity;
  #renewing = false;
  #timer = /** @type {unknown} */ (null);
  #deadline = /** @type {unknown} */ (null);
  /** Counts sessions; what an older one's renewal brings is void. */
  #turn = 0;

  /**
   * @param {object} options
   * @param {import("./confab.js").ClientOptions["token"]} [options.token]
   * @param {import("./confab.js").Environment} options.env
   * @param {number} options.tokenTimeoutMs
   * @param {{ refresh: (token: string) => Promise<unknown>, error: (error: TokenError) => void }} events
   */
  constructor({ token, env, tokenTimeoutMs }, events) {
    this.#option = token;
    this.#env = env;
    this.#timeoutMs = tokenTimeoutMs;
    this.#events = events;
  }

  /** Whether a new one can be had. */
  get renewable() {
    return typeof this.#option === "function";
  }

  /** The token to sign in with. @returns {Promise<string | undefined>} rejects with TokenError */
  async get() {
    if (typeof this.#option !== "function") return this.#token ?? this.#option;
    if (this.#env.now() >= this.#ends) this.forget();
    return (this.#token ??= await this.#ask());
  }

  /** How long the callback is to be left alone, in ms. */
  get restMs() {
    return Math.max(0, this.#askedAt + this.#spacingMs - this.#env.now());
  }

  /** The token is of no use any more: the callback is asked for another. */
  forget() {
    if (this.renewable) this.#token = null;
    this.#expiresAt = undefined;
    this.#ends = Infinity;
  }

  /** @param {string} token that the server has accepted in place of the one in use */
  replace(token) {
    this.#token = token;
  }

  /** The server has accepted the token. @param {number} [expiresAt] */
  accepted(expiresAt) {
    const now = this.#env.now();
    this.#disarm();
    this.#since = now;
    // The same end as before: the callback keeps its tokens. What we know of that end is as good as ever.
    if (expiresAt === undefined || expiresAt !== this.#expiresAt) {
      const life = expiresAt === undefined ? Infinity : lifeOf(this.#token, expiresAt - this.#env.date());
      this.#ends = now + life;
      this.#spacingMs = Math.max(SPACING_MS, Math.min(life, NOTICE_MS) / SPACING_PART);
    }
    this.#expiresAt = expiresAt;
    this.#plan();
  }

  /** The server says that the token ends within a minute. */
  expiring() {
    this.#ends = Math.min(this.#ends, this.#env.now() + NOTICE_MS);
    this.#plan();
  }

  /** The session is lost, or not sought any more. */
  pause() {
    this.#turn++;
    this.#renewing = false;
    this.#disarm();
    this.#env.clearTimeout(this.#deadline);
  }

  /**
   * At half of the time from taking the token to its end: an hour's token is long past that when the server speaks of its
   * end, one of a minute is not, and one that the callback brought twice is tried again in time.
   */
  #plan() {
    if (!this.renewable || this.#renewing || this.#ends - this.#env.now() > NOTICE_MS) return;
    this.#disarm();
    const half = (this.#since + this.#ends) / 2 - this.#env.now();
    this.#timer = this.#env.setTimeout(() => this.#renew(), Math.max(0, half, this.restMs));
  }

  #disarm() {
    this.#env.clearTimeout(this.#timer);
  }

  async #renew() {
    const turn = this.#turn;
    this.#renewing = true;
    let failure;
    try {
      const token = await this.#ask();
      if (turn !== this.#turn) return;
      await this.#events.refresh(token).catch((cause) => {
        // Lost with the connection: the next session begins with the new one, as the old one ends soon.
        if (!(cause instanceof ServerError)) this.#token = token;
        throw cause;
      });
    } catch (cause) {
      failure = new TokenError("the token could not be renewed", { cause });
    }
    if (turn === this.#turn) {
      this.#renewing = false;
      this.#since = this.#env.now();
      this.#plan();
    }
    if (failure) this.#events.error(failure);
  }

  /** @returns {Promise<string>} */
  #ask() {
    this.#askedAt = this.#env.now();
    return new Promise((resolve, reject) => {
      const late = () => reject(new TokenError(`the token callback brought nothing in ${this.#timeoutMs} ms`));
      const deadline = (this.#deadline = this.#env.setTimeout(late, this.#timeoutMs));
      const settled = () => this.#env.clearTimeout(deadline);
      const asked = new Promise((bring) => bring(/** @type {() => unknown} */ (this.#option)()));
      asked.then(
        (token) => {
          settled();
          if (typeof token === "string" && token !== "") resolve(token);
          else reject(new TokenError("the token callback brought no token"));
        },
        (cause) => {
          settled();
          reject(new TokenError("the token callback failed", { cause }));
        },
      );
    });
  }
}

/**
 * How long a token is good for, in ms. The clock here may be wrong, so what the token says of itself counts too.
 *
 * @param {string | null} token
 * @param {number} byClock
 */
function lifeOf(token, byClock) {
  let byClaims = NaN;
  try {
    const claims = JSON.parse(atob(/** @type {string} */ (token).split(".")[1].replace(/-/g, "+").replace(/_/g, "/")));
    byClaims = (claims.exp - claims.iat) * 1000;
  } catch {
    // Not a JWT, or one that says nothing.
  }
  return Math.min(...[byClock, byClaims].filter((ms) => ms > 0));
}
