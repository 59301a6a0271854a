// Does bench/beasts see what it is there to see? A server that is stopped on purpose, and figures that are known.
//   CONFABD=build/bench/server/confabd SWARM=build/bench/bench/bench_swarm EXAMPLES=- node --test bench/test/beasts.test.mjs
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { beast_figures } from "../zoo/figures.mjs";

const path = (name) => fileURLToPath(new URL(name, import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "confab-bench-"));
after(() => rmSync(folder, { recursive: true }));

test("a server that is stopped for 50 ms, five times a second, is found", { timeout: 600_000 }, async (t) => {
  const out = join(folder, "beasts.json");
  const { stdout } = await promisify(execFile)(process.execPath, [
    path("../zoo/runner.mjs"), "--from", path("frozen.mjs"), "--eager", "--rounds", "3", "--seconds", "1", "--minutes", "4", "--out", out,
  ]);
  const [nobody, freezer] = JSON.parse(readFileSync(out, "utf8")).beasts;

  if (freezer.without.p99 > 20) return t.skip(`this machine stops servers by itself:\n${stdout}`);
  assert.equal(freezer.mark, "ABOVE", stdout);
  assert.ok(freezer.with.p99 >= 40, stdout);
  assert.ok(freezer.with.p99 > nobody.with.p99, stdout);
  assert.equal(freezer.lost, 0, stdout);
  // 500 a second, but for those that come behind the end of their window.
  const due = 500 * freezer.rounds.length;
  assert.ok(freezer.with.samples >= 0.9 * due && freezer.with.samples <= 1.03 * due, stdout);
});

const round = (without, beside) => {
  const window = (p99) => ({ p50: p99 / 2, p99, samples: 100, lost: 0, noise: 0, late_p99: 0, cores: 0.1, begun: 1, ended: 1, faults: {} });
  return { without: window(without), with: window(beside) };
};

test("a beast is above the limit where most rounds agree, and unclear where they do not", () => {
  const mark = (...rounds) => beast_figures(rounds.map(([without, beside]) => round(without, beside))).mark;

  assert.equal(mark([1, 1.1], [1, 1.2], [1, 1.2]), "");
  assert.equal(mark([1, 1.3], [1, 1.3], [1, 1.3]), "ABOVE");
  assert.equal(mark([1, 1.3], [1, 1.3], [1, 1.3], [1, 1.1]), "ABOVE");
  assert.equal(mark([1, 1.3], [1, 1.3], [1, 1.1]), "unclear");
  assert.equal(mark([1, 1.3], [1, 1.3]), "unclear", "two rounds are too few to say it");
});

test("one bad window of five changes no mark", () => {
  assert.equal(beast_figures([round(1, 1), round(1, 1), round(1, 50), round(1, 1), round(1, 1)]).mark, "");
});

test("a message that was lost is worse than any delay", () => {
  const lossy = round(1, 1);
  lossy.with.lost = 1;

  assert.equal(beast_figures([lossy, round(1, 1), round(1, 1)]).mark, "LOST");
});
