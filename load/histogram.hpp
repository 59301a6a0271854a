#pragma once

#include <nlohmann/json_fwd.hpp>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace confab::load {

/// Counts durations in microseconds, 1 µs … 1 h, each to three significant digits: log-linear
/// slots as in Gil Tene's HdrHistogram (http://hdrhistogram.org). Values outside of the range are
/// counted at its ends. Up to 2 ms it takes 16 KiB, up to an hour 184 KiB; nothing before the first
/// record. Not synchronised: one per thread, merged by whoever shows them.
class histogram {
 public:
  static constexpr std::uint64_t value_max = 3'600'000'000;

  void record(std::uint64_t value_us, std::uint64_t count = 1) {
    if (count == 0) return;
    value_us = std::clamp<std::uint64_t>(value_us, 1, value_max);
    const auto slot = slot_of(value_us);
    if (slot >= counts_.size()) grow_to(slot);
    counts_[slot] += count;
    count_ += count;
    sum_us_ += value_us * count;
    min_us_ = std::min(min_us_, value_us);
    max_us_ = std::max(max_us_, value_us);
  }

  /// The same as recording here all that `other` has recorded.
  void merge(const histogram& other);

  /// Forgets all values and keeps the memory.
  void clear();

  std::uint64_t count() const { return count_; }
  bool empty() const { return count_ == 0; }

  /// Exact, in microseconds; 0 without values.
  std::uint64_t min() const { return empty() ? 0 : min_us_; }
  std::uint64_t max() const { return max_us_; }
  double mean() const;

  /// The least value that at least `percent` (0 … 100) of all values do not exceed, at most 0.1 %
  /// too high; 0 without values.
  std::uint64_t percentile(double percent) const;

  /// `{"count":…,"min_us":…,"max_us":…,"sum_us":…,"p50_us":…,"p99_us":…,"slots":[[value_us,count],…]}`
  /// with the slots in use, ascending, each by its highest value. The percentiles are for readers.
  friend void to_json(nlohmann::ordered_json& to, const histogram& from);
  /// Throws std::exception where `from` is not of that form or contradicts itself.
  friend void from_json(const nlohmann::ordered_json& from, histogram& to);

 private:
  // 2048 values share a power of two, so a slot is at most 1/1024 of its values wide.
  static constexpr unsigned half_bits = 10;
  static constexpr std::uint64_t half = std::uint64_t{1} << half_bits;

  static constexpr std::size_t slot_of(std::uint64_t value) {
    const auto shift = std::bit_width(value | (2 * half - 1)) - (half_bits + 1);
    return shift * half + (value >> shift);
  }
  static constexpr std::uint64_t highest_of(std::size_t slot) {
    const auto shift = slot < 2 * half ? 0 : slot / half - 1;
    return ((slot - shift * half + 1) << shift) - 1;
  }
  void grow_to(std::size_t slot);

  std::vector<std::uint64_t> counts_;  // by slot; whole halves
  std::uint64_t count_ = 0;
  std::uint64_t sum_us_ = 0;
  std::uint64_t min_us_ = value_max;
  std::uint64_t max_us_ = 0;
};

}  // namespace confab::load
