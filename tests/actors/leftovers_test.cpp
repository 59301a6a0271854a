// When the journal's writer clears what deletions have left behind in its files.

#include "tests/support/actor_world.hpp"
#include "tests/support/catch.hpp"

using namespace confab;
using namespace confab::test;

namespace {

/// A journal whose every commit leaves something behind.
struct untidy {
  untidy() {
    world.faults.has_leftovers = [this] { return left; };
    world.faults.clear_leftovers = [this] {
      ++asked;
      left = left && !can_clear;
      return can_clear;
    };
  }
  void commit() {
    left = true;
    auto& who = *client_;
    CHECK(who.ask({{"type", "send"}, {"room", "general"}, {"text", "x"}})["type"] == "sent");
  }

  actor_world world;
  client* client_ = [this] {
    auto& who = world.guest("alice");
    who.ask({{"type", "join"}, {"room", "general"}});
    return &who;
  }();
  bool left = false;
  bool can_clear = true;
  int asked = 0;
};

}  // namespace

TEST_CASE("leftovers are cleared once within the hour, however many deletions there were") {
  untidy of;
  of.commit();
  of.commit();
  of.world.advance(10min);
  of.commit();
  CHECK(of.asked == 0);

  of.world.advance(50min);

  CHECK(of.asked == 1);
  CHECK_FALSE(of.left);
  of.world.advance(3h);
  CHECK(of.asked == 1);
  of.commit();
  of.world.advance(1h);
  CHECK(of.asked == 2);
}

TEST_CASE("leftovers that cannot be cleared now are tried again soon") {
  untidy of;
  of.can_clear = false;
  of.commit();
  of.world.advance(35min);
  CHECK(of.asked > 2);
  CHECK(of.asked < 10);

  of.can_clear = true;
  of.world.advance(2min);

  CHECK_FALSE(of.left);
}
