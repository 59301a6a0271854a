#include "actors/audience.hpp"

#include "actors/encoding.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace confab::actors {
namespace {

using namespace std::chrono_literals;

/// Over which the shard's rate is taken.
constexpr auto period = 200ms;
/// More makes a write no cheaper.
constexpr std::size_t held_bytes_max = 16 * 1024;
/// By how much the next message may be late: commits do not all take the same.
constexpr auto slack = 500us;
/// Between two looks at what must not wait any longer: a wake is for many rooms.
constexpr auto grain = 500us;
/// What the wait for a commit may take off the window. More would let a room gather less where the
/// shard has more to do than it can.
constexpr auto lag_max = 4ms;
/// Of what a room delivers on average.
constexpr double little = 0.25;
constexpr auto everyone = std::numeric_limits<std::size_t>::max();

// As in fan_out: what a sink answers is nothing to act on here.
void push(frame_sink& sink, const frame& bytes) { static_cast<void>(sink.push(bytes)); }

}  // namespace

audience::behavior_type audience::make_behavior() {
  return {
      [this](attach_sink& what) { attach(what); },
      [this](const open_sink& what) { open(what.session); },
      [this](const detach_sink& what) { detach(what.session); },
      [this](const close_sink& c) {
        release_all();
        if (const auto at = state_->sessions.find(c.session); at != state_->sessions.end())
          at->second.sink->close(c.code, c.reason);
      },
      [this](const remind& what) { remind_later(what); },
      [this](const wake&) {
        const auto now = env_->steady_now();
        auto& armed = state_->armed;
        while (!armed.empty() && armed.top() <= now) armed.pop();
        measure(now);
        look_at_reminders(now);
        release_overdue(now);
      },
      [this](room_delivery& what) { deliver(what); },
      [this](const turn_ended&) { end_turn(); },
      [this](const session_delivery& what) { deliver(what); },
      [this](const signal_delivery& what) { deliver(what); },
      [this](to_session& what) { tell_session(what.session, std::move(what.what)); },
      [this](const room_lost& lost) { room_ended(lost.room); },
  };
}

// --- sessions ----------------------------------------------------------------------------------

void audience::attach(attach_sink& what) {
  const auto session = what.session;
  state_->sessions.insert_or_assign(
      session, attached{std::move(what.sink), std::move(what.who), what.format, false});
  remind_later({session, env_->how.hello_wait_max, {}});
}

void audience::detach(session_id session) {
  end_greeting(session);
  state_->sessions.erase(session);
  tidy_reminders();
}

void audience::open(session_id session) {
  const auto at = state_->sessions.find(session);
  if (at == state_->sessions.end()) return;
  auto& own = at->second;
  const auto waited = end_greeting(session);
  own.welcomed = true;
  for (const auto& [room, user] : waited.rooms) {
    auto& joined = *state_->rooms.try_emplace(room).first;
    release(joined, everyone);
    joined.second.members.admit(session, own.sink, user, own.format);
  }
  for (const auto& bytes : waited.held) push(*own.sink, bytes);
}

/// One that is not there any more has nothing to be told.
void audience::tell_session(session_id session, session_event what) {
  if (const auto at = state_->sessions.find(session); at != state_->sessions.end())
    tell(at->second.who, std::move(what));
}

void audience::tell_anywhere(session_id session, session_event what) {
  send(env_->board.audience_of(session), to_session{session, std::move(what)});
}

void audience::remind_later(const remind& what) {
  const auto due = env_->steady_now() + what.wait;
  state_->later.add({due, what.session, what.what});
  tidy_reminders();
  arm(due);
}

void audience::tidy_reminders() {
  const auto& sessions = state_->sessions;
  state_->later.tidy(sessions.size(), [&](session_id who) { return sessions.contains(who); });
}

void audience::look_at_reminders(time_point now) {
  auto& later = state_->later;
  while (const auto due = later.take(now)) tell_session(due->who, due->timer);
  if (const auto next = later.next()) arm(*next);
}

/// Timers can't be taken back: one that an earlier one has replaced finds nothing to do.
void audience::arm(time_point due) {
  auto& armed = state_->armed;
  if (!armed.empty() && armed.top() <= due) return;
  armed.push(due);
  send_later(due - env_->steady_now(), wake{});
}

