#include "tests/support/actor_world.hpp"
#include "tests/support/catch.hpp"

using namespace confab;
using namespace confab::test;

// Somebody sets the time of day, by hand or by NTP: nothing that waits may notice.

namespace {

/// Both of them in a room when the clock is set.
struct set_clock {
  actor_world world;
  client& alice = world.guest("alice");
  client& bob = world.guest("bob");

  explicit set_clock(std::chrono::milliseconds ahead, world_options how = {})
      : world(std::move(how)) {
    alice.join("general");
    bob.join("general");
    world.advance(1s);
    alice.forget();
    bob.forget();
    world.set_clock(ahead);
  }
  json typing() { return {{"type", "typing"}, {"room", "general"}, {"on", true}}; }
};

std::chrono::milliseconds back_or_ahead() {
  return GENERATE(std::chrono::milliseconds{-1h}, std::chrono::milliseconds{24h * 30});
}

}  // namespace

TEST_CASE("presence goes on when the clock is set") {
  set_clock in{back_or_ahead()};

  in.world.guest("carol").join("general");
  in.world.advance(250ms);
  REQUIRE(in.alice.received("presence").size() == 1);
  CHECK(in.alice.received("presence")[0]["joined"][0]["id"] == "carol");

  in.bob.disconnect();
  in.world.advance(5s + 249ms);
  CHECK(in.alice.received("presence").size() == 1);
  in.world.advance(1ms);
  REQUIRE(in.alice.received("presence").size() == 2);
  CHECK(in.alice.received("presence")[1]["left"] == json::array({"bob"}));
}

TEST_CASE("a grace that has begun ends in its time when the clock is set") {
  set_clock in{0ms};
  in.bob.disconnect();
  in.world.advance(1s);
  in.world.set_clock(back_or_ahead());

  in.world.advance(4s + 249ms);
  CHECK(in.alice.received("presence").empty());
  in.world.advance(1ms);
  CHECK(in.alice.received("presence").size() == 1);
}

TEST_CASE("typing lapses in its time when the clock is set") {
  set_clock in{0ms};
  in.alice.ask(in.typing());
  in.world.set_clock(back_or_ahead());

  in.world.advance(9'999ms);
  CHECK(in.bob.received("typing").size() == 1);
  in.world.advance(1ms);
  CHECK(in.bob.received("typing").size() == 2);
}

TEST_CASE("a rate is no other when the clock is set") {
  world_options how;
  how.how.commands_per_second = 1;
  how.how.commands_burst = 3;
  set_clock in{0ms, how};
  while (in.alice.ask({{"type", "ping"}})["type"] == "pong") {
  }
  in.world.set_clock(back_or_ahead());

  CHECK(in.alice.ask({{"type", "ping"}})["retry_after_ms"] == 1000);
  in.world.advance(1s);
  CHECK(in.alice.ask({{"type", "ping"}})["type"] == "pong");
  CHECK(in.alice.ask({{"type", "ping"}})["code"] == "rate_limited");
}

TEST_CASE("an idle room is put away in its time when the clock is set") {
  set_clock in{0ms};
  const auto general = room_id::trusted("general");
  in.alice.ask({{"type", "leave"}, {"room", "general"}});
  in.bob.ask({{"type", "leave"}, {"room", "general"}});
  in.world.advance(1s);
  in.world.set_clock(back_or_ahead());
  REQUIRE(in.world.env.board.awake(general));

  in.world.advance(in.world.env.how.room_idle - 2s);
  CHECK(in.world.env.board.awake(general));
  in.world.advance(2s);
  CHECK_FALSE(in.world.env.board.awake(general));
}

TEST_CASE("what the journal does not answer is given up in its time when the clock is set") {
  set_clock in{0ms};
  in.world.hold(in.world.env.writer);
  in.world.hold_readers();
  in.alice.say({{"type", "send"}, {"id", 901}, {"room", "general"}, {"text", "x"}});
  in.bob.say({{"type", "history"}, {"id", 902}, {"room", "general"}});
  in.world.settle();
  in.world.set_clock(back_or_ahead());

  in.world.advance(9'999ms);
  CHECK(in.alice.reply_to(901) == nullptr);
  CHECK(in.bob.reply_to(902) == nullptr);
  in.world.advance(1ms);
  CHECK(in.alice.reply_to(901)["code"] == "unavailable");
  CHECK(in.bob.reply_to(902)["code"] == "unavailable");
}
