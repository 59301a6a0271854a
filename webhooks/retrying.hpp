#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

/// What becomes of a delivery by what the receiver says of it.
namespace confab::webhooks {

/// What came of one attempt.
struct reply {
  unsigned status = 0;     // 0: there is no answer
  std::string error = {};  // why there is none
  std::string text = {};   // how the answer begins
  std::optional<std::chrono::seconds> retry_after = {};
  std::chrono::milliseconds took{0};
};

/// Of a delivery: what has been tried so far.
struct trial {
  unsigned attempts = 0;
  unsigned refusals = 0;
};

inline constexpr unsigned refusals_max = 6;
inline constexpr unsigned dead_in_a_row_max = 10;
inline constexpr std::chrono::hours failing_max{72};
inline constexpr std::chrono::hours retry_after_max{1};

enum class verdict : std::uint8_t {
  delivered,
  again,  // after a while
  dead,   // it is put aside, and the next one's turn
  gone,   // the receiver wants nothing any more
};
/// Counts the attempt.
verdict judge(trial& so_far, const reply& came) noexcept;

/// Until the next attempt, when `attempts` have failed. `first` is the wait behind the first one,
/// of which the others are multiples; `random` spreads them by a fifth.
std::chrono::milliseconds wait_after(unsigned attempts,
                                     std::optional<std::chrono::seconds> retry_after,
                                     std::chrono::milliseconds first,
                                     std::uint64_t random) noexcept;

}  // namespace confab::webhooks
