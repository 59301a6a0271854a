#pragma once

#include "protocol/entry.hpp"
#include "protocol/ids.hpp"
#include "rooms/member_row.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

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
  std::shared_ptr<const room_settings> set;  // null: nothing was ever set
  std::vector<seq_no> pins;                  // in order of pinning
  std::uint32_t members = 0;
  std::uint32_t owners = 0;
  std::uint32_t rows = 0;  // of users that the room keeps something of

  const room_settings& settings() const noexcept;
};

/// Who is what in a room: the store's rows, as they were before the entry that is taken in.
class member_rows {
 public:
  virtual ~member_rows() = default;
  virtual member_row member(const room_view& room, const user_id& user) = 0;
};

/// Takes the room's next entry in.
void apply(room_view& view, const log_entry& entry, member_rows& rows);

/// Whether `entry` counts as unread (SEMANTICS §6).
bool counts(const log_entry& entry) noexcept;

}  // namespace confab::rooms
