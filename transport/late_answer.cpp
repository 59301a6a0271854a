#include "transport/late_answer.hpp"

#include "transport/reactor.hpp"

#include <boost/asio/post.hpp>

namespace confab::transport {

void waker::wake() {
  const std::lock_guard lock(mutex_);
  if (!reactor_ || std::exchange(coming_, true)) return;
  net::post(reactor_->io(), [self = shared_from_this()] { self->run(); });
}

void waker::detach() noexcept {
  const std::lock_guard lock(mutex_);
  reactor_ = nullptr;
}

/// Only its own thread detaches it: it stays attached until `on_wake_` returns.
void waker::run() {
  {
    const std::lock_guard lock(mutex_);
    coming_ = false;
    if (!reactor_) return;
  }
  on_wake_();
}

push_result stream_box::write(std::string_view bytes) {
  {
    const std::lock_guard lock(mutex_);
    if (closed_ || ended_) return push_result::closed;
    if (waiting_.size() + bytes.size() > bytes_max_) {
      room_wanted_ = true;
      return push_result::overflow;
    }
    waiting_ += bytes;
  }
  connection_->wake();
  return push_result::accepted;
}

void stream_box::end() {
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(ended_, true)) return;
  }
  connection_->wake();
}

stream_box::portion stream_box::take() {
  const std::lock_guard lock(mutex_);
  return {std::exchange(waiting_, {}), ended_};
}

void stream_box::tell_writable() {
  {
    const std::lock_guard lock(mutex_);
    if (!room_wanted_ || waiting_.size() > bytes_max_ / 2) return;
    room_wanted_ = false;
  }
  events_.on_writable();
}

void stream_box::close() {
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(closed_, true)) return;
    std::string().swap(waiting_);
  }
  events_.on_closed();
}

std::shared_ptr<response_stream> exchange_handle::open(http_response head, stream_events events) {
  auto body =
      std::make_shared<stream_box>(slot_->connection(), std::move(events), stream_bytes_max_);
  if (!slot_->give(late_response{std::move(head), body})) return nullptr;
  return body;
}

}  // namespace confab::transport
