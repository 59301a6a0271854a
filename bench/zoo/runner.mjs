// Every beast of the zoo beside two who chat, in interleaved windows without and with it; see bench/beasts and bench/README.md.
import { execFile, execFileSync, spawn } from "node:child_process";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { cpus, release } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs, promisify } from "node:util";

import { within, until } from "../../tests/e2e/support/deadline.mjs";
import { World } from "../../tests/e2e/support/world.mjs";
import { habitat, messageMs } from "../../tests/zoo/support/zoo.mjs";
import { beast_figures, heading, line, summary, window_figures } from "./figures.mjs";

const { values: flags } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    eager: { type: "boolean", default: false },
    only: { type: "string", multiple: true, default: [""] },
    from: { type: "string", multiple: true },
    rounds: { type: "string" },
    seconds: { type: "string" },
    minutes: { type: "string" },
    out: { type: "string" },
  },
});
const number = (text, otherwise) => {
  const value = Number(text ?? otherwise);
  if (!(value > 0)) throw new Error(`${text} is no number above 0`);
  return value;
};
const rounds = number(flags.rounds, flags.quick ? 2 : 5);
const most = number(flags.minutes, flags.quick ? 5 : 25);
const seconds = flags.seconds && number(flags.seconds);
const [window_min_s, window_max_s] = [0.2, 2];
const first_pass = 0.85; // of the time; the rest is for those that were above the limit
const control_each = 40; // beasts

const begun = performance.now();
const minutes = () => (performance.now() - begun) / 60_000;

if (cpus().length < 2) throw new Error("it takes two cores: one for the server, one for those who use it");
const swarm = process.env.SWARM;
if (!swarm) throw new Error("SWARM is not set: bench/beasts does it");
const server_runs = ["taskset", "-c", "0"];
const pair_runs = ["taskset", "-c", "1"];
const beast_runs = [...pair_runs, "nice", "-n", flags.eager ? "0" : "19"];
/// Whenever one of those who chat has something to do it takes the core at once; nice alone lets a slice end.
const idle = (pid) => flags.eager || execFileSync("chrt", ["--all-tasks", "--idle", "--pid", "0", String(pid)]);

const script = (name) => new URL(name, import.meta.url).pathname;
const running = new Set();
process.on("exit", () => running.forEach((child) => child.kill("SIGKILL")));
function start([command, ...words], file, ...args) {
  const child = spawn(command, [...words, process.execPath, script(file), ...args], { stdio: ["ignore", "pipe", "inherit", "ipc"] });
  child.said = "";
  child.stdout.on("data", (data) => (child.said += data));
  child.gone = new Promise((resolve) => child.once("close", resolve));
  running.add(child);
  child.once("close", () => running.delete(child));
  return child;
}
const answer = (child) =>
  within(new Promise((resolve, reject) => {
    child.once("message", resolve);
    child.gone.then((code) => reject(new Error(`a process has ended with ${code}`)));
  }), "an answer of a process", 60_000);

/// Seconds that a process has run, all its threads that are there.
function cpu_s(pid) {
  let ns = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) ns += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ")[0]);
  return ns / 1e9;
}
/// Those who chat: two in each room, one of whom writes, by the clock. What each of the two hears is timed.
const chat = ["--rooms", 8, "--connections", 16, "--rate", 500]; // deliveries a second
async function window(server, other, seconds, beast) {
  const read = () => ({ at: performance.now(), server: cpu_s(server.pid), others: cpu_s(beast.pid) + cpu_s(other.pid) });
  const before = read();
  beast.send("go");
  const words = [...pair_runs, swarm, "--port", new URL(server.url).port, "--pid", server.pid, "--warm-up", 0.2, "--seconds", seconds, ...chat];
  const { stdout } = await promisify(execFile)(words[0], words.slice(1).map(String), { timeout: 60_000 });
  const heard = JSON.parse(stdout);
  const after = read();
  const took = (after.at - before.at) / 1000;
  return {
    ...window_figures(heard, seconds),
    cores: (after.server - before.server) / took,
    noise: Math.max(0, heard.others_cores - (after.others - before.others) / took),
  };
}

