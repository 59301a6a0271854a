// The whole way of a message through the actors, to an audience of many, without sockets: on CAF's
// deterministic scheduler, with the journal in memory.

#include "tests/support/actor_world.hpp"

#include <benchmark/benchmark.h>

#include <cstdint>
#include <string>

using namespace confab;
using namespace confab::test;

namespace {

/// One shard, one room, `range(0)` members; items are deliveries.
void message_to_audience(benchmark::State& state) {
  world_options how;
  how.shards = 1;
  how.how.commands_per_second = 0;
  actor_world world{how};
  for (auto i = state.range(0); i > 0; --i)
    world.guest("user-" + std::to_string(i)).join("general");
  auto& author = world.clients.front();
  const auto command =
      json{{"type", "send"}, {"room", "general"}, {"text", std::string(64, 'x')}}.dump();
  std::uint64_t delivered = 0;
  for (auto _ : state) {
    author.say_bytes(command);
    world.settle();
    state.PauseTiming();
    for (auto& member : world.clients) {
      delivered += member.sink->frames.size();
      member.sink->frames.clear();
    }
    state.ResumeTiming();
  }
  // The first round also has what the joins left behind.
  if (delivered < static_cast<std::uint64_t>(state.iterations() * state.range(0)))
    state.SkipWithError("not everybody heard everything");
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(message_to_audience)->ArgName("members")->Arg(20)->Arg(200)->Arg(2000);

}  // namespace
