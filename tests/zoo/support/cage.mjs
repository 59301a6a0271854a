// What a beast has: connections to the server, a clock, and names. The tests and `bench/beasts` keep it in the same cage.

import assert from "node:assert/strict";

import { Client } from "../../e2e/support/client.mjs";
import { within } from "../../e2e/support/deadline.mjs";
import { RawClient, textFrame } from "../../e2e/support/raw.mjs";

/** Lets everything else of this process run: an endless sender must not keep the two from chatting. */
export const breathe = () => new Promise((resolve) => setImmediate(resolve));

/** Processor time that the server has used, in ms. */
export const cpuMs = async (server) => (await server.metric("process_cpu_seconds_total")) * 1000;

export class Cage {
  #end = Infinity;
  #turn;
  #timers = [];
  /** Whatever it did so far was preparation: its time and what it takes count from now on. */
  ready = async () => {};
  /** What it has opened and not closed. */
  clients = [];

  /**
   * @param {Remote} server
   * @param {{unit?: number, turn?: number}} how `unit`: what a stored message costs the server, in ms; `turn`: how
   *   often the beast has raged at this server before
   */
  constructor(server, { unit, turn = 0 } = {}) {
    Object.assign(this, { server, unit });
    this.#turn = turn;
  }
  /** `name`, or another at each turn: what one user has used up, or made, is no matter of the next. */
  own(name) {
    return this.#turn ? `${name}-${this.#turn}` : name;
  }
  start(seconds) {
    this.#end = performance.now() + seconds * 1000;
  }
  /** A function that tells what was spent since now, in messages. */
  spent() {
    const before = cpuMs(this.server);
    return async () => ((await cpuMs(this.server)) - (await before)) / this.unit;
  }
  /** Whether the beast has time left. */
  going() {
    return performance.now() < this.#end;
  }
  /** Does `action` each `ms` until the end. */
  every(ms, action) {
    this.#timers.push(setInterval(action, ms));
  }
  /** A member of the two's room who only listens: its `frames` are what the two have got. */
  async witness() {
    const client = new Client(this.server.websocketUrl);
    this.clients.push({ destroy: () => client.vanish() });
    await client.opened;
    await client.hello({ guest: this.own("witness") });
    await client.ask({ type: "join", room: "calm" });
    return client;
  }
  /** A connection that does nothing by itself, not even read pings. `options` as RawClient's. */
  async raw(options) {
    const client = new RawClient(this.server.port, options);
    this.clients.push(client);
    await within(client.opened, "the upgrade");
    return client;
  }
  /** One that has said hello, by a name of its `own`. */
  async visitor(name, options) {
    const client = await this.raw(options);
    const answer = await client.hello(this.own(name));
    assert.equal(answer.type, "welcome", JSON.stringify(answer));
    return client;
  }
  /** One that is in a room as well. */
  async member(name, room, options) {
    const client = await this.visitor(name, options);
    client.write(textFrame({ type: "join", id: 2, room }));
    await client.expect({ object: { type: "joined" } });
    return client;
  }
  /** Writes, and waits until the kernel has taken it; false once it does not, or time is up. */
  async pour(client, bytes) {
    const { socket } = client;
    if (!socket.writable) return false;
    if (socket.write(bytes)) return true;
    return await new Promise((answer) => {
      const over = setTimeout(answer, Math.max(0, this.#end - performance.now()), false);
      const ended = (taken) => () => {
        clearTimeout(over);
        answer(taken);
      };
      socket.once("drain", ended(true));
      socket.once("close", ended(false));
    });
  }
  /**
   * Sends what `make(0)`, `make(1)`, … give while there is time and the connection takes it, by `batch` at a time; how
   * many of them the server has read: the rest may lie in the kernel.
   */
  async flood(client, make, { batch = 100, most = Infinity } = {}) {
    let count = 0;
    let sent = 0;
    const before = await this.server.metric("confab_bytes_in_total");
    while (this.going() && count < most) {
      const bytes = Buffer.concat(Array.from({ length: Math.min(batch, most - count) }, (_, i) => make(count + i)));
      const taken = await this.pour(client, bytes);
      count += batch;
      sent += bytes.length;
      if (!taken) break;
      await breathe();
    }
    const read = (await this.server.metric("confab_bytes_in_total")) - before;
    return Math.ceil(count * Math.min(1, read / sent));
  }
  /** Does `work` again and again while there is time. */
  async repeat(work) {
    let count = 0;
    while (this.going()) {
      await work(count++);
      await breathe();
    }
    return count;
  }
  release() {
    this.#timers.splice(0).forEach(clearInterval);
    for (const each of this.clients.splice(0)) each.destroy();
  }
}
