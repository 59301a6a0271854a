// Acknowledged is on disk: a process that commits is killed at any moment, again and again.

#include "tests/journal/stores.hpp"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <map>
#include <random>

using namespace confab;
using namespace confab::journal;
using namespace confab::journal::test;

namespace {

constexpr int rooms_count = 3;
constexpr std::uint64_t batch_size = 21;  // messages
constexpr std::uint64_t entries_per_room = batch_size / rooms_count + 4;
constexpr std::uint64_t entries_per_batch = entries_per_room * rooms_count;
room_id room_number(std::uint64_t i) { return room("r" + std::to_string(i % rooms_count)); }

/// Batch `n`: seven messages to each room, with its number in their text and key, and changes of the
/// first of them. Large enough that some hundred of them meet a checkpoint.
std::vector<operation> batch(std::uint64_t n) {
  std::vector<operation> operations;
  for (std::uint64_t i = 0; i < batch_size; ++i) {
    auto text = std::to_string(n) + ":" + std::to_string(i) + ":";
    text.resize(4000, 'x');
    operations.push_back(post(room_number(i), text, std::to_string(n) + "." + std::to_string(i)));
  }
  const auto first = (n - 1) * entries_per_room + 1;
  for (std::uint64_t r = 0; r < rooms_count; ++r) {
    const auto id = room_number(r);
    for (auto change : {edit(id, first, "edited"), react(id, first + 1, "+"),
                        react(id, first + 1, "-"), erase(id, first + 2)}) {
      change.key = std::to_string(n) + ".change" + std::to_string(operations.size());
      operations.push_back(std::move(change));
    }
  }
  return operations;
}

/// Commits from batch `first` on, and writes each number to `acknowledged` afterwards.
[[noreturn]] void commit_until_killed(const std::string& directory, std::uint64_t first,
                                      int acknowledged) {
  session of{open_or_throw(directory)};
  for (auto n = first;; ++n) {
    of.commit(batch(n));
    if (::write(acknowledged, &n, sizeof n) != sizeof n) ::_exit(1);
  }
}

}  // namespace

TEST_CASE("what was acknowledged before kill -9 is there, in order, whole and once", "[journal]") {
  temporary_directory directory;
  {
    session of{open_or_throw(directory.path())};
    for (std::uint64_t i = 0; i < rooms_count; ++i) of.commit({create(room_number(i))});
  }
  std::mt19937 dice{20};
  std::uint64_t stored = 0;  // batches 1 to this

  for (int round = 0; round < 6; ++round) {
    int pipe[2];
    REQUIRE(::pipe(pipe) == 0);
    const auto child = ::fork();
    if (child == 0) commit_until_killed(directory.path(), stored + 1, pipe[1]);
    ::close(pipe[1]);
    std::uint64_t acknowledged = 0;
    for (auto left = 1 + dice() % 300; left > 0; --left)
      REQUIRE(::read(pipe[0], &acknowledged, sizeof acknowledged) == sizeof acknowledged);
    ::kill(child, SIGKILL);
    // What it could still say counts as well.
    while (::read(pipe[0], &acknowledged, sizeof acknowledged) > 0) continue;
    ::close(pipe[0]);
    int status = 0;
    ::waitpid(child, &status, 0);
    REQUIRE(WIFSIGNALED(status));

    session of{open_or_throw(directory.path())};

    std::map<std::uint64_t, std::uint64_t> entries_of_batch;
    for (std::uint64_t r = 0; r < rooms_count; ++r) {
      auto log = of.read->entries(room_number(r), seq_no{0}, seq_no{all}, plenty, plenty);
      REQUIRE(log);
      std::uint64_t seq = 0, last_batch = 0;
      bool in_order = true;
      for (const auto& entry : *log) {
        const auto n = std::stoull(entry.key);
        in_order = in_order && entry.seq.value() == ++seq && n >= last_batch;
        last_batch = n;
        ++entries_of_batch[n];
      }
      CHECK(in_order);
      CHECK(stored_forms(of, room_number(r)) == replayed_forms(of, room_number(r)));
    }
    const auto whole = entries_of_batch.size();
    for (const auto& [n, count] : entries_of_batch) REQUIRE(count == entries_per_batch);
    CHECK(whole >= acknowledged);
    CHECK(whole <= acknowledged + 1);  // the one that was not acknowledged any more
    CHECK(entries_of_batch.rbegin()->first == whole);

    for (const auto& one : of.commit(batch(acknowledged))) CHECK(duplicate(one));
    stored = whole;
  }
}
