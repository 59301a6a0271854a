#include "actors/rate_limiter.hpp"
#include "tests/support/catch.hpp"

using namespace confab;
using namespace confab::actors;
using namespace std::chrono_literals;

namespace {

unix_ms at(std::int64_t ms) { return unix_ms{1'763'790'000'000 + ms}; }

}  // namespace

TEST_CASE("a burst passes at once, the next one waits for its turn") {
  rate_limiter limiter{50, 3};
  for (int i = 0; i < 3; ++i) REQUIRE(limiter.take(at(0)) == 0ms);

  CHECK(limiter.take(at(0)) == 20ms);
  CHECK(limiter.take(at(19)) == 1ms);
  CHECK(limiter.take(at(20)) == 0ms);
  CHECK(limiter.take(at(20)) == 20ms);
}

TEST_CASE("what was not used is kept up to a burst and no further") {
  rate_limiter limiter{1000, 2};
  REQUIRE(limiter.take(at(0)) == 0ms);

  CHECK(limiter.take(at(60'000)) == 0ms);
  CHECK(limiter.take(at(60'000)) == 0ms);
  CHECK(limiter.take(at(60'000)) > 0ms);
}

TEST_CASE("a clock that goes backwards gives nothing and takes nothing") {
  rate_limiter limiter{1, 1};
  REQUIRE(limiter.take(at(10'000)) == 0ms);

  CHECK(limiter.take(at(5'000)) == 1s);
  CHECK(limiter.take(at(6'000)) == 0ms);
}

TEST_CASE("a rate of 0 is no limit") {
  rate_limiter limiter{0, 1};

  for (int i = 0; i < 1000; ++i) REQUIRE(limiter.take(at(0)) == 0ms);
}

TEST_CASE("the wait that is told is enough") {
  rate_limiter limiter{7, 1};
  REQUIRE(limiter.take(at(0)) == 0ms);
  const auto wait = limiter.take(at(0));

  CHECK(limiter.take(at(wait.count())) == 0ms);
}
