#include "journal/key_index.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <vector>

using namespace confab;
using namespace confab::journal;

namespace {

constexpr digest_secret secret{0x0706050403020100, 0x0f0e0d0c0b0a0908};
const user_id alice = user_id::trusted("alice");

std::vector<std::uint64_t> found(const key_index& keys, std::uint32_t hash) {
  std::vector<std::uint64_t> positions;
  keys.find(hash, [&](std::uint64_t position) {
    positions.push_back(position);
    return false;
  });
  std::ranges::sort(positions);
  return positions;
}
using positions = std::vector<std::uint64_t>;

/// Another hash for each number, spread over all as real ones are: those beside each other in the
/// table would be looked through one by one.
std::uint32_t spread(std::uint64_t number) {
  return static_cast<std::uint32_t>(number) * 2'654'435'761u;
}

}  // namespace

TEST_CASE("digests are SipHash-2-4 with 128 bits", "[journal]") {
  // From vectors.h of the authors' reference implementation: key 00 01 … 0f, input 00 01 … n-1.
  CHECK(siphash128(secret, "") == digest{0xe6a825ba047f81a3, 0x930255c71472f66d});
  CHECK(siphash128(secret, std::string_view{"\0", 1}) ==
        digest{0x44af996bd8c187da, 0x45fc229b11597634});
}

TEST_CASE("hashes depend on room, user, key and secret", "[journal]") {
  key_index keys{secret, {}}, others{{1, 2}, {}};

  const auto hash = keys.hash_of(1, alice, "k");

  CHECK(hash == keys.hash_of(1, alice, "k"));
  CHECK(hash != keys.hash_of(2, alice, "k"));
  CHECK(hash != keys.hash_of(1, user_id::trusted("bob"), "k"));
  CHECK(hash != keys.hash_of(1, alice, "l"));
  CHECK(hash != others.hash_of(1, alice, "k"));
  CHECK(keys.hash_of(1, user_id::trusted("a"), "bc") != keys.hash_of(1, user_id::trusted("ab"), "c"));
}

TEST_CASE("keys are whole since the newest of the run in which the latest keys_max begin", "[journal]") {
  rooms::key_window window;
  window.keys_max = 2 * key_index::run_keys;
  key_index keys{secret, window};
  const auto whole_since = [&](std::uint64_t position) { return keys.whole_since(position).value(); };
  keys.load({1, key_index::run_keys, unix_ms{1000}, {}});
  keys.load({key_index::run_keys + 1, 2 * key_index::run_keys, unix_ms{2000}, {}});

  CHECK(whole_since(window.keys_max - 1) == 0);
  CHECK(whole_since(window.keys_max) == 1000);
  CHECK(whole_since(window.keys_max + key_index::run_keys - 1) == 1000);
  CHECK(whole_since(window.keys_max + key_index::run_keys) == 2000);
}

TEST_CASE("the index finds all entries that may have a key, also where hashes meet", "[journal]") {
  key_index keys{secret, {}};
  keys.remember(7, 1, {});
  keys.remember(8, 2, {});
  keys.remember(7, 3, {});

  CHECK(found(keys, 7) == positions{1, 3});
  CHECK(found(keys, 8) == positions{2});
  CHECK(found(keys, 9).empty());
}

TEST_CASE("an index loaded from its runs, and from what is in none, finds the same", "[journal]") {
  constexpr std::uint64_t count = 3 * key_index::run_keys + 100;
  key_index keys{secret, {}};
  std::vector<key_run> runs;
  std::map<std::uint32_t, positions> plain;
  std::mt19937_64 dice{7};
  std::vector<std::pair<std::uint32_t, std::uint64_t>> tail;

  for (std::uint64_t i = 1; i <= count; ++i) {
    const auto hash = spread(dice() % 40'000);
    const auto position = i * 3;
    keys.remember(hash, position, unix_ms{static_cast<std::int64_t>(i)});
    plain[hash].push_back(position);
    tail.emplace_back(hash, position);
    if (auto run = keys.full_run()) {
      runs.push_back(std::move(*run));
      keys.run_stored();
      tail.clear();
    }
  }
  key_index again{secret, {}};
  for (const auto& run : runs) again.load(run);
  for (const auto& [hash, position] : tail) again.remember(hash, position, {});

  CHECK(runs.size() == 3);
  CHECK(keys.runs_end() == 3 * key_index::run_keys * 3);
  CHECK(again.runs_end() == keys.runs_end());
  CHECK(runs[1].newest == unix_ms{2 * key_index::run_keys});
  REQUIRE(again.size() == count);
  bool same = true;
  for (const auto& [hash, at] : plain) same = same && found(keys, hash) == at && found(again, hash) == at;
  CHECK(same);
}

TEST_CASE("a run whose keys nobody remembers is forgotten, and the table does not grow for it",
          "[journal]") {
  constexpr std::uint64_t window = 2 * key_index::run_keys;
  key_index keys{secret, {std::chrono::milliseconds{0}, 1, window}};
  std::uint64_t position = 0;

  for (int round = 0; round < 20; ++round) {
    for (std::size_t i = 0; i < key_index::run_keys; ++i) {
      ++position;
      keys.remember(spread(position), position, {});
    }
    REQUIRE(keys.full_run());
    keys.run_stored();
    keys.expire(position, unix_ms{1'000'000});
  }

  CHECK(keys.size() < 4 * window);
  CHECK(keys.runs_end() == position);
}

TEST_CASE("positions beyond four thousand million are kept as well", "[journal]") {
  key_index keys{secret, {}};
  constexpr std::uint64_t far = 10'000'000'000;

  for (std::uint64_t i = 1; i <= 5000; ++i) keys.remember(static_cast<std::uint32_t>(i), far + i, {});

  CHECK(found(keys, 4711) == positions{far + 4711});
}
