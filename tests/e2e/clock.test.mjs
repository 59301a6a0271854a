// The time of day is wrong by a month: nothing that is young goes, and whoever looks after the server is told (docs/runbook.md).

import assert from "node:assert/strict";

import { settableClock } from "./support/clock.mjs";
import { confabd, run } from "./support/server.mjs";
import { scenario } from "./support/world.mjs";

const MONTH = 30 * 24 * 3600;

async function kept(world) {
  const clock = await settableClock(world);
  const data = await world.directory();
  const said = async (...args) => {
    const { code, stdout, stderr } = await run(confabd, [...args, "--data", data]);
    assert.equal(code, 0, stderr);
    return stdout;
  };
  return {
    clock,
    start: () => world.server(["--retention", "1d"], { data, env: clock.env }),
    status: () => said("status"),
    resume: () => said("retention", "resume"),
  };
}

const texts = async (client) => (await client.ask({ type: "history", room: "lobby" })).events.map(({ text }) => text);

scenario("a clock that is set a month ahead and back stops what goes by age, and both are told", async (world) => {
  const { clock, start, status, resume } = await kept(world);
  const server = await start();
  const alice = await world.member(server, "alice", "lobby");
  await alice.ask({ type: "send", room: "lobby", text: "young" });

  await clock.set(MONTH);
  assert.match(await server.logged("retention-stopped"), /the clock is in doubt/);
  assert.match(await status(), /^retention +stopped: the clock is in doubt$/m);
  assert.equal(await server.metric("confab_retention_stopped"), 1);
  assert.equal((await server.http("/readyz")).status, 200); // people chat on
  assert.match(await status(), /^up +\d+s$/m);

  await clock.set(0);
  await server.logged("retention-resumed");
  assert.doesNotMatch(await status(), /^retention/m);
  assert.match(await resume(), /the clock is not in doubt/);
  assert.deepEqual(await texts(alice), ["young"]);
});

scenario("a server that starts with a clock a month ahead takes nothing away before somebody says that it is right", async (world) => {
  const { clock, start, resume } = await kept(world);
  const before = await start();
  const alice = await world.member(before, "alice", "lobby");
  await alice.ask({ type: "send", room: "lobby", text: "young" });
  await before.stop();

  await clock.set(MONTH);
  const wrong = await start();
  await wrong.logged("retention-stopped");
  const bob = await world.member(wrong, "bob", "lobby");
  await bob.ask({ type: "send", room: "lobby", text: "by the wrong clock" });
  await clock.set(0);
  // It has moved since the start, so somebody has to look.
  assert.match(await resume(), /the clock is taken to be right/);
  await wrong.logged("retention-resumed");
  assert.equal(await wrong.metric("confab_retention_stopped"), 0);
  assert.deepEqual(await texts(bob), ["young", "by the wrong clock"]);
  await wrong.stop();

  // What all that is for: by a clock that is believed it goes.
  await clock.set(2 * MONTH);
  const believed = await start();
  await believed.logged("retention-stopped");
  const carol = await world.member(believed, "carol", "lobby");
  assert.deepEqual(await texts(carol), ["young", "by the wrong clock"]);
  await resume();
  await carol.expect({ type: "trimmed" });
  assert.deepEqual(await texts(carol), []);
});
