#include "tests/support/actor_world.hpp"
#include "tests/support/catch.hpp"

using namespace confab;
using namespace confab::test;

namespace {

json typing(bool on) { return {{"type", "typing"}, {"room", "general"}, {"on", on}}; }

struct conversation {
  actor_world world;
  client& alice = world.guest("alice");
  client& bob = world.guest("bob");
  conversation() {
    alice.join("general");
    bob.join("general");
    world.advance(1s);
    alice.forget();
    bob.forget();
  }
};

}  // namespace

TEST_CASE("typing goes to the other users' sessions and is answered with done") {
  conversation in;
  auto& tablet = in.world.guest("alice");
  tablet.join("general");

  CHECK(in.alice.ask(typing(true))["type"] == "done");

  REQUIRE(in.bob.received("typing").size() == 1);
  CHECK(in.bob.received("typing")[0] ==
        json{{"type", "typing"}, {"room", "general"}, {"from", "alice"}, {"on", true}});
  CHECK(in.alice.received("typing").empty());
  CHECK(tablet.received("typing").empty());
  CHECK(in.world.stored_log("general").empty());
}

TEST_CASE("typing is told again at most every five seconds") {
  conversation in;
  for (int second = 0; second < 12; ++second) {
    in.alice.ask(typing(true));
    in.world.advance(1s);
  }

  CHECK(in.bob.received("typing").size() == 3);
}

TEST_CASE("typing lapses ten seconds after it was last said") {
  conversation in;
  in.alice.ask(typing(true));
  in.world.advance(4s);
  in.alice.ask(typing(true));
  CHECK(in.bob.received("typing").size() == 1);

  in.world.advance(9999ms);
  CHECK(in.bob.received("typing").size() == 1);
  in.world.advance(1ms);
  REQUIRE(in.bob.received("typing").size() == 2);
  CHECK(in.bob.received("typing")[1]["on"] == false);
}

TEST_CASE("typing ends when it is said so") {
  conversation in;
  in.alice.ask(typing(true));
  in.alice.ask(typing(false));
  in.alice.ask(typing(false));
  in.world.advance(20s);

  CHECK(in.bob.received("typing").size() == 2);
}

TEST_CASE("a message ends typing without a word") {
  conversation in;
  in.alice.ask(typing(true));
  in.alice.send("general", "hi");
  in.world.advance(20s);

  CHECK(in.bob.received("typing").size() == 1);
  in.alice.ask(typing(true));
  CHECK(in.bob.received("typing").size() == 2);
}

TEST_CASE("typing ends with leaving and with a lost connection") {
  conversation in;
  in.alice.ask(typing(true));
  SECTION("leaving") { in.alice.ask({{"type", "leave"}, {"room", "general"}}); }
  SECTION("a lost connection") {
    in.alice.disconnect();
    in.world.settle();
  }

  REQUIRE(in.bob.received("typing").size() == 2);
  CHECK(in.bob.received("typing")[1]["on"] == false);
}

TEST_CASE("typing and presence are what a slow reader loses first") {
  conversation in;
  in.bob.sink->be_slow();
  for (int i = 0; i < 40; ++i) in.alice.send("general", std::string(4000, 'x'));
  REQUIRE(in.bob.sink->queued_bytes() > limits::outbox_droppable_bytes_max);
  REQUIRE_FALSE(in.bob.closed());
  const auto before = in.bob.received().size();

  in.alice.ask(typing(true));
  in.world.guest("eve").join("general");
  in.world.advance(1s);
  CHECK(in.bob.received().size() == before);
  CHECK(in.bob.sink->dropped == 2);

  in.alice.send("general", "still there");
  CHECK(in.bob.received("message").size() == 41);
}

TEST_CASE("a reader that is too slow is closed and nobody else notices") {
  conversation in;
  in.bob.sink->be_slow();
  for (int i = 0; i < 300; ++i) {
    in.alice.send("general", std::string(4000, 'x'));
    in.world.advance(100ms);
  }

  CHECK(in.bob.close_code() == 4000);
  CHECK(in.alice.received("message").size() == 300);
  in.world.advance(10s);
  CHECK(in.alice.received("presence").back()["left"] == json::array({"bob"}));
}

TEST_CASE("who comes and goes is gathered over 250 ms") {
  conversation in;
  auto& eve = in.world.guest_with({{"guest", "eve"}, {"name", "Eve"}});
  auto& dan = in.world.guest("dan");
  eve.join("general");
  dan.join("general");

  in.world.advance(249ms);
  CHECK(in.bob.received("presence").empty());
  in.world.advance(1ms);
  REQUIRE(in.bob.received("presence").size() == 1);
  CHECK(in.bob.received("presence")[0] ==
        json{{"type", "presence"},
             {"room", "general"},
             {"joined", {{{"id", "dan"}, {"name", "dan"}}, {{"id", "eve"}, {"name", "Eve"}}}},
             {"left", json::array()},
             {"online", 4}});

  eve.ask({{"type", "leave"}, {"room", "general"}});
  in.world.advance(250ms);
  CHECK(in.bob.received("presence")[1]["left"] == json::array({"eve"}));
  CHECK(in.bob.received("presence")[1]["online"] == 3);
}

TEST_CASE("a lost connection shows after a grace of five seconds") {
  conversation in;
  in.alice.disconnect();
  in.world.advance(5249ms);
  CHECK(in.bob.received("presence").empty());

  in.world.advance(1ms);
  REQUIRE(in.bob.received("presence").size() == 1);
  CHECK(in.bob.received("presence")[0]["left"] == json::array({"alice"}));
}

TEST_CASE("who is back within the grace was never away") {
  conversation in;
  in.alice.disconnect();
  in.world.advance(4s);
  in.world.guest("alice").join("general");
  in.world.advance(60s);

  CHECK(in.bob.received("presence").empty());
}

TEST_CASE("presence counts users, not connections") {
  conversation in;
  auto& tablet = in.world.guest("alice");
  CHECK(tablet.join("general")["online"] == 2);
  in.world.advance(1s);
  CHECK(in.bob.received("presence").empty());

  in.alice.ask({{"type", "leave"}, {"room", "general"}});
  in.world.advance(10s);
  CHECK(in.bob.received("presence").empty());
}

TEST_CASE("over a hundred online only the number is told") {
  conversation in;
  for (int i = 0; i < 98; ++i) in.world.guest("user" + std::to_string(i)).join("general");
  in.world.advance(1s);
  REQUIRE(in.bob.received("presence").back()["online"] == 100);
  CHECK(in.bob.received("presence").back()["joined"].size() > 0);

  in.world.guest("eve").join("general");
  in.world.advance(1s);
  CHECK(in.bob.received("presence").back() ==
        json{{"type", "presence"}, {"room", "general"}, {"online", 101}});
}

TEST_CASE("a busy room does not gather up timers") {
  conversation in;
  auto& eve = in.world.guest("eve");
  for (int i = 0; i < 200; ++i) {
    in.alice.ask(typing(true));
    eve.join("general");
    in.world.advance(300ms);
    eve.ask({{"type", "leave"}, {"room", "general"}});
    in.world.advance(300ms);
  }

  // Those of the last ten seconds, typing's lapse, and not all that ever were.
  CHECK(in.world.timers() < 60);
}
