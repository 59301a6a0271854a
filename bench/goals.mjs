// The goals of the project, each with both numbers. What was not measured is not reached.

import { servers } from "./servers.mjs";

const shapes = ["100x20", "10x200", "1x2000"];
/// The next message leaves when the writer has his own, or when all have it: see the README's traps.
const closed_loops = [["closed loop", "closed_"], ["closed loop until all have it", "closed_all_"]];

/// Messages that left late count from when they were due, so their delays are not the server's alone.
export const generator_was_late = (run) => run?.sent_late_p99_us > 2000;

export function check_goals({ results, journal_appends }) {
  const goals = [];
  const of = (scenario, server) => {
    const found = results[scenario]?.[server];
    return found && !found.error && !found.skipped ? found : undefined;
  };
  /// Ours against a limit that is a number; `worse` says whether ours is on the wrong side of it.
  const judge = (figure, goal, ours, limit, reached, unit, doubt) =>
    goals.push({
      figure, goal, ours, limit, unit,
      outcome: !Number.isFinite(ours) || !Number.isFinite(limit) ? "not measured" : reached(ours, limit) ? "reached" : "not reached",
      ...(doubt && { doubt }),
    });
  const at_most = (ours, limit) => ours <= limit;
  const at_least = (ours, limit) => ours >= limit;
  const above = (ours, limit) => ours > limit;
  /// What makes a comparison doubtful: the generator was full, a server did not keep up, the machine had other work.
  const doubts = (...runs) => [
    runs.some((run) => run?.generator_was_limit) && "the generator was the limit",
    runs.some(generator_was_late) && "the generator was late",
    runs.some((run) => run?.saturated) && "overloaded",
    runs.some((run) => run?.others_cores > 0.1) && "noisy",
    runs.some((run) => run && (run.lost || run.duplicated || run.out_of_order || run.closed)) && "with faults",
  ].filter(Boolean).join(", ");
  /// The best peer's figure in a scenario: the highest or lowest value of `key`.
  const best = (scenario, key, pick, servers) => {
    const found = Object.keys(results[scenario] ?? {})
      .filter((name) => !name.startsWith("confab") && (!servers || servers.includes(name)))
      .map((name) => ({ name, run: of(scenario, name) }))
      .filter(({ run }) => run && !run.saturated && Number.isFinite(run[key]));
    found.sort((a, b) => pick * (a.run[key] - b.run[key]));
    return found[0];
  };
  const ours = "confab-disk", bun = "hono-bun-topics";

  for (const [loop, prefix] of closed_loops)
    for (const shape of ["100x20", "10x200"]) {
      const a = of(prefix + shape, ours), b = of(prefix + shape, bun);
      judge(`CPU per delivery, ${loop}, ${shape}`, "≤ 1.0 × Bun topics", a?.cpu_us, b?.cpu_us, at_most, "µs", doubts(a, b));
      judge(`the same, user space alone, ${shape}`, "≤ 0.30 µs", a?.user_us, 0.3, at_most, "µs", doubts(a));
    }
  for (const rate of ["100k", "200k"])
    for (const shape of shapes) {
      const a = of(`open_${rate}_${shape}`, ours), b = of(`open_${rate}_${shape}`, bun);
      judge(`CPU per delivery, open loop ${rate}/s, ${shape}`, "≤ 0.7 × Bun topics", a?.cpu_us, 0.7 * b?.cpu_us, at_most, "µs", doubts(a, b));
      judge(`p99, open loop ${rate}/s, ${shape}`, "≤ 25 ms", a?.p99_us / 1000, 25, at_most, "ms", doubts(a));
    }
  for (const [loop, prefix] of closed_loops)
    for (const shape of shapes) {
      const a = of(prefix + shape, ours), b = best(prefix + shape, "deliveries_per_s", -1);
      judge(`deliveries/s, ${loop}, ${shape}`, `> every peer (${b?.name ?? "none"})`, a?.deliveries_per_s / 1000, b?.run.deliveries_per_s / 1000, above, "k/s", doubts(a, b?.run));
    }
  {
    // One commit: what the bare SQLite loop needs for a batch of 10, from the same run.
    const commit_ms = 10_000 / journal_appends?.batch_10.bare_per_s;
    const a = of("open_20k_100x20", ours), b = best("open_20k_100x20", "p99_us", 1);
    judge("p99, open loop 20k/s, 100x20", `≤ best peer (${b?.name ?? "none"}) + one commit (${commit_ms.toFixed(2)} ms)`, a?.p99_us / 1000, b?.run.p99_us / 1000 + commit_ms, at_most, "ms", doubts(a));
  }
  {
    const one_loop = servers.filter((server) => server.one_loop).map((server) => server.name);
    const a = of("two_shards_open_20k_1x2000", ours), b = best("open_20k_1x2000", "p99_us", 1, one_loop);
    judge("p99, open loop 20k/s, 1x2000, two shards", `≤ 0.7 × best one-loop peer (${b?.name ?? "none"})`, a?.p99_us / 1000, 0.7 * b?.run.p99_us / 1000, at_most, "ms", doubts(a));
  }
  const memory = of("idle_10000", ours)?.bytes_per_connection / 1024;
  judge("memory per idle connection in a room", "≤ 3.3 KiB (goal)", memory, 3.3, at_most, "KiB");
  judge("memory per idle connection in a room", "≤ 5 KiB (must)", memory, 5, at_most, "KiB");
  judge("connects with hello and join, per core second", "≥ Bun's", of("storm", ours)?.connects_per_core_s, of("storm", bun)?.connects_per_core_s, at_least, "/s");
  judge("the same within the upgrade request, as the client library comes back", "≥ Bun's", of("storm_resume", ours)?.connects_per_core_s, of("storm", bun)?.connects_per_core_s, at_least, "/s");
  for (const scenario of ["closed_10x200", "closed_all_10x200", "open_200k_10x200"]) {
    const disk = of(scenario, ours), memory_run = of(scenario, "confab-memory");
    judge(`added CPU of durability per delivery, ${scenario}`, "< 10 %", 100 * (disk?.cpu_us / memory_run?.cpu_us - 1), 10, (a, b) => a < b, "%", doubts(disk, memory_run));
  }
  {
    const a = of("deflate_1024_1x200", ours), b = of("plain_1024_1x200", ours);
    judge("compressed fan-out, 1 KiB, room of 200, CPU per delivery", "≤ 1.3 × uncompressed", a?.cpu_us, 1.3 * b?.cpu_us, at_most, "µs", doubts(a, b));
  }
  {
    const a = of("readers_1_percent_stop", ours), b = of("readers_all_read", ours);
    judge("p99 of the others when 1 % of 2,000 stop reading", "≤ 1.2 × without", a?.p99_us / 1000, 1.2 * b?.p99_us / 1000, at_most, "ms", doubts(a, b));
    // 20 outboxes of 1 MiB (outbox_bytes_max), each over it by one frame at most.
    judge("memory for the 20 that stop", "≤ 20 outboxes", (a?.pss_growth_bytes - b?.pss_growth_bytes) / 2 ** 20, 20, at_most, "MiB");
  }
  for (const batch of [10, 100, 1000])
    judge(`journal appends through the actors, batches of ${batch}`, "≥ 0.8 × bare loop", journal_appends?.[`batch_${batch}`].ratio, 0.8, at_least, "×");
  return goals;
}
