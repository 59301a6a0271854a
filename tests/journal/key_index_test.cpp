#include "journal/key_index.hpp"
#include "tests/support/catch.hpp"

#include <map>
#include <random>
#include <string>

using namespace confab;
using namespace confab::journal;

namespace {

const user_id alice = user_id::trusted("alice");

key_index::first_entry entry(std::uint64_t seq, std::int64_t at = 0) {
  return {seq_no{seq}, unix_ms{at}};
}

}  // namespace

TEST_CASE("digests are SipHash-2-4 with 128 bits", "[journal]") {
  // From vectors.h of the authors' reference implementation: key 00 01 … 0f, input 00 01 … n-1.
  const digest_secret secret{0x0706050403020100, 0x0f0e0d0c0b0a0908};

  CHECK(siphash128(secret, "") == digest{0xe6a825ba047f81a3, 0x930255c71472f66d});
  CHECK(siphash128(secret, std::string_view{"\0", 1}) ==
        digest{0x44af996bd8c187da, 0x45fc229b11597634});
}

TEST_CASE("a taken back key was never there", "[journal]") {
  key_index keys{{}};
  const auto kept = keys.digest_of(1, alice, "kept");
  const auto gone = keys.digest_of(1, alice, "gone");
  keys.remember(kept, 1, entry(1));
  keys.remember(gone, 2, entry(2));

  keys.take_back(1);

  CHECK(keys.find(kept)->seq == seq_no{1});
  CHECK_FALSE(keys.find(gone));
}

TEST_CASE("of a key that was used again after it had left, the later entry stays", "[journal]") {
  key_index keys{{std::chrono::milliseconds{10}, 1}};
  const auto key = keys.digest_of(1, alice, "k");
  keys.remember(key, 1, entry(1, 100));
  keys.remember(key, 2, entry(2, 200));

  CHECK(keys.find(key)->seq == seq_no{2});
  keys.expire(unix_ms{200}, 2);
  CHECK(keys.size() == 1);
  CHECK(keys.find(key)->seq == seq_no{2});
}

TEST_CASE("the table agrees with a plain map through growing, leaving and taking back",
          "[journal]") {
  constexpr std::size_t window = 3000;
  key_index keys{{std::chrono::milliseconds{0}, window}};
  std::map<std::string, std::uint64_t> plain;  // key -> position
  std::mt19937 dice{7};
  std::uint64_t position = 0;

  for (int batch = 0; batch < 400; ++batch) {
    keys.expire(unix_ms{static_cast<std::int64_t>(batch)}, position);
    std::erase_if(plain, [&](const auto& one) { return one.second + window <= position; });
    const auto before = plain;
    const auto start = position;
    std::size_t added = 0;
    for (int i = 0; i < 50; ++i) {
      const auto name = std::to_string(dice() % 20000);
      const auto key = keys.digest_of(1, alice, name);
      const auto found = keys.find(key);
      REQUIRE(found.has_value() == plain.contains(name));
      if (found) {
        REQUIRE(found->seq.value() == plain[name]);
        continue;
      }
      ++position;
      keys.remember(key, position, entry(position, batch - 1));
      plain[name] = position;
      ++added;
    }
    if (dice() % 4 == 0) {
      keys.take_back(added);
      plain = before;
      position = start;
    }
    REQUIRE(keys.size() == plain.size());
  }
}
