#include "load/summary.hpp"

#include "load/text.hpp"
#include "tests/load/sample_report.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>
#include <map>
#include <sstream>
#include <string>
#include <vector>

using namespace confab::load;
using Catch::Matchers::ContainsSubstring;

namespace {

const terminal_style coloured{.is_terminal = true, .colours = true, .utf8 = true, .columns = 80};

std::string summary_of(const report& of, const terminal_style& style = {}) {
  std::ostringstream out;
  print_summary(of, style, out);
  return out.str();
}

std::string comparison_of(const report& a, const report& b) {
  std::ostringstream out;
  print_comparison(a, b, "a.json", "b.json", {}, out);
  return out.str();
}

std::string line_with(const std::string& text, const std::string& what) {
  std::istringstream in{text};
  for (std::string line; std::getline(in, line);)
    if (line.find(what) != std::string::npos) return line;
  return "";
}

terminal_style style_with(bool is_terminal, const std::map<std::string, std::string>& variables) {
  return style_of(is_terminal, 120, [&](const char* name) -> const char* {
    const auto at = variables.find(name);
    return at == variables.end() ? nullptr : at->second.c_str();
  });
}

}  // namespace

TEST_CASE("numbers are written with the digits that were measured") {
  CHECK(grouped(0) == "0");
  CHECK(grouped(999) == "999");
  CHECK(grouped(1'000) == "1,000");
  CHECK(grouped(1'234'567) == "1,234,567");
  CHECK(rounded(0) == "0");
  CHECK(rounded(0.01234) == "0.0123");
  CHECK(rounded(61.35) == "61.4");
  CHECK(rounded(999.4) == "999");
  CHECK(rounded(999.6) == "1,000");
  CHECK(rounded(12'345) == "12,300");
  CHECK(rounded(-12.3) == "-12.3");
  CHECK(percent(0.00013) == "0.013 %");
  CHECK(text_of(1, unit::microseconds) == "1 us");
  CHECK(text_of(999.9, unit::microseconds) == "1 ms");
  CHECK(text_of(61'300, unit::microseconds) == "61.3 ms");
  CHECK(text_of(1.2e6, unit::microseconds) == "1.2 s");
  CHECK(text_of(0, unit::bytes) == "0 B");
  CHECK(text_of(1'536, unit::bytes) == "1.5 KiB");
  CHECK(text_of(82'000'000, unit::bytes_per_second) == "78.2 MiB/s");
  CHECK(text_of(12'345, unit::per_second) == "12,300/s");
  CHECK(text_of(12'345, unit::count) == "12,345");
  CHECK(time_text(8.24) == "8.24 s");
  CHECK(time_text(59.99) == "1 min 0 s");
  CHECK(time_text(200) == "3 min 20 s");
  CHECK(time_text(3'840) == "1 h 4 min");
  CHECK(close_text(4000) == "closed with 4000: slow consumer");
  CHECK(close_text(4999) == "closed with 4999");
}

TEST_CASE("a summary begins with what was run and how it ended") {
  auto report = sample_report();
  CHECK_THAT(summary_of(report), Catch::Matchers::StartsWith(
                                     "town-hall on ws://127.0.0.1:8080/ws: completed in 1 min 0 s\n"
                                     "1,000 of 1,000 users, 1 room, seed 7, confab-load 0.1.0\n"));

  report.run.ending = ending::failed;
  report.run.reason = "The server closed every connection.";
  CHECK_THAT(summary_of(report),
             ContainsSubstring(": failed after 1 min 0 s\nThe server closed every"));
}

TEST_CASE("a summary has every percentile of what was timed and nothing of what was not") {
  const auto report = sample_report();
  const auto text = summary_of(report);

  const auto& delivery = report.totals.latencies[latency::delivery];
  const auto line = line_with(text, "  delivery ");
  for (const double percent : {50.0, 90.0, 99.0, 99.9, 99.99})
    CHECK_THAT(line, ContainsSubstring(text_of(static_cast<double>(delivery.percentile(percent)),
                                               unit::microseconds)));
  CHECK_THAT(line, ContainsSubstring(grouped(delivery.count())));
  CHECK(line_with(text, "  history ").empty());
}

TEST_CASE("a summary praises only what is faultless") {
  auto report = sample_report();
  CHECK_THAT(summary_of(report), ContainsSubstring("none lost, duplicated, out of order"));

  report.totals.checks.lost = 3;
  report.totals.checks.wrong_room = 1'000;

  const auto text = summary_of(report);
  CHECK_THAT(text, !ContainsSubstring("none lost"));
  CHECK_THAT(line_with(text, " lost"), ContainsSubstring(" 3  lost"));
  CHECK_THAT(line_with(text, "wrong room"), ContainsSubstring("1,000  in the wrong room"));
  CHECK(line_with(text, "damaged").empty());
}

TEST_CASE("a summary says whose message or connection was missing at the end") {
  auto report = sample_report();
  CHECK(failings(report).empty());
  report.totals.counters.unacked = 1'234;
  report.totals.counters.absent = 10;

  CHECK_THAT(line_with(summary_of(report), "without an answer"),
             ContainsSubstring(" 1,234  messages without an answer at the end"));
  CHECK_THAT(line_with(summary_of(report), "without a connection"),
             ContainsSubstring(" 10  users without a connection at the end"));
  CHECK(failings(report) == std::vector<std::string>{"1,234 messages without an answer at the end",
                                                     "10 users without a connection at the end"});
}

TEST_CASE("a summary shows warnings, objectives, errors, closes and costs") {
  auto report = sample_report();
  report.warnings = {"The tool was the bottleneck."};
  report.objectives = {{"p99<50ms", true, 9'000, "p99 was 9 ms"},
                       {"lost=0", false, 3, "lost was 3"}};

  const auto text = summary_of(report);

  CHECK_THAT(text, ContainsSubstring("WARNING  The tool was the bottleneck.\n"));
  CHECK_THAT(line_with(text, "p99<50ms"),
             ContainsSubstring("met     p99<50ms") && ContainsSubstring("p99 was 9 ms"));
  CHECK_THAT(line_with(text, "lost=0"),
             ContainsSubstring("MISSED  lost=0") && ContainsSubstring("lost was 3"));
  CHECK_THAT(line_with(text, "rate_limited"), ContainsSubstring(" 12  rate_limited"));
  CHECK_THAT(text, ContainsSubstring("closed with 4000: slow consumer"));
  CHECK_THAT(text, ContainsSubstring("closed with 1006: the connection just ended"));
  CHECK_THAT(text, ContainsSubstring("memory 20 MiB before, 33 MiB at most, 24 MiB after"));
  CHECK_THAT(text, ContainsSubstring("20 rooms resumed"));
}

TEST_CASE("a summary of a search lists the trials and says what ended it") {
  auto report = sample_report();
  report.search =
      search_result{"p99<50ms",
                    800,
                    {{800, true, false, "p99 was 3 ms"}, {1'600, false, false, "p99 was 70 ms"}}};
  const auto by_server = summary_of(report);
  report.search->trials[1].tool_was_bottleneck = true;
  const auto by_tool = summary_of(report);

  CHECK_THAT(line_with(by_server, "p99 was 3 ms"), ContainsSubstring("800/s  sustained"));
  CHECK_THAT(line_with(by_server, "p99 was 70 ms"), ContainsSubstring("1,600/s  failed"));
  CHECK_THAT(by_server, ContainsSubstring("= 800 messages/s\n"));
  CHECK_THAT(by_tool,
             ContainsSubstring("= 800 messages/s, or more: the tool could not go further\n"));
}

TEST_CASE("a summary of nothing is still one") {
  const auto text = summary_of(report{});

  CHECK_THAT(text, ContainsSubstring("0 of 0 users"));
  CHECK_THAT(text, !ContainsSubstring("nan") && !ContainsSubstring("inf"));
}

TEST_CASE("a summary is plain ASCII unless the terminal has more") {
  auto report = sample_report();
  report.run.scenario = "evil\x1b[2J\r\n";

  const auto plain = summary_of(report);
  const auto painted = summary_of(report, coloured);

  CHECK(std::ranges::all_of(plain, [](char it) { return it == '\n' || (it >= ' ' && it < 0x7f); }));
  CHECK_THAT(painted, ContainsSubstring("\x1b[32mcompleted\x1b[0m"));
  CHECK_THAT(painted, !ContainsSubstring("\x1b[2J"));
}

TEST_CASE("colours need a terminal that is not dumb and nobody against them") {
  CHECK(style_with(true, {{"TERM", "xterm"}}).colours);
  CHECK(style_with(true, {{"NO_COLOR", ""}}).colours);
  CHECK_FALSE(style_with(true, {{"NO_COLOR", "1"}}).colours);
  CHECK_FALSE(style_with(true, {{"TERM", "dumb"}}).colours);
  CHECK_FALSE(style_with(false, {{"TERM", "xterm"}}).colours);
  CHECK_FALSE(style_with(true, {{"TERM", "dumb"}}).is_terminal);
  CHECK(style_with(true, {}).columns == 120);
  CHECK(style_of(true, 0, [](const char*) -> const char* { return nullptr; }).columns == 80);
}

TEST_CASE("characters past ASCII need a UTF-8 locale, of which the most specific counts") {
  CHECK(style_with(true, {{"LANG", "de_DE.UTF-8"}}).utf8);
  CHECK(style_with(true, {{"LANG", "C.utf8"}}).utf8);
  CHECK(style_with(true, {{"LC_ALL", ""}, {"LC_CTYPE", "en_GB.UTF-8"}, {"LANG", "C"}}).utf8);
  CHECK_FALSE(style_with(true, {{"LC_ALL", "C"}, {"LANG", "de_DE.UTF-8"}}).utf8);
  CHECK_FALSE(style_with(true, {}).utf8);
  CHECK_FALSE(style_with(false, {{"LANG", "de_DE.UTF-8"}}).utf8);
}

TEST_CASE("a comparison shows ratios and says what got better and worse") {
  const auto a = sample_report();
  auto b = sample_report();
  for (auto& each : b.series) {
    each.deliveries *= 2;
    *each.server_cpu_cores *= 2;
  }
  b.totals.latencies[latency::join].clear();
  b.totals.latencies[latency::join].record(1);

  const auto text = comparison_of(a, b);

  CHECK_THAT(line_with(text, "a.json"), ContainsSubstring("b.json") && ContainsSubstring("ratio"));
  CHECK_THAT(line_with(text, "deliveries/s"), ContainsSubstring(" 2  better"));
  CHECK_THAT(line_with(text, "server.cpu"), ContainsSubstring(" 2  worse"));
  CHECK_THAT(line_with(text, "join.p99"), ContainsSubstring("  better"));
  CHECK_THAT(line_with(text, "  p99 "),
             !ContainsSubstring("better") && !ContainsSubstring("worse"));
  CHECK(line_with(text, "history.p99").empty());
}

TEST_CASE("a change of five percent or less is neither better nor worse") {
  const auto a = sample_report();
  auto b = sample_report();
  for (auto& each : b.series) each.sends += each.sends / 25;

  CHECK_THAT(line_with(comparison_of(a, b), "sends/s"), !ContainsSubstring("better"));
}

TEST_CASE("a comparison copes with figures that one side does not have") {
  const auto a = sample_report();
  auto b = sample_report();
  b.server = std::nullopt;
  for (auto& each : b.series) each.server_cpu_cores.reset();
  b.totals.checks.lost = 5;

  const auto text = comparison_of(a, b);

  CHECK_THAT(line_with(text, "server.memory"),
             ContainsSubstring("33 MiB") && ContainsSubstring(" -"));
  CHECK_THAT(line_with(text, "violations"),
             ContainsSubstring("worse") && !ContainsSubstring("inf"));
}

TEST_CASE("a comparison says how the load differed and what each run warned of") {
  const auto a = sample_report();
  auto b = sample_report();
  CHECK_THAT(comparison_of(a, b), !ContainsSubstring(" / "));

  b.run.users = 2'000;
  b.warnings = {"The tool was the bottleneck."};

  const auto text = comparison_of(a, b);
  CHECK_THAT(line_with(text, "users"), ContainsSubstring("1,000 / 2,000"));
  CHECK_THAT(text, ContainsSubstring("WARNING  b.json: The tool was the bottleneck.\n"));
}
