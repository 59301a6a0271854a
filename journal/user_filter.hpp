#pragma once

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

namespace confab::journal {

/// Which users are certainly not in a set: a Bloom filter whose bits for one user are all in one
/// word (Putze, Sanders and Singler, "Cache-, Hash- and Space-Efficient Bloom Filters", 2007).
/// With one user a word it errs for 2 in 10,000 who are not in the set, with four for 5 in 1,000,
/// with sixteen for 17 in 100. One thread adds, any may ask. What was added by a happens-before is
/// found; nobody is taken out.
class user_filter {
 public:
  /// Large enough for twice as many, and for half a million.
  explicit user_filter(std::size_t users_expected = 0)
      : words_(std::max(std::bit_ceil(users_expected * 2 / users_per_word), words_min)) {}

  void add(std::string_view user) noexcept {
    const auto hash = std::hash<std::string_view>{}(user);
    word_of(hash).fetch_or(bits_of(hash), std::memory_order_relaxed);
  }
  bool may_have(std::string_view user) const noexcept {
    const auto hash = std::hash<std::string_view>{}(user);
    const auto bits = bits_of(hash);
    return (word_of(hash).load(std::memory_order_relaxed) & bits) == bits;
  }

 private:
  static constexpr std::size_t users_per_word = 4;
  static constexpr std::size_t words_min = 1 << 17;  // 1 MiB

  static std::uint64_t bits_of(std::size_t hash) noexcept {
    std::uint64_t bits = 0;
    for (int part = 0; part < 4; ++part) bits |= std::uint64_t{1} << (hash >> (40 + 6 * part) & 63);
    return bits;
  }
  const std::atomic<std::uint64_t>& word_of(std::size_t hash) const noexcept {
    return words_[hash & (words_.size() - 1)];
  }
  std::atomic<std::uint64_t>& word_of(std::size_t hash) noexcept {
    return words_[hash & (words_.size() - 1)];
  }

  std::vector<std::atomic<std::uint64_t>> words_;
};
static_assert(sizeof(std::size_t) == 8, "the hash is cut into a place and four bits");

}  // namespace confab::journal
