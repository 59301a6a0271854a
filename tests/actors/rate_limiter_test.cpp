#include "actors/rate_limiter.hpp"
#include "tests/support/catch.hpp"

using namespace confab;
using namespace confab::actors;
using namespace std::chrono_literals;

namespace {

unix_ms at(std::int64_t ms) { return unix_ms{1'763'790'000'000 + ms}; }

/// With one rate for all its life, as a session has it.
struct limited {
  unsigned per_second, burst;
  rate_limiter limiter{burst};
  std::chrono::milliseconds take(unix_ms now) { return limiter.take(now, per_second, burst); }
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

TEST_CASE("a clock that goes backwards gives nothing and takes nothing") {
  limited limiter{1, 1};
  REQUIRE(limiter.take(at(10'000)) == 0ms);

  CHECK(limiter.take(at(5'000)) == 1s);
  CHECK(limiter.take(at(6'000)) == 0ms);
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
