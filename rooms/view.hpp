#pragma once

#include "protocol/entry.hpp"
#include "protocol/ids.hpp"

#include <cstdint>
#include <optional>
#include <utility>

namespace confab::rooms {

/// The projection of a room's log that its rules need. Owner: the store's writer, one for each room
/// that was lately written; what the log's last entry does not tell is a row of the store.
struct room_view {
  std::int64_t number = 0;  // the store's own, the same for as long as the room is there
  room_id room;
  std::optional<std::pair<user_id, user_id>> direct;
  seq_no head;      // last entry; 0: none yet
  seq_no floor{1};  // first entry that can still be read
  unix_ms last_at;  // of the last entry; the room's creation while empty
  /// The running number N (SEMANTICS §6): messages that count as unread, up to the head.
  std::uint64_t counted = 0;
};

/// Takes the room's next entry in.
void apply(room_view& view, const log_entry& entry);

/// Whether `entry` counts as unread (SEMANTICS §6).
bool counts(const log_entry& entry) noexcept;

}  // namespace confab::rooms
