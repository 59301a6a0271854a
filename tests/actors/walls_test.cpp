#include "actors/walls.hpp"

#include "actors/intake.hpp"
#include "search/searcher.hpp"
#include "tests/support/actor_world.hpp"
#include "tests/support/catch.hpp"

#include <new>

using namespace confab;
using namespace confab::test;

namespace {

/// Takes nothing, not even a refusal.
class broken_sink final : public frame_sink {
 public:
  push_result push(const frame&, importance, std::uint32_t) override {
    throw std::logic_error("a broken sink");
  }
  void close(close_code, std::string) override {}
  void resume_reading() override {}
  std::size_t queued_bytes() const noexcept override { return 0; }
  void notify_when_low() override {}
};

class idle_sink final : public actors::feed_sink {
 public:
  bool take(std::span<const journal::feed_item>) override { return true; }
};

template <class Handle>
void send_nonsense(const Handle& to) {
  caf::anon_send(caf::actor_cast<caf::actor>(to), 42);
}

}  // namespace

TEST_CASE("an exception while reading costs one answer, and the next is read by a fresh reader") {
  actor_world world;
  auto& alice = world.guest("alice");
  alice.join("general");
  alice.send("general", "one");
  const auto before = world.readers_made;
  world.faults.read_fails = []() -> bool { throw std::bad_alloc(); };

  CHECK(alice.ask({{"type", "history"}, {"room", "general"}})["code"] == "unavailable");
  CHECK(alice.ask({{"type", "rooms"}})["code"] == "unavailable");
  CHECK(alice.join("asleep")["code"] == "unavailable");
  auto& bob = world.guest("bob");
  world.faults = {};

  const auto page = alice.ask({{"type", "history"}, {"room", "general"}});
  INFO(page.dump());
  CHECK(page["events"].size() == 1);
  CHECK(alice.ask({{"type", "rooms"}})["rooms"].size() == 1);
  CHECK(alice.join("asleep")["type"] == "joined");
  CHECK_FALSE(bob.closed());
  CHECK(world.readers_made > before);
  CHECK(world.bugs.size() >= 3);
  for (const auto& each : world.bugs) CHECK(each == "journal_reader: std::bad_alloc");
  CHECK(world.fatal == 0);
}

TEST_CASE("a bug of an audience ends the process, and is told first") {
  actor_world world;
  const auto id = session_id::make(77, 0);
  const auto& audience = world.env.board.audience(0);
  caf::anon_send(
      audience,
      actors::attach_sink{
          id, {}, std::make_shared<broken_sink>(), {}, std::make_shared<actors::intake>()});
  caf::anon_send(audience, actors::open_sink{id});

  caf::anon_send(audience, actors::session_delivery{id, make_frame(frame_kind::text, "x"), {}});
  world.settle();

  CHECK(world.fatal == 1);
  CHECK(world.bugs == std::vector<std::string>{"audience: a broken sink"});
}

TEST_CASE("a message that nobody expects is told, and nobody ends for it") {
  actor_world world;
  const auto& shard = world.env.board.shard(0);

  send_nonsense(shard.directory);
  send_nonsense(shard.audience);
  send_nonsense(shard.reader);
  send_nonsense(shard.registrar);
  send_nonsense(world.env.writer);
  send_nonsense(world.keep());
  send_nonsense(world.erase_users());
  world.search_by([](const auto&) { return nullptr; });
  send_nonsense(world.env.search);
  send_nonsense(world.follow(0, std::make_shared<idle_sink>()));
  world.settle();

  std::vector<std::string> expected;
  for (const auto* who : {"directory", "audience", "journal_reader", "registrar", "journal_writer",
                          "keeper", "eraser", "searcher", "feed_follower"})
    expected.push_back(std::string{who} + ": a message that it does not understand");
  std::ranges::sort(expected);
  std::ranges::sort(world.bugs);
  CHECK(world.bugs == expected);
  CHECK(world.fatal == 0);
  CHECK(world.guest("alice").join("general")["type"] == "joined");
}

TEST_CASE("what reads the journal for all ends the process when that throws") {
  actor_world world;
  std::string who;
  SECTION("a follower of the feed") {
    world.faults.read_fails = []() -> bool { throw std::bad_alloc(); };
    world.follow(0, std::make_shared<idle_sink>());
    who = "feed_follower";
  }
  SECTION("who trims the journal") {
    world.keep();
    world.faults.read_fails = []() -> bool { throw std::bad_alloc(); };
    world.advance(2min);
    who = "keeper";
  }
  SECTION("who erases users") {
    world.faults.read_fails = []() -> bool { throw std::bad_alloc(); };
    world.erase_users();
    who = "eraser";
  }
  world.settle();

  CHECK(world.fatal == 1);
  CHECK(world.bugs == std::vector{who + ": std::bad_alloc"});
}
