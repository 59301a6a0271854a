#include "transport/write_moderator.hpp"

#include <algorithm>

namespace confab::transport {

namespace {

// A trial that delivers less than this part of what was delivered without has cost throughput.
constexpr double kept_part_min = 0.85;
constexpr std::uint32_t pause_periods_max = 128;
// Then one without, to know again what that delivers.
constexpr std::uint32_t gathered_periods_max = 20;

}  // namespace

bool write_moderator::hold(clock::time_point now, std::uint64_t frames) noexcept {
  if (window_ <= clock::duration::zero()) return false;
  if (now - period_start_ >= period) end_period(now, frames);
  if (!gathers_) {
    held_since_ = {};
    return false;
  }
  if (!holding()) {
    held_since_ = now;
    return true;
  }
  if (now < deadline()) return true;
  held_since_ = {};
  return false;
}

void write_moderator::end_period(clock::time_point now, std::uint64_t frames) noexcept {
  const std::chrono::duration<double> time = now - period_start_;
  const double rate = static_cast<double>(frames - period_frames_) / time.count();
  period_start_ = now;
  period_frames_ = frames;
  if (!gathers_) {
    rate_free_ = rate;
    if (pause_ > 0) --pause_;
    gathers_ = pause_ == 0 && rate >= busy_frames_per_second;
    gathered_ = 0;
  } else if (rate < kept_part_min * rate_free_) {
    gathers_ = false;
    pause_ = next_pause_;
    next_pause_ = std::min(next_pause_ * 2, pause_periods_max);
  } else {
    next_pause_ = 1;
    gathers_ = rate >= busy_frames_per_second && ++gathered_ < gathered_periods_max;
  }
}

}  // namespace confab::transport
