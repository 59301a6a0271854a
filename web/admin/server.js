// The server that answers: whether it takes traffic, how much goes through it, and how long that takes. Looks every two seconds.

import { el, setText } from "../dom.js";
import { wordsOf } from "./api.js";
import { hint, numbers, section, titled } from "./parts.js";
import { Plot } from "./plot.js";
import { quantile, rate, readMetrics } from "./metrics.js";

const EVERY_MS = 2000;

const perSecond = (value) => `${numbers.format(Math.round(value * 10) / 10)}/s`;
const whole = (value) => numbers.format(Math.round(value));
const percent = (value) => `${numbers.format(Math.round(value * 1000) / 10)} %`;
const seconds = (value) => (value >= 1 ? `${value.toFixed(2)} s` : value >= 0.01 ? `${Math.round(value * 1000)} ms` : `${(value * 1000).toFixed(2)} ms`);
export function bytes(value) {
  const units = ["B", "kB", "MB", "GB", "TB"];
  const step = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, value)) / 3));
  return `${numbers.format(Number((value / 1000 ** step).toPrecision(3)))} ${units[step]}`;
}
export function lasted(ms) {
  const minutes = Math.floor(ms / 60_000);
  const [days, hours] = [Math.floor(minutes / 1440), Math.floor(minutes / 60) % 24];
  return days > 0 ? `${days} d ${hours} h` : hours > 0 ? `${hours} h ${minutes % 60} min` : `${minutes} min`;
}

/** Title, words, names of the lines, and their values from two readings of /metrics and of /stats. */
const PLOTS = [
  ["Sessions", whole, undefined, ({ now }) => [now.stats.sessions]],
  ["Entries stored", perSecond, undefined, ({ before, now, seconds: of }) => [before ? (now.stats.entries_at - before.stats.entries_at) / of : null]],
];
const PLOTS_OF_METRICS = [
  ["Messages in, frames out", perSecond, ["in", "out"], (both) => [rateOf("confab_messages_in_total", both), rateOf("confab_frames_out_total", both)]],
  ["Storing a message", seconds, ["p50", "p99"], (both) => times("confab_storing_seconds", both)],
  ["Commit", seconds, ["p50", "p99"], (both) => times("confab_commit_seconds", both)],
  ["Turn of a shard", seconds, ["p50", "p99"], (both) => times("confab_turn_seconds", both)],
  ["Bytes waiting for readers", bytes, undefined, ({ now }) => [now.metrics?.numbers.get("confab_outbound_bytes") ?? null]],
  ["Processor time", percent, undefined, (both) => [rateOf("process_cpu_seconds_total", both)]],
];
const rateOf = (name, { before, now, seconds: of }) => rate(name, before?.metrics, now.metrics, of);
const times = (name, { before, now }) => [0.5, 0.99].map((share) => quantile(name, share, before?.metrics, now.metrics));

/** Labels and values of what stands beside the plots. */
const FIGURES = [
  ["Users", ({ stats }) => whole(stats.users)],
  ["Sessions", ({ stats }) => whole(stats.sessions)],
  ["Connections", ({ stats }) => whole(stats.connections)],
  ["Rooms in memory", ({ stats }) => whole(stats.rooms_awake)],
  ["Entries stored", ({ stats }) => whole(stats.entries_at)],
  ["Database", ({ stats }) => stats.database_bytes > 0 && bytes(stats.database_bytes)],
];
const OF_METRICS = [
  ["Disk free", "confab_disk_free_bytes", bytes],
  ["Memory", "process_resident_memory_bytes", bytes],
  ["Slow consumers closed", "confab_slow_consumers_total", whole],
  ["Most bytes waiting for one reader", "confab_outbox_highest_bytes", bytes],
  ["Errors told to clients", "confab_errors_total", whole],
  ["Failed commits", "confab_commits_failed_total", whole],
  ["Bugs caught", "confab_bugs_total", whole],
];

export async function showServer(page) {
  const state = el("p", { class: "state", role: "status" });
  const facts = el("p", { class: "muted" });
  const figures = el("dl", { class: "figures" });
  const note = el("p", { class: "muted", hidden: true });
  let before = null;
  let metricsAnswer = true;
  let plots = null;

  const look = async () => {
    const [node, stats, metrics] = await Promise.all([page.api.get("/node", {}, page).catch(readable), page.api.get("/stats", {}, page), metricsAnswer ? readServer(page.signal) : null]);
    if (metrics === null) metricsAnswer = false;
    const now = { node, stats, metrics, at: performance.now() };
    show(now);
    before = now;
  };

  const show = (now) => {
    const both = { before, now, seconds: before && (now.at - before.at) / 1000 };
    plots ??= (now.metrics ? [...PLOTS, ...PLOTS_OF_METRICS] : PLOTS).map(([title, words, names, values]) => ({ plot: new Plot(title, words, names), values }));
    for (const { plot, values } of plots) plot.add(...values(both));
    const ready = now.stats.ready;
    state.className = ready ? "state ready" : "state";
    setText(state, ready ? "Ready: it takes traffic." : `Not ready${now.node.why ? `: ${now.node.why}` : ""}.`);
    setText(facts, now.node.message ?? `Node ${now.node.node} · version ${now.node.version} · up ${lasted(now.node.up_ms)}`);
    const told = [...FIGURES.map(([label, value]) => [label, value(now)]), ...OF_METRICS.map(([label, name, words]) => [label, now.metrics?.numbers.has(name) && words(now.metrics.numbers.get(name))])];
    figures.replaceChildren(...told.filter(([, value]) => value).map(([label, value]) => el("div", {}, el("dt", { textContent: label }), el("dd", { textContent: value }))));
    note.hidden = now.metrics !== null;
    note.textContent = "Latencies, slow consumers and more are in /metrics, which this server does not give to this address: it gives them at admin_listen, or else to its own machine only.";
  };

  const goOn = () => setTimeout(async () => {
    if (page.signal.aborted) return;
    if (!document.hidden) {
      try {
        await look();
      } catch (error) {
        if (page.signal.aborted) return;
        if (error.status === 401) return page.failed(error);
        state.className = "state";
        setText(state, wordsOf(error));
        before = null; // what was counted meanwhile is not of two seconds
      }
    }
    goOn();
  }, EVERY_MS);

  await look();
  goOn();
  return titled("Server", state, facts, figures,
    section("The last five minutes", el("div", { class: "plots" }, plots.map(({ plot }) => plot.element)), note),
    section("Drain", hint("To end this server in peace, run “confabd drain” on its machine, or send it SIGTERM: sessions are told to come back elsewhere or later. The API’s POST /node/drain sends them away, and the server stays.")));
}

/** A key without the scope `node` sees the rest. */
function readable(error) {
  if (error.code === "forbidden") return error;
  throw error;
}

/** Null where they are not for this address. */
async function readServer(signal) {
  const response = await fetch("/metrics", { signal, cache: "no-store" });
  if (response.ok) return readMetrics(await response.text());
  return null;
}
