#include "tests/support/actor_world.hpp"
#include "tests/support/catch.hpp"

using namespace confab;
using namespace confab::test;

namespace {

json history(json with = json::object()) {
  with["type"] = "history";
  with["room"] = "general";
  return with;
}
json reactions(const std::string& room, const std::string& emoji, const json& after = nullptr) {
  return {{"type", "reactions"}, {"room", room}, {"target", 1}, {"emoji", emoji}, {"after", after}};
}
std::pair<std::uint64_t, std::uint64_t> ends(const json& page) {
  return {page["events"].front()["seq"], page["events"].back()["seq"]};
}

using from_to = std::pair<std::uint64_t, std::uint64_t>;

std::vector<std::string> names(const json& page) {
  std::vector<std::string> list;
  for (const auto& room : page["rooms"]) list.push_back(room["room"]);
  return list;
}

}  // namespace

TEST_CASE("history pages backwards, forwards and between, always ascending") {
  actor_world world;
  world.fill("general", 500);
  auto& alice = world.guest("alice");
  alice.join("general");

  const auto latest = alice.ask(history());
  CHECK(latest["type"] == "history");
  CHECK(latest["room"] == "general");
  CHECK(ends(latest) == from_to{451, 500});
  CHECK(latest["more"] == true);
  CHECK(ends(alice.ask(history({{"before", 451}, {"limit", 20}}))) == from_to{431, 450});
  CHECK(ends(alice.ask(history({{"after", 100}, {"limit", 20}}))) == from_to{101, 120});
  const auto between = alice.ask(history({{"after", 100}, {"before", 104}}));
  CHECK(ends(between) == from_to{101, 103});
  CHECK(between["more"] == false);
  const auto first = alice.ask(history({{"before", 11}}));
  CHECK(ends(first) == from_to{1, 10});
  CHECK(first["more"] == false);
  CHECK(alice.ask(history({{"after", 500}}))["events"] == json::array());
}

TEST_CASE("a history's limit is moved into 1..200") {
  actor_world world;
  world.fill("general", 500);
  auto& alice = world.guest("alice");
  alice.join("general");

  CHECK(alice.ask(history({{"limit", 0}}))["events"].size() == 1);
  CHECK(alice.ask(history({{"limit", 200}}))["events"].size() == 200);
  CHECK(alice.ask(history({{"limit", 201}}))["events"].size() == 200);
}

TEST_CASE("history without id says nothing, and does not hold up what follows") {
  actor_world world;
  auto& alice = world.guest("alice");
  alice.join("general");
  alice.forget();
  alice.say(history());
  alice.say({{"type", "rooms"}});
  alice.say({{"type", "ping"}, {"id", 5}});
  world.settle();

  REQUIRE(alice.received().size() == 1);
  CHECK(alice.received()[0]["type"] == "pong");
  CHECK(alice.send("general", "x")["seq"] == 1);
}

TEST_CASE("reactions lists all who reacted with one emoji, in order of reacting") {
  actor_world world;
  auto& alice = world.guest("alice");
  alice.join("general");
  alice.send("general", "hi");
  for (const auto* name : {"bob", "carol", "dan"}) {
    auto& other = world.guest(name);
    other.join("general");
    other.ask({{"type", "react"}, {"room", "general"}, {"target", 1}, {"emoji", "+"}});
  }

  const auto all = alice.ask(reactions("general", "+"));
  CHECK(all["type"] == "reactions");
  CHECK(all["users"] == json({"bob", "carol", "dan"}));
  CHECK(all["count"] == 3);
  CHECK(all["more"] == false);
  CHECK_FALSE(all.contains("next"));
  CHECK(alice.ask(reactions("general", "+", "2"))["users"] == json({"carol", "dan"}));
  CHECK(alice.ask(reactions("general", "-"))["count"] == 0);
}

TEST_CASE("reactions come in pages of a thousand") {
  actor_world world;
  world.fill("general", 1);
  std::vector<rooms::operation> batch;
  for (int i = 0; i < 1001; ++i)
    batch.push_back(wanted_by("u" + std::to_string(i), "general",
                              rooms::set_reaction{seq_no{1}, "+", true}));
  world.commit(std::move(batch));
  auto& alice = world.guest("alice");
  alice.join("general");

  const auto page = alice.ask(reactions("general", "+"));

  CHECK(page["users"].size() == 1000);
  CHECK(page["count"] == 1001);
  REQUIRE(page["more"] == true);
  const auto last = alice.ask(reactions("general", "+", page["next"]));
  CHECK(last["users"] == json({"u1000"}));
  CHECK(last["more"] == false);
}

