#include "tests/support/actor_world.hpp"
#include "tests/support/catch.hpp"

using namespace confab;
using namespace confab::test;

namespace {

std::size_t replies(client& who, std::uint64_t id) {
  std::size_t count = 0;
  for (const auto& what : who.received()) count += what.contains("re") && what["re"] == id;
  return count;
}

void drain(client& who) { actors::tell(who.session, actors::drain_session{}); }

}  // namespace

TEST_CASE("every command with an id is answered exactly once") {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random{seed};
    actor_world world;
    auto& alice = world.guest("alice");
    const std::vector<json> all{
        {{"type", "join"}, {"room", "a"}},
        {{"type", "send"}, {"room", "a"}, {"text", "x"}},
        {{"type", "send"}, {"room", "nowhere"}, {"text", "x"}},
        {{"type", "edit"}, {"room", "a"}, {"target", 1}, {"text", "y"}},
        {{"type", "react"}, {"room", "a"}, {"target", 1}, {"emoji", "+"}},
        {{"type", "unreact"}, {"room", "a"}, {"target", 1}, {"emoji", "+"}},
        {{"type", "typing"}, {"room", "a"}, {"on", true}},
        {{"type", "history"}, {"room", "a"}},
        {{"type", "rooms"}},
        {{"type", "set_own"}, {"room", "a"}, {"marked", true}},
        {{"type", "direct"}, {"to", "bob"}, {"text", "x"}},
        {{"type", "signal"}, {"to", "bob"}, {"data", json::object()}},
        {{"type", "signal"}, {"to_session", session_name{}.text()}, {"data", json::object()}},
        {{"type", "ping"}},
        {{"type", "refresh"}, {"token", "nonsense"}},
        {{"type", "hello"}, {"guest", "alice"}},
        {{"type", "nonsense"}},
        {{"type", "delete"}, {"room", "a"}, {"target", 1}},
        {{"type", "leave"}, {"room", "a"}},
    };
    for (std::size_t i = 0; i < all.size(); ++i) {
      auto command = all[i];
      command["id"] = 1000 + i;
      alice.say(command);
    }
    world.settle_shuffled(random);

    for (std::size_t i = 0; i < all.size(); ++i) {
      CAPTURE(all[i].dump());
      REQUIRE(replies(alice, 1000 + i) == 1);
    }
    CHECK(alice.taken->outstanding() == 0);
  }
}

TEST_CASE("a failure without id is an error without re") {
  actor_world world;
  auto& alice = world.guest("alice");
  alice.forget();
  alice.say({{"type", "leave"}, {"room", "a"}});
  alice.say({{"type", "nonsense"}});
  alice.say(json::array({1, 2}));
  world.settle();

  const auto errors = alice.received("error");
  REQUIRE(errors.size() == 3);
  CHECK(errors[0]["code"] == "not_joined");
  CHECK(errors[1]["code"] == "unknown_type");
  CHECK(errors[2]["code"] == "bad_request");
  for (const auto& error : errors) CHECK_FALSE(error.contains("re"));
}

TEST_CASE("a frame that is no command is answered with its id, ten in a row end it") {
  actor_world world;
  auto& alice = world.guest("alice");
  for (int i = 0; i < 9; ++i) {
    REQUIRE(alice.ask({{"type", "nonsense"}})["code"] == "unknown_type");
  }
  CHECK(alice.ask({{"type", "ping"}})["type"] == "pong");
  for (int i = 0; i < 9; ++i) REQUIRE(alice.ask({{"type", "join"}})["code"] == "bad_request");
  REQUIRE_FALSE(alice.closed());

  CHECK(alice.ask({{"type", "join"}})["code"] == "bad_request");
  CHECK(alice.close_code() == 4503);
}

TEST_CASE("what is not JSON closes at once") {
  actor_world world;
  auto& alice = world.guest("alice");
  auto& bob = world.guest("bob", {codec::cbor, false});
  alice.say_bytes("{\"type\":");
  bob.say_bytes("\xff");
  world.settle();

  CHECK(alice.close_code() == 4503);
  CHECK(bob.close_code() == 4503);
}

TEST_CASE("above the rate a command is refused and told when to try again") {
  world_options how;
  how.how.commands_per_second = 10;
  how.how.commands_burst = 5;
  actor_world world{how};
  auto& alice = world.guest("alice");  // hello was one of the five
  for (int i = 0; i < 4; ++i) REQUIRE(alice.ask({{"type", "ping"}})["type"] == "pong");

  const auto refused = alice.join("general");
  CHECK(refused["code"] == "rate_limited");
  CHECK(refused["retry"] == true);
  CHECK(refused["retry_after_ms"] == 100);
  world.advance(99ms);
  CHECK(alice.join("general")["code"] == "rate_limited");
  world.advance(1ms);
  CHECK(alice.join("general")["type"] == "joined");
  CHECK_FALSE(alice.closed());
}

TEST_CASE("who goes on and on above the rate is closed") {
  world_options how;
  how.how.commands_per_second = 10;
  how.how.commands_burst = 5;
  actor_world world{how};
  auto& alice = world.guest("alice");
  for (int i = 0; i < 4 + 25; ++i) alice.ask({{"type", "ping"}});
  CHECK_FALSE(alice.closed());

  alice.ask({{"type", "ping"}});
  CHECK(alice.close_code() == 4003);
}

