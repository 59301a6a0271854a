#pragma once

#include "transport/port.hpp"

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

/// How an answer from elsewhere reaches the connection that waits for it. Any thread may answer;
/// the mutexes in here are the border between it and the connection's shard.
namespace confab::transport {

class reactor_core;

/// Wakes one connection on its shard, from any thread, as long as there is one.
/// Owner: whoever may wake, and the connection, which detaches it before it dies.
class waker : public std::enable_shared_from_this<waker> {
 public:
  waker(reactor_core& reactor, std::function<void()> on_wake)
      : reactor_(&reactor), on_wake_(std::move(on_wake)) {}

  /// `on_wake` follows, once for all calls until then.
  void wake();
  /// On the shard's thread.
  void detach() noexcept;

 private:
  void run();

  std::mutex mutex_;
  reactor_core* reactor_;  // guarded; null: detached
  bool coming_ = false;    // guarded
  std::function<void()> on_wake_;
};

/// A response that stays open, on its way out.
class stream_box final : public response_stream {
 public:
  stream_box(std::shared_ptr<waker> connection, stream_events events, std::size_t bytes_max)
      : connection_(std::move(connection)), events_(std::move(events)), bytes_max_(bytes_max) {}

  push_result write(std::string_view bytes) override;
  void end() override;

  // For the connection.
  struct portion {
    std::string bytes;
    bool last = false;  // nothing will come behind it
  };
  portion take();
  /// Calls `on_writable` if somebody waits for room and there is some.
  void tell_writable();
  /// Calls `on_closed`, the first time.
  void close();

 private:
  const std::shared_ptr<waker> connection_;
  const stream_events events_;
  const std::size_t bytes_max_;

  std::mutex mutex_;  // guards what follows
  std::string waiting_;
  bool ended_ = false;
  bool closed_ = false;
  bool room_wanted_ = false;
};

/// What the connection keeps of an open question. Over when it is answered, abandoned or given up.
template <class Answer>
class answer_slot {
 public:
  answer_slot(http_request request, std::shared_ptr<waker> connection)
      : request_(std::move(request)), connection_(std::move(connection)) {}

  const http_request& request() const noexcept { return request_; }
  const std::shared_ptr<waker>& connection() const noexcept { return connection_; }

  /// False if it was over; `none`: there will be no answer.
  bool give(std::optional<Answer> what) {
    {
      const std::lock_guard lock(mutex_);
      if (std::exchange(over_, true)) return false;
      answer_ = std::move(what);
    }
    connection_->wake();
    return true;
  }
  bool over() const {
    const std::lock_guard lock(mutex_);
    return over_;
  }
  /// For the connection: the answer if there is one; it is over from now on.
  std::optional<Answer> take() {
    const std::lock_guard lock(mutex_);
    over_ = true;
    return std::exchange(answer_, std::nullopt);
  }

 private:
  const http_request request_;
  const std::shared_ptr<waker> connection_;
  mutable std::mutex mutex_;
  std::optional<Answer> answer_;  // guarded
  bool over_ = false;             // guarded
};

struct late_response {
  http_response head;
  std::shared_ptr<stream_box> body;  // null: it is in `head`
};

/// What is given to whoever answers. Its last copy's end is an answer too.
class upgrade_handle final : public upgrade_question {
 public:
  using slot = answer_slot<upgrade_verdict>;
  explicit upgrade_handle(std::shared_ptr<slot> to) : slot_(std::move(to)) {}
  ~upgrade_handle() override { slot_->give(std::nullopt); }
  const http_request& request() const noexcept override { return slot_->request(); }
  void answer(upgrade_verdict what) override { slot_->give(std::move(what)); }
  bool over() const noexcept override { return slot_->over(); }

 private:
  const std::shared_ptr<slot> slot_;
};

class exchange_handle final : public http_exchange {
 public:
  using slot = answer_slot<late_response>;
  exchange_handle(std::shared_ptr<slot> to, std::size_t stream_bytes_max)
      : slot_(std::move(to)), stream_bytes_max_(stream_bytes_max) {}
  ~exchange_handle() override { slot_->give(std::nullopt); }
  const http_request& request() const noexcept override { return slot_->request(); }
  void answer(http_response what) override { slot_->give(late_response{std::move(what), nullptr}); }
  bool over() const noexcept override { return slot_->over(); }
  std::shared_ptr<response_stream> open(http_response head, stream_events events) override;

 private:
  const std::shared_ptr<slot> slot_;
  const std::size_t stream_bytes_max_;
};

}  // namespace confab::transport
