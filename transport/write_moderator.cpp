#include "transport/write_moderator.hpp"

#include <algorithm>

namespace confab::transport {

namespace {

// A trial that delivers less than this part of what was delivered without has cost throughput.
constexpr double kept_part_min = 0.85;
constexpr std::uint32_t pause_periods_min = 5;
constexpr std::uint32_t pause_periods_max = 160;
// A trial is short, because it may cost most of the throughput while it lasts.
constexpr int trial_windows = 4;
// Then one without, to know again what that delivers: soon at first, because the load may just have
// begun, and later each time.
constexpr std::uint32_t gathered_periods_max = 32;

}  // namespace

bool write_moderator::hold(clock::time_point now, std::uint64_t frames) noexcept {
  if (window_ <= clock::duration::zero()) return false;
  const bool trial = gathers_ && gathered_ == 0;
  if (now - period_start_ >= (trial ? trial_windows * window_ : period)) end_period(now, frames);
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
    pause_ = std::max(pause_min_, pause_periods_min);
    pause_min_ = std::min(pause_ * 2, pause_periods_max);
    run_ = 1;
  } else {
    gathers_ = rate >= busy_frames_per_second && ++gathered_ <= run_;
    if (gathers_) return;
    run_ = std::min(run_ * 2, gathered_periods_max);
    pause_min_ = 0;
  }
}

}  // namespace confab::transport