TEST_CASE("who is refused again and again for ten seconds is closed, whatever is let through") {
  world_options how;
  how.how.commands_per_second = 10;
  how.how.commands_burst = 100;
  actor_world world{how};
  auto& alice = world.guest("alice");
  for (int i = 0; i < 100; ++i) alice.say({{"type", "ping"}});

  for (int i = 0; i < 99; ++i) {  // twice what it may
    alice.say({{"type", "ping"}});
    alice.say({{"type", "ping"}});
    world.advance(100ms);
    REQUIRE_FALSE(alice.closed());
  }
  for (int i = 0; i < 3; ++i) {
    alice.say({{"type", "ping"}});
    alice.say({{"type", "ping"}});
    world.advance(100ms);
  }

  CHECK(alice.close_code() == 4003);
}

TEST_CASE("where the rate is 0 a session may send what it likes") {
  world_options how;
  how.how.commands_per_second = 0;
  actor_world world{how};
  auto& alice = world.guest("alice");

  for (int i = 0; i < 2000; ++i) REQUIRE(alice.ask({{"type", "ping"}})["type"] == "pong");
}

TEST_CASE("with too much in flight the connection reads no further until it is answered") {
  world_options how;
  how.how.commands_per_second = 0;
  actor_world world{how};
  auto& alice = world.guest("alice");
  alice.join("general");
  world.hold(world.env.writer);
  for (int i = 0; i < 100; ++i)
    alice.say({{"type", "send"}, {"id", 1000 + i}, {"room", "general"}, {"text", "x"}});
  world.settle();
  CHECK(alice.taken->paused());
  CHECK(alice.taken->outstanding() == limits::commands_in_flight_max);

  world.release_all();
  world.settle();
  CHECK_FALSE(alice.taken->paused());
  CHECK(alice.taken->outstanding() == 0);
  CHECK(alice.received("sent").size() == 100);
}

TEST_CASE("a stopping server says so, spread over the time that it is told") {
  actor_world world;
  const auto spread = GENERATE(5000, 500);
  world.env.reconnect_spread = [=] { return std::chrono::milliseconds{spread}; };
  std::vector<int> waits;
  for (int i = 0; i < 200; ++i) drain(world.guest("user" + std::to_string(i)));
  world.settle();

  for (auto& who : world.clients) {
    REQUIRE(who.close_code() == 1012);
    waits.push_back(json::parse(who.sink->closed->reason)["reconnect_after_ms"]);
  }
  const auto [least, most] = std::ranges::minmax(waits);
  CHECK(least >= 0);
  CHECK(least < spread / 10);
  CHECK(most > spread / 10 * 9);
  CHECK(most <= spread);
}

TEST_CASE("what is in flight is answered before a stopping server says good-bye") {
  actor_world world;
  auto& alice = world.guest("alice");
  alice.join("general");
  world.hold(world.env.writer);
  alice.say({{"type", "send"}, {"id", 901}, {"room", "general"}, {"text", "x"}});
  alice.say({{"type", "rooms"}, {"id", 902}});
  world.settle();
  drain(alice);
  world.settle();
  CHECK_FALSE(alice.closed());
  alice.say({{"type", "send"}, {"id", 903}, {"room", "general"}, {"text", "too late"}});
  world.settle();

  world.release_all();
  world.settle();
  CHECK(alice.reply_to(901)["type"] == "sent");
  CHECK(alice.reply_to(902)["type"] == "rooms");
  CHECK(alice.close_code() == 1012);
  CHECK(world.stored_log("general").size() == 1);
}

TEST_CASE("a stopping server lets a greeting finish, and does not wait for one to begin") {
  actor_world world;
  auto& silent = world.connect();
  auto& alice = world.connect();
  world.hold_readers();
  alice.say({{"type", "hello"},
             {"id", 1},
             {"guest", "alice"},
             {"resume", json::array({{{"room", "general"}}})}});
  world.settle();
  drain(silent);
  drain(alice);
  world.settle();
  CHECK(silent.close_code() == 1012);
  CHECK_FALSE(alice.closed());

  world.release_all();
  world.settle();
  CHECK(alice.reply_to(1)["type"] == "welcome");
  CHECK(alice.received("joined").size() == 1);
  CHECK(alice.close_code() == 1012);
}

TEST_CASE("json and cbor members are side by side") {
  actor_world world;
  auto& text = world.guest("alice");
  auto& binary = world.guest("bob", {codec::cbor, false});
  CHECK(binary.welcome["user"]["id"] == "bob");
  text.join("general");
  CHECK(binary.join("general")["online"] == 2);
  CHECK(binary.ask({{"type", "send"},
                    {"room", "general"},
                    {"text", "hi"},
                    {"data", {{"list", {1, -2, 3.5, nullptr, true}}}}})["seq"] == 1);

  CHECK(text.received("message")[0] == binary.received("message")[0]);
  CHECK(text.received("message")[0]["data"]["list"][2] == 3.5);
}
