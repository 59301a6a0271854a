#include "transport/websocket_lifecycle.hpp"

#include <utility>

namespace confab::transport {

bool websocket_lifecycle::drain() noexcept {
  if (now_ != stage::open) return false;
  now_ = stage::draining;
  return true;
}

bool websocket_lifecycle::close(bool is_heard) noexcept {
  if (now_ >= stage::closing) return false;
  now_ = stage::closing;
  if (!is_heard) flow_ = flow::deaf;
  return true;
}

bool websocket_lifecycle::drop() noexcept {
  if (now_ == stage::lost || now_ == stage::gone) return false;
  now_ = now_ < stage::lost ? stage::lost : stage::gone;
  return true;
}

bool websocket_lifecycle::finish(bool close_is_queued) noexcept {
  if (now_ == stage::lost) {
    now_ = stage::gone;
    return false;
  }
  now_ = stage::flushing;
  return close_is_queued;
}

void websocket_lifecycle::end_delivery(bool enough) noexcept {
  if (flow_ == flow::delivering) flow_ = enough ? flow::paused : flow::reading;
}

bool websocket_lifecycle::resume() noexcept {
  if (flow_ == flow::deaf) return false;
  return std::exchange(flow_, flow::reading) == flow::paused;
}

websocket_lifecycle::action websocket_lifecycle::next(std::size_t queued_bytes) noexcept {
  switch (now_) {
    case stage::opening:
    case stage::open:
    case stage::draining:
    case stage::closing:
      return flow_ >= flow::paused ? action::wait : action::read;
    case stage::lost:
      return action::finish;
    case stage::flushing:
      if (queued_bytes > 0) return action::wait;
      now_ = stage::shutting;
      return action::shut;
    case stage::shutting:
    case stage::gone:
      return action::none;
  }
  return action::none;
}

}  // namespace confab::transport
