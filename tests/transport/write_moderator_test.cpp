#include "transport/write_moderator.hpp"

#include "tests/support/catch.hpp"
#include "tests/transport/world.hpp"

using namespace confab;
using namespace confab::transport;
using namespace confab::transport::testing;

namespace {

/// A shard stepped by hand: every millisecond a turn, in which some frames are pushed.
struct shard {
  explicit shard(std::chrono::milliseconds window) : moderator(window) {}

  /// True if this turn wrote.
  bool turn(std::uint64_t frames) {
    now += 1ms;
    pushed += frames;
    if (!pending_since) pending_since = now;
    if (moderator.hold(now, pushed)) return false;
    longest = std::max(longest, now - *pending_since);
    pending_since.reset();
    ++writes;
    return true;
  }
  /// How often it wrote in `time`, with `rate` frames a second whatever it does (an open loop).
  int run(std::chrono::milliseconds time, std::uint64_t rate) {
    writes = 0;
    for (auto i = 0ms; i < time; i += 1ms) turn(rate / 1000);
    return writes;
  }

  write_moderator moderator;
  write_moderator::clock::time_point now{1h};
  std::uint64_t pushed = 0;
  std::optional<write_moderator::clock::time_point> pending_since;
  write_moderator::clock::duration longest{};
  int writes = 0;
};

constexpr auto busy = static_cast<std::uint64_t>(2 * write_moderator::busy_frames_per_second);

}  // namespace

TEST_CASE("a shard that delivers little writes in every turn") {
  shard quiet(15ms);
  REQUIRE(quiet.run(5s, busy / 4) == 5000);
  REQUIRE(quiet.longest == 0ms);
}

TEST_CASE("a busy shard writes once per window, and never later than that") {
  shard loaded(15ms);
  loaded.run(20s, busy);

  const auto writes = loaded.run(10s, busy);

  // Now and then a period goes without, to know what that delivers.
  REQUIRE(writes < 10'000 / 16 + 3 * 200);
  REQUIRE(writes > 10'000 / 16);
  REQUIRE(loaded.longest == 15ms);
}

TEST_CASE("what was held back is written when the load ends") {
  shard loaded(15ms);
  loaded.run(1s, busy);
  while (loaded.turn(busy / 1000)) {
  }

  loaded.now += 20ms;  // the timer's turn

  REQUIRE(loaded.turn(0));
  REQUIRE(loaded.run(1s, 1000) > 800);  // the period under way still goes with the window
}

TEST_CASE("where the clients wait for what is held back, holding back is given up") {
  // A closed loop: the next frames come a turn after the last ones were written.
  constexpr std::uint64_t burst = busy / 1000;
  shard loop(15ms);
  int writes = 0;
  bool ready = true;
  for (auto i = 0ms; i < 60s; i += 1ms) {
    if (i == 30s) writes = 0;
    ready = loop.turn(ready ? burst : 0);
    if (ready) ++writes;
  }

  // 30,000 without any window, 1,875 with it all the time.
  REQUIRE(writes > 29'000);
}

TEST_CASE("a window of zero holds back nothing") {
  shard off(0ms);
  REQUIRE(off.run(3s, busy) == 3000);
}

TEST_CASE("a busy listener delivers everything in order, in fewer writes") {
  options how;
  how.write_window = 20ms;
  world w(how);
  client c(w, w.port());
  REQUIRE(c.upgrade().status == 101);
  REQUIRE(w.until([&] { return w.book->sink != nullptr; }));
  const auto text = [](int i) { return std::to_string(i); };
  const auto frames_per_turn = 2000;
  int pushed = 0, seen = 0;

  const bool gathered = w.until([&] {
    const auto before = w.server->count().writes;
    for (int i = 0; i < frames_per_turn; ++i)
      REQUIRE(w.book->sink->push(make_frame(frame_kind::text, text(pushed++))) ==
              push_result::accepted);
    w.turn();
    while (auto frame = c.take_frame())
      if (frame->opcode == 1) REQUIRE(frame->payload == text(seen++));
    return w.server->count().writes == before;  // a turn that pushed, and wrote nothing
  });

  REQUIRE(gathered);
  while (seen < pushed) REQUIRE(c.read_data().payload == text(seen++));
}
