// What watched inboxes cost the shard that they are on: each room that had messages, for each who
// watches it, each half second; and each frame that tells it.

#include "actors/inbox_watches.hpp"
#include "protocol/codec.hpp"
#include "protocol/limits.hpp"

#include <benchmark/benchmark.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

using namespace confab;
using namespace confab::actors;

namespace {

constexpr int rooms_count = 1'000;
room_id room(int number) { return room_id::trusted("room-" + std::to_string(number)); }
user_id user(std::int64_t number) { return user_id::trusted("user-" + std::to_string(number)); }

/// Sessions of as many users, all of whom are members of the same thousand rooms.
struct watched {
  inbox_watches of;
  steady_time now{};
  std::uint64_t seq = 1;

  explicit watched(std::int64_t watchers) {
    std::vector<inbox_watches::counted> all;
    for (int i = 0; i < rooms_count; ++i) all.push_back({room(i), seq_no{seq}, seq_no{seq}, 0, 0});
    for (std::int64_t i = 1; i <= watchers; ++i) {
      const session_id session{static_cast<std::uint64_t>(i)};
      of.open(session, user(i));
      of.begin(session, seq, "log." + std::to_string(seq), all, now);
    }
  }
  /// Half a second in which somebody said ten things in each of the first rooms.
  void say_in(int rooms) {
    for (int n = 0; n < 10; ++n) {
      std::vector<inbox_change> changes(static_cast<std::size_t>(rooms));
      ++seq;
      for (int i = 0; i < rooms; ++i) {
        auto& change = changes[static_cast<std::size_t>(i)];
        change.room = room(i);
        change.messages = {{seq_no{seq}, user(0)}};
        change.last = message::inbox_last{seq_no{seq}, unix_ms{1'763'790'000'000}, user(0),
                                          std::string(64, 'x'), 0};
      }
      of.take(seq, changes, now);
    }
    now += limits::inbox_gather;
  }
};

/// Items are rooms of watchers: to count what was said, and to make the rows that tell it.
void count_for_watchers(benchmark::State& state) {
  const auto rooms = static_cast<int>(state.range(1));
  watched all{state.range(0)};
  std::uint64_t rows = 0;
  for (auto _ : state) {
    state.PauseTiming();
    all.say_in(rooms);
    state.ResumeTiming();
    // What does not fit into one frame comes with the next ticks.
    do {
      all.of.on_time(
          all.now, [](session_id) { return true; },
          [&](session_id, const message::inbox& told) { rows += told.rows.size(); });
      all.now += limits::inbox_gather;
    } while (all.of.deadline());
  }
  const auto wanted = state.iterations() * state.range(0) * state.range(1);
  if (rows != static_cast<std::uint64_t>(wanted))
    state.SkipWithError("not everybody was told everything");
  state.SetItemsProcessed(wanted);
}
BENCHMARK(count_for_watchers)
    ->ArgNames({"watchers", "rooms"})
    ->Args({200, 1})
    ->Args({200, 20})
    ->Args({200, 1'000});

/// The frame that tells one room, with all that it takes on this side of the outbox.
void write_inbox_frame(benchmark::State& state) {
  watched all{200};
  std::uint64_t frames = 0, bytes = 0;
  for (auto _ : state) {
    state.PauseTiming();
    all.say_in(1);
    state.ResumeTiming();
    all.of.on_time(
        all.now, [](session_id) { return true; },
        [&](session_id, message::inbox told) {
          bytes += encode(codec::json, std::move(told)).size();
          ++frames;
        });
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(frames));
  state.SetBytesProcessed(static_cast<std::int64_t>(bytes));
}
BENCHMARK(write_inbox_frame);

}  // namespace
