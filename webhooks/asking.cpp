#include "webhooks/asking.hpp"

#include <algorithm>

namespace confab::webhooks {

asking::answer asking::begin(time now) noexcept {
  if (failures_ == ask_failures_in_a_row_max && now < rests_until_) return answer::resting;
  if (under_way_ == asked_at_once_max) return answer::full;
  ++under_way_;
  return answer::go;
}

/// After the rest one failure is enough for another.
asking::turn asking::end(bool worked, time now) noexcept {
  --under_way_;
  const bool was_resting = failures_ == ask_failures_in_a_row_max;
  if (worked) {
    failures_ = 0;
    return was_resting ? turn::works_again : turn::none;
  }
  failures_ = std::min(failures_ + 1, ask_failures_in_a_row_max);
  if (failures_ < ask_failures_in_a_row_max) return turn::none;
  rests_until_ = now + asking_rest;
  return was_resting ? turn::none : turn::rests;
}

}  // namespace confab::webhooks
