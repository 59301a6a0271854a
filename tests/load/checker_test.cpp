#include "tests/load/toy_server.hpp"
#include "tests/support/catch.hpp"

using namespace confab::load;
using namespace confab::load::test;

namespace {

constexpr std::size_t seconds = 10;

/// Does `fault` to every seventh entry of each room that session 3 is shown; others see all.
/// Returns to how many. The last entries stay right, so that what follows a fault shows it.
struct faulty {
  toy_world world{toy_world::small(5, 2)};
  std::uint64_t faults = 0;

  template <class Fault>
  explicit faulty(Fault fault) {
    world.spoil = [this, fault](std::uint32_t session, std::vector<json>& frames) {
      const bool is_time = world.now_us() < static_cast<std::int64_t>((seconds - 2) * 1'000'000);
      if (session != 3 || frames[0]["seq"].get<int>() % 7 != 0 || !is_time) return;
      ++faults;
      fault(frames);
    };
    world.run_until(seconds);
    world.finish();
  }
};

void wait_for_unanswered_send(toy_world& world) {
  world.run_until(0.5);
  world.answers = false;
  while (world.said_count("send") == 0)
    world.run_until(static_cast<double>(world.now_us()) / 1e6 + 0.1);
}

}  // namespace

TEST_CASE("a server that keeps its promises has nothing counted against it") {
  toy_world world{toy_world::small(5, 2)};

  world.run_until(seconds);
  world.finish();

  const auto& counted = world.users().tally().counters;
  const auto entries = world.rooms["load-0"].log.size() + world.rooms["load-1"].log.size();
  CHECK(violations(world.found()) == 0);
  CHECK(counted.sends == entries);
  CHECK(counted.acks == entries);
  CHECK(counted.deliveries == 5 * entries);
  CHECK(world.found().expected == 5 * entries);
  CHECK(entries > 20);
}

TEST_CASE("each delivery that a server loses counts as lost, once") {
  faulty on{[](auto& frames) { frames.clear(); }};

  REQUIRE(on.faults > 3);
  CHECK(on.world.found().lost == on.faults);
  CHECK(violations(on.world.found()) == on.faults);
}

TEST_CASE("what a server loses at the very end counts as lost, too") {
  toy_world world{toy_world::small(3)};
  world.spoil = [](std::uint32_t session, std::vector<json>& frames) {
    if (session == 2) frames.clear();
  };

  world.run_until(seconds);
  world.finish();

  // What the others sent; its own messages it misses as well.
  CHECK(world.found().lost == world.rooms["load-0"].log.size());
}

TEST_CASE("each delivery that a server doubles counts as duplicated, once") {
  faulty on{[](auto& frames) { frames.push_back(frames[0]); }};

  REQUIRE(on.faults > 3);
  CHECK(on.world.found().duplicated == on.faults);
  CHECK(violations(on.world.found()) == on.faults);
}

TEST_CASE("two entries that a server swaps count as one out of order") {
  toy_world world{toy_world::small(5, 1)};
  std::uint64_t faults = 0;
  std::vector<json> held;
  world.spoil = [&](std::uint32_t session, std::vector<json>& frames) {
    if (session != 3) return;
    if (!held.empty()) {
      frames.push_back(held[0]);
      held.clear();
    } else if (frames[0]["seq"].get<int>() % 7 == 0 && world.now_us() < 8'000'000) {
      held = std::exchange(frames, {});
      ++faults;
    }
  };

  world.run_until(seconds);
  world.finish();

  REQUIRE(faults > 3);
  CHECK(world.found().out_of_order == faults);
  CHECK(violations(world.found()) == faults);
}

TEST_CASE("a copy that a server sends to the wrong room counts as misrouted") {
  faulty on{[](auto& frames) {
    auto copy = frames[0];
    copy["room"] = copy["room"] == "load-0" ? "load-1" : "load-0";
    frames.push_back(copy);
  }};

  REQUIRE(on.faults > 3);
  CHECK(on.world.found().wrong_room == on.faults);
  CHECK(violations(on.world.found()) == on.faults);
}

