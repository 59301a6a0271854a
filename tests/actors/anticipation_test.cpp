#include "actors/anticipation.hpp"

#include "tests/support/catch.hpp"

using namespace confab::actors;
using namespace std::chrono_literals;

namespace {

/// Things that arrive, and whether waiting for the next one is thought to pay.
struct arrivals {
  void come(int count, anticipation::duration every) {
    for (int i = 0; i < count; ++i) next.arrived(now += every);
  }
  bool expects_within(anticipation::duration span) const {
    const auto at = next.expected(now);
    return at && *at < now + span;
  }
  /// How many arrivals, each `every` after the last, it takes until waiting is tried.
  int until_tried(anticipation::duration every) {
    int count = 0;
    for (; !expects_within(20ms) && count < 100'000; ++count) come(1, every);
    return count;
  }

  anticipation next;
  anticipation::time_point now{1h};
};

}  // namespace

TEST_CASE("before anything has arrived nothing is expected") {
  arrivals of;

  CHECK_FALSE(of.expects_within(20ms));
  of.come(1, 5ms);
  CHECK_FALSE(of.expects_within(20ms));
}

TEST_CASE("what arrives regularly is expected, but not earlier than usual") {
  arrivals of;
  of.come(50, 5ms);

  CHECK(of.expects_within(6ms));
  CHECK_FALSE(of.expects_within(5ms));
  CHECK_FALSE(of.expects_within(1ms));
  CHECK_FALSE(of.expects_within(0ms));
  CHECK_FALSE(of.expects_within(-1ms));
}

TEST_CASE("what arrives several at a time is expected as if it came one by one") {
  arrivals of;
  for (int i = 0; i < 50; ++i) of.next.arrived(of.now += 20ms, 10);

  CHECK(of.expects_within(3ms));
  CHECK_FALSE(of.expects_within(1ms));
}

TEST_CASE("what arrives seldom is not waited for") {
  arrivals of;
  of.come(50, 5ms);
  of.come(20, 50ms);

  CHECK_FALSE(of.expects_within(20ms));
}

TEST_CASE("a long silence is forgotten as quickly as a short one") {
  const auto silence = GENERATE(anticipation::duration{100ms}, anticipation::duration{24h});
  arrivals of;
  of.come(50, 5ms);
  of.come(1, silence);
  CHECK_FALSE(of.expects_within(20ms));

  CHECK(of.until_tried(5ms) == 2);
}

TEST_CASE("a clock that stands still does no harm") {
  arrivals of;
  of.come(100, 0ms);

  CHECK(of.expects_within(1us));
  CHECK_FALSE(of.expects_within(0us));
}

TEST_CASE("waits in vain become ever rarer, up to a bound") {
  arrivals of;
  of.come(50, 5ms);

  for (const int expected : {1, 4, 16, 64, 256, 1024, 4096, 4096}) {
    REQUIRE(of.expects_within(20ms));
    of.next.waited(true);
    CHECK(of.until_tried(5ms) == expected);
  }
}

TEST_CASE("one wait that paid lets the next be tried at once, and forgets those in vain") {
  arrivals of;
  of.come(50, 5ms);
  for (int i = 0; i < 4; ++i) {
    of.next.waited(true);
    of.until_tried(5ms);
  }

  of.next.waited(false);

  CHECK(of.expects_within(20ms));
  of.come(1, 5ms);
  of.next.waited(true);
  CHECK(of.until_tried(5ms) == 1);
}

TEST_CASE("of several waits that end without an arrival between them the first counts") {
  arrivals of;
  of.come(50, 5ms);

  for (int i = 0; i < 5; ++i) of.next.waited(true);
  CHECK(of.until_tried(5ms) == 1);
  for (int i = 0; i < 5; ++i) of.next.waited(i > 0);
  CHECK(of.until_tried(5ms) == 0);
}
