// Every beast of the zoo beside two who chat, in interleaved windows without and with it; see bench/beasts and bench/README.md.
import { execFileSync, spawn } from "node:child_process";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { cpus, release } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";

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
const server_runs = ["taskset", "-c", "0"];
const pair_runs = ["taskset", "-c", "1"];
const beast_runs = [...pair_runs, "nice", "-n", flags.eager ? "0" : "19"];

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

const pair = start(pair_runs, "pair.mjs");
async function ask(deed, how) {
  const answered = answer(pair);
  pair.send({ deed, ...how });
  const { done, failed } = await answered;
  if (failed) throw new Error(`the two: ${failed}`);
  return done;
}

/// Seconds that a process has run, all its threads that are there.
function cpu_s(pid) {
  let ns = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) ns += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ")[0]);
  return ns / 1e9;
}
/// Seconds that both cores were not idle, interrupts left out.
function busy_s() {
  return ["cpu0 ", "cpu1 "].reduce((all, core) => {
    const [user, nice, system, , , , , steal] = readFileSync("/proc/stat", "utf8").split("\n").find((row) => row.startsWith(core)).trim().split(/ +/).slice(1).map(Number);
    return all + (user + nice + system + steal) / 100;
  }, 0);
}

/// One window; `beast` is the process that rages meanwhile.
async function window(server, seconds, beast) {
  const read = () => ({
    at: performance.now(), server: cpu_s(server.pid), busy: busy_s(),
    ours: [server.pid, pair.pid, process.pid, ...(beast ? [beast.pid] : [])].reduce((all, pid) => all + cpu_s(pid), 0),
  });
  const before = read();
  beast?.send("go");
  const heard = await ask("window", { ms: 1000 * seconds });
  const after = read();
  const took = (after.at - before.at) / 1000;
  return {
    ...window_figures(heard),
    cores: (after.server - before.server) / took,
    noise: (after.busy - before.busy - (after.ours - before.ours)) / took,
  };
}

/// The same with a beast, from when it begins until all is as before.
async function window_with(server, seconds, { module, name }, how) {
  const beast = start(beast_runs, "beast.mjs", module, name, JSON.stringify({ url: server.url, pid: server.pid, ...how }));
  try {
    await answer(beast);
    // Whenever one of the two has something to do it takes the core from the beast at once; nice alone lets a slice end.
    if (!flags.eager) execFileSync("chrt", ["--all-tasks", "--idle", "--pid", "0", String(beast.pid)]);
    const figures = await window(server, seconds, beast);
    beast.send("end");
    const over = setTimeout(() => beast.kill("SIGKILL"), 1000);
    await beast.gone;
    clearTimeout(over);
    const { begun = 0, ended = 0, faults = {} } = beast.said ? JSON.parse(beast.said) : {};
    return { ...figures, begun, ended, faults };
  } finally {
    beast.kill("SIGKILL");
    await beast.gone;
    server.signal("SIGCONT"); // whatever has become of the beast, it stands for itself alone
    const sockets = () => server.metric("confab_websockets").catch(() => undefined); // there may be no place yet
    await until("only the two are left", async () => (await sockets()) === 2);
    await sleep(100);
  }
}

/// The rounds of one beast, beside a server of its own.
async function measure(beast, seconds, first_round) {
  const world = new World();
  const done = [];
  let server;
  try {
    server = await habitat(world, beast, { under: server_runs });
    const unit = await messageMs(world, server);
    const hello = server.signIn ?? ((guest) => ({ guest }));
    await ask("begin", { url: server.websocketUrl, hellos: [hello("alice"), hello("bob")] });
    await ask("window", { ms: 200 }); // both warm up
    while (done.length < rounds && minutes() < most) {
      const round = {};
      // What changes with time is not always at the expense of the same side.
      for (const side of done.length % 2 ? ["with", "without"] : ["without", "with"])
        round[side] = side === "without" ? await window(server, seconds)
          : await window_with(server, seconds, beast, { unit, round: first_round + done.length });
      done.push({ seconds, ...round });
    }
    if (done.length === 0) throw new Error("no time was left");
    const { errors } = await ask("end");
    if (Object.keys(errors).length > 0) throw new Error(`the two met ${JSON.stringify(errors)}`);
    return done;
  } finally {
    await ask("end");
    if (server) await server.crash();
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

const modules = flags.from ?? ["commands", "connections", "http"].map((name) => script(`../../tests/zoo/beasts/${name}.mjs`));
const load = async (module) => (await import(module)).beasts.map((beast) => ({ ...beast, module }));
const [nobody] = await load(script("nobody.mjs"));
const zoo = (await Promise.all(modules.map(load))).flat();
const chosen = zoo.filter(({ name }) => flags.only.some((part) => name.includes(part)));
if (chosen.length === 0) throw new Error(`no such beast; there are:\n${zoo.map(({ name }) => name).join("\n")}`);

console.log(`${chosen.length} beasts, ${rounds} rounds each; delays in ms\n${heading}`);
const left = await visit_all(chosen.flatMap((beast, i) => (i % control_each ? [beast] : [nobody, beast])), flags.seconds ? most : first_pass * most);
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
