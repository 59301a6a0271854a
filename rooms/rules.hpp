#pragma once

#include "protocol/limits.hpp"

#include <chrono>
#include <cstddef>

namespace confab::rooms {

/// What a deployment may decide about the rules.
struct rules {
  bool guest_members = true;  // guests can be members
  std::size_t members_max = limits::members_max;          // of a room
  std::size_t memberships_max = limits::memberships_max;  // of a user, invitations too
  std::size_t room_mention_members_max = limits::room_mention_members_max;
  std::chrono::milliseconds invitation_life = std::chrono::hours{24 * 30};
  std::chrono::milliseconds retention{0};  // of messages, in rooms that set no shorter one; 0: for ever
};

}  // namespace confab::rooms
