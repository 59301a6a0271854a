// When to write to sockets and when to commit, without actors and by a clock of the test's own.

#include "actors/commit_pacing.hpp"
#include "actors/gathering.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/fake_client.hpp"

#include <optional>

using namespace confab;
using namespace confab::actors;
using namespace std::chrono_literals;
using confab::test::fake_sink;

namespace {

const room_id general = room_id::trusted("general");
constexpr auto window = 20ms;
constexpr auto each_write = 4us;

broadcast said(const std::string& text) {
  broadcast all;
  all.bytes[wire_format{}.index()] = make_frame(wire_format{}, text);
  return all;
}

/// One room with one member, on a shard that is busy from so many deliveries a second on.
struct one_room {
  explicit one_room(double busy_from) : rooms({window, busy_from}) {
    rooms.admit(rooms.at(general), session_id{1}, sink, room_user_no{1}, {});
  }
  bool say(const std::string& text) { return rooms.add(*rooms.find(general), said(text), now); }
  gathering::outcome end_turn() { return rooms.end_turn({now, each_write}); }
  /// One message each 5 ms, until one is held back; when that must go.
  std::optional<steady_time> until_held() {
    for (int i = 0; i < 100; ++i) {
      now += 5ms;
      const auto before = sink->frames.size();
      say("x");
      const auto wake = end_turn().wake;
      if (sink->frames.size() == before) return wake;
    }
    return std::nullopt;
  }

  gathering rooms;
  std::shared_ptr<fake_sink> sink = std::make_shared<fake_sink>();
  steady_time now{1h};
};

constexpr double always = 0, never = 1e12;

}  // namespace

TEST_CASE("what a turn has for a room is written once, at its end") {
  one_room in{never};

  CHECK(in.say("one"));
  CHECK_FALSE(in.say("two"));
  CHECK(in.sink->frames.empty());
  const auto outcome = in.end_turn();

  CHECK_FALSE(outcome.wake);
  CHECK(in.sink->pushes == 1);
  CHECK(in.sink->frames.size() == 2);
  CHECK(in.say("the first of the next turn"));
}

TEST_CASE("what is held back goes when it was said to, if nothing comes before") {
  one_room in{always};
  const auto wake = in.until_held();
  REQUIRE(wake);
  CHECK(*wake > in.now);
  CHECK(*wake <= in.now + window);
  const auto before = in.sink->frames.size();

  const auto outcome = in.rooms.on_time({*wake, each_write});

  CHECK(in.sink->frames.size() == before + 1);
  REQUIRE(outcome.wake);  // to see whether the shard is still busy
  CHECK(*outcome.wake > *wake);
}

TEST_CASE("a busy shard that holds something back wants to be called also when all is silent") {
  one_room in{always};
  auto wake = in.until_held();
  REQUIRE(wake);
  in.say("more");
  wake = in.end_turn().wake;

  for (int calls = 0; calls < 10; ++calls) {
    REQUIRE(wake);
    const auto outcome = in.rooms.on_time({*wake, each_write});
    REQUIRE(outcome.wake);
    CHECK(*outcome.wake > *wake);
    wake = outcome.wake;
  }
}

TEST_CASE("what is held back goes before the member does") {
  one_room in{always};
  REQUIRE(in.until_held());
  const auto before = in.sink->frames.size();

  in.rooms.dismiss(*in.rooms.find(general), session_id{1});
  in.rooms.forget_if_empty(*in.rooms.find(general));

  CHECK(in.sink->frames.size() == before + 1);
  CHECK(in.rooms.find(general) == nullptr);
}

TEST_CASE("a shard tells when it becomes busy and when it is so no more") {
  one_room in{100};
  std::vector<bool> told;
  for (int turn = 0; turn < 100; ++turn) {
    in.now += 5ms;
    in.say("x");
    if (const auto busy = in.end_turn().busy) told.push_back(*busy);
  }
  REQUIRE(told == std::vector{true});

  for (int silent = 0; silent < 10; ++silent)
    if (const auto busy = in.rooms.on_time({in.now += 200ms, each_write}).busy)
      told.push_back(*busy);
  CHECK(told == std::vector{true, false});
}

TEST_CASE("a commit waits in two parts, the second only if the first has brought something") {
  commit_pacing pacing{2ms};
  steady_time now{1h};
  for (int i = 0; i < 50; ++i) pacing.committing(now += 100us, 1);

  REQUIRE(pacing.wait(now += 100us, 1) == 1ms);
  SECTION("it has") {
    CHECK(pacing.wait(now += 1ms, 10) == 1ms);
    CHECK(pacing.wait(now += 1ms, 20) == 0ms);
  }
  SECTION("it has not") { CHECK(pacing.wait(now += 1ms, 1) == 0ms); }
  pacing.committing(now, 20);
}

TEST_CASE("a commit does not wait for what comes seldom, nor without a window") {
  steady_time now{1h};
  commit_pacing seldom{2ms}, none{0ms};
  for (int i = 0; i < 50; ++i) {
    now += 5ms;
    seldom.committing(now, 1);
    none.committing(now, 100);
  }

  CHECK(seldom.wait(now, 1) == 0ms);
  CHECK(none.wait(now, 1) == 0ms);
}

TEST_CASE("a commit waits for less while a shard is busy") {
  commit_pacing pacing{2ms};
  steady_time now{1h};
  for (int i = 0; i < 50; ++i) pacing.committing(now += 1ms, 1);
  CHECK(pacing.wait(now + 1ms, 1) == 0ms);

  pacing.shard_is_busy(true);
  CHECK(pacing.wait(now + 1ms, 1) == 1ms);
}
