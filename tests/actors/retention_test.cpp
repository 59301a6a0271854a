// Messages that are older than their room keeps them.

#include "actors/clock_doubt.hpp"
#include "actors/keeper.hpp"
#include "protocol/limits.hpp"
#include "tests/support/actor_world.hpp"
#include "tests/support/catch.hpp"

#include <caf/send.hpp>

using namespace confab;
using namespace confab::test;

namespace {

/// Alice's room keeps messages for an hour.
struct kept {
  actor_world world;
  client& alice = world.guest("alice");

  explicit kept(world_options how = {}) : world(std::move(how)) {
    alice.ask({{"type", "create"}, {"room", "team"}, {"retention_ms", 3'600'000}});
    alice.join("team");
  }
  std::uint64_t floor(const std::string& room = "team") {
    return world.stored_room(room).floor.value();
  }
};

json since(client& who, std::uint64_t seq) {
  return who.ask({{"type", "join"}, {"room", "team"}, {"since", seq}});
}

}  // namespace

TEST_CASE("what is older than its room keeps it goes within the hour, and who is there hears of it") {
  kept of;
  of.world.keep();
  of.alice.send("team", "old");
  of.world.advance(30min);
  of.alice.send("team", "young");
  of.alice.forget();
  of.world.advance(29min);
  CHECK(of.alice.received("trimmed").empty());

  of.world.advance(2min);

  const auto told = of.alice.received("trimmed");
  REQUIRE(told.size() == 1);
  CHECK(told[0]["upto"] == 3);
  CHECK(told[0]["seq"] == 5);
  CHECK(told[0]["from"] == "@server");
  const auto history = of.alice.ask({{"type", "history"}, {"room", "team"}});
  REQUIRE(history["events"].size() == 1);
  CHECK(history["events"][0]["text"] == "young");
  CHECK(history["more"] == false);
  CHECK(std::get<posted>(of.world.stored_entry("team", 3)->body).what.empty());
  const auto lost = of.alice.ask({{"type", "edit"}, {"room", "team"}, {"target", 3}, {"text", "x"}});
  CHECK(lost["code"] == "no_such_message");
}

TEST_CASE("a resume across a trim is served from where that ended, and one before it is a gap") {
  kept of;
  of.world.keep();
  of.alice.send("team", "old");
  of.world.advance(30min);
  of.alice.send("team", "young");
  of.world.advance(31min);
  REQUIRE(of.floor() == 4);
  if (GENERATE(false, true)) {  // the room is put away, and read anew
    of.alice.disconnect();
    of.world.advance(of.world.env.how.room_idle + 1min);
  }
  auto& bob = of.world.guest("bob");

  const auto whole = since(bob, 3);
  CHECK(whole["gap"] == false);
  REQUIRE(whole["events"].size() == 2);
  CHECK(whole["events"][0]["text"] == "young");
  CHECK(whole["events"][1]["type"] == "trimmed");

  const auto cut = since(bob, 2);
  CHECK(cut["gap"] == true);
  CHECK(cut["oldest"] == 4);
  REQUIRE(cut["events"].size() == 1);
  CHECK(cut["events"][0]["text"] == "young");
}

TEST_CASE("the server's own retention is every room's that sets none, however much there is") {
  world_options how;
  how.how.rules.retention = 1h;
  kept of{how};
  of.world.fill("large", limits::trim_entries_max + 500);
  of.world.keep();

  of.world.advance(62min);

  CHECK(of.floor("large") == limits::trim_entries_max + 501);
  const auto head = of.world.stored_room("large").head.value();
  CHECK(head == limits::trim_entries_max + 502);  // a thousand, and the rest
  of.world.advance(5h);
  CHECK(of.world.stored_room("large").head.value() == head);
}

TEST_CASE("a badge goes with what it counted") {
  kept of;
  of.world.keep();
  auto& bob = of.world.guest("bob");
  bob.ask({{"type", "join"}, {"room", "team"}, {"member", true}});
  of.alice.send("team", "old");
  CHECK(bob.ask({{"type", "inbox"}})["totals"]["unread"] == 1);
  bob.forget();

  of.world.advance(62min);

  const auto told = bob.received("inbox");
  REQUIRE_FALSE(told.empty());
  CHECK(told.back()["rooms"][0]["unread"] == 0);
  CHECK_FALSE(told.back()["rooms"][0].contains("last"));
  CHECK(told.back()["totals"]["unread"] == 0);
}

