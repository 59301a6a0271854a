// The two who chat beside a beast, in a process of their own. Each sends by the clock, as fast as the default rate allows,
// and what the other hears is timed from the moment it was due. runner.mjs says when.
import { setImmediate, setTimeout as sleep } from "node:timers/promises";

import { Client } from "../../tests/e2e/support/client.mjs";

const period_ms = 20; // of each: 50 messages a second
const spin_ms = 1.5; // before a message is due nothing is slept: timers are late by up to a millisecond
const patience_ms = 5000; // for what has not come when a window ends

let chat;

class Chat {
  errors = {};
  #clients = [];
  #due = new Map(); // of what was sent and not heard yet
  #next = 0; // when the next message is due
  #window;

  async begin(url, hellos) {
    for (const [mine, hello] of hellos.entries()) {
      const client = new Client(url);
      this.#clients.push(client);
      await client.opened;
      await client.hello(hello);
      await client.ask({ type: "join", room: "calm" });
      // From here on frames are timed, not kept.
      client.socket.removeAllListeners("message").on("message", (data) => this.#hear(mine, data));
      client.socket.on("close", (code) => this.#fault(`closed with ${code}`));
    }
    this.#send();
  }

  #fault(what) {
    if (chat === this) this.errors[what] = (this.errors[what] ?? 0) + 1;
  }

  #hear(mine, data) {
    const now = performance.now();
    const frame = JSON.parse(data);
    if (frame.type === "error") this.#fault(frame.code);
    if (frame.type !== "message" || frame.from !== ["bob", "alice"][mine]) return;
    const due = this.#due.get(frame.text);
    this.#due.delete(frame.text);
    if (this.#inside(due)) this.#window.delays.push(now - due);
  }

  #inside(due) {
    return this.#window && due >= this.#window.from && due < this.#window.to;
  }

  /** Alice and bob in turn. */
  async #send() {
    const start = performance.now();
    for (let n = 0; ; ++n) {
      const due = (this.#next = start + (n * period_ms) / 2);
      const wait = due - performance.now();
      if (wait > spin_ms + 1) await sleep(wait - spin_ms);
      while (performance.now() < due) await setImmediate();
      if (chat !== this) return;
      this.#due.set(`message ${n}`, due);
      this.#clients[n % 2].say({ type: "send", id: 1000 + n, room: "calm", key: `k${n}`, text: `message ${n}` });
      if (this.#inside(due)) this.#window.late.push(performance.now() - due);
    }
  }

  /** Times what is due in the next `ms`. What is lost, or takes longer than our patience, counts with its age. */
  async window(ms) {
    const from = performance.now();
    const window = (this.#window = { from, to: from + ms, delays: [], late: [] });
    await sleep(ms);
    const missing = () => [...this.#due.values()].filter((due) => this.#inside(due));
    const end = performance.now() + patience_ms;
    while ((this.#next < window.to || missing().length > 0) && performance.now() < end) await sleep(5);
    const ages = missing().map((due) => performance.now() - due);
    this.#window = undefined;
    return { delays: [...window.delays, ...ages], late: window.late, lost: ages.length };
  }

  end() {
    for (const client of this.#clients) client.vanish();
  }
}

const deeds = {
  async begin({ url, hellos }) {
    chat = new Chat();
    await chat.begin(url, hellos);
  },
  window: ({ ms }) => chat.window(ms),
  end() {
    const over = chat;
    chat = undefined;
    over?.end();
    return { errors: over?.errors };
  },
};
process.on("message", async ({ deed, ...how }) => {
  try {
    process.send({ done: (await deeds[deed](how)) ?? {} });
  } catch (why) {
    process.send({ failed: why.message });
  }
});
process.on("disconnect", () => process.exit());
