#include "journal/page.hpp"

#include "tests/support/catch.hpp"

#include <vector>

using namespace confab;
using journal::latest_of;

TEST_CASE("of a room read from its end so many messages are looked at, and not one more") {
  const std::vector bobs{user_id::trusted("bob")};
  latest_of wanted{bobs, unix_ms{0}, 1};
  for (std::size_t i = 0; i < latest_of::looked_at_max; ++i) {
    REQUIRE_FALSE(wanted.complete());
    wanted.take("alice", unix_ms{1});
  }
  CHECK(wanted.complete());
}

TEST_CASE("a clock that was set back by a minute hides no message, and older ones end the search") {
  const std::vector bobs{user_id::trusted("bob")};
  latest_of wanted{bobs, unix_ms{100'000}, 10};
  CHECK_FALSE(wanted.take("bob", unix_ms{40'000}));
  CHECK(wanted.take("bob", unix_ms{100'000}));
  CHECK_FALSE(wanted.complete());
  CHECK_FALSE(wanted.take("alice", unix_ms{39'999}));
  CHECK(wanted.complete());
}

TEST_CASE("the search ends as soon as the latest of each user are found") {
  const std::vector both{user_id::trusted("alice"), user_id::trusted("bob")};
  latest_of wanted{both, unix_ms{0}, 2};
  CHECK(wanted.take("bob", unix_ms{5}));
  CHECK(wanted.take("bob", unix_ms{4}));
  CHECK_FALSE(wanted.take("bob", unix_ms{3}));
  CHECK(wanted.take("alice", unix_ms{2}));
  CHECK_FALSE(wanted.complete());
  CHECK(wanted.take("alice", unix_ms{1}));
  CHECK(wanted.complete());
}
