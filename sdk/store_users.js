// Whom oneself blocks, and names that no frame has brought and that have to be asked for.

/** Ids in one command. */
const ASKED_MAX = 100;

export class Users {
  /** Ids. @type {readonly string[]} */
  blocked = Object.freeze([]);
  /** Once is enough: whom nobody knows is left out of the answer, and a server that refuses will do so again. @type {Set<string>} */
  #asked = new Set();
  /** @type {string[]} */
  #waiting = [];
  #client;
  #known;

  /**
   * @param {import("./confab.js").ConfabClient} client
   * @param {object} known
   * @param {(id: string) => boolean} known.isNamed
   * @param {(user: { id: string, name?: string }) => void} known.meet
   * @param {(user: string) => void} known.changed one is blocked, or no more
   */
  constructor(client, known) {
    this.#client = client;
    this.#known = known;
  }

  /** @param {string} user */
  isBlocked(user) {
    return this.blocked.includes(user);
  }

  /** The list as the server has it: another device may have changed it. */
  async load() {
    const { users } = await this.#client.blocks();
    this.#take(users ?? []);
  }

  /** @param {string} user @param {boolean} on */
  async block(user, on) {
    await this.#client[on ? "block" : "unblock"](user);
    this.#take([...this.blocked.filter((id) => id !== user), ...(on ? [user] : [])]);
  }

  /** @param {readonly string[]} users */
  #take(users) {
    const before = this.blocked;
    this.blocked = Object.freeze([...users].sort());
    for (const user of new Set([...before, ...users])) {
      if (before.includes(user) !== users.includes(user)) this.#known.changed(user);
    }
  }

  /** @param {readonly string[]} ids */
  learn(ids) {
    const fresh = ids.filter((id) => !this.#asked.has(id) && !this.#known.isNamed(id));
    if (fresh.length === 0) return;
    if (this.#waiting.length === 0) queueMicrotask(() => void this.#ask());
    for (const id of fresh) this.#asked.add(id);
    this.#waiting.push(...new Set(fresh));
  }

  async #ask() {
    const waiting = this.#waiting.splice(0);
    for (let from = 0; from < waiting.length; from += ASKED_MAX) {
      await this.#meet(waiting.slice(from, from + ASKED_MAX)).catch(() => {});
    }
  }

  /** Page by page: what applications say of users may be long. @param {string[]} ids */
  async #meet(ids) {
    /** @type {string | undefined} */
    let after;
    do {
      const { users, more, next } = await this.#client.users(ids, { after });
      users?.forEach(this.#known.meet);
      after = more ? next : undefined;
    } while (after !== undefined);
  }
}
