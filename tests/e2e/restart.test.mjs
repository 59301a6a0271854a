// Restarts under load: nothing is lost, doubled or out of order, and everybody comes back.
//
// How long they are away depends on what else the machine does, so it is judged where that is asked for. The full size:
// CONFAB_RESTART_USERS=1000 CONFAB_RESTART_PAUSE=2s node --test tests/e2e/restart.test.mjs (docs/operations.md, Upgrade).

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { until } from "./support/deadline.mjs";
import { run } from "./support/server.mjs";
import { scenario } from "./support/world.mjs";

const tool = process.env.CONFAB_LOAD;
const users = Number(process.env.CONFAB_RESTART_USERS ?? 100);
const pause = process.env.CONFAB_RESTART_PAUSE ?? "30s"; // at most, of 99 in 100
const RESTARTS = 10;

scenario(
  `ten restarts among ${users} users: nothing is lost, doubled or out of order`,
  async (world, t) => {
    const data = await world.directory();
    const directory = await world.directory();
    const [history, file] = ["history", "report.json"].map((name) => join(directory, name));
    const first = await world.server([], { data });
    const { port } = first;
    const going = world.spawn(tool, [
      ...["--url", first.websocketUrl, "--scenario", "chatty-office", "--users", `${users}`, "--devices", "1"],
      ...["--rooms", `${Math.max(12, users / 10)}`, "--ramp", "500/s", "--for", "10m", "--drain", "30s"],
      // As many messages however many users there are, to as many people each: the machine is to have time to restart.
      ...["--set", `think=${Math.max(2, users / 100)}s`, "--set", "choice=uniform"],
      ...["--verify", history, "--json", file, "--expect", `pause.p99<${pause}`],
    ]);

    let server = first;
    const all = async () => (await server.metric("confab_websockets")) === users;
    for (let i = 0; i < RESTARTS; ++i) {
      await until("all are there, and talk", async () => (await all()) && (await server.metric("confab_frames_out_total")) > 10 * users, 30_000);
      assert.equal((await server.stop()).code, 0);
      server = await world.server(["--port", `${port}`], { data });
    }
    await until("all are back", all, 30_000);
    going.signal("SIGINT");
    const { code } = await going.exited();

    const report = JSON.parse(await readFile(file, "utf8"));
    assert.equal(code, 0, `${going.stdout}\n${going.stderr}`);
    for (const [name, count] of Object.entries(report.checks)) if (!/expected/.test(name)) assert.equal(count, 0, name);
    assert.equal(report.counters.acks, report.counters.sends);
    assert.equal(report.counters.reconnects, RESTARTS * users);
    const again = await run(tool, ["verify", history]);
    assert.equal(again.code, 0, again.stdout);
    t.diagnostic(/^ +pause .*$/m.exec(going.stdout)[0]);
  },
  { timeout: 300_000, ...(tool ? {} : { skip: "CONFAB_LOAD does not name confab-load" }) },
);
