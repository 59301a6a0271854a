#pragma once

#include "transport/late_answer.hpp"
#include "transport/net.hpp"
#include "transport/reactor.hpp"

#include <chrono>
#include <memory>
#include <optional>

namespace confab::transport {

/// Where the coroutine of a connection sleeps until it is woken: by its own shard, or by whoever
/// answers later on another thread.
///
/// Owner: the connection. Thread: its shard's.
class sleeper {
 public:
  explicit sleeper(reactor_core& reactor) : reactor_(reactor) {}
  ~sleeper() { detach(); }
  sleeper(const sleeper&) = delete;
  sleeper& operator=(const sleeper&) = delete;

  /// What other threads wake it by.
  std::shared_ptr<waker> remote() {
    if (!remote_) {
      timer_.emplace(reactor_.get_executor());
      remote_ = std::make_shared<waker>(reactor_, [this] { wake(); });
    }
    return remote_;
  }
  /// From now on other threads do not wake it.
  void detach() noexcept {
    if (remote_) remote_->detach();
  }
  void wake() noexcept {
    is_woken_ = true;
    if (timer_) timer_->cancel();
  }
  /// Until it is woken, which may have happened already. There must be a `remote`.
  task<> sleep();

 private:
  using timer = net::basic_waitable_timer<std::chrono::steady_clock,
                                          net::wait_traits<std::chrono::steady_clock>, executor>;

  reactor_core& reactor_;
  std::optional<timer> timer_;
  std::shared_ptr<waker> remote_;
  bool is_woken_ = false;
};

}  // namespace confab::transport