TEST_CASE("an entry of a room that nobody joined counts as misrouted") {
  faulty on{[](auto& frames) {
    auto copy = frames[0];
    copy["room"] = "somewhere-else";
    frames.push_back(copy);
  }};

  REQUIRE(on.faults > 3);
  CHECK(on.world.found().wrong_room == on.faults);
  CHECK(violations(on.world.found()) == on.faults);
}

TEST_CASE("each text that a server changes counts as damaged") {
  const auto place = GENERATE(0, 1, 5, 20, 40, 50, 59);
  faulty on{[place](auto& frames) {
    auto text = frames[0]["text"].template get<std::string>();
    text[static_cast<std::size_t>(place)] ^= 1;
    frames[0]["text"] = text;
  }};

  REQUIRE(on.faults > 3);
  CHECK(on.world.found().damaged == on.faults);
  CHECK(violations(on.world.found()) == on.faults);
}

TEST_CASE("two members who are shown different entries under one seq saw different orders") {
  faulty on{[](auto& frames) {
    // Intact, of the same room, but another message.
    frames[0]["text"] = write_text(
        {stamp_kind::room, 0xabcd1234, frames[0]["room"] == "load-0" ? 0u : 1u, 99, 1, 0}, 60);
  }};

  REQUIRE(on.faults > 3);
  CHECK(on.world.found().out_of_order == on.faults);
}

TEST_CASE("a message that a server stores twice counts as duplicated") {
  toy_world world{toy_world::small(2)};
  world.run_until(5);
  auto again = world.rooms["load-0"].log.back();
  const auto author = again["from"] == "load-u0" ? 0u : 1u;
  again["seq"] = world.rooms["load-0"].log.size() + 1;
  world.rooms["load-0"].log.push_back(again);

  world.say(author, again);
  world.say(1 - author, again);
  world.run_until(6);
  world.finish();

  CHECK(world.found().duplicated == 1);
  CHECK(violations(world.found()) == 1);
}

TEST_CASE("an own message that comes before its reply is out of order") {
  toy_world world{toy_world::small(1)};
  wait_for_unanswered_send(world);
  const auto sent = world.said.back();

  world.say(0, {{"type", "message"},
                {"room", "load-0"},
                {"seq", 1},
                {"at", 1},
                {"from", "load-u0"},
                {"text", sent["text"]}});
  world.run_until(static_cast<double>(world.now_us()) / 1e6 + 0.1);

  CHECK(world.found().out_of_order == 1);
}

TEST_CASE("entries that a server has forgotten after a restart were seen before durable") {
  toy_world world{toy_world::small(4)};
  world.run_until(5);
  auto& log = world.rooms["load-0"].log;
  REQUIRE(log.size() > 5);
  world.is_up = false;
  world.close_all(1006, "connection ended");
  log.resize(log.size() - 3);
  world.is_up = true;

  world.run_until(15);
  world.finish();

  CHECK(world.found().undurable_seen == 3);
  CHECK(world.found().lost == 0);
}

TEST_CASE("another epoch after a restart means that all that was seen is gone") {
  toy_world world{toy_world::small(4)};
  world.run_until(5);
  const auto seen = world.rooms["load-0"].log.size();
  world.close_all(1006, "connection ended");
  world.rooms["load-0"].log.clear();
  world.rooms["load-0"].epoch = "e2";

  world.run_until(15);
  world.finish();

  CHECK(world.found().undurable_seen == seen);
}

TEST_CASE("a command that is never answered is counted") {
  toy_world world{toy_world::small(1)};
  wait_for_unanswered_send(world);

  const auto owed = world.said_count("send");
  world.users().finish(world.heads(), world.now_us());

  CHECK(world.found().unanswered == owed);
}
