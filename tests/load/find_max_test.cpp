#include "load/find_max.hpp"

#include "tests/support/catch.hpp"

#include <functional>
#include <vector>

using namespace confab::load;

namespace {

/// Runs a search against a server that sustains `capacity` messages per second.
std::vector<double> rates_tried(rate_search& search, const std::function<bool(double)>& is_met,
                                double tool_capacity = 1e12) {
  std::vector<double> out;
  while (const auto rate = search.next_rate()) {
    out.push_back(*rate);
    REQUIRE(out.size() < 100);
    search.finish_trial(
        {.text = "p99<50ms", .met = is_met(*rate), .measured = {}, .explanation = ""},
        *rate > tool_capacity);
  }
  return out;
}

auto sustains(double capacity) {
  return [=](double rate) { return rate <= capacity; };
}

}  // namespace

TEST_CASE("a search doubles the rate until a trial fails, and then bisects") {
  rate_search search{"p99<50ms", 100};

  const auto tried = rates_tried(search, sustains(1'234));

  CHECK(tried == std::vector<double>{100, 200, 400, 800, 1'600, 1'200, 1'400, 1'300, 1'250});
  CHECK(search.result().highest == 1'200);
  CHECK(search.result().trials.size() == tried.size());
  CHECK(search.result().objective == "p99<50ms");
}

TEST_CASE("the rate found is sustained and within the precision of the capacity") {
  for (const double capacity : {1.0, 3.0, 77.0, 1'000.0, 12'345.0, 8e6})
    for (const double start : {1.0, 50.0, 1e5})
      for (const double precision : {0.2, 0.05, 0.001}) {
        rate_search search{"p99<50ms", start, precision};

        rates_tried(search, sustains(capacity));

        CHECK(search.result().highest <= capacity);
        CHECK(search.result().highest + 1 >= capacity * (1 - precision));
      }
}

TEST_CASE("a server that sustains nothing ends the search with nothing") {
  rate_search search{"p99<50ms", 1'000};

  const auto tried = rates_tried(search, [](double) { return false; });

  CHECK(tried.back() == 1);
  CHECK(search.result().highest == 0);
}

TEST_CASE("a server that sustains everything does not make the search endless") {
  rate_search search{"p99<50ms", 1'000};

  rates_tried(search, [](double) { return true; });

  CHECK(search.result().highest >= 1e9);
}

TEST_CASE("a trial in which the tool was the bottleneck counts as failed") {
  rate_search search{"p99<50ms", 100};

  rates_tried(search, sustains(10'000), 1'000);

  CHECK(search.result().highest <= 1'000);
  CHECK(search.result().highest >= 950);
  CHECK(was_limited_by_tool(search.result()));
}

TEST_CASE("a search that the server ended was not limited by the tool") {
  rate_search search{"p99<50ms", 100};

  rates_tried(search, sustains(1'000), 1'500);

  CHECK(search.result().highest <= 1'000);
  CHECK_FALSE(was_limited_by_tool(search.result()));
}

TEST_CASE("a trial in which somebody did not get by is not met, however fast it was") {
  const objective_outcome met{
      .text = "p99<50ms", .met = true, .measured = 3'000, .explanation = "p99 was 3 ms"};
  report of;
  CHECK(judge_trial(met, of).met);
  CHECK(judge_trial(met, of).explanation == "p99 was 3 ms");

  SECTION("a crash closes connections") {
    of.totals.closes[1006] = 40;
    CHECK(judge_trial(met, of).explanation == "p99 was 3 ms, but: 40 connections closed");
  }
  SECTION("connections are refused") {
    of.totals.errors["connection refused"] = 1;
    CHECK(judge_trial(met, of).explanation == "p99 was 3 ms, but: 1 error");
  }
  SECTION("messages are not answered, or lost") {
    of.totals.counters.unacked = 1'200;
    of.totals.checks.lost = 2;
    CHECK(judge_trial(met, of).explanation ==
          "p99 was 3 ms, but: 2 lost, 1,200 messages without an answer at the end");
  }
  SECTION("users are left without a connection") { of.totals.counters.absent = 1; }

  CHECK_FALSE(judge_trial(met, of).met);
}

TEST_CASE("an outcome without a trial changes nothing") {
  rate_search search{"p99<50ms", 100};
  rates_tried(search, sustains(100));
  const auto count = search.result().trials.size();

  search.finish_trial({.text = "", .met = true, .measured = {}, .explanation = ""}, false);

  CHECK(search.result().trials.size() == count);
}
