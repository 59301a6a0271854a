// Typing is said as often as others need it, however often the app says it.

/** The server forgets it after 10 s. */
const AGAIN_MS = 3000;
/** Between two beginnings: one who types, sends and types again is shown at once, a loop is not. */
const BEGIN_MS = 1000;
/** In more rooms at once than this nobody types. */
const ROOMS_MAX = 16;

export class TypingThrottle {
  /** @type {Map<string, { at: number, on: boolean }>} */
  #rooms = new Map();

  /** Whether the server is to hear that the user types in `room`, or does not. @param {string} room @param {boolean} on @param {number} now */
  admit(room, on, now) {
    const said = this.#rooms.get(room);
    if (on ? said && now - said.at < (said.on ? AGAIN_MS : BEGIN_MS) : !said?.on) return false;
    if (!said && this.#rooms.size >= ROOMS_MAX) {
      for (const [id, { at }] of this.#rooms) if (now - at >= AGAIN_MS) this.#rooms.delete(id);
      if (this.#rooms.size >= ROOMS_MAX) return false;
    }
    this.#rooms.set(room, { at: on ? now : /** @type {{ at: number }} */ (said).at, on });
    return true;
  }

  /** A message ends it, without a word. @param {string} room */
  sent(room) {
    const said = this.#rooms.get(room);
    if (said) said.on = false;
  }

  /** A new session has said nothing. */
  clear() {
    this.#rooms.clear();
  }
}
