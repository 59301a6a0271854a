/**
 * Full jitter ("Exponential Backoff And Jitter", AWS Architecture Blog, 2015): uniform in [0, min(cap, base * 2^n)),
 * which spreads the clients of a fallen server best.
 */
export class Backoff {
  #attempt = 0;
  #baseMs;
  #capMs;
  #random;

  /**
   * @param {number} baseMs
   * @param {number} capMs
   * @param {() => number} random in [0, 1)
   */
  constructor(baseMs, capMs, random) {
    this.#baseMs = baseMs;
    this.#capMs = capMs;
    this.#random = random;
  }

  reset() {
    this.#attempt = 0;
  }

  /** The wait before the next attempt, counting attempts itself. */
  next() {
    return this.after(this.#attempt++);
  }

  /** @param {number} attempt from 0 */
  after(attempt) {
    return this.#random() * Math.min(this.#capMs, this.#baseMs * 2 ** attempt);
  }
}
