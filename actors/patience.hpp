#pragma once

#include "actors/budget.hpp"
#include "protocol/limits.hpp"

#include <cstdint>

namespace confab::actors {

/// With a client that goes on although it is refused. A refill of its budget in between is no
/// pause: who sends a hundred times what he may is refused ninety-nine times in a hundred.
class patience {
 public:
  /// Whether this refusal is one too many: they have gone on for `limits::refusals_last_max`, or
  /// are more than `most`, without a pause of `limits::refusals_pause_min`.
  bool ends(steady_time now, std::size_t most) {
    if (count_ == 0 || now - last_ >= limits::refusals_pause_min) {
      since_ = now;
      count_ = 0;
    }
    last_ = now;
    return ++count_ > most || now - since_ >= limits::refusals_last_max;
  }

 private:
  steady_time since_, last_;
  std::uint32_t count_ = 0;
};

}  // namespace confab::actors
