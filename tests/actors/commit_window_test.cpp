// The journal's writer waits a moment for more, when appends come one by one but quickly.

#include "tests/support/actor_world.hpp"
#include "tests/support/catch.hpp"

#include <caf/send.hpp>

#include <functional>
#include <utility>

using namespace confab;
using namespace confab::test;

namespace {

constexpr auto window = 2ms;

world_options options(std::chrono::microseconds commit_window, double busy_from) {
  world_options how;
  how.shards = 1;
  how.how.commit_window = commit_window;
  how.how.busy_deliveries_per_second = busy_from;
  how.how.commands_per_second = 0;
  return how;
}

/// A writer to which appends are sent straight. A pause takes no time.
struct writing {
  explicit writing(std::chrono::microseconds commit_window = window, double busy_from = 1e9)
      : world(options(commit_window, busy_from)), at_most(commit_window) {
    world.fill("general", 1);
    world.faults.on_commit = [this] {
      ++commits;
      waits += std::exchange(paused, 0us) > 0us;
      return commit_fate::stored;
    };
    world.env.pause = [this](std::chrono::microseconds span) {
      const bool first = paused == 0us;
      paused += span;
      CHECK(paused <= at_most);
      meanwhile(first);
    };
  }
  void ask() {
    caf::anon_send(world.env.writer,
                   actors::append_request{
                       {},
                       wanted_by("author", "general", rooms::post_message{{"x", std::nullopt}},
                                 "k" + std::to_string(++asked))});
  }
  void append() {
    ask();
    world.settle();
  }
  /// So often at once that the next is expected at once. Nothing of it counts.
  void warm_up() {
    meanwhile = [this](bool) { ask(); };
    for (int i = 0; i < 60; ++i) append();
    REQUIRE(waits > 0);
    meanwhile = nothing;
    commits = waits = 0;
  }
  std::size_t stored() { return world.stored_log("general").size() - 1; }
  void check_all_stored_in_order() {
    const auto log = world.stored_log("general");
    REQUIRE(log.size() == asked + 1);
    for (std::size_t i = 1; i < log.size(); ++i) CHECK(log[i].key == "k" + std::to_string(i));
  }

  actor_world world;
  static void nothing(bool) {}

  /// What comes during a pause; a wait may have several, of which one is the first.
  std::function<void(bool first)> meanwhile = nothing;
  std::size_t asked = 0;
  int commits = 0;
  int waits = 0;                        // commits that have waited
  std::chrono::microseconds paused{0};  // since the last commit
  std::chrono::microseconds at_most;
};

}  // namespace

TEST_CASE("appends that come quickly are committed together") {
  writing to;
  to.warm_up();
  to.meanwhile = [&](bool) {
    CHECK(to.commits == 0);
    for (int i = 0; i < 9; ++i) to.ask();
  };

  to.append();

  CHECK(to.waits == 1);
  CHECK(to.commits == 1);
  to.check_all_stored_in_order();
}