/// One window while a beast rages at `prey`, which is `server` or `other`, from when it begins until all is as before.
async function window_with(server, other, prey, seconds, { module, name }, how) {
  const beast = start(beast_runs, "beast.mjs", module, name, JSON.stringify({ url: prey.url, pid: prey.pid, ...how }));
  try {
    await answer(beast);
    idle(beast.pid);
    const figures = await window(server, other, seconds, beast);
    beast.send("end");
    const over = setTimeout(() => beast.kill("SIGKILL"), 1000);
    await beast.gone;
    clearTimeout(over);
    const { begun = 0, ended = 0, faults = {} } = beast.said ? JSON.parse(beast.said) : {};
    return { ...figures, begun, ended, faults };
  } finally {
    beast.kill("SIGKILL");
    await beast.gone;
    for (const one of [server, other]) {
      one.signal("SIGCONT"); // whatever has become of the beast, it stands for itself alone
      const sockets = () => one.metric("confab_websockets").catch(() => undefined); // there may be no place yet
      await until("nobody is left", async () => (await sockets()) === 0);
    }
    await sleep(100);
  }
}

/// The rounds of one beast: in turn at the server of those who chat, and at another one, so that what it takes of the
/// machine beside the server is in both.
async function measure(beast, seconds, first_round) {
  const world = new World();
  const done = [];
  let server, other;
  try {
    server = await habitat(world, beast, { under: server_runs });
    other = await habitat(world, beast, { under: beast_runs });
    idle(other.pid);
    const unit = await messageMs(world, server);
    if (beast.signIn) throw new Error("those who chat are guests, and here none are let in");
    while (done.length < rounds && minutes() < most) {
      const round = {};
      // What changes with time is not always at the expense of the same side.
      for (const side of done.length % 2 ? ["with", "without"] : ["without", "with"])
        round[side] = await window_with(server, other, side === "with" ? server : other, seconds, beast,
          { unit, round: `${side}-${first_round + done.length}` });
      done.push({ seconds, ...round });
    }
    if (done.length === 0) throw new Error("no time was left");
    return done;
  } finally {
    for (const one of [server, other]) if (one) await one.crash();
    await world.end().catch(() => {});
  }
}

const results = new Map();
let overhead_s = 2; // of a beast, besides its windows: measured by the one before
/// Measures a beast within `share_s` seconds; what was measured of it before counts as well.
async function visit(beast, share_s) {
  const length = seconds ?? Math.min(window_max_s, Math.max(window_min_s, (share_s - overhead_s) / rounds / 2));
  const at = performance.now();
  const of = results.get(beast.name) ?? { rounds: [] };
  try {
    of.rounds.push(...(await measure(beast, length, of.rounds.length)));
    Object.assign(of, beast_figures(of.rounds));
    overhead_s = (performance.now() - at) / 1000 - 2 * rounds * length;
  } catch (why) {
    of.error = String(why.message).split("\n")[0];
  }
  results.set(beast.name, of);
  console.log(line({ name: beast.name, ...of }));
}
/// In turn, with equal shares of what is left until `end`, in minutes; those for whom nothing is left.
async function visit_all(list, end) {
  for (const [i, beast] of list.entries()) {
    const left_s = 60 * (end - minutes());
    if (60 * (most - minutes()) < overhead_s + 2 * rounds * (seconds ?? window_min_s)) return list.slice(i);
    await visit(beast, left_s / (list.length - i));
  }
  return [];
}

const modules = flags.from ?? ["commands", "connections", "http", "api"].map((name) => script(`../../tests/zoo/beasts/${name}.mjs`));
const load = async (module) => (await import(module)).beasts.map((beast) => ({ ...beast, module }));
const [nobody, neighbours] = await load(script("nobody.mjs"));
const zoo = (await Promise.all(modules.map(load))).flat();
const chosen = zoo.filter(({ name }) => flags.only.some((part) => name.includes(part)));
if (chosen.length === 0) throw new Error(`no such beast; there are:\n${zoo.map(({ name }) => name).join("\n")}`);

console.log(`${chosen.length} beasts, ${rounds} rounds each; delays in ms\n${heading}`);
const left = await visit_all(chosen.flatMap((beast, i) => (i % control_each ? [beast] : [nobody, neighbours, beast])), flags.seconds ? most : first_pass * most);
const suspects = chosen.filter(({ name }) => ["ABOVE", "unclear"].includes(results.get(name)?.mark));
if (left.length === 0 && suspects.length > 0) {
  console.log(`once more, those above:\n${heading}`);
  await visit_all(suspects, most);
}

const outcome = {
  date: new Date().toISOString().slice(0, 10),
  machine: `${cpus().length} × ${cpus()[0].model.trim()}, Linux ${release()}`,
  minutes: minutes(),
  beasts: [...results].map(([name, of]) => ({ name, ...of })),
  not_measured: left.map(({ name }) => name),
};
console.log(summary(outcome));
if (flags.out) writeFileSync(flags.out, JSON.stringify(outcome, (_, it) => (typeof it === "number" ? Number(it.toPrecision(4)) : it), 1) + "\n");
process.exit(outcome.beasts.some(({ error }) => error) ? 1 : 0);