TEST_CASE("while the clock is in doubt nothing goes, until it is right again") {
  kept of;
  of.alice.send("team", "young");
  const auto keeper = of.world.keep();
  of.world.advance(2min);
  of.world.set_clock(2h);

  of.world.advance(62min);
  CHECK(of.floor() == 1);
  CHECK(of.world.clock_doubts == std::vector{true});
  of.world.advance(3h);
  CHECK(of.world.clock_doubts == std::vector{true});

  SECTION("because it was set") {
    of.world.set_clock(5min);
    of.world.advance(1h);
  }
  SECTION("because somebody says so") {
    caf::anon_send(keeper, actors::resume_trimming{});
    of.world.settle();
  }
  CHECK(of.floor() == 4);
  CHECK(of.world.clock_doubts == std::vector{true, false});
}

TEST_CASE("a server that starts long after its newest entry takes nothing away before it is told to") {
  kept of;
  of.alice.send("team", "old or young");
  const auto ahead = GENERATE(23h, 25h);
  of.world.set_clock(ahead);
  const auto keeper = of.world.keep();
  of.world.advance(10s);
  of.alice.send("team", "with the time of that clock");

  of.world.advance(2min);

  const bool doubt = ahead > 24h;
  CHECK(of.world.clock_doubts == (doubt ? std::vector{true} : std::vector<bool>{}));
  CHECK(of.floor() == (doubt ? 1u : 4u));
  caf::anon_send(keeper, actors::resume_trimming{});
  of.world.settle();
  CHECK(of.floor() == 4);
}

TEST_CASE("what is said by a wrong clock right after the start does not make it right") {
  kept of;
  of.alice.send("team", "young");
  of.world.set_clock(30 * 24h);
  of.world.keep();
  CHECK(of.world.clock_doubts == std::vector{true});
  of.alice.send("team", "by the wrong clock");

  of.world.advance(2min);

  CHECK(of.floor() == 1);
  CHECK(of.world.clock_doubts == std::vector{true});
}

TEST_CASE("who says right after the start that the clock is right is believed") {
  kept of;
  of.alice.send("team", "old");
  of.world.set_clock(30 * 24h);

  caf::anon_send(of.world.keep(), actors::resume_trimming{});
  of.world.settle();

  CHECK(of.floor() == 4);
  CHECK(of.world.clock_doubts == std::vector{true, false});
}

TEST_CASE("that the clock was set is told long before the next round") {
  kept of;
  const auto keeper = of.world.keep();
  const auto ask = [&] {
    caf::anon_send(keeper, actors::alive_request{});
    of.world.settle();
  };

  of.world.set_clock(30 * 24h);
  ask();
  CHECK(of.world.clock_doubts == std::vector{true});
  of.world.set_clock(0ms);
  ask();
  CHECK(of.world.clock_doubts == std::vector{true, false});
}

TEST_CASE("where the journal can't be read or written, what is old goes when it can") {
  kept of;
  of.alice.send("team", "old");
  of.world.keep();
  of.world.advance(59min);
  bool fails = true;
  if (GENERATE(false, true))
    of.world.faults.on_commit = [&] { return fails ? commit_fate::refused : commit_fate::stored; };
  else
    of.world.faults.read_fails = [&] { return fails; };
  of.world.advance(5min);
  fails = false;
  REQUIRE(of.floor() == 1);

  of.world.advance(2min);

  CHECK(of.floor() == 4);
}

TEST_CASE("the clock is in doubt when it has moved against the time that has passed") {
  using namespace std::chrono_literals;
  using actors::clock_doubt;
  const unix_ms wall{1'000'000'000'000};
  const actors::steady_time steady{};
  const auto at = [&](std::chrono::milliseconds span) { return unix_ms{wall.value() + span.count()}; };
  clock_doubt of{wall, steady, wall};

  CHECK_FALSE(of.is_there(at(1h), steady + 1h));
  CHECK_FALSE(of.is_there(at(1h + 10min), steady + 1h));
  CHECK(of.is_there(at(1h + 10min + 1ms), steady + 1h));
  CHECK(of.is_there(at(1h - 10min - 1ms), steady + 1h));
  CHECK_FALSE(clock_doubt{at(24h), steady, wall}.is_there(at(24h), steady));
  CHECK(clock_doubt{at(24h + 1ms), steady, wall}.is_there(at(24h), steady));
  CHECK_FALSE(clock_doubt{at(24h + 1ms), steady, std::nullopt}.is_there(at(24h), steady));

  of.dispel(at(3h), steady + 1h);
  CHECK_FALSE(of.is_there(at(4h), steady + 2h));
}
