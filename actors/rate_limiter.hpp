#pragma once

#include "actors/steady_time.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace confab::actors {

/// A token bucket: `burst` at once, `per_second` in the long run; 0 per second is no limit. Both
/// and the time are arguments, the same each time: there is one of these per session.
class rate_limiter {
 public:
  explicit rate_limiter(unsigned burst) : left_(capacity(burst)) {}

  /// Takes one, or says how long until there is one again.
  std::chrono::milliseconds take(steady_time now, unsigned per_second, unsigned burst) {
    using std::chrono::milliseconds;
    if (per_second == 0) return {};
    if (last_ == steady_time{}) last_ = now;
    // What is less than a millisecond counts the next time.
    const auto since = std::chrono::floor<milliseconds>(now - last_);
    left_ = std::min(capacity(burst), left_ + std::int64_t{since.count()} * per_second);
    last_ += since;
    if (left_ >= 1000) {
      left_ -= 1000;
      return {};
    }
    return milliseconds{(1000 - left_ + per_second - 1) / per_second};
  }

 private:
  static std::int64_t capacity(unsigned burst) { return std::int64_t{burst} * 1000; }

  std::int64_t left_;  // in thousandths of a command, so that a millisecond counts exactly
  steady_time last_;
};

}  // namespace confab::actors
