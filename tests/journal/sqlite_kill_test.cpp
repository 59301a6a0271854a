// Acknowledged is on disk: a process that creates a journal, commits and empties its log is killed
// within each of its writes, in their middle, and at each sync and truncation.

#include "tests/journal/faulty_disk.hpp"
#include "tests/journal/mixed.hpp"

#include <sys/wait.h>

using namespace confab;
using namespace confab::journal;
using namespace confab::journal::test;

namespace {

constexpr std::size_t batches_count = 12;
constexpr std::size_t batch_between_emptyings = 5;

std::vector<std::vector<operation>> any_batches() {
  std::mt19937_64 dice{12};
  std::vector<std::vector<operation>> all(batches_count);
  all[0] = {create(general), create(room("other"))};
  for (std::size_t i = 1; i < all.size(); ++i)
    for (auto count = 1 + dice() % 12; count > 0; --count) all[i].push_back(any_operation(dice));
  return all;
}
std::int64_t time_of_batch(std::size_t n) { return 1000 + static_cast<std::int64_t>(n); }

/// Writes the number of batches that are acknowledged.
[[noreturn]] void commit_all(const std::string& directory,
                             const std::vector<std::vector<operation>>& batches, int acknowledged) {
  {
    session of{open_or_throw(directory)};
    for (std::size_t done = 0; done < batches.size();) {
      of.commit(batches[done], time_of_batch(done));
      ++done;
      if (::write(acknowledged, &done, sizeof done) != sizeof done) ::_exit(1);
      if (done % batch_between_emptyings == 0) of.write->clear_leftovers();
    }
  }
  ::_exit(0);
}

/// Markers are stored some time after they are ordered: what is behind them may have been taken back.
content_of_journal read_all_but_markers(session& of) {
  auto found = read_all(of);
  found.unread.clear();
  return found;
}

}  // namespace

TEST_CASE(
    "whichever write kill -9 comes in, what was acknowledged is there, and as a replay has it",
    "[journal]") {
  const auto batches = any_batches();
  std::vector<content_of_journal> after;  // so many batches
  {
    memory_store memory;
    after.push_back(read_all_but_markers(memory.of));
    for (std::size_t i = 0; i < batches.size(); ++i) {
      memory.of.commit(batches[i], time_of_batch(i));
      after.push_back(read_all_but_markers(memory.of));
    }
  }
  // What a process has written outlives it in memory as well, where some thousand files cost less.
  const std::filesystem::path in_memory = "/dev/shm";
  const auto where =
      std::filesystem::is_directory(in_memory) ? in_memory : std::filesystem::temp_directory_path();
  const faulty_disk disk;
  faulty_disk::process.syncs = false;

  int kills = 0;
  for (bool killed = true; killed;) {
    INFO("killed within call " << kills + 1);
    temporary_directory directory{where};
    int pipe[2];
    REQUIRE(::pipe(pipe) == 0);
    const auto child = ::fork();
    if (child == 0) {
      faulty_disk::process.calls = 0;
      faulty_disk::process.kill_at = kills + 1;
      commit_all(directory.path(), batches, pipe[1]);
    }
    ::close(pipe[1]);
    std::size_t acknowledged = 0;
    while (::read(pipe[0], &acknowledged, sizeof acknowledged) > 0) continue;
    ::close(pipe[0]);
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    killed = WIFSIGNALED(status);
    REQUIRE((killed || status == 0));
    kills += killed;

    session of{open_or_throw(directory.path())};

    const auto found = read_all_but_markers(of);
    auto stored = acknowledged;
    if (found != after[stored] && stored < batches.size()) ++stored;  // not acknowledged any more
    REQUIRE(found == after[stored]);
    for (const auto& place : places)
      if (of.read->room(place)) REQUIRE(stored_forms(of, place) == replayed_forms(of, place));
    for (; stored < batches.size(); ++stored) of.commit(batches[stored], time_of_batch(stored));
    REQUIRE(read_all_but_markers(of) == after.back());
  }
  CHECK(kills > 150);
}
