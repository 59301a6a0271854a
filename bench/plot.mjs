// results.json as an SVG of horizontal bars, one panel for each figure.

const panels = [
  ["deliveries/s, closed loop, 10 × 200 (more is better)", "closed_10x200", (r) => r.deliveries_per_s / 1000, "k"],
  ["deliveries/s, closed loop, 100 × 20", "closed_100x20", (r) => r.deliveries_per_s / 1000, "k"],
  ["CPU per delivery, closed loop, 10 × 200 (less is better)", "closed_10x200", (r) => r.cpu_us, "µs"],
  ["CPU per delivery, open loop 100,000/s, 100 × 20", "open_100k_100x20", (r) => r.cpu_us, "µs"],
  ["p99, open loop 20,000/s, 100 × 20", "open_20k_100x20", (r) => r.p99_us / 1000, "ms"],
  ["p99, open loop 20,000/s, 1 × 2000", "open_20k_1x2000", (r) => r.p99_us / 1000, "ms"],
  ["memory per idle connection", "idle_10000", (r) => r.bytes_per_connection / 1024, "KiB"],
  ["connects with join, per core second", "storm", (r) => r.connects_per_core_s / 1000, "k"],
];
const width = 460, bar = 17, gap = 34, label = 120;

const escape = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");

function panel([title, scenario, value, unit], results, x, y) {
  const rows = Object.entries(results[scenario] ?? {})
    .map(([name, run]) => [name, run.error || run.skipped ? NaN : value(run)])
    .filter(([, v]) => Number.isFinite(v));
  const most = Math.max(...rows.map(([, v]) => v), 1e-9);
  const parts = [`<text x="${x}" y="${y}" class="title">${escape(title)}</text>`];
  rows.forEach(([name, v], i) => {
    const top = y + 10 + i * bar, long = Math.max(1, (v / most) * (width - label - 80));
    parts.push(
      `<text x="${x + label - 6}" y="${top + 11}" text-anchor="end">${escape(name)}</text>`,
      `<rect x="${x + label}" y="${top}" width="${long.toFixed(1)}" height="${bar - 4}" class="${name.startsWith("confab") ? "ours" : "peer"}"/>`,
      `<text x="${(x + label + long + 5).toFixed(1)}" y="${top + 11}">${v.toPrecision(3).replace(/e\+?\d+$/, (e) => `×10^${Number(e.slice(1))}`)} ${unit}</text>`);
  });
  return { parts, height: 10 + rows.length * bar + gap, empty: rows.length === 0 };
}

export function plot({ results, date }) {
  const y = [40, 40], parts = [];
  for (const it of panels) {
    const column = y[0] <= y[1] ? 0 : 1;
    const drawn = panel(it, results, 15 + column * (width + 20), y[column]);
    if (drawn.empty) continue;
    parts.push(...drawn.parts);
    y[column] += drawn.height;
  }
  const height = Math.max(...y);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${2 * width + 50} ${height}" font-family="sans-serif" font-size="11">
<style>.title{font-weight:bold;font-size:12px}.ours{fill:#c2410c}.peer{fill:#64748b}text{fill:#1e293b}</style>
<rect width="100%" height="100%" fill="#fff"/>
<text x="15" y="18">bench/run, ${date}: each server on one core, 64-byte texts, loopback</text>
${parts.join("\n")}
</svg>
`;
}
