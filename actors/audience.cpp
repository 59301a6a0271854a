#include "actors/audience.hpp"

#include "actors/encoding.hpp"

#include <algorithm>
#include <utility>

namespace confab::actors {
namespace {

// A sink that overflows has closed itself with 4000 and its session will leave by itself; one
// that is closed is on its way out already. Neither is anything to act on here.
void push(frame_sink& sink, const frame& bytes, importance weight) {
  static_cast<void>(sink.push(bytes, weight));
}

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
        if (const auto at = state_->sessions.find(c.session); at != state_->sessions.end())
          at->second.sink->close(c.code, c.reason);
      },
      [this](const remind& what) { remind_later(what); },
      [this](const wake&) { look_at_reminders(); },
      [this](room_delivery& what) { deliver(what); },
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
  for (const auto& [room, user] : waited.rooms)
    state_->rooms[room].push_back(
        {own.sink, session, user, static_cast<std::uint8_t>(own.format.index())});
  for (const auto& bytes : waited.held) push(*own.sink, bytes, importance::required);
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
  state_->reminders.push({system().clock().now() + what.wait, what.session, what.what});
  arm();
}

void audience::look_at_reminders() {
  auto& waiting = state_->reminders;
  const auto now = system().clock().now();
  if (state_->armed && *state_->armed <= now) state_->armed.reset();
  while (!waiting.empty() && waiting.top().due <= now) {
    tell_session(waiting.top().who, waiting.top().what);
    waiting.pop();
  }
  arm();
}

/// Timers can't be taken back: one that an earlier one has replaced finds nothing to do.
void audience::arm() {
  auto& s = *state_;
  if (s.reminders.empty()) return;
  const auto due = s.reminders.top().due;
  if (s.armed && *s.armed <= due) return;
  s.armed = due;
  delayed_send(this, due - system().clock().now(), wake{});
}

// --- deliveries --------------------------------------------------------------------------------

void audience::deliver(room_delivery& what) {
  auto& own = *state_;
  auto at = own.rooms.find(what.room);
  const auto members = [&]() -> listeners& {
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
          members().push_back(
              {who.sink, a.session, a.user, static_cast<std::uint8_t>(who.format.index())});
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
        auto& list = members();
        const auto gone = std::ranges::find(list, d.session, &listener::session);
        if (gone == list.end()) return;
        if (&*gone != &list.back()) *gone = std::move(list.back());
        list.pop_back();
      },
      [&](const unicast& u) { give(u.session, u.bytes); },
      [&](const broadcast& b) {
        const bool all = b.except.value() == 0;
        if (at != own.rooms.end())
          for (const auto& member : at->second)
            if (all || member.user != b.except)
              push(*member.sink, b.bytes[member.format], b.weight);
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
  if (at != own.rooms.end() && at->second.empty()) own.rooms.erase(at);
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
    push(*at->second.sink, bytes, importance::required);
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
  if (const auto members = own.rooms.extract(room); !members.empty())
    for (const auto& member : members.mapped())
      member.sink->close(close_code::internal, "room restarted");
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
