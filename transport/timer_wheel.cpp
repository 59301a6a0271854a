#include "transport/timer_wheel.hpp"

#include <algorithm>

namespace confab::transport {

void timer_wheel::arm(entry& what, tick ticks) noexcept {
  disarm(what);
  what.due_ = now_ + std::max<tick>(ticks, 1);
  what.wheel_ = this;
  slot_of(what.due_).insert_before(what);
  ++armed_count_;
}

void timer_wheel::disarm(entry& what) noexcept {
  if (!what.wheel_) return;
  what.unlink();
  what.wheel_ = nullptr;
  --armed_count_;
}

void timer_wheel::advance(tick now) {
  if (now <= now_) return;
  // After a long pause one round sees every slot.
  const auto first = std::max(now_ + 1, now - std::min<tick>(now, slots_count - 1));
  now_ = now;
  for (auto at = first; at <= now && !empty(); ++at) turn(slot_of(at));
}

void timer_wheel::turn(linked& slot) {
  // Off the wheel first: what is called may arm into this slot again.
  linked list;
  list.take_list(slot);
  while (list.is_linked()) {
    auto& each = static_cast<entry&>(*list.next());
    each.unlink();
    if (each.due_ > now_) {
      slot.insert_before(each);  // of a later round
      continue;
    }
    each.wheel_ = nullptr;
    --armed_count_;
    each.expired();
  }
}

}  // namespace confab::transport
