#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace confab::webhooks {

inline constexpr std::size_t asked_at_once_max = 256;
inline constexpr unsigned ask_failures_in_a_row_max = 20;
inline constexpr std::chrono::milliseconds asking_rest{5'000};

/// What came of one question to a hook.
enum class asked_result : std::uint8_t {
  allowed,
  modified,
  rejected,
  placed,   // of a file
  wrong,    // it made of the message what nobody may say
  failed,   // no answer in time, or none that is one
  full,     // not asked: so many are
  resting,  // not asked: it has failed too often
};
inline constexpr std::array<std::string_view, 8> asked_results{
    "allowed", "modified", "rejected", "placed", "wrong", "failed", "full", "resting"};
constexpr std::string_view name(asked_result of) noexcept {
  return asked_results[static_cast<std::size_t>(of)];
}

/// Whether a hook may be asked: so much at once, and nothing for a while when it has failed too often.
/// No I/O and no clock. Owner: whoever asks, who guards it.
class asking {
 public:
  using time = std::chrono::steady_clock::time_point;

  enum class answer : std::uint8_t { go, full, resting };
  /// `go`: it is asked now, and `end` follows.
  answer begin(time now) noexcept;

  enum class turn : std::uint8_t { none, rests, works_again };
  /// `worked`: there was an answer, whatever it said.
  turn end(bool worked, time now) noexcept;

  std::size_t under_way() const noexcept { return under_way_; }

 private:
  std::size_t under_way_ = 0;
  unsigned failures_ = 0;  // in a row, as far as they count
  time rests_until_{};
};

}  // namespace confab::webhooks
