// Whoever reads the entries of all rooms gets each of them, in order, from where he was.

#include "tests/support/actor_world.hpp"
#include "tests/support/catch.hpp"

#include <random>

using namespace confab;
using namespace confab::test;

namespace {

class collector final : public actors::feed_sink {
 public:
  bool take(std::span<const journal::feed_item> items) override {
    if (refuses) return false;
    lost = false;
    taken.insert(taken.end(), items.begin(), items.end());
    return true;
  }
  std::vector<std::uint64_t> positions() const {
    std::vector<std::uint64_t> all;
    for (const auto& item : taken) all.push_back(item.position);
    return all;
  }
  std::uint64_t goes_on_behind(std::uint64_t last) override {
    return lost ? 0 : last;
  }
  std::vector<journal::feed_item> taken;
  bool refuses = false;
  bool lost = false;  // all it had taken
};

std::vector<std::uint64_t> upto(std::uint64_t last, std::uint64_t first = 1) {
  std::vector<std::uint64_t> all;
  for (auto i = first; i <= last; ++i) all.push_back(i);
  return all;
}

}  // namespace

TEST_CASE("a follower of the feed gets what was there and what comes, of all rooms") {
  actor_world world;
  world.fill("general", 700);
  const auto sink = std::make_shared<collector>();
  world.follow(0, sink);
  world.settle();
  CHECK(sink->positions() == upto(700));

  auto& alice = world.guest("alice");
  alice.join("general");
  alice.join("other");
  alice.send("general", "one");
  alice.send("other", "two");

  CHECK(sink->positions() == upto(702));
  CHECK(sink->taken.back().room == room_id::trusted("other"));
  CHECK(sink->taken.back().entry.from == user_id::trusted("alice"));
}

TEST_CASE("a follower goes on from its position, and asks once while there is nothing new") {
  actor_world world;
  world.fill("general", 10);
  const auto sink = std::make_shared<collector>();
  world.follow(7, sink);
  world.settle();

  CHECK(sink->positions() == upto(10, 8));
  // Marks move the journal, and have no entries.
  rooms::operation marks = wanted_by("alice", "general", rooms::set_marks{{rooms::mark{}}});
  caf::anon_send(world.env.writer, actors::append_request{{}, marks});
  world.settle();  // it would never settle if the follower asked again and again
  CHECK(sink->positions() == upto(10, 8));
}

TEST_CASE("a sink that takes nothing, and a journal that can't be read, are asked again") {
  actor_world world;
  world.fill("general", 5);
  const auto sink = std::make_shared<collector>();
  sink->refuses = true;
  world.follow(0, sink);
  world.settle();
  CHECK(sink->taken.empty());

  sink->refuses = false;
  world.faults.read_fails = [] { return true; };
  world.advance(3s);
  CHECK(sink->taken.empty());
  world.faults = {};
  world.advance(1s);

  CHECK(sink->positions() == upto(5));
}

TEST_CASE("a sink that has lost what it took gets it again, also while there is nothing new") {
  actor_world world;
  world.fill("general", 5);
  const auto sink = std::make_shared<collector>();
  world.follow(0, sink);
  world.settle();
  sink->taken.clear();

  sink->lost = true;
  world.advance(60s);
  CHECK(sink->positions() == upto(5));
  auto& alice = world.guest("alice");
  alice.join("general");
  alice.send("general", "one");

  CHECK(sink->positions() == upto(6));
}

TEST_CASE("an operation of nobody's session becomes an entry that its room tells its members") {
  actor_world world;
  auto& alice = world.guest("alice");
  alice.join("general");

  auto asked = wanted_by("billing-bot", "general", rooms::post_message{{"Paid.", std::nullopt}}, "k");
  asked.by.as = rooms::principal::kind::api_key;
  caf::anon_send(world.env.writer, actors::append_request{{}, asked});
  world.settle();

  const auto heard = alice.received("message");
  REQUIRE(heard.size() == 1);
  CHECK(heard[0]["from"] == "billing-bot");
  CHECK(alice.send("general", "thanks")["seq"] == 2);
}
