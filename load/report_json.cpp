#include "load/report.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <stdexcept>
#include <type_traits>
#include <utility>

namespace confab::load {
namespace {

using json = nlohmann::ordered_json;

constexpr int format = 1;
constexpr std::string_view tool_name = "confab-load";
constexpr std::array ending_names{"completed", "interrupted", "failed"};

// Each names every member of `what` once, for writing and for reading.

template <class With>
void each_member(run_description& what, With with) {
  with("tool_version", what.tool_version);
  with("scenario", what.scenario);
  with("url", what.url);
  with("seed", what.seed);
  with("users", what.users);
  with("devices", what.devices);
  with("rooms", what.rooms);
  with("threads", what.threads);
  with("processes", what.processes);
  with("started_at_ms", what.started_at_ms);
  with("planned_s", what.planned_s);
  with("real_s", what.real_s);
  with("steady_from_s", what.steady_from_s);
  with("steady_to_s", what.steady_to_s);
  with("ending", what.ending);
  with("reason", what.reason);
}

template <class With>
void each_member(counters& what, With with) {
  for (const auto& row : counter_rows) with(row.name, what.*row.field);
}

template <class With>
void each_member(checks& what, With with) {
  with("expected", what.expected);
  for (const auto& row : violation_rows) with(row.name, what.*row.field);
}

template <class With>
void each_member(sample& what, With with) {
  with("t_s", what.t_s);
  with("users_online", what.users_online);
  with("connects", what.connects);
  with("sends", what.sends);
  with("acks", what.acks);
  with("deliveries", what.deliveries);
  with("errors", what.errors);
  with("bytes_in", what.bytes_in);
  with("bytes_out", what.bytes_out);
  with("p50_us", what.p50_us);
  with("p99_us", what.p99_us);
  with("max_us", what.max_us);
  with("schedule_lag_max_us", what.schedule_lag_max_us);
  with("own_cpu_cores", what.own_cpu_cores);
  with("server_cpu_cores", what.server_cpu_cores);
  with("server_memory_bytes", what.server_memory_bytes);
}

template <class With>
void each_member(tool_cost& what, With with) {
  with("cpu_s", what.cpu_s);
  with("rss_bytes", what.rss_bytes);
  with("was_bottleneck", what.was_bottleneck);
}

template <class With>
void each_member(server_cost& what, With with) {
  with("cpu_user_s", what.cpu_user_s);
  with("cpu_system_s", what.cpu_system_s);
  with("memory_before_bytes", what.memory_before_bytes);
  with("memory_peak_bytes", what.memory_peak_bytes);
  with("memory_after_bytes", what.memory_after_bytes);
}

template <class With>
void each_member(objective_outcome& what, With with) {
  with("text", what.text);
  with("met", what.met);
  with("measured", what.measured);
  with("explanation", what.explanation);
}

template <class With>
void each_member(trial& what, With with) {
  with("rate", what.rate);
  with("met", what.met);
  with("tool_was_bottleneck", what.tool_was_bottleneck);
  with("explanation", what.explanation);
}

template <class With>
void each_member(search_result& what, With with) {
  with("objective", what.objective);
  with("highest", what.highest);
  with("trials", what.trials);
}

template <class With>
void each_member(latencies& what, With with) {
  for (const auto& row : latency_rows) with(row.name, what[row.kind]);
}

template <class With>
void each_member(report& what, With with) {
  with("run", what.run);
  with("counters", what.totals.counters);
  with("checks", what.totals.checks);
  with("errors", what.totals.errors);
  with("closes", what.totals.closes);
  with("objectives", what.objectives);
  with("search", what.search);
  with("warnings", what.warnings);
  with("tool_cost", what.tool);
  with("server_cost", what.server);
  with("latencies", what.totals.latencies);
  with("schedule_lag", what.totals.schedule_lag);
  with("series", what.series);
}

template <class What>
concept has_members = requires(What& what) {
  each_member(what, [](std::string_view, auto&) {});
};

// Declared first, so that each finds all: argument-dependent lookup does not look in here.
template <class What>
json written(What& what);
template <class What>
json written(std::optional<What>& what);
template <class What>
json written(std::vector<What>& what);
json written(std::map<std::uint16_t, std::uint64_t>& what);
json written(ending& what);

template <class What>
void read(const json& from, What& to);
template <class What>
void read(const json& from, std::optional<What>& to);
template <class What>
void read(const json& from, std::vector<What>& to);
template <class Key>
void read(const json& from, std::map<Key, std::uint64_t>& to);
void read(const json& from, ending& to);

template <class What>
json written(What& what) {
  if constexpr (has_members<What>) {
    json out = json::object();
    each_member(what, [&](std::string_view name, auto& member) {
      json value = written(member);
      if (!value.is_null()) out[std::string{name}] = std::move(value);
    });
    return out;
  } else {
    return what;
  }
}
template <class What>
json written(std::optional<What>& what) {
  return what ? written(*what) : json{};
}
template <class What>
json written(std::vector<What>& what) {
  json out = json::array();
  for (auto& each : what) out.push_back(written(each));
  return out;
}
json written(std::map<std::uint16_t, std::uint64_t>& what) {
  json out = json::object();
  for (const auto& [code, count] : what) out[std::to_string(code)] = count;
  return out;
}
json written(ending& what) { return ending_names[static_cast<std::size_t>(what)]; }

void require(bool it_is) {
  if (!it_is) throw std::runtime_error{"a value of the wrong kind"};
}

template <class What>
void read(const json& from, What& to) {
  if constexpr (has_members<What>) {
    require(from.is_object());
    each_member(to, [&](std::string_view name, auto& member) {
      if (const auto found = from.find(name); found != from.end()) try {
          read(*found, member);
        } catch (const std::exception& e) {
          throw std::runtime_error{std::string{name} + ": " + e.what()};
        }
    });
  } else {
    // The library would convert -1 and 1.5 to an unsigned number without a word.
    if constexpr (std::is_same_v<What, std::uint64_t>) require(from.is_number_unsigned());
    if constexpr (std::is_same_v<What, std::int64_t>) require(from.is_number_integer());
    from.get_to(to);
  }
}
template <class What>
void read(const json& from, std::optional<What>& to) {
  read(from, to.emplace());
}
template <class What>
void read(const json& from, std::vector<What>& to) {
  require(from.is_array());
  for (const auto& each : from) read(each, to.emplace_back());
}
template <class Key>
void read(const json& from, std::map<Key, std::uint64_t>& to) {
  require(from.is_object());
  for (const auto& [name, count] : from.items()) {
    if constexpr (std::is_same_v<Key, std::string>) {
      read(count, to[name]);
    } else {
      Key code{};
      const auto end = name.data() + name.size();
      const auto result = std::from_chars(name.data(), end, code);
      require(result.ec == std::errc{} && result.ptr == end);
      read(count, to[code]);
    }
  }
}
void read(const json& from, ending& to) {
  const auto at = std::ranges::find(ending_names, from.get<std::string>());
  require(at != ending_names.end());
  to = static_cast<ending>(at - ending_names.begin());
}

}  // namespace

std::string to_json(const report& what) {
  auto copy = what;  // one list of members serves reading too, and that changes them
  // A name from outside may be anything; what is not UTF-8 is replaced.
  const auto text = [](const json& of) {
    return of.dump(-1, ' ', false, json::error_handler_t::replace);
  };
  std::string out = "{\"format\":" + std::to_string(format) + ",\"tool\":" + text(tool_name);
  const auto sections = written(copy);
  for (const auto& [name, value] : sections.items()) {
    out += ",\n" + text(name) + ':';
    if (name != "series") {
      out += text(value);
      continue;
    }
    out += '[';
    for (const char* between = "\n"; const auto& second : value) {
      out += between + text(second);
      between = ",\n";
    }
    out += ']';
  }
  return out + "}\n";
}

std::variant<report, std::string> from_json(std::string_view text) {
  const auto what = json::parse(text, nullptr, false);
  if (what.is_discarded()) return "This is not JSON, so no report of confab-load.";
  if (!what.is_object() || what.value("tool", json{}) != tool_name || !what.contains("format"))
    return "This is JSON, but no report of confab-load.";
  if (what["format"] != format)
    return "This report is of format " + what["format"].dump() + "; this confab-load reads " +
           std::to_string(format) + '.';
  try {
    report out;
    read(what, out);
    std::ranges::sort(out.series, {}, &sample::t_s);
    return out;
  } catch (const std::exception& e) {
    return std::string{"This report of confab-load is damaged: "} + e.what() + '.';
  }
}

}  // namespace confab::load
