#include "tests/support/actor_world.hpp"
#include "tests/support/catch.hpp"

#include <caf/send.hpp>

using namespace confab;
using namespace confab::test;

namespace {

constexpr auto longer_than_a_room_stays = 120s;

actors::room_actor awake(actor_world& world, const std::string& room) {
  return world.env.board.awake(room_id::trusted(room));
}

/// As a bug would.
void end(const actors::room_actor& room) {
  caf::anon_send_exit(room, caf::exit_reason::unhandled_exception);
}

json direct(const std::string& to, const std::string& text) {
  return {{"type", "direct"}, {"to", to}, {"text", text}};
}

}  // namespace

TEST_CASE("a room can be looked up as long as it is awake") {
  actor_world world;
  CHECK_FALSE(awake(world, "general"));

  auto& alice = world.guest("alice");
  alice.join("general");
  const auto first = awake(world, "general");
  REQUIRE(first);
  CHECK_FALSE(awake(world, "other"));

  alice.ask({{"type", "leave"}, {"room", "general"}});
  world.advance(longer_than_a_room_stays);
  CHECK_FALSE(awake(world, "general"));

  alice.join("general");
  REQUIRE(awake(world, "general"));
  CHECK(awake(world, "general") != first);
}

TEST_CASE("who joins a room that was put away and came back speaks to the one that came back") {
  actor_world world;
  auto& alice = world.guest("alice");
  auto& bob = world.guest("bob");
  alice.join("general");
  alice.send("general", "one");
  alice.ask({{"type", "leave"}, {"room", "general"}});
  world.advance(longer_than_a_room_stays);
  REQUIRE_FALSE(awake(world, "general"));

  bob.join("general");
  alice.join("general");

  CHECK(alice.send("general", "two")["seq"] == 2);
  CHECK(bob.received("message").size() == 1);
}

TEST_CASE("a room that ends by a bug can't be looked up any more, and its members are told") {
  actor_world world;
  auto& alice = world.guest("alice");
  alice.join("general");

  const auto first = awake(world, "general");
  end(first);
  world.settle();

  CHECK(awake(world, "general") != first);  // none, or the one to which the members said farewell
  CHECK(alice.close_code() == 1011);
  auto& again = world.guest("alice");
  again.join("general");
  CHECK(again.send("general", "still there")["seq"] == 1);
}

TEST_CASE("what a direct room asked before it ended does not confuse its successor") {
  actor_world world;
  auto& alice = world.guest("alice");
  auto& bob = world.guest("bob");
  alice.ask(direct("bob", "one"));
  bob.disconnect();
  alice.disconnect();
  world.advance(longer_than_a_room_stays);
  const auto room = direct_room_of(user_id::trusted("alice"), user_id::trusted("bob"));
  auto& again = world.guest("alice");
  auto& phone = world.guest("bob");
  auto& tablet = world.guest("bob");
  for (const auto* user : {"alice", "bob"})
    world.hold(world.env.board.registrar_of(user_id::trusted(user)));

  again.say(direct("bob", "two"));  // its question to the registrars waits there
  world.settle();
  const auto first = world.env.board.awake(room);
  REQUIRE(first);
  end(first);
  world.settle();
  tablet.say(direct("alice", "three"));
  world.settle();
  REQUIRE(world.env.board.awake(room));
  REQUIRE(world.env.board.awake(room) != first);
  world.release_all();
  world.settle();

  for (auto* who : {&again, &phone, &tablet}) {
    const auto heard = who->received("message");
    REQUIRE(heard.size() == 1);
    CHECK(heard[0]["text"] == "three");
  }
  phone.disconnect();
  world.settle();
  CHECK(tablet.ask(direct("alice", "four"))["seq"] == 3);
  CHECK(again.received("message").size() == 2);
}

TEST_CASE("what is read for a session that is gone reaches nobody") {
  actor_world world;
  world.fill("general", 500);
  auto& alice = world.guest("alice");
  alice.join("general");
  world.hold_readers();
  alice.say({{"type", "history"}, {"id", 901}, {"room", "general"}});
  world.settle();
  alice.disconnect();
  world.settle();

  world.release_all();
  world.advance(longer_than_a_room_stays);

  CHECK(world.sessions_known() == 0);
  CHECK(world.guests_running() == 0);
}
