// A beast, in a process of its own: it rages again and again, until it is told to end.
//   node beast.mjs MODULE NAME {"url", "pid", "unit", "round"}
import { writeSync } from "node:fs";

import { Remote } from "../../tests/e2e/support/server.mjs";
import { Cage, breathe } from "../../tests/zoo/support/cage.mjs";

const [module, name, how] = process.argv.slice(2);
const { url, pid, unit, round } = JSON.parse(how);
const { rage, seconds = 0.7 } = (await import(module)).beasts.find((it) => it.name === name);
const server = Object.assign(new Remote(url), { pid });

const told = { begun: 0, ended: 0, faults: {} };
const fault = (why) => {
  const [what] = String(why?.message ?? why).split("\n");
  told.faults[what] = (told.faults[what] ?? 0) + 1;
};
process.on("unhandledRejection", fault);
process.on("disconnect", () => process.exit());
process.on("message", async (deed) => {
  if (deed === "end") {
    writeSync(1, JSON.stringify(told));
    process.exit();
  }
  for (let turn = 0; ; ++turn) {
    const cage = new Cage(server, { unit, turn: `${round}-${turn}` });
    cage.ready = async () => cage.start(seconds);
    cage.start(seconds);
    try {
      ++told.begun;
      await rage(cage);
      ++told.ended;
    } catch (why) {
      fault(why);
    }
    cage.release();
    await breathe();
  }
});
process.send("ready");
