#include "load/live.hpp"

#include "tests/load/sample_report.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>
#include <sstream>
#include <string>

using namespace confab::load;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::StartsWith;

namespace {

const terminal_style plain_terminal{
    .is_terminal = true, .colours = false, .utf8 = false, .columns = 80};

progress at_second(std::size_t t) {
  return {.title = "town-hall",
          .phase = "sending",
          .elapsed_s = static_cast<double>(t + 1),
          .planned_s = 60,
          .users = 1'000,
          .second = sample_report().series.at(t),
          .errors = 0,
          .closes = 0,
          .violations = 0};
}

}  // namespace

TEST_CASE("the live display shows progress, users, rates, latency, errors and costs") {
  auto progress = at_second(29);
  progress.second.sends = 101;
  progress.second.deliveries = 101'000;
  progress.second.p99_us = 7'240;
  progress.second.server_cpu_cores = 0.125;
  progress.errors = 1'234;

  const auto lines = live_lines(progress, plain_terminal);

  REQUIRE(lines.size() == 6);
  CHECK(lines[0] == "town-hall  0:30 of 1:00  [############------------]  sending");
  CHECK_THAT(lines[1], StartsWith("users     1,000 of 1,000 "));
  CHECK_THAT(lines[2],
             ContainsSubstring("sent 101/s ") && ContainsSubstring("delivered 101,000/s"));
  CHECK_THAT(lines[3], ContainsSubstring("p99 7.24 ms "));
  CHECK_THAT(lines[4], ContainsSubstring("errors    1,234 ") && ContainsSubstring("violations 0"));
  CHECK_THAT(lines[5], ContainsSubstring("server 0.125 "));
}

TEST_CASE("what is not measured is not shown as zero") {
  progress progress;

  const auto lines = live_lines(progress, plain_terminal);

  CHECK_THAT(lines[0], !ContainsSubstring("["));  // no planned end, no bar
  CHECK_THAT(lines[3], ContainsSubstring("p50 - ") && ContainsSubstring("max -"));
  CHECK_THAT(lines[5], !ContainsSubstring("server") && !ContainsSubstring("memory"));
}

TEST_CASE("no line is wider than the terminal, colours or not") {
  auto progress = at_second(40);
  progress.title = std::string(300, 'x');
  progress.users = progress.second.users_online = 123'456'789;
  for (const std::size_t columns : {1, 20, 79, 200}) {
    const terminal_style plain{true, false, true, columns}, coloured{true, true, true, columns};

    for (const auto& line : live_lines(progress, plain)) CHECK(width_of(line) <= columns);
    for (const auto& line : live_lines(progress, coloured))
      CHECK(width_of(line) <= columns + std::string{"\x1b[33m\x1b[0m"}.size());
  }
}

TEST_CASE("the bar is full at the end and stays so when a run takes longer") {
  for (const double elapsed : {60.0, 90.0}) {
    auto progress = at_second(59);
    progress.elapsed_s = elapsed;

    CHECK_THAT(live_lines(progress, plain_terminal)[0],
               ContainsSubstring('[' + std::string(24, '#') + ']'));
  }
}

TEST_CASE("violations are red, errors yellow, and neither is nothing") {
  const terminal_style coloured{true, true, false, 80};
  auto progress = at_second(29);
  CHECK(live_lines(progress, coloured)[4].front() == 'e');

  progress.closes = 1;
  CHECK_THAT(live_lines(progress, coloured)[4], StartsWith("\x1b[33m"));
  progress.violations = 1;
  CHECK_THAT(live_lines(progress, coloured)[4], StartsWith("\x1b[31m"));
}

TEST_CASE("on a terminal each second is drawn over the last one") {
  std::ostringstream out;
  live_display display{out};

  display.show(at_second(0), plain_terminal);
  const auto first = out.str();
  display.show(at_second(1), plain_terminal);
  const auto both = out.str();
  display.clear();
  display.clear();

  CHECK(std::ranges::count(first, '\n') == 6);
  CHECK_THAT(first, !ContainsSubstring("\x1b"));
  CHECK_THAT(both.substr(first.size()), StartsWith("\x1b[6F\x1b[Jtown-hall  0:02"));
  CHECK(out.str().substr(both.size()) == "\x1b[6F\x1b[J");
}

TEST_CASE("elsewhere there is a plain line every five seconds, about all five") {
  std::ostringstream out;
  live_display display{out};
  const terminal_style file{};

  for (std::size_t t = 0; t < 4; ++t) {
    auto progress = at_second(30 + t);
    progress.second.sends = 100;
    progress.second.max_us = t == 2 ? 61'300 : 5'000;
    display.show(progress, file);
  }
  CHECK(out.str().empty());
  auto fifth = at_second(34);
  fifth.second.sends = 150;
  fifth.second.max_us = 5'000;
  display.show(fifth, file);
  display.clear();

  CHECK_THAT(out.str(), StartsWith("0:35 sending: users 1,000 of 1,000, sent 110/s, delivered "));
  CHECK_THAT(out.str(), ContainsSubstring("max 61.3 ms, errors 0, violations 0\n"));
  CHECK(std::ranges::count(out.str(), '\n') == 1);
  CHECK_THAT(out.str(), !ContainsSubstring("\x1b"));
}
