// A journal that has come less far than clients were told.

import assert from "node:assert/strict";
import { cp, rm } from "node:fs/promises";
import { join } from "node:path";

import { confabd, run } from "./support/server.mjs";
import { scenario } from "./support/world.mjs";

const FILES = ["confab.db", "confab.db-wal", "confab.db-shm"];

async function say(world, server, text) {
  const alice = await world.guest(server, "alice");
  const { epoch } = await alice.ask({ type: "join", room: "lobby" });
  const { seq } = await alice.ask({ type: "send", room: "lobby", text });
  await alice.close();
  return { epoch, seq };
}

/** Replaces the database in `data` by `copy`. */
async function putBack(data, copy) {
  for (const file of FILES) await rm(join(data, file), { force: true });
  await cp(copy, join(data, "confab.db"));
}

scenario("an older copy of the journal is refused, and starts with new epochs where that is accepted", async (world) => {
  const data = await world.directory();
  const copy = join(await world.directory(), "copy.db");
  const first = await world.server([], { data });
  await say(world, first, "one");
  await first.stop();
  await cp(join(data, "confab.db"), copy);
  const second = await world.server([], { data });
  const { epoch, seq } = await say(world, second, "two");
  await second.stop();
  await putBack(data, copy);

  const refused = await run(confabd, ["--port", "0", "--data", data]);
  const third = await world.server(["--accept-older-journal"], { data });
  assert.match(await third.logged("older-journal-accepted"), / position=\d+ noted=\d+$/);
  const alice = await world.guest(third, "alice");
  const joined = await alice.ask({ type: "join", room: "lobby", since: seq, epoch });
  await third.stop();
  const fourth = await world.server([], { data }); // accepted once, it is the latest

  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /an older copy was put back.*--accept-older-journal/);
  assert.equal(joined.gap, true);
  assert.notEqual(joined.epoch, epoch);
  assert.equal(joined.head, 1);
  await fourth.stop();
});

scenario("a journal whose file is gone is not taken for an older one, at the first start nor later", async (world) => {
  const data = await world.directory();
  const server = await world.server([], { data });
  await say(world, server, "one");
  await server.stop();
  for (const file of FILES) await rm(join(data, file), { force: true });

  for (let i = 0; i < 2; ++i) {
    const { code, stderr } = await run(confabd, ["--port", "0", "--data", data]);
    assert.equal(code, 1);
    assert.match(stderr, /its content is gone.*remove \S+confab\.mark/);
  }
  await rm(join(data, "confab.mark"));
  await world.server([], { data });
});

scenario("after a crash the journal is never behind its mark", async (world) => {
  const data = await world.directory();
  const mark = join(await world.directory(), "elsewhere.mark");
  for (let i = 1; i <= 3; ++i) {
    const server = await world.server(["--mark-file", mark], { data });
    assert.equal((await say(world, server, `message ${i}`)).seq, i);
    await server.crash();
  }
});
