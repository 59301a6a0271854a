#include "transport/sleeper.hpp"

namespace confab::transport {

task<> sleeper::sleep() {
  if (!is_woken_) {
    error_code ignored;
    timer_->expires_at(timer::time_point::max());
    co_await timer_->async_wait(into(ignored));
  }
  is_woken_ = false;
}

}  // namespace confab::transport
