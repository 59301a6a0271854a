#pragma once

#include "actors/steady_time.hpp"
#include "protocol/ids.hpp"

#include <chrono>
#include <optional>

namespace confab::actors {

/// Whether the time of day may decide what goes for good. It is in doubt while it has moved by more
/// than ten minutes against the steady clock, and where a start finds it a day ahead of the newest
/// entry: a wrong clock, or a copy that was put back, must not take away what is young.
class clock_doubt {
 public:
  static constexpr auto moved_max = std::chrono::minutes{10};
  static constexpr auto ahead_max = std::chrono::hours{24};

  /// `newest`: the time of the newest entry of all; none where there is no entry.
  clock_doubt(unix_ms wall, steady_time steady, std::optional<unix_ms> newest)
      : wall_(wall),
        steady_(steady),
        ahead_(newest && since(wall, *newest) > ahead_max) {}

  bool is_there(unix_ms wall, steady_time steady) const {
    const auto moved = since(wall, wall_) - (steady - steady_);
    return ahead_ || moved > moved_max || moved < -moved_max;
  }
  /// Somebody has looked at the clock: it is right.
  void dispel(unix_ms wall, steady_time steady) {
    wall_ = wall;
    steady_ = steady;
    ahead_ = false;
  }

 private:
  static std::chrono::milliseconds since(unix_ms one, unix_ms other) {
    return std::chrono::milliseconds{one.value() - other.value()};
  }
  unix_ms wall_;
  steady_time steady_;
  bool ahead_;
};

}  // namespace confab::actors
