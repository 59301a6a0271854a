#include "actors/rate_limiter.hpp"
#include "tests/support/catch.hpp"

using namespace confab;
using namespace confab::actors;
using namespace std::chrono_literals;

namespace {

steady_time at(std::int64_t ms) { return steady_time{std::chrono::milliseconds{1'000'000 + ms}}; }

/// With one rate for all its life, as a session has it.
struct limited {
  unsigned per_second, burst;
  rate_limiter limiter{burst};
  std::chrono::milliseconds take(steady_time now) { return limiter.take(now, per_second, burst); }
};

}  // namespace

TEST_CASE("a burst passes at once, the next one waits for its turn") {
  limited limiter{50, 3};
  for (int i = 0; i < 3; ++i) REQUIRE(limiter.take(at(0)) == 0ms);

  CHECK(limiter.take(at(0)) == 20ms);
  CHECK(limiter.take(at(19)) == 1ms);
  CHECK(limiter.take(at(20)) == 0ms);
  CHECK(limiter.take(at(20)) == 20ms);
}

TEST_CASE("what was not used is kept up to a burst and no further") {
  limited limiter{1000, 2};
  REQUIRE(limiter.take(at(0)) == 0ms);

  CHECK(limiter.take(at(60'000)) == 0ms);
  CHECK(limiter.take(at(60'000)) == 0ms);
  CHECK(limiter.take(at(60'000)) > 0ms);
}

TEST_CASE("what is less than a millisecond is not lost") {
  limited limiter{1, 1};
  auto now = at(0);
  REQUIRE(limiter.take(now) == 0ms);

  for (int i = 1; i < 2000; ++i) REQUIRE(limiter.take(now += 500us) > 0ms);
  CHECK(limiter.take(now += 500us) == 0ms);
}

TEST_CASE("a rate of 0 is no limit") {
  limited limiter{0, 1};

  for (int i = 0; i < 1000; ++i) REQUIRE(limiter.take(at(0)) == 0ms);
}

TEST_CASE("the wait that is told is enough") {
  limited limiter{7, 1};
  REQUIRE(limiter.take(at(0)) == 0ms);
  const auto wait = limiter.take(at(0));

  CHECK(limiter.take(at(wait.count())) == 0ms);
}
