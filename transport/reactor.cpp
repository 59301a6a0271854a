#include "transport/reactor.hpp"

#include "transport/control_frame.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <exception>
#include <functional>

namespace confab::transport {

namespace {

using std::chrono::milliseconds;

/// Coarse, but fine enough for the shortest of the waits (tests have short ones).
milliseconds tick_for(const options& how) {
  const auto shortest = std::min({how.handshake_wait, how.idle_wait_max, how.ping_interval,
                                  how.pong_wait, how.close_wait});
  return std::clamp(shortest / 8, milliseconds{1}, milliseconds{100});
}

/// Those that hold places without a right to one; each has a descriptor.
constexpr std::size_t reserved_max = 16;

/// Answers that are written however much waits.
constexpr std::size_t answer_bytes_spared = 4 * 1024;

}  // namespace

void count_close(meters& of, std::uint16_t code) noexcept {
  std::size_t row = 0;
  while (row < close_rows.size() && static_cast<std::uint16_t>(close_rows[row].code) != code) ++row;
  if (row == close_rows.size() && code != close_without_frame) ++row;
  of.closes[row].add();
}

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
  const bool more = before > 0 && dirty_.flush();
  if (before > 0) note_highest();
  limit_outbound();
  if (more || dirty_.size() > 0) net::post(io_, [] {});  // the next turn is to come at once
  count.frames_out.set(dirty_.frames_pushed());
  return before - std::min(before, dirty_.size());
}

/// Of this minute and the one before, so that whoever asks twice a minute misses none.
void reactor_core::note_highest() noexcept {
  if (ticks() - highest_since_ >= ticks_in(std::chrono::minutes{1})) {
    highest_since_ = ticks();
    highest_before_ = dirty_.take_highest();
  }
  count.outbox_highest.set(std::max(highest_before_, dirty_.highest()));
}

void reactor_core::limit_outbound() {
  if (dirty_.queued_bytes() != count.outbound_bytes.get()) shed();
}

/// Every outbox is bounded, but not what thousands of them hold. Those with the most go first; of
/// all shards only those which hold their share, so that one with small ones need not pay.
void reactor_core::shed() {
  const auto in_all = tell_outbound();
  const auto own = dirty_.queued_bytes();
  const auto most = outbound_max();
  if (most == 0 || in_all <= most || own < in_all / shared_->shards) return;

  std::vector<live_connection*> slow;
  for (auto* each = live_.next(); each != &live_; each = each->next())
    if (auto* one = static_cast<live_connection*>(each); one->queued_bytes() > 0)
      slow.push_back(one);
  std::ranges::sort(slow, std::greater{}, &live_connection::queued_bytes);
  const auto bound = own - std::min(own, in_all - most);
  std::size_t closed = 0;
  for (; closed < slow.size() && dirty_.queued_bytes() > bound; ++closed) slow[closed]->overflow();
  tell_outbound();
  note({incident_kind::outbound_full, "closed", {}, std::to_string(closed)});
}

bool reactor_core::take_outbound(std::size_t bytes) noexcept {
  const auto in_all = shared_->outbound_bytes.fetch_add(bytes, std::memory_order_relaxed) + bytes;
  const auto most = outbound_max();
  if (most == 0 || in_all <= most || bytes <= answer_bytes_spared) return true;
  give_outbound(bytes);
  return false;
}

std::size_t reactor_core::outbound_max() const noexcept {
  const auto spare = shared_->outbound_spare.load(std::memory_order_relaxed);
  return spare > 0 ? spare : how().outbound_bytes_max;
}

/// How much waits on all shards.
std::size_t reactor_core::tell_outbound() noexcept {
  const auto more = dirty_.queued_bytes() - count.outbound_bytes.get();  // or less: it wraps
  count.outbound_bytes.set(dirty_.queued_bytes());
  return shared_->outbound_bytes.fetch_add(more, std::memory_order_relaxed) + more;
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
