#include "actors/patience.hpp"
#include "tests/support/catch.hpp"

using namespace confab::actors;
using namespace std::chrono_literals;

namespace {

constexpr steady_time start{std::chrono::hours{1}};
constexpr std::size_t many = 1'000'000;

}  // namespace

TEST_CASE("refusals that go on for ten seconds are enough") {
  patience with;
  for (auto after = 0ms; after < 10s; after += 999ms) REQUIRE_FALSE(with.ends(start + after, many));

  CHECK(with.ends(start + 10s, many));
}

TEST_CASE("a second without a refusal begins anew") {
  patience with;
  for (auto after = 0ms; after < 60s; after += 1s) REQUIRE_FALSE(with.ends(start + after, many));
}

TEST_CASE("so many refusals are enough however quickly they come") {
  patience with;
  for (int i = 0; i < 25; ++i) REQUIRE_FALSE(with.ends(start, 25));

  CHECK(with.ends(start, 25));
}

TEST_CASE("refusals before a pause do not count") {
  patience with;
  for (int i = 0; i < 25; ++i) REQUIRE_FALSE(with.ends(start, 25));
  for (int i = 0; i < 25; ++i) REQUIRE_FALSE(with.ends(start + 1s, 25));

  CHECK(with.ends(start + 1s, 25));
}
