#pragma once

#include "protocol/meter.hpp"
#include "transport/admission.hpp"
#include "transport/counts.hpp"
#include "transport/deflate.hpp"
#include "transport/linked.hpp"
#include "transport/listener.hpp"
#include "transport/net.hpp"
#include "transport/outbox.hpp"
#include "transport/port.hpp"
#include "transport/timer_wheel.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <random>
#include <string_view>
#include <vector>

namespace confab::transport {

/// What all shards share and nobody changes after `listen()`.
struct site {
  options how;
  std::vector<websocket_route> websockets;
  std::vector<http_route> pages;
  std::shared_ptr<transport::admission> admission;
  std::size_t shards = 1;
  mutable std::atomic<std::size_t> outbound_bytes{0};  // that wait in all outboxes
  std::atomic<std::size_t> outbound_spare{0};  // while memory is short, instead of the option
  std::atomic<bool> draining{false};
  std::atomic<bool> aborted{false};

  void note(const incident& what) const noexcept;
  /// Of the exception that is being handled. `wall` says where it was caught.
  void note_bug(std::string_view wall) const noexcept;
};

using meters = shard_counts<meter>;
/// A WebSocket ended with that code.
void count_close(meters& of, std::uint16_t code) noexcept;

/// A connection as its shard sees it: in HTTP, WebSocket, or being refused.
class live_connection : public linked {
 public:
  /// The server stops: end when nothing is in flight.
  virtual void drain() = 0;
  /// Drop the socket now; the coroutine finds out.
  virtual void abort() noexcept = 0;
  /// What waits to be written to it, where that is counted; and its end, for that.
  virtual std::size_t queued_bytes() const noexcept { return 0; }
  virtual void overflow() {}

 protected:
  ~live_connection() = default;
};

/// A connection for which there was no place any more, until it has said what it wants.
class reserved_place : public linked {
 public:
  /// Others wait behind it, and it is the oldest.
  virtual void give_up_place() noexcept = 0;

 protected:
  ~reserved_place() = default;
};

/// What a shard has for its connections. Most of its methods only hand out one of these things, or
/// ask the timers for one; what it does itself is to bound what waits for all readers together.
///
/// Owner: the listener, and every connection of the shard (so it dies with its io_context at the
/// latest). Thread: its shard's, but for the counters.
class reactor_core final : public reactor, public std::enable_shared_from_this<reactor_core> {
 public:
  reactor_core(net::io_context& io, std::shared_ptr<const site> shared, unsigned index,
               std::uint32_t seed);

  std::size_t end_turn() override;

  const options& how() const noexcept { return shared_->how; }
  const site& shared() const noexcept { return *shared_; }
  net::io_context& io() noexcept { return io_; }
  unsigned index() const noexcept { return index_; }
  executor get_executor() noexcept { return io_.get_executor(); }
  void note(const incident& what) const noexcept { shared_->note(what); }
  void note_bug(std::string_view wall) const noexcept { shared_->note_bug(wall); }

  void add(live_connection& connection) noexcept { live_.insert_before(connection); }
  void add_reserved(reserved_place& connection) noexcept;
  void drain_all();
  /// Closes those for whom the most waits, where more waits in all than may.
  void shed();
  void abort_all() noexcept;
  /// What an answer of HTTP has to have written counts among what waits for all readers. False: that is
  /// too much already, and this is not counted.
  bool take_outbound(std::size_t bytes) noexcept;
  void give_outbound(std::size_t bytes) noexcept {
    shared_->outbound_bytes.fetch_sub(bytes, std::memory_order_relaxed);
  }

  /// `what.expired()` after `wait`, up to a tick (and the length of a turn) late, never early.
  void arm(timer_wheel::entry& what, std::chrono::milliseconds wait);
  void disarm(timer_wheel::entry& what) noexcept { wheel_.disarm(what); }
  /// A random part of `interval`, so that connections made together do not ping together.
  std::chrono::milliseconds random_part(std::chrono::milliseconds interval);

  /// Of the time of the turn. It stands still while no timer is set; every connection has one.
  timer_wheel::tick ticks() const noexcept { return wheel_.now(); }
  timer_wheel::tick ticks_in(std::chrono::milliseconds span) const noexcept {
    return static_cast<timer_wheel::tick>(span / tick_);
  }
  dirty_list& dirty() noexcept { return dirty_; }
  std::span<char> scratch() noexcept { return scratch_; }
  /// Where one read of a socket goes, to be used up before the next one.
  std::span<char> inbox() noexcept { return inbox_; }
  inflater& inflate() noexcept { return inflater_; }

  meters count;

 private:
  using timer = net::basic_waitable_timer<std::chrono::steady_clock,
                                          net::wait_traits<std::chrono::steady_clock>, executor>;

  void note_highest() noexcept;
  void limit_outbound();
  std::size_t tell_outbound() noexcept;
  std::size_t outbound_max() const noexcept;
  timer_wheel::tick current_tick() const noexcept;
  void run_timer();

  net::io_context& io_;
  std::shared_ptr<const site> shared_;
  unsigned index_;
  dirty_list dirty_;
  timer_wheel wheel_;
  linked live_;
  linked reserved_;
  std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
  std::chrono::milliseconds tick_;
  timer timer_;
  bool timer_runs_ = false;
  std::minstd_rand random_;
  timer_wheel::tick highest_since_ = 0;
  std::size_t highest_before_ = 0;  // in the minute before that
  inflater inflater_;
  std::array<char, 64 * 1024> scratch_;
  std::array<char, 16 * 1024> inbox_;
};

}  // namespace confab::transport
