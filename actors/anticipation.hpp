#pragma once

#include "actors/pacing.hpp"
#include "actors/steady_time.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

namespace confab::actors {

/// Whether it pays to wait a moment for what comes next, so that both are handled at once: only if
/// the past says that it will come in time. The idea is that of anticipatory scheduling (Iyer and
/// Druschel, SOSP 2001). Where waiting was in vain, as when those who would send wait themselves
/// for what is held back, the next waits come ever more rarely.
class anticipation {
 public:
  using time_point = steady_time;
  using duration = steady_time::duration;

  /// `count` (1 or more) since the last call.
  void arrived(time_point now, std::size_t count = 1) noexcept {
    gap_ += (gap(now, count) - gap_) / pacing::gap_weight;
    last_ = std::max(last_, now);
    judged_ = false;
    if (skip_ > 0) --skip_;
  }
  /// When the next is to be expected, if `count` have come of which `arrived` has not been told;
  /// nothing where waiting does not pay.
  std::optional<time_point> expected(time_point now, std::size_t count = 0) const noexcept {
    if (skip_ > 0) return std::nullopt;
    return now + (count > 0 ? std::max(gap_, gap(now, count)) : gap_);
  }
  /// Of several waits without an arrival between them the first counts.
  void waited(bool in_vain) noexcept {
    if (std::exchange(judged_, true)) return;
    penalty_ = in_vain ? std::clamp(penalty_ * pacing::skip_growth, 1u, pacing::skip_max) : 0;
    skip_ = penalty_;
  }

 private:
  duration gap(time_point now, std::size_t count) const noexcept {
    return std::clamp<duration>(now - last_, duration{0}, pacing::gap_max) /
           static_cast<duration::rep>(count);
  }

  time_point last_{};
  duration gap_ = pacing::gap_max;  // between arrivals, an exponentially weighted mean
  std::uint32_t skip_ = 0;     // arrivals until waiting is tried again
  std::uint32_t penalty_ = 0;  // of the last waits, all in vain
  bool judged_ = false;        // `waited` since the last arrival
};

}  // namespace confab::actors
