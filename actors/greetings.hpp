#pragma once

#include "actors/delivery.hpp"

#include <unordered_map>
#include <utility>
#include <vector>

namespace confab::actors {

/// What waits for sessions that have not been welcomed yet, since nothing may come before
/// `welcome`: a direct room knows of its users' sessions earlier. Only those stand here for which
/// something waits. Without actor. Owner: the shard's audience.
class greetings {
 public:
  struct greeting {
    std::vector<std::pair<room_id, room_user_no>> rooms;  // that have admitted it
    std::vector<frame> held;                              // what it has been told,
    std::size_t held_bytes = 0;                           // ever
  };

  void admit(session_id session, const room_id& room, room_user_no user);
  /// False if nothing waits for the session.
  bool dismiss(session_id session, const room_id& room);
  /// False if that is more than an outbox holds: then all of it is thrown away.
  bool hold(session_id session, const frame& bytes);
  /// Those that the room has admitted; none: null.
  const std::vector<session_id>* members(const room_id& room) const;

  /// Takes out what waits for a session, which is welcome or gone,
  greeting end(session_id session);
  /// and for those of a room that has ended.
  std::vector<session_id> end_room(const room_id& room);

 private:
  void leave(const room_id& room, session_id session);

  std::unordered_map<session_id, greeting> waiting_;
  std::unordered_map<room_id, std::vector<session_id>> members_;  // of `waiting_`, by room
};

}  // namespace confab::actors
