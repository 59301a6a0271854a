#include "load/report.hpp"

#include "tests/load/sample_report.hpp"
#include "tests/support/catch.hpp"

#include <nlohmann/json.hpp>

#include <string>

using namespace confab::load;

namespace {

/// A report in which nothing has its default.
report full_report() {
  auto out = sample_report();
  std::uint64_t next = 1'000;
  for (const auto& row : counter_rows) out.totals.counters.*row.field = next++;
  out.totals.checks.expected = next++;
  for (const auto& row : violation_rows) out.totals.checks.*row.field = next++;
  for (const auto& row : latency_rows) out.totals.latencies[row.kind].record(next++);
  out.run.devices = 2;
  out.run.threads = 3;
  out.run.processes = 4;
  out.run.ending = ending::interrupted;
  out.run.reason = "Interrupted by \"the user\" \u2713.";
  out.objectives = {{"p99<50ms", true, 12'345.5, "p99 was 12.3 ms"}, {"lost=0", false, {}, "lost"}};
  out.search = search_result{"p99<50ms", 800, {{800, true, false, "a"}, {1'600, false, true, "b"}}};
  out.tool.was_bottleneck = true;
  out.warnings = {"The tool was the bottleneck.", "Another."};
  return out;
}

std::string mistake(std::string_view text) {
  const auto result = from_json(text);
  const auto* wrong = std::get_if<std::string>(&result);
  return wrong ? *wrong : "none";
}

report read(const std::string& text) {
  auto result = from_json(text);
  if (const auto* wrong = std::get_if<std::string>(&result)) FAIL(*wrong);
  return std::get<report>(std::move(result));
}

/// Two seconds, 100 ms after each other, both with their full load all the time.
std::pair<report, report> two_processes() {
  report a, b;
  a.run.started_at_ms = 1'000'000;
  b.run.started_at_ms = 1'003'100;
  for (auto* each : {&a, &b}) {
    each->run.users = 10;
    each->run.real_s = each->run.planned_s = 10;
    each->run.steady_from_s = 1;
    each->run.steady_to_s = 9;
    for (std::int64_t t = 0; t < 10; ++t) {
      sample second;
      second.t_s = t;
      second.sends = 5;
      second.users_online = 10;
      second.p99_us = each == &a ? 1'000 : 2'000;
      second.server_cpu_cores = each == &a ? 0.5 : 0.6;
      second.own_cpu_cores = 0.25;
      each->series.push_back(second);
    }
  }
  return {a, b};
}

}  // namespace

TEST_CASE("a report survives the way through JSON") {
  const auto text = to_json(full_report());

  const auto back = read(text);

  CHECK(to_json(back) == text);
  CHECK(back.totals.closes == full_report().totals.closes);
  CHECK(back.run.reason == full_report().run.reason);
  CHECK(back.run.ending == ending::interrupted);
  CHECK(back.objectives[0].measured == 12'345.5);
  CHECK_FALSE(back.objectives[1].measured);
  CHECK(back.search->trials[1].tool_was_bottleneck);
  CHECK(back.series.size() == 60);
  CHECK(back.series[40].server_memory_bytes == full_report().series[40].server_memory_bytes);
}

TEST_CASE("every member of a report is in its JSON") {
  const auto json = nlohmann::json::parse(to_json(full_report()));

  CHECK(json["format"] == 1);
  CHECK(json["tool"] == "confab-load");
  for (const auto& row : counter_rows)
    CHECK(json["counters"][std::string{row.name}] == full_report().totals.counters.*row.field);
  for (const auto& row : violation_rows)
    CHECK(json["checks"][std::string{row.name}] == full_report().totals.checks.*row.field);
  for (const auto& row : latency_rows) CHECK(json["latencies"][std::string{row.name}]["count"] > 0);
  CHECK(json["run"].size() == 16);
  CHECK(json["series"][0].size() == 16);
  CHECK(json["closes"]["4000"] == 5);
}

TEST_CASE("what a run did not have is absent, not zero") {
  const auto json = nlohmann::json::parse(to_json(report{}));

  CHECK_FALSE(json.contains("server_cost"));
  CHECK_FALSE(json.contains("search"));
  CHECK_FALSE(read(to_json(report{})).server);
}

TEST_CASE("a report with fields of a later version and without some of ours can be read") {
  const auto back =
      read(R"({"format":1,"tool":"confab-load","news":[1],"run":{"users":7,"mood":"good"}})");

  CHECK(back.run.users == 7);
  CHECK(back.run.threads == 1);
  CHECK(back.series.empty());
}

TEST_CASE("a file that is no report is answered with a sentence") {
  CHECK(mistake("") == "This is not JSON, so no report of confab-load.");
  CHECK(mistake("{\"format\":1,") == "This is not JSON, so no report of confab-load.");
  for (const auto* other : {"7", "[]", "{}", R"({"format":1})", R"({"tool":"confab-load"})",
                            R"({"format":1,"tool":"wrk"})", R"({"format":1,"tool":7})"})
    CHECK(mistake(other) == "This is JSON, but no report of confab-load.");
  CHECK(mistake(R"({"format":2,"tool":"confab-load"})") ==
        "This report is of format 2; this confab-load reads 1.");
}

TEST_CASE("a damaged report is answered with the place of the damage") {
  const auto damaged = [](std::string_view section) {
    return mistake(R"({"format":1,"tool":"confab-load",)" + std::string{section} + "}");
  };
  const std::string begin = "This report of confab-load is damaged: ";

  CHECK(damaged(R"("counters":{"sends":-1})") ==
        begin + "counters: sends: a value of the wrong kind.");
  CHECK(damaged(R"("counters":{"sends":1.5})") ==
        begin + "counters: sends: a value of the wrong kind.");
  CHECK(damaged(R"("series":{})") == begin + "series: a value of the wrong kind.");
  CHECK(damaged(R"("series":[7])") == begin + "series: a value of the wrong kind.");
  CHECK(damaged(R"("run":{"ending":"later"})") ==
        begin + "run: ending: a value of the wrong kind.");
  CHECK(damaged(R"("closes":{"70000":1})") == begin + "closes: a value of the wrong kind.");
  CHECK(damaged(R"("closes":{"4000x":1})") == begin + "closes: a value of the wrong kind.");
  CHECK(damaged(R"("warnings":[7])").starts_with(begin + "warnings: "));
  CHECK(damaged(R"("latencies":{"join":{"slots":[]}})").starts_with(begin + "latencies: join: "));
}

TEST_CASE("text that is not UTF-8 does not keep a report from being written") {
  report report;
  report.run.reason = "broken \xff";

  CHECK(read(to_json(report)).run.reason == "broken \ufffd");
}

TEST_CASE("tallies of threads add up in every field") {
  tally all;
  all += full_report().totals;
  all += full_report().totals;

  const auto once = full_report().totals;
  for (const auto& row : counter_rows)
    CHECK(all.counters.*row.field == 2 * once.counters.*row.field);
  for (const auto& row : violation_rows) CHECK(all.checks.*row.field == 2 * once.checks.*row.field);
  CHECK(all.checks.expected == 2 * once.checks.expected);
  CHECK(all.errors_total() == 24);
  CHECK(all.closes_total() == 40);
  for (const auto& row : latency_rows)
    CHECK(all.latencies[row.kind].count() == 2 * once.latencies[row.kind].count());
  CHECK(all.schedule_lag.count() == 2 * once.schedule_lag.count());
}

TEST_CASE("merged reports add the same seconds of the wall clock") {
  const auto [a, b] = two_processes();

  for (const auto& merged : {merge(a, b), merge(b, a)}) {
    CHECK(merged.run.started_at_ms == a.run.started_at_ms);
    CHECK(merged.run.real_s == Approx(13.1));
    CHECK(merged.run.users == 20);
    CHECK(merged.run.processes == 2);
    REQUIRE(merged.series.size() == 13);
    for (std::size_t t = 0; t < 13; ++t) {
      const bool both = t >= 3 && t < 10;
      CHECK(merged.series[t].t_s == static_cast<std::int64_t>(t));
      CHECK(merged.series[t].sends == (both ? 10u : 5u));
      CHECK(merged.series[t].own_cpu_cores == (both ? 0.5 : 0.25));
    }
  }
}

TEST_CASE("of a second that was measured twice the worse counts") {
  const auto [a, b] = two_processes();

  const auto merged = merge(a, b);

  CHECK(merged.series[2].p99_us == 1'000);
  CHECK(merged.series[3].p99_us == 2'000);
  CHECK(merged.series[3].server_cpu_cores == 0.6);
}

TEST_CASE("merged rates are of the time in which all had their full load") {
  const auto [a, b] = two_processes();

  const auto merged = merge(a, b);

  CHECK(merged.run.steady_from_s == Approx(4.1));
  CHECK(merged.run.steady_to_s == 9);
  CHECK(steady_seconds(merged).size() == 4);
  CHECK(rate(merged, &sample::sends) == 10);
  CHECK(merged.warnings.empty());
}

TEST_CASE("reports that were never together say so when they are merged") {
  auto [a, b] = two_processes();
  b.run.started_at_ms += 60'000;

  const auto merged = merge(a, b);

  REQUIRE(merged.warnings.size() == 1);
  CHECK(merged.warnings[0].starts_with("At no time did all processes"));
  CHECK(rate(merged, &sample::sends) == Approx(100 / merged.run.real_s));
}

TEST_CASE("merging keeps every histogram, error, warning and the worst ending") {
  const auto [a, b] = two_processes();
  auto failed = full_report();
  failed.run.ending = ending::failed;
  failed.run.reason = "The server went away.";

  const auto merged = merge(full_report(), failed);

  CHECK(to_json(merge(full_report(), report{})).find("\"delivery\"") != std::string::npos);
  CHECK(merged.totals.latencies[latency::delivery].count() ==
        2 * failed.totals.latencies[latency::delivery].count());
  CHECK(merged.totals.errors.at("rate_limited") == 24);
  CHECK(merged.run.ending == ending::failed);
  CHECK(merged.run.reason.ends_with("The server went away."));
  CHECK(merged.warnings == full_report().warnings);
  CHECK(merged.tool.cpu_s == Approx(2 * failed.tool.cpu_s));
  CHECK(merged.server->cpu_user_s == failed.server->cpu_user_s);
  CHECK(merged.objectives.empty());
}

TEST_CASE("rates without a steady part are of the whole run") {
  auto report = two_processes().first;
  report.run.steady_from_s = report.run.steady_to_s = 0;

  CHECK(rate(report, &sample::sends) == 5);
  CHECK(rate(confab::load::report{}, &sample::sends) == 0);
}
