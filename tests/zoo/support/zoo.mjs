// One misbehaving client at a time, beside two who chat and must not notice. What decides are counters: every message
// of the two, the processor time and the memory of the server, and what becomes of the beast itself.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";

import { until, within } from "../../e2e/support/deadline.mjs";
import { RawClient, textFrame } from "../../e2e/support/raw.mjs";
import { scenario } from "../../e2e/support/world.mjs";

const PAUSE_MS = 40; // between messages of the two: half of what they may send

/** Lets everything else of this process run: an endless sender must not keep the two from chatting. */
export const breathe = () => new Promise((resolve) => setImmediate(resolve));

/** Processor time that the server has used, in ms. */
const cpuMs = async (server) => (await server.metric("process_cpu_seconds_total")) * 1000;

async function residentBytes(pid) {
  return Number(/VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${pid}/status`, "utf8"))[1]) * 1024;
}

/** Two who chat in a room until `stop`, which waits until each has all that it is owed, in order. */
async function pair(world, server) {
  const hello = server.signIn ?? ((id) => ({ guest: id }));
  const enter = async (id) => {
    const client = await world.connect(server);
    await client.hello(hello(id));
    await client.ask({ type: "join", room: "calm" });
    return client;
  };
  const alice = await enter("alice");
  const bob = await enter("bob");
  let said = 0;
  const isOurs = ({ type, room, from }) => type === "message" && room === "calm" && from === "alice";
  const timer = setInterval(
    () => alice.say({ type: "send", id: 1000 + ++said, room: "calm", key: `k${said}`, text: `message ${said}` }),
    PAUSE_MS,
  );
  world.atEnd(() => clearInterval(timer));
  return {
    alice,
    bob,
    async stop() {
      clearInterval(timer);
      await within(
        until("both have it all", async () => {
          await breathe();
          return (
            alice.frames.filter(({ type }) => type === "sent").length >= said &&
            bob.frames.filter(isOurs).length >= said
          );
        }),
        () =>
          `all ${said} messages of the two; ${JSON.stringify(alice.frames.at(-1))} ${JSON.stringify(bob.frames.at(-1))}`,
      );
      const heard = bob.frames.filter(isOurs).map(({ text }) => text);
      assert.deepEqual(
        heard,
        Array.from({ length: said }, (_, i) => `message ${i + 1}`),
        "every message of the two, once and in order",
      );
      assert.deepEqual(
        alice.frames.filter(({ type }) => type === "error"),
        [],
        "the two met no error",
      );
      return said;
    },
  };
}

/**
 * What one stored message costs the server, in ms of processor time. Measured beside every beast, since machines differ,
 * and one machine from one minute to the next.
 */
async function messageMs(world, server) {
  const client = await world.connect(server);
  await client.hello((server.signIn ?? ((id) => ({ guest: id })))("carol"));
  await client.ask({ type: "join", room: "measure" });
  const before = await cpuMs(server);
  const count = 150; // within the burst
  for (let i = 0; i < count; ++i) {
    client.say({ type: "send", id: 100 + i, room: "measure", text: "x".repeat(100) });
    if (i % 10 === 9) await client.expect({ re: 100 + i });
  }
  const spent = (await cpuMs(server)) - before;
  await client.close();
  return spent / count;
}

export class Cage {
  #end = Infinity;
  /** Whatever it did so far was preparation: its time and what it takes count from now on. @type {() => Promise<void>} */
  ready;
  /** Raw connections that are still open. */
  clients = [];

  constructor(world, server, chatting) {
    Object.assign(this, { world, server, ...chatting });
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
  /** A connection that does nothing by itself, not even read pings. `options` as RawClient's. */
  async raw(options) {
    const client = new RawClient(this.server.port, options);
    this.clients.push(client);
    await within(client.opened, "the upgrade");
    return client;
  }
  /** One that has said hello. */
  async visitor(name, options) {
    const client = await this.raw(options);
    const answer = await client.hello(name);
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
    for (const each of this.clients.splice(0)) each.destroy();
  }
}

const COMMANDS_PER_S = 50; // that a session may send

/**
 * A test of one beast. Processor time of the server is counted in stored messages, of which everybody may send fifty a
 * second. What the beast does is either bounded in time by the protocol, or each of its deeds has a price.
 * @param {string} name
 * @param {object} how `seconds`: how long it rages; `shares`: how many times as much processor time it may take as somebody
 *   who sends all that is allowed; `each`: how many messages' worth one of its deeds may cost, where `rage` tells how many
 *   there were; `memory`: by how many MiB the server may grow meanwhile; `args`: of the server, and `before(world)`, which
 *   makes some; `prepare(world, server)`: what is there already; `signIn`: what the two say hello with; `todo`: the fault
 *   that keeps the test from passing.
 * @param {(cage: Cage) => Promise<number | void>} rage what it does, and asserts of the answers to it
 */
export function beast(
  name,
  { seconds = 0.7, shares = 20, each, memory = 8, args = [], before, signIn, guests = true, todo, prepare } = {},
  rage,
) {
  scenario(
    name,
    async (world, t) => {
      const server = await world.server(["--shards", "1", ...args, ...(before ? await before(world) : [])], { guests });
      server.signIn = signIn;
      await prepare?.(world, server);
      const unit = await messageMs(world, server);
      const chatting = await pair(world, server);
      const cage = new Cage(world, server, { ...chatting, unit });
      world.atEnd(() => cage.release());
      const { pid } = server;

      let start, most;
      cage.ready = async () => {
        start = { at: performance.now(), cpu: await cpuMs(server), bytes: await residentBytes(pid) };
        most = start.bytes;
        cage.start(seconds);
      };
      await cage.ready();
      const watch = setInterval(async () => (most = Math.max(most, await residentBytes(pid).catch(() => 0))), 50);
      world.atEnd(() => clearInterval(watch));
      const deeds = await rage(cage);
      clearInterval(watch);
      const took = performance.now() - start.at;
      const spent = ((await cpuMs(server)) - start.cpu) / unit;
      const grown = (Math.max(most, await residentBytes(pid)) - start.bytes) / 2 ** 20;

      cage.release();
      const said = await chatting.stop();
      await until("only the two are left", async () => (await server.metric("confab_websockets")) === 2);
      assert.equal((await server.http("/readyz")).status, 200);
      const [taken, bound, what] = each
        ? [spent / deeds, each, `messages' worth for each of ${deeds} deeds`]
        : [spent / Math.max(1, took / 1000) / COMMANDS_PER_S, shares, "shares"];
      t.diagnostic(
        `${said} messages between the two; processor ${taken.toFixed(2)} of ${bound} ${what}; memory ${grown.toFixed(1)} of ${memory} MiB`,
      );
      if (each) assert.ok(deeds > 0, "it has done nothing");
      assert.ok(taken <= bound, `it took ${taken.toFixed(2)} ${what}, more than ${bound}`);
      assert.ok(grown <= memory, `the server grew by ${grown.toFixed(1)} MiB, more than ${memory}`);
    },
    todo ? { todo } : {},
  );
}
