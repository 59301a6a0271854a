#pragma once

#include "actors/caf.hpp"
#include "protocol/ids.hpp"

#include <cstddef>
#include <utility>
#include <vector>

/// What an operator asks of the actors.
namespace confab::actors {

/// Of a shard's directory or registrar.
struct census_question {
  std::size_t count_max = 0;  // of what is listed
};
struct users_present {
  std::vector<std::pair<user_id, std::vector<session_id>>> users;  // in no order
  std::size_t in_all = 0;
};
struct rooms_present {
  std::vector<std::pair<room_id, std::size_t>> rooms;  // awake ones, with who is online; in no order
  std::size_t in_all = 0;
};
/// Closes all sessions of a user; whoever has a valid token may come back.
struct send_away {
  user_id user;
};
struct sent_away {
  std::size_t sessions = 0;
};

}  // namespace confab::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(confab::actors::census_question)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(confab::actors::users_present)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(confab::actors::rooms_present)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(confab::actors::send_away)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(confab::actors::sent_away)
