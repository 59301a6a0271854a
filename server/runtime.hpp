#pragma once

#include "actors/caf.hpp"
#include "protocol/meter.hpp"
#include "transport/listener.hpp"
#include "transport/port.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

namespace confab::server {

class shard;

/// Both runtimes and their threads: the actor system, the shards, and the listener on top. The one
/// place that knows how they are brought up and taken down.
class runtime {
 public:
  /// 0 shards: as many as cores.
  explicit runtime(std::size_t shards);
  ~runtime();
  runtime(const runtime&) = delete;
  runtime& operator=(const runtime&) = delete;

  caf::actor_system& system() noexcept { return *system_; }
  std::size_t shards() const noexcept { return shards_.size(); }
  actors::shard_unit* unit(std::size_t index) noexcept;

  /// Begins to accept. Throws std::system_error where that can't be.
  void listen(const transport::options& how, std::vector<transport::websocket_route> websockets,
              std::vector<transport::http_route> pages);
  transport::listener& listener() noexcept { return *listener_; }
  /// A second address, for plain pages alone. Which port it is.
  std::uint16_t listen_beside(const transport::options& how,
                              std::vector<transport::http_route> pages);

  /// Of all shards' turns. Any thread.
  histogram_sum turn_time() const;

  /// Called when the shards' threads have ended, before the actor system does: whoever holds
  /// handles lets go of them here. A detached actor's thread waits for its last handle.
  void on_ended(std::function<void()> release) { release_ = std::move(release); }

  /// Whether one of the signals that `run_until_signal` waits for has come. From its thread.
  bool end_asked();

  struct stop_steps {
    std::chrono::milliseconds drain_wait{10'000};
    std::function<void()> on_reload = [] {};  // SIGHUP
    std::function<void()> on_look = [] {};    // twice a second
    std::function<void()> on_drain = [] {};   // readiness off
    std::function<void()> on_closed = [] {};  // no connection is left: flush, end the actors
  };
  /// Waits for SIGTERM, SIGINT or SIGQUIT, then refuses new sessions, lets those that are there
  /// answer what is in flight and say good-bye, and takes everything down. A second one of these
  /// ends the process at once. SIGHUP never does: it reloads.
  void run_until_signal(const stop_steps& steps);

 private:
  void stop();
  std::vector<boost::asio::io_context*> contexts();
  void hear_signals();
  void look_later();

  /// Caught from the beginning: a signal that comes before `run_until_signal` waits for it.
  struct caught_signals;

  std::unique_ptr<caught_signals> signals_;
  std::unique_ptr<caf::actor_system_config> config_;
  std::unique_ptr<caf::actor_system> system_;
  std::vector<std::unique_ptr<shard>> shards_;
  std::vector<std::thread> threads_;
  std::unique_ptr<transport::listener> listener_;
  std::unique_ptr<transport::listener> beside_;
  std::function<void()> release_ = [] {};
};

}  // namespace confab::server
