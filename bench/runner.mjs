// Measures every server in every scenario, in interleaved rounds; see bench/run and bench/README.md.
import { execFile, execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import https from "node:https";
import { connect, createServer } from "node:net";
import { cpus, release, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs, promisify } from "node:util";

import { check_goals } from "./goals.mjs";
import { plot } from "./plot.mjs";
import { digest, report } from "./report.mjs";
import { scenarios as all_scenarios } from "./scenarios.mjs";
import { absence, servers as all_servers } from "./servers.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const { values: flags } = parseArgs({
  options: {
    build: { type: "string" },
    quick: { type: "boolean", default: false },
    only: { type: "string", multiple: true },
    scenario: { type: "string", multiple: true },
    rounds: { type: "string" },
    seconds: { type: "string" },
    minutes: { type: "string", default: "25" },
    out: { type: "string", default: here },
    "report-only": { type: "boolean", default: false },
  },
});
const chosen = (list, from, what) => {
  const names = (list ?? []).flatMap((entry) => entry.split(","));
  const unknown = names.filter((name) => !from.some((it) => it.name === name));
  if (unknown.length > 0) throw new Error(`no ${what} ${unknown}; there are: ${from.map((it) => it.name).join(" ")}`);
  return from.filter((it) => names.length === 0 || names.includes(it.name));
};
const rounds = Number(flags.rounds ?? (flags.quick ? 1 : 3));
const seconds = Number(flags.seconds ?? (flags.quick ? 1 : 1.5));
const scenarios = chosen(flags.scenario, all_scenarios, "scenario").filter((it) => flags.scenario || !flags.quick || it.quick);

const free_port = () => new Promise((resolve) => {
  const probe = createServer().listen(0, "127.0.0.1", () => {
    const { port } = probe.address();
    probe.close(() => resolve(port));
  });
});

