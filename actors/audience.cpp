#include "actors/audience.hpp"

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
      [this](const attach_sink& a) {
        state_->sinks.insert_or_assign(a.session, attached{a.sink, a.format.index()});
        state_->greetings.try_emplace(a.session);
      },
      [this](const open_sink& o) {
        const auto sink = state_->sinks.find(o.session);
        if (sink == state_->sinks.end()) return;
        const auto waited = end_greeting(o.session);
        for (const auto& room : waited.rooms)
          state_->rooms[room].push_back({o.session, sink->second.format, sink->second.sink});
        for (const auto& bytes : waited.held)
          push(*sink->second.sink, bytes, importance::required);
      },
      [this](const detach_sink& d) {
        end_greeting(d.session);
        state_->sinks.erase(d.session);
      },
      [this](const close_sink& c) {
        if (const auto at = state_->sinks.find(c.session); at != state_->sinks.end())
          at->second.sink->close(c.code, c.reason);
      },
      [this](expect_hello& what) { wait_for_hello(what); },
      [this](const wake&) { look_at_newborns(); },
      [this](const room_delivery& what) { deliver(what); },
      [this](session_delivery& what) { deliver(what); },
      [this](const room_lost& lost) {
        if (const auto early = state_->early.extract(lost.room); !early.empty())
          for (const auto session : early.mapped()) {
            std::erase(state_->greetings.at(session).rooms, lost.room);
            state_->sinks.at(session).sink->close(close_code::internal, "room restarted");
          }
        const auto room = state_->rooms.extract(lost.room);
        if (room.empty()) return;
        for (const auto& member : room.mapped())
          member.sink->close(close_code::internal, "room restarted");
      },
  };
}

void audience::deliver(const room_delivery& what) {
  auto& own = *state_;
  auto at = own.rooms.find(what.room);
  const auto members = [&]() -> listeners& {
    if (at == own.rooms.end()) at = own.rooms.try_emplace(what.room).first;
    return at->second;
  };
  const auto visitor = overloaded{
      [&](const admit& a) {
        const auto sink = own.sinks.find(a.session);
        // Gone meanwhile: the session's farewell is on its way to the room.
        if (sink == own.sinks.end()) return;
        if (const auto waits = own.greetings.find(a.session); waits != own.greetings.end()) {
          waits->second.rooms.push_back(what.room);
          own.early[what.room].push_back(a.session);
        } else {
          members().push_back({a.session, sink->second.format, sink->second.sink});
        }
      },
      [&](const dismiss& d) {
        if (const auto waits = own.greetings.find(d.session); waits != own.greetings.end()) {
          std::erase(waits->second.rooms, what.room);
          return leave_early(what.room, d.session);
        }
        auto& list = members();
        const auto gone = std::ranges::find(list, d.session, &listener::session);
        if (gone == list.end()) return;
        if (&*gone != &list.back()) *gone = std::move(list.back());
        list.pop_back();
      },
      [&](const unicast& u) {
        if (const auto sink = own.sinks.find(u.session); sink != own.sinks.end())
          give(u.session, sink->second, u.bytes);
      },
      [&](const broadcast& b) {
        if (at != own.rooms.end())
          for (const auto& member : at->second)
            if (b.except.empty() ||
                std::ranges::find(b.except, member.session) == b.except.end())
              push(*member.sink, b.bytes[member.format], b.weight);
        if (own.early.empty() || b.weight == importance::droppable) return;
        if (const auto early = own.early.find(what.room); early != own.early.end())
          for (const auto session : early->second)
            own.greetings.at(session).held.push_back(b.bytes[own.sinks.at(session).format]);
      },
  };
  for (const auto& item : what.items) std::visit(visitor, item);
  if (at != own.rooms.end() && at->second.empty()) own.rooms.erase(at);
}

void audience::deliver(session_delivery& what) {
  std::size_t reached = 0;
  for (const auto session : what.sessions) {
    const auto sink = state_->sinks.find(session);
    if (sink == state_->sinks.end()) continue;
    give(session, sink->second, what.bytes[sink->second.format]);
    ++reached;
  }
  if (what.reply_to) send(what.reply_to, sessions_reached{what.ticket, reached});
}

void audience::give(session_id session, const attached& to, const frame& bytes) {
  if (const auto waits = state_->greetings.find(session); waits != state_->greetings.end())
    waits->second.held.push_back(bytes);
  else
    push(*to.sink, bytes, importance::required);
}

audience::greeting audience::end_greeting(session_id session) {
  auto waits = state_->greetings.extract(session);
  if (waits.empty()) return {};
  for (const auto& room : waits.mapped().rooms) leave_early(room, session);
  return std::move(waits.mapped());
}

void audience::leave_early(const room_id& room, session_id session) {
  const auto early = state_->early.find(room);
  if (early == state_->early.end()) return;
  std::erase(early->second, session);
  if (early->second.empty()) state_->early.erase(early);
}

void audience::wait_for_hello(expect_hello& what) {
  auto& waiting = state_->newborns;
  waiting.push_back({system().clock().now() + what.wait, std::move(what.who)});
  if (waiting.size() == 1) delayed_send(this, what.wait, wake{});
}

void audience::look_at_newborns() {
  auto& waiting = state_->newborns;
  const auto now = system().clock().now();
  while (!waiting.empty() && waiting.front().due <= now) {
    send(waiting.front().who, session_timer{session_timer::kind::hello});
    waiting.pop_front();
  }
  if (!waiting.empty()) delayed_send(this, waiting.front().due - now, wake{});
}

}  // namespace confab::actors
