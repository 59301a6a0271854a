#pragma once

#include "protocol/ids.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace confab::actors {

/// A token bucket: `burst` at once, `per_second` in the long run; 0 per second is no limit. Both
/// and the time are arguments, the same each time: there is one of these per session. A clock that
/// goes backwards gives nothing and takes nothing.
class rate_limiter {
 public:
  explicit rate_limiter(unsigned burst) : left_(capacity(burst)) {}

  /// Takes one, or says how long until there is one again.
  std::chrono::milliseconds take(unix_ms now, unsigned per_second, unsigned burst) {
    if (per_second == 0) return {};
    if (last_.value() != 0 && now > last_)
      left_ = std::min(capacity(burst), left_ + (now.value() - last_.value()) * per_second);
    last_ = now;
    if (left_ >= 1000) {
      left_ -= 1000;
      return {};
    }
    return std::chrono::milliseconds{(1000 - left_ + per_second - 1) / per_second};
  }

 private:
  static std::int64_t capacity(unsigned burst) { return std::int64_t{burst} * 1000; }

  std::int64_t left_;  // in thousandths of a command, so that a millisecond counts exactly
  unix_ms last_;
};

}  // namespace confab::actors
