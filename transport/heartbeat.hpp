#pragma once

#include <chrono>
#include <cstdint>

namespace confab::transport {

struct options;

/// Whether the other side lives and reads. A state machine without I/O and clock: whoever has the
/// timer says when it has expired, and is told what to do and when to come again.
class heartbeat {
 public:
  enum class action : std::uint8_t {
    ping,      // a ping is to be sent
    rest,      // he has been heard: nothing until the next ping
    missed,    // no sign of life: he is to be closed
    overflow,  // he takes nothing of what waits for him: he is too slow a reader
  };
  struct step {
    action what;
    std::chrono::milliseconds wait{0};  // until the next `expired`; of a ping and a rest
  };

  /// `is_read`: what he sends is being read; otherwise he cannot be heard. `is_waiting`: something
  /// waits to be written to him.
  step expired(const options& how, bool is_read, bool is_waiting) noexcept;
  /// He has given a sign of life.
  void heard() noexcept {
    if (at_ == state::pong_due) at_ = state::heard;
  }
  /// Some of what waited has left.
  void taken() noexcept { is_stuck_ = false; }

 private:
  enum class state : std::uint8_t { ping_due, pong_due, heard };

  state at_ = state::ping_due;
  bool is_stuck_ = false;  // since the last ping nothing has left of what waited then
};

}  // namespace confab::transport
