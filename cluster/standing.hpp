#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace confab::cluster {

/// Whether people may be sent to this node, and when those who are here are sent away. A state
/// machine without I/O: what happens and time come from outside. Used by one thread at a time.
///
///     starting ──▶ serving ◀──▶ failing ──▶ cut_off ──▶ serving
///         any of them ──▶ leaving ──▶ closing ──▶ gone
class standing {
 public:
  using clock = std::chrono::milliseconds;
  enum class state : std::uint8_t {
    starting,  // not known to have all that was ordered before it began
    serving,
    failing,  // the journal takes nothing, for a moment yet
    cut_off,  // the log is away longer than an election lasts, or the journal has failed for long
    leaving,  // what is in flight is answered
    closing,  // sessions are told to go elsewhere
    gone,
  };
  struct settings {
    clock lost_after{15'000};  // an election, which must not turn all nodes red, lasts 9 s
    clock failed_after{5'000};
    clock close_over{5'000};  // so that not all come to the others at once
    clock answer_wait{5'000};
    clock close_wait{10'000};  // beyond the spread, for those who do not go
  };
  standing(const settings& how, clock now) : how_(how), heard_at_(now) {}

  /// A barrier that this process has asked for was passed.
  void caught_up(clock now);
  /// Something came from the log: a message, an answer.
  void heard(clock now) noexcept { heard_at_ = now; }
  /// What came could be applied, or could not.
  void applied(bool is_well, clock now);
  /// The process is told to end.
  void leave(clock now);

  /// Over how long all sessions of now are to be closed: told once each time that they are.
  std::optional<clock> on_time(clock now, std::size_t in_flight, std::size_t sessions);

  state now_in() const noexcept { return state_; }
  bool is_ready() const noexcept { return state_ == state::serving; }
  /// Beats say it.
  bool is_leaving() const noexcept { return state_ >= state::leaving; }
  /// A barrier is to be asked for.
  bool needs_barrier() const noexcept {
    return state_ == state::starting || state_ == state::cut_off;
  }

 private:
  void enter(state next, clock now);

  settings how_;
  state state_ = state::starting;
  clock since_{0};  // of this state
  clock heard_at_;
  std::optional<clock> failing_since_;
};
std::string_view name(standing::state of) noexcept;

}  // namespace confab::cluster
