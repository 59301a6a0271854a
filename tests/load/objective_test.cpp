#include "load/objective.hpp"

#include "tests/load/sample_report.hpp"
#include "tests/support/catch.hpp"

#include <string>

using namespace confab::load;

namespace {

objective parsed(std::string_view text) {
  auto result = parse_objective(text);
  INFO(text);
  if (const auto* wrong = std::get_if<std::string>(&result)) FAIL(*wrong);
  return std::get<objective>(std::move(result));
}

std::string mistake(std::string_view text) {
  const auto result = parse_objective(text);
  const auto* wrong = std::get_if<std::string>(&result);
  return wrong ? *wrong : "none";
}

bool is_met(std::string_view text, const report& of) { return evaluate(parsed(text), of).met; }

/// 100 deliveries of 1 ms … 100 ms, 40 joins of 7 ms, 1000 expected deliveries of which 2 are lost.
report simple_report() {
  report out;
  for (std::uint64_t i = 1; i <= 100; ++i)
    out.totals.latencies[latency::delivery].record(i * 1'000);
  out.totals.latencies[latency::join].record(7'000, 40);
  out.totals.checks.expected = 1'000;
  out.totals.checks.lost = 2;
  out.totals.counters.sends = 200;
  out.totals.errors = {{"rate_limited", 3}, {"internal", 1}};
  out.totals.closes = {{4000, 5}};
  return out;
}

}  // namespace

TEST_CASE("an objective compares with each of the operators") {
  const auto report = simple_report();

  CHECK(is_met("lost=2", report));
  CHECK_FALSE(is_met("lost=1", report));
  CHECK(is_met("lost<3", report));
  CHECK_FALSE(is_met("lost<2", report));
  CHECK(is_met("lost<=2", report));
  CHECK_FALSE(is_met("lost<=1", report));
  CHECK(is_met("lost>1", report));
  CHECK_FALSE(is_met("lost>2", report));
  CHECK(is_met("lost>=2", report));
  CHECK_FALSE(is_met("lost>=3", report));
}

TEST_CASE("an objective may be written with spaces and keeps its text") {
  const auto objective = parsed(" join.p99 <= 0.2 s ");

  CHECK(objective.text == " join.p99 <= 0.2 s ");
  CHECK(objective.figure.name == "join.p99");
  CHECK(objective.bound == 200'000);
}

TEST_CASE("a duration needs a unit, each of which counts as what it is") {
  const auto report = simple_report();

  CHECK(is_met("p50<=50.1ms", report));
  CHECK_FALSE(is_met("p50<50ms", report));
  CHECK(is_met("max=100000us", report));
  CHECK(is_met("max=0.1s", report));
  CHECK(is_met("min>0", report));
  CHECK(mistake("p99<50") == "The objective \"p99<50\" needs a unit; p99 knows us, ms, s.");
}

TEST_CASE("counts know thousands and millions, and shares where there is a whole") {
  const auto report = simple_report();

  CHECK(parsed("deliveries>=1.5k").bound == 1'500);
  CHECK(parsed("deliveries/s>=2M").bound == 2'000'000);
  CHECK(is_met("lost<=0.2%", report));
  CHECK_FALSE(is_met("lost<0.2%", report));
  CHECK(is_met("errors=2%", report));
  CHECK(mistake("users<5%") ==
        "The objective \"users<5%\" has \"%\" for a unit; users knows k, M.");
}

TEST_CASE("cores may be given in percent and memory in powers of 1024") {
  CHECK(parsed("server.cpu<150%").bound == 1.5);
  CHECK(parsed("server.cpu<1.5").bound == 1.5);
  CHECK(parsed("server.memory<2GiB").bound == 2.0 * (1 << 30));
  CHECK(parsed("tool.memory<64KiB").bound == 65'536);
}

TEST_CASE("a kind before the statistic chooses the histogram") {
  const auto report = simple_report();

  CHECK(evaluate(parsed("join.p50<1s"), report).measured == 7'000);
  CHECK(evaluate(parsed("delivery.max<1s"), report).measured == 100'000);
  CHECK(evaluate(parsed("p99.9<1s"), report).measured == 100'000);
  CHECK(evaluate(parsed("mean<1s"), report).measured == 50'500);
}

TEST_CASE("errors and closes are counted in all and by kind") {
  const auto report = simple_report();

  CHECK(evaluate(parsed("errors=0"), report).measured == 4);
  CHECK(evaluate(parsed("errors.rate_limited=0"), report).measured == 3);
  CHECK(evaluate(parsed("errors.conflict=0"), report).measured == 0);
  CHECK(evaluate(parsed("closes=0"), report).measured == 5);
  CHECK(evaluate(parsed("closes.4000=0"), report).measured == 5);
  CHECK(evaluate(parsed("violations=0"), report).measured == 2);
}

TEST_CASE("rates and cores are means over the full load") {
  const auto report = sample_report();

  const auto sends = evaluate(parsed("sends/s>=0"), report).measured;
  const auto deliveries = evaluate(parsed("deliveries/s>=0"), report).measured;
  const auto cores = evaluate(parsed("server.cpu<9"), report).measured;

  double known_sends = 0, known_deliveries = 0, known_cores = 0;
  for (std::size_t t = 10; t < 58; ++t) {
    known_sends += static_cast<double>(report.series[t].sends) / 48;
    known_deliveries += static_cast<double>(report.series[t].deliveries) / 48;
    known_cores += *report.series[t].server_cpu_cores / 48;
  }
  CHECK(*sends == Approx(known_sends));
  CHECK(*deliveries == Approx(known_deliveries));
  CHECK(*cores == Approx(known_cores));
  CHECK(*evaluate(parsed("deliveries/core>0"), report).measured ==
        Approx(known_deliveries / known_cores));
}

TEST_CASE("cores come from the whole run where there is no series") {
  report report;
  report.run.real_s = 10;
  report.tool.cpu_s = 5;
  report.server = server_cost{.cpu_user_s = 12, .cpu_system_s = 3};

  CHECK(evaluate(parsed("tool.cpu<1"), report).measured == 0.5);
  CHECK(evaluate(parsed("server.cpu<1"), report).measured == 1.5);
}

TEST_CASE("a figure that was not measured meets no objective") {
  const report empty;

  for (const auto* text : {"p99<50ms", "p99>0", "server.cpu<1", "server.memory<1GiB", "lost<1%"}) {
    const auto outcome = evaluate(parsed(text), empty);

    CHECK_FALSE(outcome.met);
    CHECK_FALSE(outcome.measured);
    CHECK(outcome.explanation.ends_with(" was not measured"));
  }
}

TEST_CASE("the outcome says in words what was measured") {
  const auto report = simple_report();

  CHECK(evaluate(parsed("p50<1ms"), report).explanation == "p50 was 50 ms");
  CHECK(evaluate(parsed("lost=0"), report).explanation == "lost was 2");
  CHECK(evaluate(parsed("lost<0.1%"), report).explanation == "lost was 2 of 1,000, 0.2 %");
}

TEST_CASE("what is no objective is refused with the reason") {
  CHECK(mistake("fast") ==
        "The objective \"fast\" compares nothing: write it like p99<50ms, lost=0 or "
        "deliveries/s>=100k.");
  CHECK(mistake("lost=") == "The objective \"lost=\" needs a number behind =.");
  CHECK(mistake("p99<fast") == "The objective \"p99<fast\" needs a number behind <.");
  for (const auto* number : {"-1", "nan", "inf", "+1", "1e999"})
    CHECK(mistake("lost<" + std::string{number}).ends_with("needs a number behind <."));
  CHECK(mistake("p99<50m") ==
        "The objective \"p99<50m\" has \"m\" for a unit; p99 knows us, ms, s.");
  CHECK(mistake("lost==0").ends_with("needs a number behind =."));
}

TEST_CASE("an unknown figure is answered with those that are known") {
  for (const auto* name : {"speed", "", "p", "p0", "p101", "pp", "p9x", "join", "join.", "join.x",
                           "closes.x", "closes.70000", "lag", "server"}) {
    const auto wrong = mistake(std::string{name} + "<1ms");

    CHECK(wrong.find("which is no figure. Known are:") != std::string::npos);
    for (const auto* known : {"p99.9", "join", "deliveries/s", "out_of_order",
                              "errors.rate_limited", "server.cpu", "misbehaviours_answered"})
      CHECK(wrong.find(known) != std::string::npos);
  }
}

TEST_CASE("every figure that is listed can be asked for") {
  const auto report = sample_report();
  for (const auto& row : counter_rows) CHECK(find_figure(row.name));
  for (const auto& row : violation_rows) CHECK(find_figure(row.name));
  for (const auto& row : latency_rows) CHECK(find_figure(std::string{row.name} + ".p99"));

  CHECK(find_figure("counters") == std::nullopt);
  CHECK(find_figure("lag.p99")->measure(report) > 0);
}
