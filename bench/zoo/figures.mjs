// What becomes of the delays: figures of a window, of a beast, and when a beast is marked.

export const limit = 1.2; // times as long as without the beast
const noise_max = 0.1; // of a core that something else used
const late_max_ms = 2;

const median = (values) => {
  const sorted = [...values].sort((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
};
const sum = (values) => values.reduce((all, each) => all + each, 0);

/// Of what bench_swarm says of its window, in ms.
export function window_figures(of, seconds) {
  return {
    samples: Math.round(of.deliveries_per_s * seconds), lost: of.lost + of.outstanding + of.duplicated + of.out_of_order + of.closed,
    p50: of.p50_us / 1000, p99: of.p99_us / 1000, max: of.max_us / 1000, late_p99: of.sent_late_p99_us / 1000,
  };
}

/// A ratio that most of the rounds agree about is above the limit; one that they do not agree about is unclear.
function mark({ ratio, ratios, lost }) {
  if (lost > 0) return "LOST";
  if (!(ratio > limit)) return "";
  return ratios.length >= 3 && ratios.filter((each) => each > limit).length >= 0.75 * ratios.length ? "ABOVE" : "unclear";
}

/// Medians over the windows; `rounds` are pairs of them: { without, with }.
export function beast_figures(rounds) {
  const side = (name) => ({
    p50: median(rounds.map((round) => round[name].p50)),
    p99: median(rounds.map((round) => round[name].p99)),
    samples: sum(rounds.map((round) => round[name].samples)),
  });
  const windows = rounds.flatMap((round) => [round.without, round.with]);
  const [before, beside] = [side("without"), side("with")];
  const faults = {};
  for (const round of rounds)
    for (const [what, count] of Object.entries(round.with.faults)) faults[what] = (faults[what] ?? 0) + count;
  const figures = {
    without: before, with: beside,
    ratio: beside.p99 / before.p99,
    ratios: rounds.map((round) => round.with.p99 / round.without.p99),
    cores: median(rounds.map((round) => round.with.cores - round.without.cores)),
    lost: sum(windows.map(({ lost }) => lost)),
    noisy: windows.filter(({ noise }) => noise > noise_max).length,
    late: windows.filter(({ late_p99 }) => late_p99 > late_max_ms).length,
    begun: sum(rounds.map((round) => round.with.begun)),
    ended: sum(rounds.map((round) => round.with.ended)),
    faults,
  };
  return { ...figures, mark: mark(figures) };
}

const ms = (value) => value.toFixed(value < 10 ? 2 : 1).padStart(6);
export const heading =
  "without: p50    p99   with: p50    p99   ratio  (of rounds)   server  samples      noisy late  mark     beast";
export function line({ name, ...of }) {
  if (of.error) return `not measured: ${name}: ${of.error}`;
  const range = `(${Math.min(...of.ratios).toFixed(2)}–${Math.max(...of.ratios).toFixed(2)})`;
  return [
    `${ms(of.without.p50).padStart(12)} ${ms(of.without.p99)}      ${ms(of.with.p50)} ${ms(of.with.p99)}`,
    `${of.ratio.toFixed(2).padStart(5)}  ${range.padEnd(13)}`, `${(100 * of.cores).toFixed(0).padStart(4)} %`,
    `${of.without.samples}+${of.with.samples}`.padEnd(11), String(of.noisy).padStart(5), String(of.late).padStart(4),
    ` ${of.mark.padEnd(7)}`, name,
  ].join(" ");
}

const control = ({ name, error, ratio, ratios }, what) =>
  error ? `no control: ${error}`
    : `${name.split(":")[0]}: ${ratio.toFixed(2)} (${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)}), ${what}`;

export function summary({ beasts, minutes, not_measured }) {
  const [nobody, neighbours, ...others] = beasts;
  const measured = others.filter(({ error }) => !error);
  const of = (name) => measured.filter((each) => each.mark === name);
  const windows = 2 * sum(measured.map(({ ratios }) => ratios.length));
  const told = [
    "",
    `${measured.length} beasts in ${minutes.toFixed(1)} minutes; p99 with the beast above ${limit} × without: ${of("ABOVE").length}, ` +
      `unclear: ${of("unclear").length}, messages lost: ${of("LOST").length}`,
    control(nobody, "what no beast is answerable for"),
    control(neighbours, "what people cost who do nothing wrong"),
    `windows with more than ${noise_max} of a core used by something else: ${sum(measured.map(({ noisy }) => noisy))} of ${windows}; ` +
      `whose sender was late by more than ${late_max_ms} ms: ${sum(measured.map(({ late }) => late))}`,
  ];
  const listed = (title, list) => list.length > 0 && told.push("", title, heading, ...list.map(line));
  listed("Marked:", measured.filter((each) => each.mark));
  const failed = others.filter(({ error }) => error);
  if (failed.length > 0) told.push("", ...failed.map(line));
  if (not_measured.length > 0) told.push("", `no time was left for ${not_measured.length}: ${not_measured.join("; ")}`);
  return told.join("\n");
}
