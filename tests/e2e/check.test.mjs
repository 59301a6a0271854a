// `confabd check`: what an operator asks of a journal whose server does not run.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";

import { confabd, run } from "./support/server.mjs";
import { scenario } from "./support/world.mjs";

const check = (data, ...args) => run(confabd, ["check", "--data", data, ...args]);

/** The data directory of a server that has stopped. */
async function leftBehind(world) {
  const data = await world.directory();
  const server = await world.server([], { data });
  const alice = await world.member(server, "alice", "lobby");
  await alice.ask({ type: "send", room: "lobby", text: "one" });
  await alice.ask({ type: "react", room: "lobby", target: 1, emoji: "+" });
  await server.stop();
  return data;
}

scenario("a journal is checked, found damaged, made anew, and served again", async (world) => {
  const data = await leftBehind(world);

  const sound = await check(data);
  execFileSync("sqlite3", [join(data, "confab.db"), "update reaction_counts set count = 9"]);
  const damaged = await check(data);
  const rebuilt = await check(data, "--rebuild");
  const again = await check(data);

  assert.equal(sound.code, 0, sound.stderr);
  assert.match(sound.stdout, /is sound: 2 entries/);
  assert.equal(damaged.code, 3);
  assert.match(damaged.stdout, /counts differ from a replay/);
  assert.equal(rebuilt.code, 0, rebuilt.stderr);
  assert.match(rebuilt.stdout, /was made anew/);
  assert.equal(again.code, 0);
  const server = await world.server([], { data });
  const bob = await world.member(server, "bob", "lobby");
  const page = await bob.ask({ type: "history", room: "lobby", limit: 1 });
  assert.equal(page.events[0].reactions["+"].count, 1);
});

scenario("an entry that is missing in the log is not mended, and the room is served without it", async (world) => {
  const data = await leftBehind(world);
  let server = await world.server([], { data });
  const alice = await world.member(server, "alice", "lobby");
  await alice.ask({ type: "send", room: "lobby", text: "three" });
  await server.stop();
  execFileSync("sqlite3", [join(data, "confab.db"), "delete from log where seq = 2 and room <> 0"]);

  const damaged = await check(data);
  const rebuilt = await check(data, "--rebuild");

  for (const { code, stdout } of [damaged, rebuilt]) {
    assert.equal(code, 3);
    assert.match(stdout, /room lobby lacks 1 entries of its log/);
  }
  server = await world.server([], { data });
  const bob = await world.member(server, "bob", "lobby");
  const page = await bob.ask({ type: "history", room: "lobby" });
  assert.deepEqual(page.events.map(({ text }) => text), ["one", "three"]);
});

scenario("a text that was changed in the log passes for what was written", async (world) => {
  const data = await leftBehind(world);
  execFileSync("sqlite3", [join(data, "confab.db"), "update log set text = 'other' where text = 'one'"]);

  const { code, stdout } = await check(data);

  assert.equal(code, 0, stdout);
});

scenario("a journal that a server has open is not checked", async (world) => {
  const data = await world.directory();
  await world.server([], { data });

  for (const args of [[], ["--rebuild"]]) {
    const { code, stderr } = await check(data, ...args);

    assert.equal(code, 1);
    assert.match(stderr, /in use by another server/);
  }
});

scenario("a mistake on the command line is one with exit code 2", async (world) => {
  const { code, stderr } = await check(await world.directory(), "--rebiuld");

  assert.equal(code, 2);
  assert.match(stderr, /did you mean --rebuild/);
});
