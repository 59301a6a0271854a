// When a node takes people, and when it sends them elsewhere.

#include "cluster/standing.hpp"
#include "tests/support/catch.hpp"

#include <string>

using namespace confab;
using namespace confab::cluster;
using namespace std::chrono_literals;

namespace {

using clock_type = standing::clock;

standing serving() {
  standing node{{}, 0s};
  node.caught_up(1s);
  return node;
}
/// Half seconds in which the log is heard of, and people are here.
std::size_t closes_until(standing& node, clock_type from, clock_type to, bool is_heard) {
  std::size_t closes = 0;
  for (auto now = from; now <= to; now += 500ms) {
    if (is_heard) node.heard(now);
    closes += node.on_time(now, 0, 10).has_value();
  }
  return closes;
}

}  // namespace

TEST_CASE("a node takes people when it has all that was ordered before it began") {
  standing node{{}, 0s};
  CHECK_FALSE(node.is_ready());
  CHECK(node.needs_barrier());
  CHECK(closes_until(node, 0s, 60s, false) == 0);  // nobody was let in

  node.caught_up(61s);

  CHECK(node.is_ready());
  CHECK_FALSE(node.needs_barrier());
}

TEST_CASE("an election turns nobody away, and a log that stays away sends all elsewhere, once") {
  auto node = serving();
  CHECK(closes_until(node, 1s, 10s, false) == 0);
  CHECK(node.is_ready());
  node.heard(10s);
  CHECK(closes_until(node, 10s, 24s + 500ms, false) == 0);
  CHECK(node.is_ready());

  CHECK(node.on_time(25s, 0, 10) == 5s);

  CHECK_FALSE(node.is_ready());
  CHECK(closes_until(node, 26s, 90s, false) == 0);
  node.heard(91s);
  CHECK_FALSE(node.is_ready());  // it is behind
  CHECK(node.needs_barrier());
  node.caught_up(92s);
  CHECK(node.is_ready());
  CHECK(closes_until(node, 92s, 120s, false) == 1);
}

TEST_CASE(
    "a journal that takes nothing is not ready at once, and after a while sends all elsewhere") {
  auto node = serving();
  node.applied(false, 2s);
  CHECK(std::string{name(node.now_in())} == "failing");
  CHECK_FALSE(node.is_ready());
  node.applied(true, 3s);
  CHECK(node.is_ready());

  node.applied(false, 4s);
  CHECK(closes_until(node, 4s, 8s + 500ms, true) == 0);
  node.applied(false, 8s);
  CHECK(node.on_time(9s, 0, 10) == 5s);

  node.caught_up(10s);  // its barrier has passed, but nothing is applied
  CHECK_FALSE(node.is_ready());
  node.applied(true, 11s);
  CHECK_FALSE(node.is_ready());
  node.caught_up(12s);
  CHECK(node.is_ready());
}

TEST_CASE("who leaves answers what is in flight, then closes, then is gone") {
  auto node = serving();
  node.leave(2s);
  CHECK_FALSE(node.is_ready());
  CHECK(node.is_leaving());
  CHECK_FALSE(node.on_time(2s, 3, 10));
  CHECK_FALSE(node.on_time(6s, 1, 10));

  CHECK(node.on_time(6s + 500ms, 0, 10) == 5s);
  CHECK_FALSE(node.on_time(7s, 0, 10));
  node.leave(7s);  // is told again
  node.caught_up(7s);
  CHECK(std::string{name(node.now_in())} == "closing");
  CHECK_FALSE(node.on_time(8s, 0, 0));
  CHECK(std::string{name(node.now_in())} == "gone");
}

TEST_CASE("who leaves waits neither for answers nor for people for ever") {
  auto node = serving();
  node.leave(2s);
  CHECK_FALSE(node.on_time(6s + 999ms, 3, 10));
  CHECK(node.on_time(7s, 3, 10) == 5s);
  CHECK_FALSE(node.on_time(21s + 999ms, 3, 10));
  CHECK(std::string{name(node.now_in())} == "closing");
  CHECK_FALSE(node.on_time(22s, 3, 10));
  CHECK(std::string{name(node.now_in())} == "gone");
}