// --- deliveries --------------------------------------------------------------------------------

void audience::deliver(room_delivery& what) {
  auto& own = *state_;
  auto at = own.rooms.find(what.room);
  const auto room = [&]() -> local_room& {
    if (at == own.rooms.end()) at = own.rooms.try_emplace(what.room).first;
    return at->second;
  };
  const auto visitor = overloaded{
      [&](const admit& a) {
        const auto found = own.sessions.find(a.session);
        // Gone meanwhile: the session's farewell is on its way to the room.
        if (found == own.sessions.end()) return;
        const auto& who = found->second;
        if (who.welcomed) {
          if (at != own.rooms.end()) release(*at, everyone);
          room().members.admit(a.session, who.sink, a.user, who.format);
        } else {
          own.greetings[a.session].rooms.emplace_back(what.room, a.user);
          own.early[what.room].push_back(a.session);
        }
      },
      [&](const dismiss& d) {
        if (const auto waits = own.greetings.find(d.session); waits != own.greetings.end()) {
          std::erase_if(waits->second.rooms, [&](const auto& r) { return r.first == what.room; });
          return leave_early(what.room, d.session);
        }
        if (at == own.rooms.end()) return;
        release(*at, everyone);
        at->second.members.dismiss(d.session);
      },
      [&](const unicast& u) {
        if (at != own.rooms.end()) at->second.members.catch_up(u.session);
        give(u.session, u.bytes);
      },
      [&](const broadcast& b) {
        if (at != own.rooms.end()) {
          at->second.members.add(b, window_start(b));
          count(at->second);
          touch(*at);
        }
        if (own.early.empty() || b.weight == importance::droppable) return;
        if (const auto early = own.early.find(what.room); early != own.early.end())
          for (const auto session : early->second)
            own.greetings.at(session).held.push_back(
                b.bytes[own.sessions.at(session).format.index()]);
      },
      [&](const settle& s) {
        tell_session(s.session, command_settled{s.ticket, what.room, s.what});
      },
      [&](hand_over& h) { tell_session(h.session, catch_up_needed{std::move(h.what)}); },
  };
  for (auto& item : what.items) std::visit(visitor, item);
  if (at != own.rooms.end() && at->second.members.empty() && !at->second.touched)
    own.rooms.erase(at);
}

void audience::deliver(const session_delivery& what) {
  give(what.session, what.bytes);
  if (what.ticket.value() != 0) tell_session(what.session, sessions_reached{what.ticket, 1});
}

void audience::deliver(const signal_delivery& what) {
  const auto at = state_->sessions.find(what.session);
  const bool there = at != state_->sessions.end() &&
                     give(what.session, encode_frame(at->second.format, what.what));
  tell_anywhere(what.what.session.id, sessions_reached{what.ticket, there ? 1u : 0u});
}

bool audience::give(session_id session, const frame& bytes) {
  const auto at = state_->sessions.find(session);
  if (at == state_->sessions.end()) return false;
  if (at->second.welcomed)
    push(*at->second.sink, bytes);
  else
    state_->greetings[session].held.push_back(bytes);
  return true;
}

void audience::room_ended(const room_id& room) {
  auto& own = *state_;
  if (const auto early = own.early.extract(room); !early.empty())
    for (const auto session : early.mapped()) {
      std::erase_if(own.greetings.at(session).rooms,
                    [&](const auto& r) { return r.first == room; });
      own.sessions.at(session).sink->close(close_code::internal, "room restarted");
    }
  if (const auto at = own.rooms.find(room); at != own.rooms.end()) {
    release(*at, everyone);
    at->second.members.close_all(close_code::internal, "room restarted");
    if (!at->second.touched) own.rooms.erase(at);
  }
}

// --- the end of a turn -------------------------------------------------------------------------

void audience::count(local_room& room) {
  auto& s = *state_;
  if (room.period != s.period) {
    room.deliveries_before = room.period + 1 == s.period ? room.deliveries : 0;
    room.deliveries = 0;
    room.period = s.period;
    ++s.speaking;
  }
  room.deliveries += room.members.size();
  s.deliveries += room.members.size();
}