async function listens(port, child) {
  for (let tries = 0; tries < 500; ++tries) {
    if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}`);
    const there = await new Promise((resolve) => {
      const socket = connect(port, "127.0.0.1", () => resolve(true)).on("error", () => resolve(false));
      socket.on("connect", () => socket.destroy());
    });
    if (there) return;
    await sleep(20);
  }
  throw new Error("it did not listen within 10 s");
}

/// Ours listens before its journal is open, and answers 503 until then.
async function is_open(port, tls) {
  const status = () => new Promise((resolve) => {
    const { get } = tls ? https : http;
    get({ host: "127.0.0.1", port, path: "/readyz", rejectUnauthorized: false }, (answer) => resolve(answer.resume().statusCode)).on("error", () => resolve(503));
  });
  for (let tries = 0; tries < 500; ++tries) {
    if ((await status()) !== 503) return;
    await sleep(20);
  }
  throw new Error("it was not ready within 10 s");
}

let running;
process.on("exit", () => running?.kill("SIGKILL"));
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(1));

/// One run: a fresh server on core 0, the generator on core 1. Returns its figures, or { error }.
async function measure(server, scenario) {
  const data = mkdtempSync(join(tmpdir(), "confab-bench-"));
  const port = await free_port();
  const pin = (core) => (scenario.both_cores ? [] : ["taskset", "-c", String(core)]);
  try {
    const { command, env } = server.start(flags.build, { port, data, ...scenario.how });
    const words = [...pin(0), ...command].map(String);
    const log = openSync(join(data, "log"), "w");
    const child = spawn(words[0], words.slice(1), { env: { ...process.env, ...env }, cwd: data, stdio: ["ignore", log, log] });
    running = child;
    const ended = new Promise((resolve) => child.once("exit", resolve));
    try {
      await listens(port, child);
      if (server.ours) await is_open(port, scenario.how?.tls);
      const swarm = [...pin(1), join(flags.build, "bench/bench_swarm"), "--port", port, "--pid", child.pid,
        "--dialect", scenario.dialect?.(server.dialect) ?? server.dialect,
        "--seconds", scenario.seconds ?? seconds, "--warm-up", 0.5, ...scenario.swarm].map(String);
      const { stdout } = await promisify(execFile)(swarm[0], swarm.slice(1), { timeout: 60_000 });
      const figures = JSON.parse(stdout);
      return figures.deliveries_per_s === 0 ? { error: "nothing was delivered in the time measured" } : figures;
    } finally {
      child.kill("SIGKILL");
      await ended;
      running = undefined;
    }
  } catch (why) {
    return { error: String(why.stderr || why.message).trim().split("\n").pop() };
  } finally {
    rmSync(data, { recursive: true, force: true });
  }
}

const median = (values) => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};
/// Figures by medians, faults by the worst round; a flag is up if it ever was. A failed round is told.
const faults = ["lost", "duplicated", "out_of_order", "outstanding", "closed", "deaf_closed"];
function summary(runs) {
  const good = runs.filter((run) => !run.error);
  if (good.length === 0) return { error: runs[0].error };
  const merged = {};
  for (const [key, first] of Object.entries(good[0])) {
    const values = good.map((run) => run[key]);
    merged[key] = typeof first === "boolean" ? values.some(Boolean)
      : typeof first === "object" ? summary(values)
      : faults.includes(key) ? Math.max(...values) : median(values);
  }
  if (good.length < runs.length) merged.failed_rounds = runs.length - good.length;
  return merged;
}

async function run_all() {
  const servers = chosen(flags.only, all_servers, "server");
  const absent = {};
  for (const server of servers) {
    const why = absence(flags.build, server);
    if (why !== undefined) absent[server.name] = why;
  }
  const present = servers.filter((server) => absent[server.name] === undefined);
  const runs = {}, skipped = {};
  const of = (table, scenario, server) => ((table[scenario.name] ??= {})[server.name] ??= []);
  const begun = Date.now();
  const minutes = () => (Date.now() - begun) / 60_000;
  let done = 0;
  // The next round takes as long as this one took for what is not measured once.
  for (let again = 0; done < rounds && minutes() + again <= Number(flags.minutes); ++done) {
    const round = done;
    again = 0;
    for (const scenario of scenarios) {
      if (scenario.once && round > 0) continue;
      const once = scenario.others_once && round > 0;
      // Each round begins with another server, so that nobody is always behind the same one.
      for (const server of [...present.slice(round), ...present.slice(0, round)]) {
        if (scenario.ours && !server.ours) continue;
        if (scenario.needs && !server.can.includes(scenario.needs)) continue;
        const in_goals = server.ours || server.yardstick;
        if (once && !in_goals) continue;
        const best = Math.max(...(runs[scenario.closed]?.[server.name] ?? []).map((run) => run.deliveries_per_s ?? 0));
        if (!in_goals && best > 0 && best < 0.8 * scenario.rate) {
          (skipped[scenario.name] ??= {})[server.name] = `not run: its closed loop reaches ${Math.round(best / 1000)}k/s`;
          continue;
        }
        const run_begun = minutes();
        const result = await measure(server, scenario);
        if (!scenario.once && (in_goals || !scenario.others_once)) again += minutes() - run_begun;
        of(runs, scenario, server).push(result);
        const told = result.error ?? (result.deliveries_per_s ? `${Math.round(result.deliveries_per_s)}/s ${result.cpu_us.toFixed(2)} µs p99 ${(result.p99_us / 1000).toFixed(1)} ms`
          : `${Math.round(result.connects_per_core_s)} connects per core second ${result.bytes_per_connection ? `${Math.round(result.bytes_per_connection)} B` : ""}`);
        console.error(`${minutes().toFixed(1)} min  round ${round + 1}  ${scenario.name}  ${server.name}: ${told}`);
      }
    }
  }
  const results = {};
  for (const scenario of scenarios) {
    const row = (results[scenario.name] = {});
    for (const { name } of present) {
      const mine = runs[scenario.name]?.[name];
      if (mine) {
        row[name] = summary(mine);
        if (scenario.rate) row[name].saturated = row[name].deliveries_per_s < 0.97 * scenario.rate;
      } else if (skipped[scenario.name]?.[name]) row[name] = { skipped: skipped[scenario.name][name] };
    }
  }
  const journal_appends = flags.scenario ? undefined
    : JSON.parse(execFileSync(join(flags.build, "bench/bench_journal"), flags.quick ? ["0.5", "3"] : ["1", "3"], { encoding: "utf8" }));
  return {
    date: new Date().toISOString().slice(0, 10),
    machine: `${cpus().length} × ${cpus()[0].model.trim()}, Linux ${release()}`,
    rounds: done, seconds, minutes: Math.round(10 * minutes()) / 10,
    versions: Object.fromEntries(present.map((server) => [server.name, server.versions])),
    absent, results, journal_appends,
  };
}

const file = (name) => join(flags.out, name);
mkdirSync(flags.out, { recursive: true });
const outcome = flags["report-only"] ? JSON.parse(readFileSync(file("results.json"), "utf8")) : await run_all();
outcome.goals = check_goals(outcome);
const text = report(outcome);
writeFileSync(file("results.json"), JSON.stringify(outcome, (_, it) => (typeof it === "number" ? Number(it.toPrecision(5)) : it), 1) + "\n");
writeFileSync(file("results.md"), text);
writeFileSync(file("results.svg"), plot(outcome));
// A whole run is what the README shows.
if (!flags.quick && !flags.only && !flags.scenario && flags.out === here) {
  const readme = readFileSync(file("README.md"), "utf8");
  writeFileSync(file("README.md"), readme.replace(/(<!-- results -->\n)[^]*(<!-- \/results -->)/, (_, a, b) => `${a}${digest(outcome)}\n${b}`));
}
console.log(text);
