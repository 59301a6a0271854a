#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>

namespace confab::server {

/// How many lines of one kind are written in a second. Used by one thread at a time.
class line_pacing {
 public:
  using time = std::chrono::steady_clock::time_point;

  explicit line_pacing(unsigned per_second_max) : per_second_max_(per_second_max) {}

  /// How many were left out before this one; nothing where it is to be left out as well.
  std::optional<std::uint64_t> take(time now) {
    if (now - second_ >= std::chrono::seconds{1} || lines_ == 0) {
      second_ = now;
      lines_ = 0;
    }
    if (lines_ >= per_second_max_) {
      ++skipped_;
      return std::nullopt;
    }
    ++lines_;
    return std::exchange(skipped_, 0);
  }

 private:
  unsigned per_second_max_;
  std::uint64_t skipped_ = 0;
  time second_{};  // in which the lines were written
  unsigned lines_ = 0;
};

}  // namespace confab::server
