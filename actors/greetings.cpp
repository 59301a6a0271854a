#include "actors/greetings.hpp"

#include "protocol/limits.hpp"

namespace confab::actors {

void greetings::admit(session_id session, const room_id& room, room_user_no user) {
  waiting_[session].rooms.emplace_back(room, user);
  members_[room].push_back(session);
}

bool greetings::hold(session_id session, const frame& bytes) {
  auto& waits = waiting_[session];
  waits.held_bytes += bytes->size();
  const bool fits = waits.held_bytes <= limits::outbox_bytes_max;
  if (fits)
    waits.held.push_back(bytes);
  else
    waits.held.clear();
  return fits;
}

bool greetings::dismiss(session_id session, const room_id& room) {
  const auto waits = waiting_.find(session);
  if (waits == waiting_.end()) return false;
  std::erase_if(waits->second.rooms, [&](const auto& known) { return known.first == room; });
  leave(room, session);
  return true;
}

const std::vector<session_id>* greetings::members(const room_id& room) const {
  if (members_.empty()) return nullptr;
  const auto at = members_.find(room);
  return at == members_.end() ? nullptr : &at->second;
}

greetings::greeting greetings::end(session_id session) {
  auto waits = waiting_.extract(session);
  if (waits.empty()) return {};
  for (const auto& [room, user] : waits.mapped().rooms) leave(room, session);
  return std::move(waits.mapped());
}

std::vector<session_id> greetings::end_room(const room_id& room) {
  auto gone = members_.extract(room);
  if (gone.empty()) return {};
  for (const auto session : gone.mapped())
    std::erase_if(waiting_.at(session).rooms,
                  [&](const auto& known) { return known.first == room; });
  return std::move(gone.mapped());
}

void greetings::leave(const room_id& room, session_id session) {
  const auto early = members_.find(room);
  if (early == members_.end()) return;
  std::erase(early->second, session);
  if (early->second.empty()) members_.erase(early);
}

}  // namespace confab::actors
