#include "actors/audience.hpp"

#include <algorithm>

namespace confab::actors {
namespace {

// A sink that overflows has closed itself with 4000 and its session will leave by itself; one
// that is closed is on its way out already. Neither is anything to act on here.
void give(frame_sink& sink, const frame& bytes, importance weight) {
  static_cast<void>(sink.push(bytes, weight));
}

}  // namespace

audience::behavior_type audience::make_behavior() {
  return {
      [this](const attach_sink& a) {
        state_->sinks.insert_or_assign(a.session, attached{a.sink, a.format.index()});
      },
      [this](const detach_sink& d) { state_->sinks.erase(d.session); },
      [this](const room_delivery& what) { deliver(what); },
      [this](session_delivery& what) { deliver(what); },
      [this](const room_lost& lost) {
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
        // Gone meanwhile: the session's farewell is on its way to the room.
        if (const auto sink = own.sinks.find(a.session); sink != own.sinks.end())
          members().push_back({a.session, sink->second.format, sink->second.sink});
      },
      [&](const dismiss& d) {
        auto& list = members();
        const auto gone = std::ranges::find(list, d.session, &listener::session);
        if (gone == list.end()) return;
        if (&*gone != &list.back()) *gone = std::move(list.back());
        list.pop_back();
      },
      [&](const unicast& u) {
        if (const auto sink = own.sinks.find(u.session); sink != own.sinks.end())
          give(*sink->second.sink, u.bytes, importance::required);
      },
      [&](const broadcast& b) {
        if (at == own.rooms.end()) return;
        for (const auto& member : at->second)
          if (b.except.empty() || std::ranges::find(b.except, member.session) == b.except.end())
            give(*member.sink, b.bytes[member.format], b.weight);
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
    give(*sink->second.sink, what.bytes[sink->second.format], importance::required);
    ++reached;
  }
  if (what.reply_to) send(what.reply_to, sessions_reached{what.ticket, reached});
}

}  // namespace confab::actors
