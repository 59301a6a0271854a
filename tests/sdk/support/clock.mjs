// A virtual clock: timers run when a test advances it, in order, with all promises settled in between.

const settle = () => new Promise((resolve) => setImmediate(resolve));

export class Clock {
  time = 0;
  #timers = new Map();
  #lastId = 0;

  setTimeout = (fn, ms) => {
    const id = ++this.#lastId;
    this.#timers.set(id, { at: this.time + ms, id, fn });
    return id;
  };
  clearTimeout = (id) => void this.#timers.delete(id);
  now = () => this.time;

  get waiting() {
    return this.#timers.size;
  }

  async advance(ms) {
    const end = this.time + ms;
    await settle();
    for (;;) {
      const [next] = [...this.#timers.values()].filter((t) => t.at <= end).sort((a, b) => a.at - b.at || a.id - b.id);
      if (!next) break;
      this.#timers.delete(next.id);
      this.time = Math.max(this.time, next.at);
      next.fn();
      await settle();
    }
    this.time = end;
  }
}
