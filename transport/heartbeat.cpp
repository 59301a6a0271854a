#include "transport/heartbeat.hpp"

#include "transport/listener.hpp"

#include <algorithm>

namespace confab::transport {

heartbeat::step heartbeat::expired(const options& how, bool is_read, bool is_waiting) noexcept {
  switch (at_) {
    case state::ping_due:
      // Who sends and does not read is alive, and keeps an outbox for ever.
      if (is_stuck_) return {action::overflow};
      is_stuck_ = is_waiting;
      at_ = state::pong_due;
      return {action::ping, how.pong_wait};
    case state::pong_due:
      if (is_read) return {action::missed};
      break;
    case state::heard:
      break;
  }
  at_ = state::ping_due;
  return {action::rest,
          std::max(how.ping_interval - how.pong_wait, std::chrono::milliseconds{1})};
}

}  // namespace confab::transport
