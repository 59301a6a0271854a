// results.json as Markdown.

import { generator_was_late } from "./goals.mjs";

const fixed = (digits, factor = 1) => (value) => (Number.isFinite(value) ? (value * factor).toFixed(digits) : "");
const thousands = (value) => (Number.isFinite(value) ? Math.round(value).toLocaleString("en-US") : "");
const kib = fixed(1, 1 / 1024), ms = fixed(1, 1e-3);

const rate_columns = [
  ["deliveries/s", (r) => thousands(r.deliveries_per_s)],
  ["CPU µs", (r) => fixed(2)(r.cpu_us)],
];
const delay_columns = [
  ["p50", (r) => ms(r.p50_us)],
  ["p90", (r) => ms(r.p90_us)],
  ["p99", (r) => ms(r.p99_us)],
  ["p99.9", (r) => ms(r.p999_us)],
  ["max ms", (r) => ms(r.max_us)],
];
const fault_columns = [
  ["lost / doubled / disordered", (r) => `${r.lost} / ${r.duplicated} / ${r.out_of_order}`],
  ["", (r) => [
    r.saturated && "overloaded", r.outstanding > 0 && `${thousands(r.outstanding)} late by 1 s or more`, r.closed > 0 && `${r.closed} closed`,
    generator_was_late(r) && `the generator was ${ms(r.sent_late_p99_us)} ms late`,
    r.others_cores > 0.1 && `noise: ${r.others_cores.toFixed(1)} cores busy with something else`,
    r.failed_rounds && `${r.failed_rounds} rounds failed`,
  ].filter(Boolean).join(", ")],
];
const load_columns = [
  ...rate_columns,
  ["user", (r) => fixed(2)(r.user_us)],
  ["system", (r) => fixed(2)(r.system_us)],
  ["server cores", (r) => fixed(2)(r.server_cores)],
  ["generator cores", (r) => fixed(2)(r.generator_cores) + (r.generator_was_limit ? " **limit**" : "")],
  ["frames/receive", (r) => fixed(1)(r.frames_per_receive)],
  ...delay_columns, ...fault_columns,
];
const quiet_columns = [
  ["quiet room p50", (r) => ms(r.quiet.p50_us)], ["p99", (r) => ms(r.quiet.p99_us)], ["max ms", (r) => ms(r.quiet.max_us)],
  ["loud room deliveries/s", (r) => thousands(r.deliveries_per_s)], ["server cores", (r) => fixed(2)(r.server_cores)],
];
const reader_columns = [
  ...rate_columns, ...delay_columns,
  ["memory growth MiB", (r) => fixed(1, 2 ** -20)(r.pss_growth_bytes)], ["slow ones closed", (r) => r.deaf_closed ?? ""], ...fault_columns,
];
const storm_columns = [
  ["connects/s", (r) => thousands(r.connects_per_s)], ["per core second", (r) => thousands(r.connects_per_core_s)],
  ["CPU s per 1,000", (r) => fixed(3)(r.cpu_s_per_1000)], ["server cores", (r) => fixed(2)(r.server_cores)], ["generator cores", (r) => fixed(2)(r.generator_cores)],
];
const idle_columns = [
  ["KiB per connection", (r) => kib(r.bytes_per_connection)], ["kernel, both ends, KiB", (r) => kib(r.kernel_bytes_per_connection)], ...storm_columns,
];

const columns_of = (scenario) =>
  scenario.startsWith("idle") ? idle_columns : scenario.startsWith("storm") ? storm_columns
    : scenario.startsWith("quiet") ? quiet_columns : scenario.startsWith("readers") ? reader_columns : load_columns;

function table(head, rows) {
  return [`| ${head.join(" | ")} |`, `|${head.map(() => "---").join("|")}|`, ...rows.map((row) => `| ${row.join(" | ")} |`)].join("\n");
}

function scenario_table(scenario, results) {
  const columns = columns_of(scenario);
  const rows = Object.entries(results).map(([server, run]) =>
    run.error || run.skipped
      ? [server, run.error ? `failed: ${run.error}` : run.skipped, ...columns.slice(1).map(() => "")]
      : [server, ...columns.map(([, show]) => show(run))]);
  return table(["server", ...columns.map(([title]) => title)], rows);
}

