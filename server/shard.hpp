#pragma once

#include "actors/caf.hpp"
#include "protocol/meter.hpp"

#include <boost/asio/io_context.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

namespace confab::transport {
class reactor;
}

namespace confab::server {

/// One thread that is both runtimes: an io_context for its sockets and an execution unit for the
/// actors pinned to it. A turn is: the handlers that are ready, then the actors that have
/// messages, then one gathered write per connection that was given frames.
///
/// Threads: `run` belongs to one, and calls what actors call; `exec_later` and `stop` may be called
/// from any. The mutex here is the border between them: work from elsewhere waits behind it, with
/// one wake-up for many, and none while the shard is awake.
class shard final : public actors::shard_unit {
 public:
  explicit shard(caf::actor_system& system);
  ~shard() override;

  boost::asio::io_context& io() noexcept { return *io_; }

  std::chrono::nanoseconds write_time() const noexcept override { return write_time_; }
  void exec_later(caf::resumable* what) override;
  void call_later(caf::timespan wait, std::function<void()> what) override;

  /// How long turns take. Any thread.
  const histogram& turn_time() const noexcept { return turn_time_; }

  /// Serves until `stop`. `sockets` is set once the listener exists.
  void run();
  void serve(transport::reactor* sockets) noexcept { sockets_.store(sockets); }
  void stop() { io_->stop(); }

  /// Lets go of the connections that are left and of what is queued for actors; after `run` has
  /// returned, and while the actor system still lives: connections hold handles of actors.
  void discard();

 private:
  bool may_sleep();
  void take_foreign();
  void run_actors();
  void measure(std::chrono::nanoseconds turn, std::size_t writes) noexcept;

  std::optional<boost::asio::io_context> io_{std::in_place, 1};
  std::atomic<transport::reactor*> sockets_{nullptr};
  std::atomic<std::thread::id> thread_{};
  std::deque<caf::resumable*> ready_;
  std::chrono::nanoseconds write_time_ = usual_write_time;  // a mean
  histogram turn_time_{histogram::times};

  std::mutex mutex_;
  std::vector<caf::resumable*> foreign_;  // guarded
  bool awake_ = true;                     // guarded: or a wake-up is on its way, or no use any more
  std::vector<caf::resumable*> taken_;    // the other half of foreign_, kept for its memory
};

}  // namespace confab::server
