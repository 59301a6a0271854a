#include "load/report.hpp"

#include "load/text.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace confab::load {
namespace {

template <class Map>
void add(Map& to, const Map& from) {
  for (const auto& [name, count] : from) to[name] += count;
}

template <class Map>
std::uint64_t total(const Map& of) {
  std::uint64_t out = 0;
  for (const auto& [name, count] : of) out += count;
  return out;
}

std::optional<server_cost> higher(std::optional<server_cost> a,
                                  const std::optional<server_cost>& b) {
  if (!a || !b) return a ? a : b;
  a->cpu_user_s = std::max(a->cpu_user_s, b->cpu_user_s);
  a->cpu_system_s = std::max(a->cpu_system_s, b->cpu_system_s);
  // The one who looked first saw it with the fewest users.
  a->memory_before_bytes = std::min(a->memory_before_bytes, b->memory_before_bytes);
  a->memory_peak_bytes = std::max(a->memory_peak_bytes, b->memory_peak_bytes);
  a->memory_after_bytes = std::max(a->memory_after_bytes, b->memory_after_bytes);
  return a;
}

std::string both(const std::string& a, const std::string& b, const char* between) {
  if (a == b || b.empty()) return a;
  return a.empty() ? b : a + between + b;
}

/// `b` began `later_s` seconds after `a`.
run_description together(run_description a, const run_description& b, double later_s) {
  a.tool_version = both(a.tool_version, b.tool_version, " + ");
  a.scenario = both(a.scenario, b.scenario, " + ");
  a.url = both(a.url, b.url, " + ");
  a.users += b.users;
  a.devices = std::max(a.devices, b.devices);
  a.rooms = std::max(a.rooms, b.rooms);
  a.threads += b.threads;
  a.processes += b.processes;
  a.planned_s = std::max(a.planned_s, b.planned_s + later_s);
  a.real_s = std::max(a.real_s, b.real_s + later_s);
  a.steady_from_s = std::max(a.steady_from_s, b.steady_from_s + later_s);
  a.steady_to_s = std::min(a.steady_to_s, b.steady_to_s + later_s);
  a.ending = std::max(a.ending, b.ending);
  a.reason = both(a.reason, b.reason, " ");
  return a;
}

}  // namespace

std::uint64_t violations(const checks& of) {
  std::uint64_t out = 0;
  for (const auto& row : violation_rows) out += of.*row.field;
  return out;
}

std::vector<std::string> failings(const report& of) {
  std::vector<std::string> out;
  const auto add = [&](std::uint64_t count, std::string_view label) {
    if (count > 0) out.push_back(grouped(count) + ' ' + std::string{label});
  };
  for (const auto& row : violation_rows) add(of.totals.checks.*row.field, row.label);
  for (const auto& row : counter_rows)
    if (is_failing(row)) add(of.totals.counters.*row.field, row.label);
  return out;
}

tally& tally::operator+=(const tally& other) {
  for (const auto& row : counter_rows) counters.*row.field += other.counters.*row.field;
  checks.expected += other.checks.expected;
  for (const auto& row : violation_rows) checks.*row.field += other.checks.*row.field;
  add(errors, other.errors);
  add(closes, other.closes);
  for (const auto& row : latency_rows) latencies[row.kind].merge(other.latencies[row.kind]);
  schedule_lag.merge(other.schedule_lag);
  return *this;
}

sample& sample::operator+=(const sample& other) {
  for (const auto field :
       {&sample::users_online, &sample::connects, &sample::sends, &sample::acks,
        &sample::deliveries, &sample::errors, &sample::bytes_in, &sample::bytes_out})
    this->*field += other.*field;
  // A quantile of a mixture is never above the higher of its parts.
  for (const auto field :
       {&sample::p50_us, &sample::p99_us, &sample::max_us, &sample::schedule_lag_max_us})
    this->*field = std::max(this->*field, other.*field);
  own_cpu_cores += other.own_cpu_cores;
  server_cpu_cores = std::max(server_cpu_cores, other.server_cpu_cores);
  server_memory_bytes = std::max(server_memory_bytes, other.server_memory_bytes);
  return *this;
}

std::uint64_t tally::errors_total() const { return total(errors); }
std::uint64_t tally::closes_total() const { return total(closes); }

report merge(const report& a, const report& b) {
  if (b.run.started_at_ms < a.run.started_at_ms) return merge(b, a);
  const double later_s = static_cast<double>(b.run.started_at_ms - a.run.started_at_ms) / 1000;

  report out;
  out.run = together(a.run, b.run, later_s);
  out.totals = a.totals;
  out.totals += b.totals;

  std::map<std::int64_t, sample> seconds;
  for (const auto& each : a.series) seconds.emplace(each.t_s, each);
  for (auto each : b.series) {
    each.t_s += std::llround(later_s);
    const auto [at, fresh] = seconds.try_emplace(each.t_s, each);
    if (!fresh) at->second += each;
  }
  for (const auto& [t, each] : seconds) out.series.push_back(each);

  out.tool = {a.tool.cpu_s + b.tool.cpu_s, a.tool.rss_bytes + b.tool.rss_bytes,
              a.tool.was_bottleneck || b.tool.was_bottleneck};
  out.server = higher(a.server, b.server);
  out.warnings = a.warnings;
  for (const auto& each : b.warnings)
    if (std::ranges::find(out.warnings, each) == out.warnings.end()) out.warnings.push_back(each);
  if (out.run.steady_to_s <= out.run.steady_from_s) {
    out.run.steady_from_s = out.run.steady_to_s = 0;
    out.warnings.push_back(
        "At no time did all processes carry their full load together, so rates are of the whole "
        "run.");
  }
  return out;
}

std::vector<const sample*> steady_seconds(const report& of) {
  std::vector<const sample*> out;
  for (const auto& each : of.series)
    if (static_cast<double>(each.t_s) >= of.run.steady_from_s &&
        static_cast<double>(each.t_s + 1) <= of.run.steady_to_s)
      out.push_back(&each);
  return out;
}

double rate(const report& of, std::uint64_t sample::*field) {
  auto seconds = steady_seconds(of);
  double length_s = static_cast<double>(seconds.size());
  if (seconds.empty()) {
    for (const auto& each : of.series) seconds.push_back(&each);
    length_s = of.run.real_s;
  }
  double sum = 0;
  for (const auto* each : seconds) sum += static_cast<double>(each->*field);
  return length_s > 0 ? sum / length_s : 0;
}

}  // namespace confab::load