const number = (value, unit) => (Number.isFinite(value) ? `${value.toFixed(Math.abs(value) < 10 ? 2 : Math.abs(value) < 1000 ? 1 : 0)} ${unit}` : "–");

function goals_table(goals) {
  return table(["figure", "goal", "limit", "Confab", "outcome"],
    goals.map((g) => [g.figure, g.goal, number(g.limit, g.unit), number(g.ours, g.unit),
      g.outcome + (g.doubt ? ` (${g.doubt})` : "")]));
}

/// One row for each server with its figures from the scenarios that matter most.
function summary_table(results) {
  const both = (run) => `${fixed(0, 1e-3)(run.deliveries_per_s)} k/s · ${fixed(2)(run.cpu_us)}`;
  const cost = (run) => `${fixed(2)(run.cpu_us)} · ${ms(run.p99_us)}${run.saturated ? " (overloaded)" : ""}`;
  const columns = [
    ["closed 100×20: rate · CPU µs", "closed_100x20", both], ["10×200", "closed_10x200", both], ["1×2000", "closed_1x2000", both],
    ["until all have it, 100×20", "closed_all_100x20", both], ["10×200", "closed_all_10x200", both], ["1×2000", "closed_all_1x2000", both],
    ["open 20k/s, 100×20: CPU µs · p99 ms", "open_20k_100x20", cost], ["open 20k/s, 1×2000", "open_20k_1x2000", cost],
    ["open 100k/s, 100×20", "open_100k_100x20", cost], ["open 200k/s, 100×20", "open_200k_100x20", cost],
    ["KiB per idle connection", "idle_10000", (run) => kib(run.bytes_per_connection)],
    ["connects per core second", "storm", (run) => thousands(run.connects_per_core_s)],
  ];
  const names = [...new Set(Object.values(results).flatMap(Object.keys))];
  return table(["server", ...columns.map(([title]) => title)], names.map((name) => [name,
    ...columns.map(([, scenario, show]) => {
      const run = results[scenario]?.[name];
      return !run ? "" : run.error ? "failed" : run.skipped ? "overload" : show(run);
    })]));
}

/// What bench/README.md shows of a whole run.
export function digest(outcome) {
  const { date, machine, rounds, seconds, minutes, results, goals } = outcome;
  const runs = Object.values(results).flatMap(Object.values).filter((run) => run.others_cores !== undefined);
  const noisy = runs.filter((run) => run.others_cores > 0.1).length;
  return [
    `${date}, ${machine}, ${rounds} round(s) of ${seconds} s, ${minutes} minutes. ` +
      `${noisy} of ${runs.length} figures were taken while something else used more than a tenth of a core.`,
    goals_table(goals), summary_table(results),
  ].join("\n\n");
}

export function report({ date, machine, rounds, seconds, minutes, versions, absent, results, journal_appends, goals }) {
  const out = [
    `# Results of bench/run, ${date}`,
    `${machine}. ${rounds} round(s) of ${seconds} s, ${minutes} minutes; medians. CPU is the server's, per delivery; server on core 0, generator on core 1.`,
    table(["server", "version"], [
      ...Object.entries(versions), ...Object.entries(absent).map(([name, why]) => [name, `**absent**: ${why.replaceAll("\n", " ").replaceAll("|", "/")}`])]),
    "![bars](results.svg)",
    "## Goals", goals_table(goals),
    "## Measured",
  ];
  for (const [scenario, runs] of Object.entries(results))
    if (Object.keys(runs).length > 0) out.push(`### ${scenario}`, scenario_table(scenario, runs));
  if (journal_appends)
    out.push("### journal_appends", table(["batch", "bare loop, appends/s", "through the actors", "ratio"],
      [10, 100, 1000].map((n) => [n, thousands(journal_appends[`batch_${n}`].bare_per_s), thousands(journal_appends[`batch_${n}`].actors_per_s), journal_appends[`batch_${n}`].ratio])));
  return out.join("\n\n") + "\n";
}
