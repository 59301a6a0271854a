#include "transport/reactor.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <exception>

namespace confab::transport {

namespace {

using std::chrono::milliseconds;

/// Coarse, but fine enough for the shortest of the waits (tests have short ones).
milliseconds tick_for(const options& how) {
  const auto shortest = std::min({how.handshake_wait_max, how.idle_wait_max, how.ping_interval,
                                  how.pong_wait_max, how.close_wait_max});
  return std::clamp(shortest / 8, milliseconds{1}, milliseconds{100});
}

/// Those that hold places without a right to one; each has a descriptor.
constexpr std::size_t reserved_max = 16;

}  // namespace

void site::note(const incident& what) const noexcept {
  if (!how.on_incident) return;
  try {
    how.on_incident(what);
  } catch (...) {  // no memory for a line: the walls that call this must hold
    return;
  }
}

void site::note_bug(std::string_view wall) const noexcept {
  try {
    throw;
  } catch (const std::exception& e) {
    note({incident_kind::bug, wall, {}, e.what()});
  } catch (...) {
    note({incident_kind::bug, wall, {}, "an exception that is no std::exception"});
  }
}

reactor_core::reactor_core(net::io_context& io, std::shared_ptr<const site> shared, unsigned index,
                           std::uint32_t seed)
    : io_(io),
      shared_(std::move(shared)),
      index_(index),
      tick_(tick_for(shared_->how)),
      timer_(io.get_executor()),
      random_(seed) {}

std::size_t reactor_core::end_turn() {
  const auto before = dirty_.size();
  if (before == 0) return 0;
  if (dirty_.flush()) net::post(io_, [] {});  // the next turn is to come at once
  count.frames_out.set(dirty_.frames_pushed());
  return before - std::min(before, dirty_.size());
}

void reactor_core::add_reserved(reserved_place& connection) noexcept {
  std::size_t taken = 0;
  for (auto* each = reserved_.next(); each != &reserved_; each = each->next()) ++taken;
  if (taken >= reserved_max) {
    auto* oldest = static_cast<reserved_place*>(reserved_.next());
    oldest->unlink();
    oldest->give_up_place();
  }
  reserved_.insert_before(connection);
}

void reactor_core::drain_all() {
  for (auto* each = live_.next(); each != &live_;) {
    auto* next = each->next();
    static_cast<live_connection*>(each)->drain();
    each = next;
  }
}

void reactor_core::abort_all() noexcept {
  for (auto* each = live_.next(); each != &live_; each = each->next())
    static_cast<live_connection*>(each)->abort();
}

timer_wheel::tick reactor_core::current_tick() const noexcept {
  return static_cast<timer_wheel::tick>((std::chrono::steady_clock::now() - started_) / tick_);
}

void reactor_core::arm(timer_wheel::entry& what, milliseconds wait) {
  if (wheel_.empty()) wheel_.advance(current_tick());
  // One more: the current tick has begun a while ago.
  wheel_.arm(what, static_cast<timer_wheel::tick>((wait + tick_ - milliseconds{1}) / tick_) + 1);
  if (!timer_runs_) run_timer();
}

milliseconds reactor_core::random_part(milliseconds interval) {
  return milliseconds{std::uniform_int_distribution<milliseconds::rep>(
      1, std::max<milliseconds::rep>(interval.count(), 1))(random_)};
}

void reactor_core::run_timer() {
  timer_runs_ = true;
  timer_.expires_at(started_ + tick_ * (wheel_.now() + 1));
  // Weak: a timer that has expired already still calls after the reactor's death.
  timer_.async_wait([weak = weak_from_this()](const error_code& ec) {
    const auto self = weak.lock();
    if (!self || ec) return;
    self->wheel_.advance(self->current_tick());
    self->timer_runs_ = false;
    if (!self->wheel_.empty()) self->run_timer();
  });
}

}  // namespace confab::transport
