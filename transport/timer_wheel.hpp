#pragma once

#include "transport/linked.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace confab::transport {

/// All deadlines of one shard, coarse: arming and disarming cost a few pointers, whatever the
/// number of connections, and there is one system timer instead of one per connection. A hashed
/// wheel (Varghese and Lauck 1987, scheme 6).
///
/// Owner: the reactor. Thread: its shard's. Knows no clock: the owner says which tick it is.
class timer_wheel {
 public:
  using tick = std::uint64_t;

  /// One deadline. Disarmed by its destructor; must die before the wheel or disarmed.
  class entry : private linked {
   public:
    entry() = default;
    bool armed() const noexcept { return wheel_ != nullptr; }

   protected:
    ~entry() {
      if (wheel_) wheel_->disarm(*this);
    }

   private:
    friend class timer_wheel;
    /// May arm and disarm any entry, this one too.
    virtual void expired() = 0;

    timer_wheel* wheel_ = nullptr;
    tick due_ = 0;
  };

  /// `expired()` is called by the `advance()` that reaches `ticks` (at least 1) from now. Arming
  /// what is armed moves it.
  void arm(entry& what, tick ticks) noexcept;
  void disarm(entry& what) noexcept;
  /// Calls what is due up to and including `now`; going back does nothing.
  void advance(tick now);

  tick now() const noexcept { return now_; }
  bool empty() const noexcept { return armed_count_ == 0; }

 private:
  static constexpr std::size_t slots_count = 256;
  linked& slot_of(tick when) noexcept { return slots_[when % slots_count]; }
  void turn(linked& slot);

  std::array<linked, slots_count> slots_;
  tick now_ = 0;
  std::size_t armed_count_ = 0;
};

}  // namespace confab::transport
