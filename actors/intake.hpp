#pragma once

#include "actors/budget.hpp"
#include "actors/messages.hpp"
#include "protocol/codec.hpp"
#include "protocol/limits.hpp"

#include <atomic>
#include <cstddef>
#include <string_view>
#include <utility>

namespace confab::actors {

/// What one connection has sent and is not done with, and who pays for it. Shared by the
/// connection's port, which takes frames, and its session, which settles them; the audience charges
/// what it is given. All on one shard's thread.
///
/// A mailbox has no bound, so reading has: it pauses while too much is in flight, in number or in
/// bytes, and while what was read is not paid off. So a frame is paid for before the next one is
/// decoded, and nothing has to be refused unread.
class intake {
 public:
  intake() = default;
  intake(price_list* prices, payers::key address) : pays(prices, address), prices_(prices) {}
  intake(const intake&) = delete;
  intake& operator=(const intake&) = delete;
  ~intake() { settle(outstanding_, bytes_); }

  /// Decodes a frame: what its session is to be told.
  session_event take(codec objects, std::string_view payload, const decode_limits& limits,
                     steady_time now) {
    pays.charge(price::bytes_in, static_cast<double>(payload.size()), now);
    decode_cost cost;
    auto decoded = decode(objects, payload, limits, &cost);
    pays.charge(price::nodes, static_cast<double>(cost.nodes), now);

    ++outstanding_;
    bytes_ += payload.size();
    if (prices_) prices_->bytes_in_flight.fetch_add(payload.size(), std::memory_order_relaxed);
    paused_ = outstanding_ >= limits::commands_in_flight_max ||
              bytes_ >= limits::bytes_in_flight_max || debt(now).count() > 0;
    const auto bytes = static_cast<std::uint32_t>(payload.size());
    if (auto* command = std::get_if<request>(&decoded))
      return frame_received{std::move(*command), bytes};
    return frame_rejected{std::get<rejected>(std::move(decoded)), bytes};
  }

  /// `count` frames are done with, which had `bytes` together.
  void settle(std::size_t count, std::size_t bytes) noexcept {
    outstanding_ -= std::min(count, outstanding_);
    bytes = std::min(bytes, bytes_);
    bytes_ -= bytes;
    if (prices_) prices_->bytes_in_flight.fetch_sub(bytes, std::memory_order_relaxed);
  }

  bool paused() const noexcept { return paused_; }
  std::size_t outstanding() const noexcept { return outstanding_; }
  std::size_t bytes() const noexcept { return bytes_; }
  /// Little enough is in flight to go on; and what was read must be paid off.
  bool has_caught_up() const noexcept {
    return outstanding_ <= limits::commands_in_flight_max / 2 &&
           bytes_ <= limits::bytes_in_flight_max / 2;
  }
  /// How long until what was read is paid off.
  budget::span debt(steady_time now) const noexcept {
    return std::max(pays.wait(price::bytes_in, 0, now), pays.wait(price::nodes, 0, now));
  }
  void resume() noexcept { paused_ = false; }
  /// All connections together have more in flight than the process will keep.
  bool server_is_full() const noexcept {
    return prices_ && prices_->bytes_in_flight.load(std::memory_order_relaxed) >
                          limits::bytes_in_flight_of_all_max;
  }

  payer pays;

 private:
  price_list* prices_ = nullptr;
  std::size_t outstanding_ = 0;
  std::size_t bytes_ = 0;
  bool paused_ = false;
};

}  // namespace confab::actors
