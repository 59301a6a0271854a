#include "actors/gathering.hpp"

#include "actors/pacing.hpp"

#include <algorithm>
#include <chrono>
#include <limits>

namespace confab::actors {
namespace {

constexpr auto everyone = std::numeric_limits<std::size_t>::max();

void not_later(std::optional<steady_time>& wake, steady_time at) {
  if (!wake || at < *wake) wake = at;
}

}  // namespace

// --- members -----------------------------------------------------------------------------------

gathering::entry* gathering::find(const room_id& id) {
  const auto at = rooms_.find(id);
  return at == rooms_.end() ? nullptr : &*at;
}

void gathering::admit(entry& in, session_id session, frame_sink_ptr sink, room_user_no user,
                      wire_format format) {
  release(in, everyone);
  in.second.members.admit(session, std::move(sink), user, format);
}

void gathering::dismiss(entry& in, session_id session) {
  release(in, everyone);
  in.second.members.dismiss(session);
}

void gathering::end(entry& gone, close_code code, std::string_view reason) {
  release(gone, everyone);
  gone.second.members.close_all(code, reason);
  forget_if_empty(gone);
}

void gathering::forget_if_empty(entry& in) {
  if (in.second.members.empty() && !in.second.touched) rooms_.erase(rooms_.find(in.first));
}

// --- what they are told --------------------------------------------------------------------------

/// The wait is counted from when the room was asked, not from when the journal had done its part.
bool gathering::add(entry& in, const broadcast& what, steady_time now) {
  const auto asked =
      what.writer ? std::max<steady_time>(what.writer->asked, now - pacing::lag_max) : now;
  in.second.members.add(what, asked);
  count(in.second);
  if (std::exchange(in.second.touched, true)) return false;
  touched_.push_back(&in);
  return touched_.size() == 1;
}

void gathering::count(local_room& room) {
  if (room.period != period_) {
    room.deliveries_before = room.period + 1 == period_ ? room.deliveries : 0;
    room.deliveries = 0;
    room.period = period_;
    ++speaking_;
  }
  room.deliveries += room.members.size();
  deliveries_ += room.members.size();
}

gathering::outcome gathering::end_turn(const moment& at) {
  outcome out;
  measure(at.now, out);
  const fan_out::bound bound{how_.window, at.each_write};
  for (auto* each : std::exchange(touched_, {})) {
    auto& room = each->second;
    room.touched = false;
    if (room.turns_held > 0) room.next.waited(false);
    const auto asked = room.members.holds_any() ? room.members.last_asked() : at.now;
    room.next.arrived(asked);
    lag_ += (std::min<steady_time::duration>(at.now - asked, pacing::lag_max) - lag_) /
            pacing::lag_weight;
    const bool may_wait =
        busy_ && room.members.held_bytes() < pacing::joined_bytes_max && !has_little_to_save(room);
    const auto next = may_wait ? room.next.expected(asked) : std::nullopt;
    release(*each, next ? room.members.due(*next + lag_ + pacing::slack, bound) : everyone);
    if (room.members.holds_any()) not_later(out.wake, room.members.deadline(bound));
    if (room.members.empty()) rooms_.erase(rooms_.find(each->first));
  }
  return out;
}

gathering::outcome gathering::on_time(const moment& at) {
  outcome out;
  measure(at.now, out);
  const fan_out::bound bound{how_.window, at.each_write};
  for (auto* each : std::vector(holding_)) {
    auto& room = each->second;
    if (const auto due = room.members.due(at.now + pacing::grain, bound); due > 0) {
      room.next.waited(room.turns_held == 1 && !room.touched);
      release(*each, due);
    }
    if (room.members.holds_any()) not_later(out.wake, room.members.deadline(bound));
  }
  return out;
}

void gathering::measure(steady_time now, outcome& out) {
  if (now - period_start_ >= pacing::period) end_period(now, out);
  // Or nobody would notice when the rooms of a busy shard fall silent.
  if (busy_) not_later(out.wake, period_start_ + pacing::period);
}

void gathering::end_period(steady_time now, outcome& out) {
  const auto time = now - period_start_;
  const bool busy = static_cast<double>(deliveries_) >=
                    how_.busy_deliveries_per_second * std::chrono::duration<double>(time).count();
  if (std::exchange(busy_, busy) != busy) out.busy = busy;
  mean_deliveries_ =
      static_cast<double>(deliveries_) / static_cast<double>(std::max<std::size_t>(speaking_, 1));
  period_start_ = now;
  deliveries_ = speaking_ = 0;
  ++period_;
}

bool gathering::has_little_to_save(const local_room& room) const {
  return static_cast<double>(room.deliveries_before) < pacing::little * mean_deliveries_;
}

/// What is still held then waits beyond this turn.
void gathering::release(entry& one, std::size_t count) {
  auto& room = one.second;
  room.members.release(count);
  const bool holds = room.members.holds_any(), held = room.turns_held > 0;
  room.turns_held = !holds ? 0 : count > 0 ? 1 : room.turns_held + 1;
  if (holds == held) return;
  if (holds)
    holding_.push_back(&one);
  else
    holding_.erase(std::ranges::find(holding_, &one));
}

void gathering::release_all() {
  for (auto* room : touched_) room->second.members.release();
  while (!holding_.empty()) release(*holding_.front(), everyone);
}

}  // namespace confab::actors
