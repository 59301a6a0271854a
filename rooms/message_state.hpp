#pragma once

#include "protocol/ids.hpp"

#include <cstdint>
#include <optional>

namespace confab::rooms {

/// What the judge knows of a message that an operation names.
struct message_state {
  user_id author;
  bool deleted = false;
  std::uint32_t edits = 0;
  std::uint32_t reaction_entries = 0;  // reactions and their taking back
  std::uint32_t emoji = 0;             // different ones that somebody still reacts with
  bool emoji_there = false;            // the operation's is among them
  bool reacted = false;                // the operation's author reacts with it
  std::optional<seq_no> thread;        // the root of the thread it is in
  bool mentions_room = false;          // its present text does
};

}  // namespace confab::rooms
