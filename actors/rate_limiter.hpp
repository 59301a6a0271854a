#pragma once

#include "protocol/ids.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace confab::actors {

/// A token bucket: `burst` at once, `per_second` in the long run; 0 per second is no limit.
/// Time is an argument; a clock that goes backwards gives nothing and takes nothing.
class rate_limiter {
 public:
  rate_limiter(unsigned per_second, unsigned burst)
      : per_second_(per_second), capacity_(std::int64_t{burst} * 1000), left_(capacity_) {}

  /// Takes one, or says how long until there is one again.
  std::chrono::milliseconds take(unix_ms now) {
    if (per_second_ == 0) return {};
    if (last_.value() != 0 && now > last_)
      left_ = std::min(capacity_, left_ + (now.value() - last_.value()) * per_second_);
    last_ = now;
    if (left_ >= 1000) {
      left_ -= 1000;
      return {};
    }
    return std::chrono::milliseconds{(1000 - left_ + per_second_ - 1) / per_second_};
  }

 private:
  std::int64_t per_second_;
  std::int64_t capacity_;  // in thousandths of a command, so that a millisecond counts exactly
  std::int64_t left_;
  unix_ms last_;
};

}  // namespace confab::actors
