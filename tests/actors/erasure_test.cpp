// A user is erased: as a job, which a restart goes on with.

#include "actors/eraser.hpp"
#include "tests/support/actor_world.hpp"
#include "tests/support/catch.hpp"

#include <caf/send.hpp>

using namespace confab;
using namespace confab::test;

namespace {

/// Eve is a member of "team", and has said something in it, in "other", and to Bob.
struct known_eve {
  actor_world world;
  client& bob = world.guest("bob");
  client& eve = world.guest("eve");

  explicit known_eve(world_options how = {}) : world(std::move(how)) {
    for (auto* each : {&bob, &eve})
      each->ask({{"type", "join"}, {"room", "team"}, {"member", true}});
    eve.join("other");
    for (int i = 0; i < 150; ++i) eve.send("team", "by eve " + std::to_string(i));
    bob.send("team", "by bob");
    eve.ask({{"type", "react"}, {"room", "team"}, {"target", 153}, {"emoji", "+"}});
    eve.send("other", "by eve");
    eve.ask({{"type", "direct"}, {"to", "bob"}, {"text", "psst"}});
    for (auto& each : world.clients) each.forget();
  }
  void erase(const actors::eraser_actor& by) {
    caf::anon_send(by, actors::erase_request{user_id::trusted("eve")});
    world.settle();
  }
  bool is_named() {
    for (const auto* room : {"team", "other", "dm:bob:eve"})
      for (const auto& entry : world.stored_log(room)) {
        if (entry.from == user_id::trusted("eve")) return true;
        const auto* message = std::get_if<posted>(&entry.body);
        if (message && message->what.text.starts_with("by eve")) return true;
      }
    return false;
  }
};

}  // namespace

TEST_CASE("who is erased is named nowhere, and everybody hears of it") {
  known_eve of;
  const auto eraser = of.world.erase_users();
  REQUIRE(of.is_named());

  of.erase(eraser);

  CHECK_FALSE(of.is_named());
  CHECK(of.bob.received("deleted", "team").size() == 150);
  const auto told = of.bob.received("erased", "team");
  REQUIRE(told.size() == 1);
  CHECK(told[0]["user"] == "eve");
  CHECK(told[0]["from"] == "@server");
  const std::string as = told[0]["as"];
  CHECK(as.starts_with("gone:"));
  const auto left = of.eve.received("left", "team");
  REQUIRE(left.size() == 1);
  CHECK(left[0]["reason"] == "deleted");

  // What is remembered, and what is read, is called so too.
  const auto all = of.bob.join("team", 150, of.world.stored_room("team").epoch.value());
  for (const auto& event : all["events"]) CHECK(event["from"] != "eve");
  const auto history = of.bob.ask({{"type", "history"}, {"room", "team"}});
  for (const auto& message : history["events"]) {
    CHECK(message["from"] != "eve");
    CHECK_FALSE(message.contains("reactions"));
  }
  CHECK(of.bob.ask({{"type", "members"}, {"room", "team"}})["members"].size() == 1);
}