/// Behind whatever else this turn has for the audience.
void audience::touch(room_entry& room) {
  if (std::exchange(room.second.touched, true)) return;
  if (state_->touched.empty()) send(this, turn_ended{});
  state_->touched.push_back(&room);
}

void audience::end_turn() {
  auto& s = *state_;
  const auto now = env_->steady_now();
  measure(now);
  for (auto* each : std::exchange(s.touched, {})) {
    auto& [id, room] = *each;
    room.touched = false;
    if (room.turns_held > 0) room.next.waited(false);
    const auto asked = room.members.holds_any() ? room.members.last_asked() : now;
    room.next.arrived(asked);
    // Slower than a room's mean: it is of all of them.
    s.lag += (std::min<time_point::duration>(now - asked, lag_max) - s.lag) / 32;
    const bool may_wait =
        s.busy && room.members.held_bytes() < held_bytes_max && !has_little_to_save(room);
    const auto next = may_wait ? room.next.expected(asked) : std::nullopt;
    const auto due = next ? room.members.due(*next + s.lag + slack, bound()) : everyone;
    release(*each, due);
    if (room.members.empty()) s.rooms.erase(s.rooms.find(id));
  }
}

void audience::measure(time_point now) {
  auto& s = *state_;
  const auto time = now - s.period_start;
  if (time < period) return;
  const bool busy =
      static_cast<double>(s.deliveries) >=
      env_->how.busy_deliveries_per_second * std::chrono::duration<double>(time).count();
  if (std::exchange(s.busy, busy) != busy) send(env_->writer, shard_load{busy});
  s.mean_deliveries =
      static_cast<double>(s.deliveries) / static_cast<double>(std::max<std::size_t>(s.speaking, 1));
  s.period_start = now;
  s.deliveries = s.speaking = 0;
  ++s.period;
  if (busy) arm(now + period);  // or nobody would notice when its rooms fall silent
}

/// Rooms that deliver so much less than the others need not wait for what these cost: all of them
/// together are a small part of it.
bool audience::has_little_to_save(const local_room& room) const {
  return static_cast<double>(room.deliveries_before) < little * state_->mean_deliveries;
}

audience::time_point audience::window_start(const broadcast& what) {
  const auto now = env_->steady_now();
  return what.writer ? std::max(what.writer->asked, now - lag_max) : now;
}

fan_out::bound audience::bound() const { return {env_->how.write_window, write_time()}; }

/// What is still held then waits beyond this turn.
void audience::release(room_entry& entry, std::size_t count) {
  auto& room = entry.second;
  room.members.release(count);
  const bool holds = room.members.holds_any(), held = room.turns_held > 0;
  room.turns_held = !holds ? 0 : count > 0 ? 1 : room.turns_held + 1;
  if (holds) arm(room.members.deadline(bound()));
  if (holds == held) return;
  if (holds)
    state_->holding.push_back(&entry);
  else
    state_->holding.erase(std::ranges::find(state_->holding, &entry));
}

void audience::release_all() {
  for (auto* room : state_->touched) room->second.members.release();
  while (!state_->holding.empty()) release(*state_->holding.front(), everyone);
}

void audience::release_overdue(time_point now) {
  auto earliest = time_point::max();
  for (auto* each : std::vector(state_->holding)) {
    auto& room = each->second;
    if (const auto due = room.members.due(now + grain, bound()); due > 0) {
      room.next.waited(room.turns_held == 1 && !room.touched);
      release(*each, due);
    } else {
      earliest = std::min(earliest, room.members.deadline(bound()));
    }
  }
  if (earliest != time_point::max()) arm(earliest);
}

// --- before the welcome ------------------------------------------------------------------------

audience::greeting audience::end_greeting(session_id session) {
  auto waits = state_->greetings.extract(session);
  if (waits.empty()) return {};
  for (const auto& [room, user] : waits.mapped().rooms) leave_early(room, session);
  return std::move(waits.mapped());
}

void audience::leave_early(const room_id& room, session_id session) {
  const auto early = state_->early.find(room);
  if (early == state_->early.end()) return;
  std::erase(early->second, session);
  if (early->second.empty()) state_->early.erase(early);
}

}  // namespace confab::actors
