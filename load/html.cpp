#include "load/html.hpp"

#include "load/embedded.hpp"
#include "load/figure.hpp"
#include "load/find_max.hpp"
#include "load/text.hpp"

#include <nlohmann/json.hpp>

#include <utility>

namespace confab::load {
namespace {

using json = nlohmann::ordered_json;

/// In a script element only `<` can end it or open a comment (HTML, 13.1.2: restrictions); in JSON
/// it occurs in strings alone, and there it may be written so.
std::string for_script(std::string_view text) {
  std::string out;
  out.reserve(text.size() + text.size() / 64);
  for (const char each : text) {
    if (each == '<')
      out += "\\u003c";
    else
      out += each;
  }
  return out;
}

json percentiles(const histogram& of) {
  json out = json::array();
  for (const double at : {50.0, 90.0, 99.0, 99.9, 99.99})
    out.push_back(duration_text(static_cast<double>(of.percentile(at))));
  out.push_back(duration_text(static_cast<double>(of.max())));
  out.push_back(duration_text(static_cast<double>(of.min())));
  out.push_back(duration_text(of.mean()));
  out.push_back(grouped(of.count()));
  return out;
}

std::string subtitle(const run_description& run, const counters& counted) {
  return grouped(counted.users) + " of " + grouped(run.users) + " users" +
         (run.devices > 1 ? " with " + grouped(run.devices) + " devices each" : "") +
         (run.rooms > 0 ? ", " + grouped(run.rooms) + (run.rooms == 1 ? " room" : " rooms") : "") +
         ", " + time_text(run.real_s) +
         (run.processes > 1 ? ", " + grouped(run.processes) + " processes" : "");
}

json tiles(const report& of) {
  json out = json::array();
  const auto tile = [&](std::string_view label, std::string_view figure) {
    out.push_back({label, figure_text(of, figure)});
  };
  tile("delivered", "deliveries/s");
  tile("sent", "sends/s");
  tile("median latency", "p50");
  tile("99 % latency", "p99");
  tile("violations", "violations");
  tile("errors", "errors");
  if (of.server) {
    tile("server cores", "server.cpu");
    tile("server memory", "server.memory");
  }
  return out;
}

json errors(const tally& of) {
  json out = json::array();
  for (const auto& [what, count] : of.errors) out.push_back({what, count});
  for (const auto& [code, count] : of.closes) out.push_back({close_text(code), count});
  return out;
}

json costs(const report& of) {
  json out = json::array();
  const auto row = [&](std::string_view label, const std::string& value) {
    out.push_back({label, value});
  };
  if (of.server) {
    row("server: cores", figure_text(of, "server.cpu"));
    row("server: CPU, user", rounded(of.server->cpu_user_s) + " s");
    row("server: CPU, system", rounded(of.server->cpu_system_s) + " s");
    row("server: deliveries per core", figure_text(of, "deliveries/core"));
    row("server: memory before", size_text(of.server->memory_before_bytes));
    row("server: memory at most", size_text(of.server->memory_peak_bytes));
    row("server: memory after", size_text(of.server->memory_after_bytes));
  }
  row("tool: cores", figure_text(of, "tool.cpu"));
  row("tool: CPU", rounded(of.tool.cpu_s) + " s");
  row("tool: memory", size_text(of.tool.rss_bytes));
  return out;
}

json words_for(const report& of) {
  const auto& totals = of.totals;
  json out;
  out["subtitle"] = subtitle(of.run, totals.counters);
  out["tiles"] = tiles(of);
  out["costs"] = costs(of);
  out["errors"] = errors(totals);
  out["failings"] = failings(of);
  if (of.search)
    out["highest"] = of.search->highest > 0
                         ? text_of(of.search->highest, unit::per_second) +
                               (was_limited_by_tool(*of.search) ? ", or more" : "")
                         : "none was sustained";
  // Filled before they are put in: another member moves those of an ordered object.
  json violations = json::array(), counts = json::array();
  for (const auto& row : violation_rows)
    violations.push_back({row.label, totals.checks.*row.field});
  for (const auto& row : counter_rows) {
    const auto value = totals.counters.*row.field;
    counts.push_back(
        {row.label, row.name.starts_with("bytes") ? size_text(value) : grouped(value)});
  }
  json names = json::object(), rows = json::object();
  for (const auto& row : latency_rows) {
    names[std::string{row.name}] = row.label;
    if (const auto& values = totals.latencies[row.kind]; !values.empty())
      rows[std::string{row.label}] = percentiles(values);
  }
  if (!totals.schedule_lag.empty()) rows["schedule lag"] = percentiles(totals.schedule_lag);
  out["violations"] = std::move(violations);
  out["counters"] = std::move(counts);
  out["latencies"] = std::move(names);
  out["percentiles"] = std::move(rows);
  return out;
}

}  // namespace

std::string to_html(const report& of) {
  const auto page = page::embedded_files().front().contents();
  constexpr std::string_view report_mark = "@REPORT@", words_mark = "@WORDS@";
  const auto report_at = page.find(report_mark), words_at = page.find(words_mark);
  const auto report_end = report_at + report_mark.size();
  std::string out{page.substr(0, report_at)};
  out += for_script(to_json(of));
  out += page.substr(report_end, words_at - report_end);
  out += for_script(words_for(of).dump(-1, ' ', false, json::error_handler_t::replace));
  out += page.substr(words_at + words_mark.size());
  return out;
}

}  // namespace confab::load