TEST_CASE("reactions and reports ask for no more than that one may read the message") {
  actor_world world;
  world.fill("general", 1);
  auto& alice = world.guest("alice");
  auto& bob = world.guest("bob");
  auto& eve = world.guest("eve");
  const std::string between = alice.ask({{"type", "direct"}, {"to", "bob"}, {"text", "hi"}})["room"];
  alice.ask({{"type", "create"}, {"room", "closed"}, {"visibility", "private"}});
  alice.ask({{"type", "create"}, {"room", "own"}, {"history", "own"}});
  for (const auto* room : {"closed", "own"}) {
    alice.join(room);
    alice.send(room, "hi");
  }
  const auto report = [](const std::string& room, std::uint64_t target) {
    return json{{"type", "report"}, {"room", room}, {"target", target}};
  };

  CHECK(alice.ask(reactions("general", "+"))["count"] == 0);
  CHECK(bob.ask(reactions(between, "+"))["count"] == 0);
  CHECK(alice.ask(report("general", 1))["type"] == "done");
  CHECK(bob.ask(report(between, 1))["type"] == "done");
  for (const auto& room : {between, std::string{"closed"}, std::string{"nowhere"}}) {
    INFO(room);
    CHECK(eve.ask(reactions(room, "+"))["code"] == "no_such_room");
    CHECK(eve.ask(report(room, 1))["code"] == "no_such_room");
  }
  // Who is no member reads there from their coming on.
  CHECK(eve.ask(reactions("own", "+"))["code"] == "no_such_message");
  CHECK(eve.ask(report("own", 3))["code"] == "no_such_message");
  CHECK(alice.ask(report("own", 3))["type"] == "done");
}

namespace {

json listed_as(const char* room, int head, int online, bool joined) {
  return {{"room", room},     {"title", room},   {"head", head},
          {"online", online}, {"joined", joined}, {"visibility", "public"}};
}

}  // namespace

TEST_CASE("rooms lists title, head, who is online and whether one has joined") {
  actor_world world;
  auto& alice = world.guest("alice");
  auto& bob = world.guest("bob");
  for (const auto* room : {"b", "a", "c"}) alice.join(room);
  bob.join("a");
  bob.send("a", "hi");
  alice.ask({{"type", "leave"}, {"room", "c"}});
  alice.ask({{"type", "direct"}, {"to", "bob"}, {"text", "not listed"}});

  const auto listed = alice.ask({{"type", "rooms"}});

  CHECK(listed["type"] == "rooms");
  CHECK(listed["more"] == false);
  CHECK(listed["rooms"] ==
        json::array(
            {listed_as("a", 1, 2, true), listed_as("b", 0, 1, true), listed_as("c", 0, 0, false)}));
}

TEST_CASE("rooms of nowhere is an empty list") {
  actor_world world;

  CHECK(world.guest("alice").ask({{"type", "rooms"}})["rooms"] == json::array());
}

TEST_CASE("rooms pages by a hundred") {
  actor_world world;
  for (int i = 0; i < 201; ++i) world.fill("room" + std::to_string(1000 + i), 1);
  auto& alice = world.guest("alice");

  const auto first = alice.ask({{"type", "rooms"}});
  CHECK(first["rooms"].size() == 100);
  CHECK(first["more"] == true);
  const auto second = alice.ask({{"type", "rooms"}, {"after", "room1099"}});
  CHECK(second["rooms"].size() == 100);
  CHECK(second["rooms"][0]["room"] == "room1100");
  const auto last = alice.ask({{"type", "rooms"}, {"after", "room1199"}});
  CHECK(names(last) == std::vector<std::string>{"room1200"});
  CHECK(last["more"] == false);
}

TEST_CASE("rooms lists what the token admits, and all to an admin") {
  actor_world world;
  for (const auto* room : {"general", "secret", "team-a", "team-b"}) world.fill(room, 1);
  auto& who = world.auth.tokens["t"];
  who = world.identity_of("alice");

  who.rooms = {"team-*"};
  CHECK(names(world.with_token("t").ask({{"type", "rooms"}})) ==
        std::vector<std::string>{"team-a", "team-b"});
  who.rooms = std::vector<std::string>{};
  CHECK(names(world.with_token("t").ask({{"type", "rooms"}})).empty());
  who.admin = true;
  CHECK(names(world.with_token("t").ask({{"type", "rooms"}})).size() == 4);
}

TEST_CASE("what was asked for by who has left meanwhile is not read") {
  world_options how;
  how.shards = 1;
  actor_world world{how};
  world.fill("general", 10);
  auto& alice = world.guest("alice");
  alice.join("general");
  world.hold_readers();
  alice.say(history({{"id", 7}}));
  world.settle();
  alice.disconnect();
  world.settle();
  alice.taken.reset();
  std::size_t reads = 0;
  world.faults.read_fails = [&] { return ++reads, false; };

  world.release_all();
  world.settle();

  CHECK(reads == 0);
}

TEST_CASE("a read that takes too long is unavailable, and the next one has time again") {
  actor_world world;
  world.fill("general", 10);
  auto& alice = world.guest("alice");
  alice.join("general");
  world.faults.read_fails = [&] {
    world.tick(limits::read_time_max + 1ms);
    return false;
  };

  CHECK(alice.ask(history())["code"] == "unavailable");
  world.faults = {};
  CHECK(alice.ask(history())["type"] == "history");
}
