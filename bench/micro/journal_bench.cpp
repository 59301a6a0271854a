// One commit of the journal's writer, in memory and on disk.

#include "journal/journal.hpp"

#include <benchmark/benchmark.h>
#include <unistd.h>

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

using namespace confab;

namespace {

const auto room = room_id::trusted("general");

/// `range(0)` appends of 64 bytes in one commit.
void commit(benchmark::State& state, journal::journal& into) {
  const auto writer = into.make_writer();
  rooms::principal alice;
  alice.user = user_id::trusted("alice");
  alice.joined = true;
  std::vector<rooms::operation> birth{
      {room, alice, {}, rooms::create_room{epoch_id{"e"}, {}, {}}}};
  if (!writer->commit(birth, unix_ms{1})) return state.SkipWithError("no room");
  std::vector<rooms::operation> batch;
  for (auto i = state.range(0); i > 0; --i)
    batch.push_back({room, alice, {}, rooms::post_message{{std::string(64, 'x'), {}, {}, {}}, {}}});
  for (auto _ : state) {
    auto spent = batch;
    if (!writer->commit(spent, unix_ms{2})) return state.SkipWithError("not stored");
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

void commit_to_memory(benchmark::State& state) {
  const auto journal = journal::open_memory();
  commit(state, *journal);
}

void commit_to_disk(benchmark::State& state) {
  const auto directory =
      std::filesystem::temp_directory_path() / ("confab-micro-" + std::to_string(getpid()));
  std::filesystem::create_directories(directory);
  {
    auto opened = journal::open_sqlite(directory.string());
    if (auto* journal = std::get_if<std::unique_ptr<journal::journal>>(&opened))
      commit(state, **journal);
    else
      state.SkipWithError("not opened");
  }
  std::filesystem::remove_all(directory);
}

// A bounded number of times: what is in memory stays there.
BENCHMARK(commit_to_memory)->Arg(1)->Arg(100)->Iterations(5000);
BENCHMARK(commit_to_disk)->Arg(1)->Arg(10)->Arg(100)->Arg(1000)->UseRealTime();

}  // namespace
