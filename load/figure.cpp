#include "load/figure.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace confab::load {
namespace {

using measurement = std::function<std::optional<double>(const report&)>;

struct rate_row {
  std::string_view name;
  std::uint64_t sample::*field;
  unit in = unit::per_second;
};
constexpr std::array rate_rows{
    rate_row{"sends/s", &sample::sends},
    rate_row{"acks/s", &sample::acks},
    rate_row{"deliveries/s", &sample::deliveries},
    rate_row{"connects/s", &sample::connects},
    rate_row{"errors/s", &sample::errors},
    rate_row{"bytes_in/s", &sample::bytes_in, unit::bytes_per_second},
    rate_row{"bytes_out/s", &sample::bytes_out, unit::bytes_per_second},
};

/// Mean over the steady part; `whole` CPU seconds over the whole run where it is too short.
template <class Core>
std::optional<double> mean_cores(const report& of, Core core, std::optional<double> whole) {
  double sum = 0;
  std::size_t count = 0;
  for (const auto* each : steady_seconds(of))
    if (const std::optional<double> cores = core(*each)) {
      sum += *cores;
      ++count;
    }
  if (count != 0) return sum / static_cast<double>(count);
  if (whole && of.run.real_s > 0) return *whole / of.run.real_s;
  return std::nullopt;
}

std::optional<double> server_cores(const report& of) {
  return mean_cores(
      of, [](const sample& it) { return it.server_cpu_cores; },
      of.server ? std::optional{of.server->cpu_user_s + of.server->cpu_system_s} : std::nullopt);
}

std::optional<double> tool_cores(const report& of) {
  return mean_cores(
      of, [](const sample& it) { return std::optional{it.own_cpu_cores}; }, of.tool.cpu_s);
}

std::optional<double> deliveries_per_core(const report& of) {
  const auto cores = server_cores(of);
  if (!cores || *cores <= 0) return std::nullopt;
  return rate(of, &sample::deliveries) / *cores;
}

/// Of the server's memory, where it is known.
measurement memory(double (*of_cost)(const server_cost&)) {
  return [of_cost](const report& of) {
    return of.server ? std::optional{of_cost(*of.server)} : std::nullopt;
  };
}

const std::array other_figures{
    figure{"server.cpu", unit::cores, server_cores, {}},
    figure{"server.memory",
           unit::bytes,
           memory([](const server_cost& it) { return static_cast<double>(it.memory_peak_bytes); }),
           {}},
    figure{"server.memory.growth",
           unit::bytes,
           memory([](const server_cost& it) {
             return static_cast<double>(it.memory_after_bytes) -
                    static_cast<double>(it.memory_before_bytes);
           }),
           {}},
    figure{"deliveries/core", unit::per_second, deliveries_per_core, {}},
    figure{"tool.cpu", unit::cores, tool_cores, {}},
    figure{"tool.memory",
           unit::bytes,
           [](const report& of) { return static_cast<double>(of.tool.rss_bytes); },
           {}},
};

double expected(const report& of) { return static_cast<double>(of.totals.checks.expected); }
double sends(const report& of) { return static_cast<double>(of.totals.counters.sends); }

std::function<double(const report&)> share_of(std::string_view counter) {
  if (counter == "acks" || counter == "repeats") return sends;
  return {};
}

/// `p99.9`, `mean`, `min`, `max` of one histogram.
std::optional<std::function<double(const histogram&)>> find_statistic(std::string_view name) {
  if (name == "mean") return [](const histogram& it) { return it.mean(); };
  if (name == "min") return [](const histogram& it) { return static_cast<double>(it.min()); };
  if (name == "max") return [](const histogram& it) { return static_cast<double>(it.max()); };
  if (!name.starts_with('p')) return std::nullopt;
  double at = 0;
  const auto end = name.data() + name.size();
  const auto read = std::from_chars(name.data() + 1, end, at, std::chars_format::fixed);
  if (read.ec != std::errc{} || read.ptr != end || !(at > 0 && at <= 100)) return std::nullopt;
  return [at](const histogram& it) { return static_cast<double>(it.percentile(at)); };
}

/// Of one kind of latency, or of the schedule lag; delivery where no kind is named.
std::optional<figure> find_duration(std::string_view name) {
  auto kind = name.substr(0, name.find('.'));
  auto statistic_name = kind.size() < name.size() ? name.substr(kind.size() + 1) : "";
  auto row = std::ranges::find(latency_rows, kind, &latency_row::name);
  const bool lag = kind == "lag";
  if (!lag && row == latency_rows.end()) {
    row = latency_rows.begin();
    statistic_name = name;
  }
  const auto statistic = find_statistic(statistic_name);
  if (!statistic) return std::nullopt;
  const auto* kind_of = lag ? nullptr : &*row;
  return figure{std::string{name},
                unit::microseconds,
                [=](const report& of) -> std::optional<double> {
                  const auto& values =
                      kind_of ? of.totals.latencies[kind_of->kind] : of.totals.schedule_lag;
                  if (values.empty()) return std::nullopt;
                  return (*statistic)(values);
                },
                {}};
}

template <class Map, class Key>
double count_of(const Map& map, const Key& key) {
  const auto at = map.find(key);
  return at == map.end() ? 0 : static_cast<double>(at->second);
}

/// `errors`, `errors.NAME`, `closes`, `closes.CODE`, `violations` and every field that is counted.
std::optional<figure> find_count(std::string_view name) {
  const auto counted = [&](auto measure, std::function<double(const report&)> whole) {
    return figure{std::string{name}, unit::count,
                  [=](const report& of) { return static_cast<double>(measure(of.totals)); },
                  std::move(whole)};
  };
  if (name == "errors") return counted([](const tally& it) { return it.errors_total(); }, sends);
  if (name == "closes") return counted([](const tally& it) { return it.closes_total(); }, {});
  if (name == "expected") return counted([](const tally& it) { return it.checks.expected; }, {});
  if (name == "violations")
    return counted([](const tally& it) { return violations(it.checks); }, expected);
  if (name.starts_with("errors.")) {
    const std::string key{name.substr(7)};
    return counted([=](const tally& it) { return count_of(it.errors, key); }, sends);
  }
  if (name.starts_with("closes.")) {
    std::uint16_t key = 0;
    const auto end = name.data() + name.size();
    const auto read = std::from_chars(name.data() + 7, end, key);
    if (read.ec != std::errc{} || read.ptr != end) return std::nullopt;
    return counted([=](const tally& it) { return count_of(it.closes, key); }, {});
  }
  for (const auto& row : violation_rows)
    if (row.name == name)
      return counted([&row](const tally& it) { return it.checks.*row.field; }, expected);
  for (const auto& row : counter_rows)
    if (row.name == name)
      return counted([&row](const tally& it) { return it.counters.*row.field; }, share_of(name));
  return std::nullopt;
}

template <class Rows>
std::string names(const Rows& rows) {
  std::string out;
  for (const auto& row : rows) out += (out.empty() ? "" : ", ") + std::string{row.name};
  return out;
}

}  // namespace

std::optional<figure> find_figure(std::string_view name) {
  for (const auto& row : rate_rows)
    if (row.name == name)
      return figure{
          std::string{name}, row.in, [&row](const report& of) { return rate(of, row.field); }, {}};
  for (const auto& each : other_figures)
    if (each.name == name) return each;
  if (auto found = find_count(name)) return found;
  return find_duration(name);
}

std::string figure_text(const report& of, std::string_view name) {
  const auto figure = *find_figure(name);
  return text_of(figure.measure(of), figure.unit);
}

std::string known_figures() {
  return "  latency   p50, p99, p99.9 …, mean, min, max of deliveries; with a kind before it, "
         "as in join.p99:\n            " +
         names(latency_rows) + ", lag\n  rates     " + names(rate_rows) + "\n  checks    " +
         names(violation_rows) + ", violations, expected\n" +
         "  errors    errors, errors.rate_limited …, closes, closes.4000 …\n" + "  costs     " +
         names(other_figures) + "\n  counts    " + names(counter_rows) + '\n';
}

}  // namespace confab::load