TEST_CASE("who is erased goes in smaller parts where much goes with what they said") {
  known_eve of;
  of.world.fill("heavy", 20, "by eve", "eve");
  std::vector<rooms::operation> reactions;
  for (int i = 0; i < 20'000; ++i)
    reactions.push_back(wanted_by("bob", "heavy",
                                  rooms::set_reaction{seq_no(1 + i % 20), "+", i % 40 < 20}));
  of.world.commit(reactions);

  of.erase(of.world.erase_users());

  CHECK_FALSE(of.is_named());
  std::size_t deletions = 0;
  for (const auto& entry : of.world.stored_log("heavy"))
    deletions += std::holds_alternative<deleted>(entry.body);
  CHECK(deletions == 20);
}

TEST_CASE("what an erased user says on is somebody else's") {
  known_eve of;
  of.erase(of.world.erase_users());
  auto& again = of.world.guest("eve");
  again.join("team");

  CHECK(again.send("team", "I am new")["type"] == "sent");

  CHECK(of.bob.received("message", "team").back()["from"] == "eve");
  CHECK(of.is_named());
}

TEST_CASE("who comes by an erased id reads nothing of the id's direct rooms from before") {
  known_eve of;
  auto& carol = of.world.guest("carol");
  carol.ask({{"type", "direct"}, {"to", "eve"}, {"text", "eve never answered this"}});
  of.eve.join("dm:bob:eve");
  of.erase(of.world.erase_users());
  CHECK(of.eve.ask({{"type", "history"}, {"room", "dm:bob:eve"}})["events"].empty());
  if (GENERATE(false, true)) {  // the rooms are put away, and read anew
    for (auto* each : {&of.bob, &of.eve, &carol}) each->disconnect();
    of.world.advance(of.world.env.how.room_idle + 1min);
  }
  auto& again = of.world.guest("eve");

  for (const auto* room : {"dm:bob:eve", "dm:carol:eve"}) {
    INFO(room);
    const auto joined = again.ask({{"type", "join"}, {"room", room}, {"since", 0}});
    CHECK(joined["type"] == "joined");
    CHECK(joined["events"].empty());
    CHECK(joined["oldest"] == of.world.stored_room(room).head.value());
    CHECK(again.ask({{"type", "history"}, {"room", room}})["events"].empty());
    const auto reply = again.ask(
        {{"type", "send"}, {"room", room}, {"text", "about that"}, {"reply_to", 1}});
    CHECK(reply["code"] == "no_such_message");
  }

  auto& friendly = of.world.guest("bob");
  friendly.ask({{"type", "direct"}, {"to", "eve"}, {"text", "welcome"}});
  const auto history = again.ask({{"type", "history"}, {"room", "dm:bob:eve"}});
  REQUIRE(history["events"].size() == 1);
  CHECK(history["events"][0]["text"] == "welcome");
  CHECK(friendly.ask({{"type", "join"}, {"room", "dm:bob:eve"}})["events"].size() == 2);
}

TEST_CASE("in time the entries that tell of an erasure do not name the id") {
  world_options how;
  how.how.erased_ids_kept = 2h;
  known_eve of{how};
  of.erase(of.world.erase_users());
  of.world.keep();
  const auto says_eve = [&](const char* room) {
    for (const auto& entry : of.world.stored_log(room))
      if (const auto* gone = std::get_if<erased>(&entry.body)) return gone->user.value() == "eve";
    FAIL("nobody is erased in " << room);
    return false;
  };
  of.world.advance(90min);
  for (const auto* room : {"team", "other", "@server"}) CHECK(says_eve(room));

  if (GENERATE(false, true)) {  // a clock that was set is not believed
    of.world.set_clock(24h);
    of.world.advance(90min);
    for (const auto* room : {"team", "other", "@server"}) CHECK(says_eve(room));
    of.world.set_clock(0h);
  }
  of.world.advance(2h);

  for (const auto* room : {"team", "other", "@server"}) CHECK_FALSE(says_eve(room));
  CHECK(says_eve("dm:bob:eve"));  // the room's own id says it
}

TEST_CASE("an erasure that was cut off goes on") {
  known_eve of;
  const auto first = of.world.erase_users();
  int commits = 0;
  const int stored_max = GENERATE(1, 2, 3, 5);
  of.world.faults.on_commit = [&] {
    return ++commits > stored_max ? commit_fate::refused : commit_fate::stored;
  };
  of.erase(first);
  CHECK(of.is_named());
  const auto pending = [&] { return actors::pending_erasures(of.world.stored()); };
  REQUIRE(pending()->size() == 1);
  CHECK(pending()->front().first == user_id::trusted("eve"));
  of.world.faults.on_commit = [] { return commit_fate::stored; };

  SECTION("by the same process") { of.world.advance(2min); }
  SECTION("by another one") {
    of.world.end_eraser();
    of.world.erase_users();
    of.world.settle();
  }

  CHECK_FALSE(of.is_named());
  CHECK(pending()->empty());
  CHECK(of.bob.received("erased", "team").size() == 1);
}
