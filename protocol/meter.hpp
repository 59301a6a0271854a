#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace confab {

/// Written by one thread, read by any: no locked instruction on the way of a frame.
class meter {
 public:
  void add(std::uint64_t n = 1) noexcept { set(get() + n); }
  void sub(std::uint64_t n = 1) noexcept { set(get() - n); }
  void set(std::uint64_t n) noexcept { value_.store(n, std::memory_order_relaxed); }
  std::uint64_t get() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

/// How many values were in which range. Written by one thread, read by any.
class histogram {
 public:
  /// From 10 µs to 10 s, in nanoseconds.
  static constexpr std::array<std::uint64_t, 16> times{
      10'000,     50'000,      100'000,     250'000,     500'000,       1'000'000,
      2'500'000,  5'000'000,   10'000'000,  25'000'000,  50'000'000,    100'000'000,
      250'000'000, 1'000'000'000, 2'500'000'000, 10'000'000'000};
  static constexpr std::array<std::uint64_t, 13> powers{1,   2,   4,    8,    16,   32,  64,
                                                        128, 256, 512, 1024, 2048, 4096};

  /// The most that is in each range, ascending; one range more has all that is above.
  explicit histogram(std::span<const std::uint64_t> bounds) noexcept : bounds_(bounds) {}

  void add(std::uint64_t value) noexcept {
    std::size_t range = 0;
    while (range < bounds_.size() && value > bounds_[range]) ++range;
    counts_[range].add();
    sum_.add(value);
  }
  /// A clock that is another's may be behind.
  void add(std::chrono::nanoseconds span) noexcept {
    add(span.count() > 0 ? static_cast<std::uint64_t>(span.count()) : 0);
  }

  std::span<const std::uint64_t> bounds() const noexcept { return bounds_; }
  std::uint64_t count(std::size_t range) const noexcept { return counts_[range].get(); }
  std::uint64_t sum() const noexcept { return sum_.get(); }

 private:
  std::span<const std::uint64_t> bounds_;
  std::array<meter, times.size() + 1> counts_;
  meter sum_;
};

/// Histograms with the same bounds, added up.
struct histogram_sum {
  std::span<const std::uint64_t> bounds;
  std::vector<std::uint64_t> counts;  // of each range
  std::uint64_t sum = 0;

  void add(const histogram& one) {
    bounds = one.bounds();
    counts.resize(bounds.size() + 1);
    for (std::size_t i = 0; i < counts.size(); ++i) counts[i] += one.count(i);
    sum += one.sum();
  }
};

}  // namespace confab
