// One misbehaving client at a time, beside two who chat and must not notice. What decides are counters: every message
// of the two, the processor time and the memory of the server, and what becomes of the beast itself.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";

import { until, within } from "../../e2e/support/deadline.mjs";
import { scenario } from "../../e2e/support/world.mjs";
import { Cage, breathe, cpuMs } from "./cage.mjs";

const PAUSE_MS = 40; // between messages of the two: half of what they may send

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
export async function messageMs(world, server) {
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

const COMMANDS_PER_S = 50; // that a session may send

/** A server with all that `beast` wants to be there. `options`: of the server, besides. */
export async function habitat(world, { args = [], before, signIn, guests = true, prepare }, options) {
  const server = await world.server(["--shards", "1", ...args, ...(before ? await before(world) : [])], {
    guests,
    ...options,
  });
  server.signIn = signIn;
  await prepare?.(world, server);
  return server;
}

/**
 * A test of one beast. Processor time of the server is counted in stored messages, of which everybody may send fifty a
 * second. What the beast does is either bounded in time by the protocol, or each of its deeds has a price.
 * @param {object} beast `name`: a sentence; `rage(cage)`: what it does, and asserts of the answers to it, which may return a
 *   number of deeds; `seconds`: how long it rages; `shares`: how many times as much processor time it may take as somebody
 *   who sends all that is allowed; `each`: how many messages' worth one of its deeds may cost, where `rage` tells how many
 *   there were; `memory`: by how many MiB the server may grow meanwhile; `args`: of the server, and `before(world)`, which
 *   makes some; `prepare(world, server)`: what is there already; `signIn`: what the two say hello with; `todo`: the fault
 *   that keeps the test from passing.
 */
export function encounter({ name, rage, seconds = 0.7, shares = 20, each, memory = 8, todo, ...wants }) {
  scenario(
    name,
    async (world, t) => {
      const server = await habitat(world, wants);
      const unit = await messageMs(world, server);
      const chatting = await pair(world, server);
      const cage = new Cage(server, { unit });
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
