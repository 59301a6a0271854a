#pragma once

#include <chrono>
#include <cstdint>

namespace confab::transport {

/// Decides at the end of each turn whether what is due is written now, or left to gather a little:
/// a write costs the kernel the same whatever is in it, so a busy shard that writes later writes
/// less. The idea is that of interrupt moderation in network drivers (Mogul and Ramakrishnan 1997).
///
/// A shard that delivers little writes at once. One that delivers much holds back, but never
/// longer than `window`; and only while that costs no throughput: where clients wait for what is
/// held back before they send more, waiting is a loss. That is found out by trying: a period with
/// the window that delivers clearly less than the last one without ends the trial, and the next
/// one comes later each time.
///
/// A state machine without I/O. Owner: the reactor.
class write_moderator {
 public:
  using clock = std::chrono::steady_clock;

  /// Zero: never holds back.
  explicit write_moderator(clock::duration window) noexcept : window_(window) {}

  /// At the end of a turn with something to write. `frames`: pushed since the beginning of time.
  /// True: leave it, and come back at `deadline()` at the latest.
  bool hold(clock::time_point now, std::uint64_t frames) noexcept;
  clock::time_point deadline() const noexcept { return held_since_ + window_; }
  bool holding() const noexcept { return held_since_ != clock::time_point{}; }

  /// From this rate on a shard counts as busy: written one by one, these frames would take a
  /// quarter of its time (a send is 5 to 8 µs, see bench/README.md).
  static constexpr double busy_frames_per_second = 50'000;
  static constexpr std::chrono::milliseconds period{200};

 private:
  void end_period(clock::time_point now, std::uint64_t frames) noexcept;

  clock::duration window_;
  clock::time_point held_since_{};
  clock::time_point period_start_{};
  std::uint64_t period_frames_ = 0;
  double rate_free_ = 0;   // of the last period without the window, frames a second
  bool gathers_ = false;   // this period goes with the window
  std::uint32_t gathered_ = 0;   // periods in a row
  std::uint32_t run_ = 1;        // how many there may be in a row, after the trial
  std::uint32_t pause_ = 0;      // periods until the next trial
  std::uint32_t pause_min_ = 0;  // after the next one that fails
};

}  // namespace confab::transport
