// Reads Prometheus' text format, as far as /metrics uses it, and what two readings come to.

/** `numbers`: by name, those of several labels added up. `buckets`: by the histogram's name, [bound, count so far] pairs. */
export function readMetrics(text) {
  const [numbers, buckets] = [new Map(), new Map()];
  for (const line of text.split("\n")) {
    const found = /^([a-z_]+)(?:\{(.*)\})? (\S+)$/.exec(line);
    if (!found) continue;
    const [, name, labels = "", value] = found;
    const bound = /^le="(.*)"$/.exec(labels)?.[1];
    if (bound === undefined) {
      numbers.set(name, (numbers.get(name) ?? 0) + Number(value));
      continue;
    }
    const histogram = name.replace(/_bucket$/, "");
    if (!buckets.has(histogram)) buckets.set(histogram, []);
    buckets.get(histogram).push([bound === "+Inf" ? Infinity : Number(bound), Number(value)]);
  }
  return { numbers, buckets };
}

/** How much a counter rises in a second; null where that is not known. */
export function rate(name, before, now, seconds) {
  const [first, last] = [before?.numbers.get(name), now?.numbers.get(name)];
  return first === undefined || last === undefined || last < first ? null : (last - first) / seconds; // less: it has begun anew
}

/** Below this were `share` of what happened between both; null where nothing happened. Within a bucket the values are taken to lie evenly. */
export function quantile(name, share, before, now) {
  const [first, last] = [before?.buckets.get(name), now?.buckets.get(name)];
  if (!first || first.length !== last?.length) return null;
  const grown = last.map(([bound, count], i) => [bound, count - first[i][1]]);
  const all = grown.at(-1)[1];
  if (all <= 0) return null;
  const wanted = all * share;
  const found = grown.findIndex(([, count]) => count >= wanted);
  const [from, below] = found > 0 ? grown[found - 1] : [0, 0];
  const [to, count] = grown[found];
  return to === Infinity ? from : from + (to - from) * ((wanted - below) / (count - below));
}