TEST_CASE("an append that comes alone is committed at once") {
  const auto gap = GENERATE(1ms, 5ms, 100ms, 10'000ms);
  writing to;
  for (int i = 0; i < 100; ++i) {
    to.append();
    CHECK(to.stored() == to.asked);
    to.world.tick(gap);
  }

  CHECK(to.waits == 0);
  CHECK(to.commits == 100);
}

TEST_CASE("after a silence the first append is not kept waiting for a second") {
  writing to;
  to.warm_up();
  to.append();  // in vain: nothing came
  to.world.tick(1s);
  to.waits = 0;

  for (int i = 0; i < 20; ++i) {
    to.append();
    to.world.tick(20ms);
  }

  CHECK(to.waits == 0);
  to.check_all_stored_in_order();
}

TEST_CASE("waits in vain become rare, where those who append wait for the commit themselves") {
  writing to;
  to.warm_up();
  for (int i = 0; i < 2000; ++i) to.append();

  CHECK(to.waits > 1);
  CHECK(to.waits <= 7);
  CHECK(to.commits == 2000);
  to.check_all_stored_in_order();
}

TEST_CASE("a burst that is over when the wait begins makes the next waits as rare") {
  writing to;
  to.warm_up();
  to.meanwhile = [&](bool first) {
    if (first) to.ask();
  };
  for (int i = 0; i < 2000; ++i) to.append();

  CHECK(to.waits > 1);
  CHECK(to.waits <= 7);
  to.check_all_stored_in_order();
}

TEST_CASE("waits that pay go on") {
  writing to;
  to.warm_up();
  to.meanwhile = [&](bool) { to.ask(); };
  for (int i = 0; i < 100; ++i) to.append();

  CHECK(to.waits == 100);
  CHECK(to.commits == 100);
  to.check_all_stored_in_order();
}

TEST_CASE("while a shard is busy fewer appends are worth a wait") {
  writing to;
  to.meanwhile = [&](bool) { to.ask(); };
  const auto waits_of = [&](bool busy) {
    caf::anon_send(to.world.env.writer, actors::shard_load{busy});
    to.waits = 0;
    for (int i = 0; i < 50; ++i) {
      to.append();
      to.world.tick(1ms);
    }
    return to.waits;
  };

  CHECK(waits_of(true) > 20);  // it has to learn how they come
  CHECK(waits_of(false) == 0);
  CHECK(waits_of(true) > 40);
  CHECK(waits_of(true) > 40);  // a second one
  CHECK(waits_of(false) > 40);
  CHECK(waits_of(false) == 0);
}

TEST_CASE("the writer hears of a shard when it becomes busy, and when it is no more") {
  writing to{20ms, 300};
  auto& alice = to.world.guest("alice");
  auto& bob = to.world.guest("bob");
  alice.join("talk");
  bob.join("talk");
  to.meanwhile = [&](bool) { to.ask(); };  // it pays to wait, and no shard is busier for it
  const auto waits_at = [&](std::chrono::milliseconds gap) {
    for (int i = 0; i < 100; ++i) {
      if (i == 50) to.waits = 0;
      alice.say({{"type", "send"}, {"room", "talk"}, {"text", "x"}});
      to.world.settle();
      to.world.advance(gap);
    }
    return to.waits;
  };

  CHECK(waits_at(8ms) == 0);  // 250 deliveries a second
  CHECK(waits_at(6ms) > 40);
  CHECK(waits_at(8ms) == 0);

  CHECK(waits_at(6ms) > 40);
  to.world.advance(1s);  // silence
  to.waits = 0;
  for (int i = 0; i < 50; ++i) {
    to.append();
    to.world.advance(8ms);
  }
  CHECK(to.waits == 0);
}

TEST_CASE("without a commit window nothing waits") {
  writing to{0us};
  for (int i = 0; i < 200; ++i) to.append();

  CHECK(to.waits == 0);
  CHECK(to.commits == 200);
}

TEST_CASE("what queued while a commit ran is one batch, without a wait") {
  writing to;
  for (int i = 0; i < 50; ++i) to.ask();
  to.world.settle();

  CHECK(to.waits == 0);
  CHECK(to.commits == 1);
  to.check_all_stored_in_order();
}

TEST_CASE("a flush during the wait commits all that was asked for before, once") {
  writing to;
  to.warm_up();
  to.meanwhile = [&, asked = false](bool) mutable {
    if (std::exchange(asked, true)) return;
    to.ask();
    caf::anon_send(to.world.env.writer, actors::flush_request{});
    to.ask();
  };

  to.append();

  CHECK(to.commits == 2);
  to.check_all_stored_in_order();
  to.meanwhile = writing::nothing;
  to.append();
  to.append();
  to.check_all_stored_in_order();
}

TEST_CASE("a batch is bounded, also by what comes during the wait") {
  writing to;
  to.warm_up();
  to.meanwhile = [&, left = 5000](bool) mutable {
    for (; left > 0; --left) to.ask();
  };

  to.append();

  CHECK(to.commits == 2);
  to.check_all_stored_in_order();
}

TEST_CASE("what one commit does not hold goes with the next") {
  writing to;
  to.world.fill("heavy", 2);
  std::vector<rooms::operation> reactions;
  for (int i = 0; i < 10'000; ++i)
    reactions.push_back(wanted_by("eve", "heavy",
                                  rooms::set_reaction{seq_no(1 + i % 2), "+", i % 4 < 2}));
  to.world.commit(reactions);
  to.commits = 0;

  for (const std::uint64_t target : {1, 2})
    caf::anon_send(to.world.env.writer,
                   actors::append_request{{}, wanted_by("author", "heavy",
                                                        rooms::delete_messages{{seq_no{target}}, {}})});
  to.ask();
  to.world.settle();

  CHECK(to.commits == 3);
  const auto log = to.world.stored_log("heavy");
  REQUIRE(log.size() == 10'004);
  CHECK(std::holds_alternative<deleted>(log.back().body));
  to.check_all_stored_in_order();
}

TEST_CASE("what is refused after a wait is refused to everyone who asked") {
  writing to;
  auto& alice = to.world.guest("alice");
  auto& bob = to.world.guest("bob");
  alice.join("general");
  bob.join("general");
  to.warm_up();
  alice.forget();
  to.world.hold(to.world.env.writer);
  for (auto* who : {&alice, &bob})
    who->say({{"type", "send"}, {"id", 901}, {"room", "general"}, {"text", "x"}});
  to.world.settle();
  to.world.faults.on_commit = [] { return commit_fate::refused; };
  to.world.release_all();
  to.world.settle();

  CHECK(to.paused > 0us);
  for (auto* who : {&alice, &bob}) CHECK(who->reply_to(901)["code"] == "unavailable");
}
