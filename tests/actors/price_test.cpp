// What a client's input costs, and who waits for whom (PROTOCOL §6, G7).

#include "tests/support/actor_world.hpp"
#include "tests/support/catch.hpp"

#include <caf/send.hpp>

#include <string>

using namespace confab;
using namespace confab::test;

namespace {

std::size_t bytes_to(const client& who) {
  std::size_t sum = 0;
  for (const auto& frame : who.sink->frames) sum += frame->size();
  return sum;
}

json padded_ping(std::size_t padding) {
  return {{"type", "ping"}, {"id", 7}, {"padding", std::string(padding, 'x')}};
}

}  // namespace

TEST_CASE("large frames are read no faster than they are paid for, and none is lost") {
  actor_world world;
  auto& alice = world.guest("alice");
  for (int i = 0; i < 100; ++i) alice.say(padded_ping(65'000));
  world.settle();

  CHECK(alice.taken->paused());
  const auto at_once = alice.received("pong").size();
  CHECK(at_once >= 32);
  CHECK(at_once <= 34);
  world.advance(2s);
  const auto later = alice.received("pong").size();
  CHECK(later >= at_once + 15);
  CHECK(later <= at_once + 17);
  world.advance(8s);
  CHECK(alice.received("pong").size() == 100);
  CHECK(alice.received("error").empty());
}

TEST_CASE("many values in small frames are paid for as well") {
  actor_world world;
  auto& alice = world.guest("alice");
  json flood{{"type", "ping"}, {"id", 7}, {"x", json::array()}};
  for (int i = 0; i < 1996; ++i) flood["x"].push_back(0);
  for (int i = 0; i < 100; ++i) alice.say(flood);
  world.settle();

  const auto at_once = alice.received("pong").size();
  CHECK(at_once >= 40);
  CHECK(at_once <= 42);
  world.advance(6s);
  CHECK(alice.received("pong").size() == 100);
}

TEST_CASE("reactions count as two commands") {
  world_options how;
  how.how.commands_per_second = 1;
  how.how.commands_burst = 6;
  actor_world world{how};
  auto& alice = world.guest("alice");
  for (int i = 0; i < 4; ++i)
    alice.say({{"type", "reactions"}, {"id", 1}, {"room", "a"}, {"target", 1}, {"emoji", "+"}});
  world.settle();

  std::vector<std::string> codes;
  for (const auto& refusal : alice.received("error")) codes.push_back(refusal["code"]);
  // `hello` was one of the six. What the room says comes behind what the session says itself.
  CHECK(codes == std::vector<std::string>{"rate_limited", "rate_limited", "no_such_room",
                                          "no_such_room"});
}

TEST_CASE("who deletes messages owes for the edits and reactions that go with them") {
  actor_world world;
  world.fill("general", 4, "x", "alice");
  std::vector<rooms::operation> reactions;
  for (int i = 0; i < 40'000; ++i)
    reactions.push_back(wanted_by("eve", "general",
                                  rooms::set_reaction{seq_no(1 + i % 4), "+", i % 8 < 4}));
  world.commit(reactions);
  auto& alice = world.guest("alice");
  alice.join("general");
  alice.forget();

  for (int target = 1; target <= 4; ++target)
    alice.say({{"type", "delete"}, {"id", target}, {"room", "general"}, {"target", target}});
  world.settle();

  CHECK(alice.received("done").size() == 2);  // the burst, and then it is owed
  world.advance(3s);
  CHECK(alice.received("done").size() == 3);
  world.advance(2s);
  CHECK(alice.received("done").size() == 4);
  CHECK(alice.received("error").empty());
}

namespace {

json in_room(const std::string& type, json rest = json::object()) {
  rest["type"] = type;
  rest["room"] = "a";
  return rest;
}

/// By how many pings fewer are answered after it.
std::size_t price_of(json command) {
  constexpr std::size_t burst = 60;
  INFO(command.dump());
  world_options how;
  how.how.commands_per_second = 1;
  how.how.commands_burst = burst;
  actor_world world{how};
  auto& alice = world.guest("alice");
  CHECK(alice.ask(std::move(command)).value("code", "") != "bad_request");
  for (std::size_t i = 0; i < burst; ++i) alice.say({{"type", "ping"}, {"id", 1}});
  world.settle();
  return burst - 1 - alice.received("pong").size();  // `hello` was one
}

}  // namespace

TEST_CASE("each command counts as many as its price says") {
  const json target{{"target", 1}};
  const json emoji{{"target", 1}, {"emoji", "+"}};
  json invite{{"users", {"x"}}, {"state", "invited"}};
  CHECK(price_of(in_room("send", {{"text", "x"}})) == 1);
  CHECK(price_of(in_room("history")) == 1);
  CHECK(price_of(in_room("pin", target)) == 1);
  CHECK(price_of(in_room("delete", target)) == 1);
  CHECK(price_of(in_room("set_member", invite)) == 1);
  CHECK(price_of(in_room("read", {{"seq", 1}})) == 1);

  for (const auto* type : {"members", "pins", "threads"}) CHECK(price_of(in_room(type)) == 2);
  for (const auto* type : {"reactions", "react", "unreact"})
    CHECK(price_of(in_room(type, emoji)) == 2);
  CHECK(price_of({{"type", "mentions"}}) == 2);
  CHECK(price_of({{"type", "users"}, {"ids", {"x"}}}) == 2);
  CHECK(price_of(in_room("report", target)) == 5);
  CHECK(price_of(in_room("upload", {{"mime", "image/png"}, {"bytes", 1}})) == 5);
  CHECK(price_of(in_room("download", {{"seq", 1}, {"index", 0}})) == 5);
  CHECK(price_of({{"type", "inbox"}}) == 5);
  CHECK(price_of(in_room("create")) == 10);
  CHECK(price_of({{"type", "search"}, {"query", "x"}}) == 10);
  CHECK(price_of({{"type", "read"}}) == 20);

  // By each that it names.
  invite["users"] = {"x", "y", "z"};
  CHECK(price_of(in_room("set_member", invite)) == 3);
  CHECK(price_of(in_room("delete", {{"targets", {1, 2, 3}}})) == 3);
}

TEST_CASE("a user's connections pay out of one purse, and a stranger out of his own") {
  world_options how;
  how.how.commands_per_second = 10;
  how.how.commands_burst = 10;
  actor_world world{how};
  std::size_t let_through = 0;
  for (int session = 0; session < 10; ++session) {
    auto& alice = world.guest("alice");
    for (int i = 0; i < 9; ++i) alice.say({{"type", "ping"}, {"id", 1}});
    world.settle();
    let_through += alice.received("pong").size();
  }

  CHECK(let_through <= 50);
  CHECK(let_through >= 40);
  CHECK(world.guest("bob").ask({{"type", "ping"}})["type"] == "pong");
}

TEST_CASE("an address pays for all who come from it, whatever their names") {
  world_options how;
  how.how.commands_per_second = 10;
  how.how.commands_burst = 10;
  how.how.address_share = 3;
  actor_world world{how};
  const auto address = world.env.prices->addresses.key_of("192.0.2.7");
  std::size_t let_through = 0;
  for (int i = 0; i < 10; ++i) {
    auto& guest = world.connect_on(0, {}, {}, address);
    guest.say({{"type", "hello"}, {"guest", "guest" + std::to_string(i)}});
    for (int k = 0; k < 9; ++k) guest.say({{"type", "ping"}, {"id", 1}});
    world.settle();
    let_through += guest.received("pong").size();
  }

  CHECK(let_through <= 30);
  CHECK(let_through >= 20);
}

TEST_CASE("many rooms to resume come as they are paid for") {
  constexpr std::size_t rooms = 60;
  actor_world world;
  json resume = json::array();
  for (std::size_t i = 0; i < rooms; ++i) {
    world.fill("r" + std::to_string(i), 50, std::string(4000, 'x'));
    resume.push_back({{"room", "r" + std::to_string(i)}});
  }

  auto& alice = world.guest_with({{"guest", "alice"}, {"resume", resume}});

  CHECK(alice.welcome["type"] == "welcome");
  CHECK(bytes_to(alice) <= 9 * 1024 * 1024);
  CHECK(bytes_to(alice) >= 8 * 1024 * 1024);
  world.advance(5s);
  CHECK(alice.received("joined").size() == rooms);
  CHECK(alice.received("error").empty());
}

TEST_CASE("history is given no faster than it is paid for") {
  actor_world world;
  world.fill("general", 200, std::string(4000, 'x'));
  auto& alice = world.guest("alice");
  alice.join("general");
  for (int i = 0; i < 100; ++i)
    alice.say({{"type", "history"}, {"id", 7}, {"room", "general"}, {"limit", 200}});
  world.settle();

  CHECK(bytes_to(alice) <= 9 * 1024 * 1024);
  world.advance(10s);
  CHECK(bytes_to(alice) <= 30 * 1024 * 1024);
  world.advance(20s);
  CHECK(alice.received("history").size() == 100);
}

TEST_CASE("a user may make twenty rooms an hour, by joining and by writing to strangers") {
  actor_world world;
  auto& alice = world.guest("alice");
  world.guest("bob").join("there");
  for (int i = 0; i < 15; ++i) REQUIRE(alice.join("r" + std::to_string(i))["type"] == "joined");
  for (int i = 0; i < 5; ++i)
    REQUIRE(
        alice.ask({{"type", "direct"}, {"to", "x" + std::to_string(i)}, {"text", "hi"}})["type"] ==
        "sent");

  const auto refused = alice.join("one-more");
  CHECK(refused["code"] == "rate_limited");
  CHECK(refused["retry_after_ms"] == 180'000);
  CHECK(alice.ask({{"type", "direct"}, {"to", "y"}, {"text", "hi"}})["code"] == "rate_limited");
  // What is there is open to her, and others make their own.
  CHECK(alice.join("there")["type"] == "joined");
  CHECK(alice.ask({{"type", "direct"}, {"to", "x1"}, {"text", "again"}})["type"] == "sent");
  CHECK(world.guest("carol").join("one-more")["type"] == "joined");
  CHECK_FALSE(alice.closed());

  // Not another connection, but time.
  CHECK(world.guest("alice").join("one-more-2")["code"] == "rate_limited");
  world.advance(180s);
  CHECK(alice.join("one-more-2")["type"] == "joined");
  CHECK(alice.join("one-more-3")["code"] == "rate_limited");
}

TEST_CASE("an address may make four users' worth of rooms") {
  world_options how;
  how.how.rooms_per_hour = 2;
  actor_world world{how};
  const auto address = world.env.prices->addresses.key_of("192.0.2.7");
  std::size_t made = 0;
  for (int i = 0; i < 8; ++i) {
    auto& guest = world.connect_on(0, {}, {}, address);
    guest.ask({{"type", "hello"}, {"guest", "guest" + std::to_string(i)}});
    for (int k = 0; k < 2; ++k)
      made += guest.join("r" + std::to_string(i) + "-" + std::to_string(k))["type"] == "joined";
  }

  CHECK(made == 8);
}

TEST_CASE("with too many bytes in flight the connection reads no further until it is answered") {
  actor_world world;
  auto& alice = world.guest("alice");
  alice.join("general");
  world.hold(world.env.writer);
  for (int i = 0; i < 10; ++i)
    alice.say({{"type", "send"},
               {"id", 1000 + i},
               {"room", "general"},
               {"text", "x"},
               {"padding", std::string(60'000, 'x')}});
  world.settle();
  CHECK(alice.taken->paused());
  CHECK(alice.taken->outstanding() == 5);

  world.release_all();
  world.settle();
  CHECK_FALSE(alice.taken->paused());
  CHECK(alice.taken->bytes() == 0);
  CHECK(world.env.prices->bytes_in_flight == 0);
  CHECK(alice.received("sent").size() == 10);
}

TEST_CASE("commands that wait for a reader who went away are given up with the connection") {
  actor_world world;
  auto& alice = world.guest("alice");
  alice.join("general");
  world.hold(world.env.writer);
  for (int i = 0; i < 3; ++i) alice.say({{"type", "send"}, {"room", "general"}, {"text", "x"}});
  world.settle();
  CHECK(world.env.prices->bytes_in_flight > 0);

  world.release_all();
  alice.disconnect();
  world.settle();
  alice.taken.reset();
  CHECK(world.env.prices->bytes_in_flight == 0);
}

TEST_CASE("a server that holds too much already takes no more") {
  actor_world world;
  auto& alice = world.guest("alice");
  world.env.prices->bytes_in_flight += limits::bytes_in_flight_of_all_max;

  CHECK(alice.join("general")["code"] == "unavailable");
  CHECK(alice.ask({{"type", "ping"}})["type"] == "pong");

  world.env.prices->bytes_in_flight -= limits::bytes_in_flight_of_all_max;
  CHECK(alice.join("general")["type"] == "joined");
}

TEST_CASE("what comes for a session before its welcome is held up to an outbox, and then it ends") {
  world_options how;
  how.shards = 1;
  actor_world world{how};
  auto& alice = world.connect();
  world.settle();
  const auto room = room_id::trusted("general");
  const auto& audience = world.env.board.audience(0);
  const auto frame = std::make_shared<const std::string>(100'000, 'x');
  actors::broadcast message;
  message.bytes[wire_format{}.index()] = frame;

  caf::anon_send(audience, actors::room_delivery{room, {actors::admit{alice.id, {}}}});
  for (int i = 0; i < 10; ++i) caf::anon_send(audience, actors::room_delivery{room, {message}});
  world.settle();
  CHECK_FALSE(alice.closed());

  caf::anon_send(audience, actors::room_delivery{room, {message}});
  world.settle();
  CHECK(alice.close_code() == 4000);
  CHECK(alice.sink->frames.empty());
}

TEST_CASE("who takes nothing of a catch-up for half a minute is closed") {
  actor_world world;
  world.fill("general", 600, std::string(4000, 'x'));
  auto& alice = world.guest("alice");
  alice.sink->be_slow();
  alice.say({{"type", "join"}, {"id", 1}, {"room", "general"}, {"since", 0}});
  for (int i = 0; i < 10; ++i) alice.say({{"type", "refresh"}, {"token", std::string(8000, 'x')}});
  world.advance(25s);
  REQUIRE_FALSE(alice.closed());

  SECTION("in the end") {
    world.advance(35s);
    CHECK(alice.close_code() == 4000);
    alice.taken.reset();
    CHECK(world.env.prices->bytes_in_flight == 0);
  }
  SECTION("but not while it takes something now and then") {
    for (int i = 0; i < 6; ++i) {
      alice.sink->read_all();
      world.advance(20s);
    }
    CHECK_FALSE(alice.closed());
  }
}

TEST_CASE("signals never close a reader, however many they are and however slow it is") {
  world_options how;
  how.how.commands_per_second = 1000;
  how.how.commands_burst = 1000;
  actor_world world{how};
  auto& bob = world.guest("bob");
  const auto flood = [&](client& from) {
    for (int i = 0; i < 200; ++i)
      from.say({{"type", "signal"}, {"to", "bob"}, {"data", {{"x", std::string(9000, 'x')}}}});
    world.settle();
  };
  const auto first_of = [&](client& from) {
    return from.ask({{"type", "signal"}, {"to", "bob"}, {"data", {{"first", true}}}});
  };

  SECTION("a slow one gets what fits beside what it must have") {
    bob.sink->be_slow();
    for (int i = 0; i < 5; ++i) flood(world.guest("stranger" + std::to_string(i)));

    CHECK_FALSE(bob.closed());
    // The last one that still fitted may go beyond.
    CHECK(bob.sink->queued_bytes() < limits::outbox_droppable_bytes_max + 10'000);
    CHECK(bob.sink->queued_bytes() > 0);
  }
  SECTION("a fast one gets its own rate of them") {
    flood(world.guest("mallory"));
    CHECK(bytes_to(bob) <= limits::signal_bytes_burst + 10'000);
    CHECK(bob.received("signal").size() > 20);

    bob.forget();
    auto& carol = world.guest("carol");
    world.advance(1s);
    CHECK(first_of(carol)["sessions"] == 1);
    CHECK(bob.received("signal").size() == 1);
  }
  SECTION("one that is addressed by itself as well") {
    auto& mallory = world.guest("mallory");
    for (int i = 0; i < 40; ++i)
      mallory.ask({{"type", "signal"},
                   {"to_session", bob.welcome["session"]},
                   {"data", {{"x", std::string(9000, 'x')}}}});
    CHECK(bytes_to(bob) <= limits::signal_bytes_burst + 10'000);
    CHECK_FALSE(bob.closed());
  }
}
