// A test and everything it starts: whatever happens, no process, socket or directory is left, and a failure shows
// what the servers said.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { Client } from "./client.mjs";
import { RawClient } from "./raw.mjs";
import { Server, confabd, examples } from "./server.mjs";

const TEST_MS = 60_000;

export class World {
  #servers = [];
  #ends = [];
  #directories = [];

  async directory() {
    const made = await mkdtemp(join(tmpdir(), "confab-e2e-"));
    this.#directories.push(made);
    return made;
  }

  /** To be done when the test has ended, before servers are stopped. */
  atEnd(action) {
    this.#ends.push(action);
  }

  /** Any program that ends with the test. */
  spawn(command, args, options) {
    const server = new Server(command, args, options);
    this.#servers.push(server);
    return server;
  }

  /** A chat server that lets guests in, on fresh data unless `data` is given. `under`: a command that runs it. */
  async server(args = [], { data, guests = true, under = [], ...options } = {}) {
    const where = data ?? (await this.directory());
    const [command, ...words] = [...under, confabd, "--port", "0", "--data", where];
    return this.spawn(command, [...words, ...(guests ? ["--guests"] : []), ...args], options).listening();
  }

  example(name) {
    return this.spawn(join(examples, name), ["--port", "0"]).listening();
  }

  /** A connection that was upgraded and has said nothing yet. */
  async connect(server, options) {
    const client = new Client(server.websocketUrl, options);
    this.#ends.push(() => client.vanish());
    await client.opened;
    return client;
  }

  /** A connection that has been welcomed. */
  async guest(server, id, { hello = {}, ...options } = {}) {
    const client = await this.connect(server, options);
    await client.hello({ guest: id, ...hello });
    return client;
  }

  /** One that is in `room` as well. */
  async member(server, id, room, options) {
    const client = await this.guest(server, id, options);
    const joined = await client.ask({ type: "join", room });
    if (joined.type !== "joined") throw new Error(`not joined: ${JSON.stringify(joined)}`);
    return client;
  }

  async raw(server, options) {
    const client = new RawClient(server.port, options);
    this.#ends.push(() => client.destroy());
    await client.opened;
    return client;
  }

  async end() {
    for (const action of this.#ends.reverse()) await action();
    const faults = [];
    for (const server of this.#servers) {
      // In peace, so that AddressSanitizer looks for leaks: ending well is part of every test.
      if (!server.ended) {
        const { code, signal } = await server.stop().catch((error) => ({ signal: error.message }));
        if (code !== 0) faults.push(new Error(`a server ended with ${code ?? signal} instead of 0`));
      }
      if (!server.ended) await server.crash();
      if (server.sanitizerReport) faults.push(new Error(`a sanitizer's report: ${server.sanitizerReport}`));
    }
    for (const directory of this.#directories) await rm(directory, { recursive: true, force: true });
    if (faults.length > 0) throw faults[0];
  }

  get logs() {
    return this.#servers
      .map((server) => `--- stderr of ${server.process.spawnargs.join(" ")}\n${server.stderr}`)
      .join("\n");
  }
}

/**
 * A test with a world of its own.
 * @param {string} name
 * @param {(world: World, t: import("node:test").TestContext) => Promise<void>} body
 */
export function scenario(name, body, options = {}) {
  test(name, { timeout: TEST_MS, ...options }, async (t) => {
    const world = new World();
    let failure;
    try {
      await body(world, t);
    } catch (error) {
      failure = error;
    }
    try {
      await world.end();
    } catch (error) {
      failure ??= error;
    }
    if (!failure) return;
    console.error(world.logs);
    throw failure;
  });
}
