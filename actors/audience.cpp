#include "actors/audience.hpp"

#include "actors/encoding.hpp"

#include <algorithm>
#include <utility>

namespace confab::actors {
namespace {

using namespace std::chrono_literals;

/// Over which the shard's rate is taken.
constexpr auto period = 200ms;
/// What writing to one member of a large room takes (bench/README.md): nobody is to wait longer than
/// the window because he stands at its end.
constexpr auto write_time = 5us;
/// More makes a write no cheaper.
constexpr std::size_t held_bytes_max = 16 * 1024;
/// What the last message of a wait may be late. Also the grain of the timers for those that do not
/// come: a wake of the clock's thread is for many rooms.
using slack = std::chrono::duration<std::int64_t, std::ratio<2, 1000>>;

// As in fan_out: what a sink answers is nothing to act on here.
void push(frame_sink& sink, const frame& bytes) { static_cast<void>(sink.push(bytes)); }

}  // namespace

audience::behavior_type audience::make_behavior() {
  return {
      [this](attach_sink& what) { attach(what); },
      [this](const open_sink& what) { open(what.session); },
      [this](const detach_sink& what) {
        end_greeting(what.session);
        state_->sessions.erase(what.session);
      },
      [this](const close_sink& c) {
        release_all();
        if (const auto at = state_->sessions.find(c.session); at != state_->sessions.end())
          at->second.sink->close(c.code, c.reason);
      },
      [this](const remind& what) { remind_later(what); },
      [this](const wake&) {
        const auto now = system().clock().now();
        if (state_->armed && *state_->armed <= now) state_->armed.reset();
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
  remind_later({what.session, env_->how.hello_wait_max, {}});
  state_->sessions.insert_or_assign(
      what.session, attached{std::move(what.sink), std::move(what.who), what.format, false});
}

void audience::open(session_id session) {
  const auto at = state_->sessions.find(session);
  if (at == state_->sessions.end()) return;
  auto& own = at->second;
  const auto waited = end_greeting(session);
  own.welcomed = true;
  for (const auto& [room, user] : waited.rooms) {
    auto& joined = *state_->rooms.try_emplace(room).first;
    release(joined);
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
  send(env_->shards[session.shard()].audience, to_session{session, std::move(what)});
}

void audience::remind_later(const remind& what) {
  const auto due = system().clock().now() + what.wait;
  state_->reminders.push({due, what.session, what.what});
  arm(due);
}

void audience::look_at_reminders(time_point now) {
  auto& waiting = state_->reminders;
  while (!waiting.empty() && waiting.top().due <= now) {
    tell_session(waiting.top().who, waiting.top().what);
    waiting.pop();
  }
  if (!waiting.empty()) arm(waiting.top().due);
}

/// Timers can't be taken back: one that an earlier one has replaced finds nothing to do.
void audience::arm(time_point due) {
  auto& armed = state_->armed;
  if (armed && *armed <= due) return;
  armed = due;
  delayed_send(this, due - system().clock().now(), wake{});
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
          if (at != own.rooms.end()) release(*at);
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
        release(*at);
        at->second.members.dismiss(d.session);
      },
      [&](const unicast& u) {
        if (at != own.rooms.end()) at->second.members.catch_up(u.session);
        give(u.session, u.bytes);
      },
      [&](const broadcast& b) {
        if (at != own.rooms.end()) {
          at->second.members.add(b);
          own.deliveries += at->second.members.size();
          touch(*at);
        }
        if (own.early.empty() || b.weight == importance::droppable) return;
        if (const auto early = own.early.find(what.room); early != own.early.end())
          for (const auto session : early->second)
            own.greetings.at(session).held.push_back(
                b.bytes[own.sessions.at(session).format.index()]);
      },
      [&](const settle& s) {
        const bool joined = s.what == settlement::joined;
        tell_session(s.session, command_settled{s.ticket, what.room, s.what,
                                                joined ? what.from : room_actor{}});
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
  tell_anywhere(what.what.session, sessions_reached{what.ticket, there ? 1u : 0u});
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
    release(*at);
    at->second.members.close_all(close_code::internal, "room restarted");
    if (!at->second.touched) own.rooms.erase(at);
  }
}

// --- the end of a turn -------------------------------------------------------------------------

/// Behind whatever else this turn has for the audience.
void audience::touch(room_entry& room) {
  if (std::exchange(room.second.touched, true)) return;
  if (state_->touched.empty()) send(this, turn_ended{});
  state_->touched.push_back(&room);
}

void audience::end_turn() {
  auto& s = *state_;
  const auto now = system().clock().now();
  measure(now);
  for (auto* each : std::exchange(s.touched, {})) {
    auto& room = each->second;
    room.touched = false;
    room.next.arrived(now);
    if (room.turns_held == 0) room.held_since = now;
    const auto end = latest_end(room);
    if (s.busy && room.members.holds_any() && room.members.held_bytes() < held_bytes_max &&
        room.next.expects(now, end - slack{1})) {
      room.members.catch_up_writers();
      if (room.turns_held++ > 0) continue;
      s.holding.push_back(each);
      arm(std::chrono::floor<slack>(end));
    } else {
      if (room.turns_held > 0) room.next.waited(false);
      release(*each);
      if (room.members.empty()) s.rooms.erase(s.rooms.find(each->first));
    }
  }
}

void audience::measure(time_point now) {
  auto& s = *state_;
  const auto time = now - s.period_start;
  if (time < period) return;
  s.busy = static_cast<double>(s.deliveries) >=
           env_->how.busy_deliveries_per_second * std::chrono::duration<double>(time).count();
  s.period_start = now;
  s.deliveries = 0;
}

/// When what the room holds must leave, so that its last member gets it within the window.
audience::time_point audience::latest_end(const local_room& room) const {
  return room.held_since + env_->how.write_window -
         write_time * static_cast<std::int64_t>(room.members.size());
}

void audience::release(room_entry& room) {
  room.second.members.release();
  if (std::exchange(room.second.turns_held, 0) > 0)
    state_->holding.erase(std::ranges::find(state_->holding, &room));
}

void audience::release_all() {
  for (auto* room : state_->touched) room->second.members.release();
  while (!state_->holding.empty()) release(*state_->holding.front());
}

void audience::release_overdue(time_point now) {
  std::optional<time_point> first;
  for (auto* each : std::vector(state_->holding)) {
    auto& room = each->second;
    const auto end = std::chrono::floor<slack>(latest_end(room));
    if (end <= now) {
      room.next.waited(room.turns_held == 1);
      release(*each);
    } else if (!first || end < *first) {
      first = end;
    }
  }
  if (first) arm(*first);
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
