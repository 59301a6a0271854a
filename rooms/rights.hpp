#pragma once

#include "protocol/codes.hpp"
#include "rooms/member_row.hpp"
#include "rooms/outcome.hpp"
#include "rooms/principal.hpp"
#include "rooms/rules.hpp"
#include "rooms/view.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

/// Who may do what in a room: the table of docs/protocol.md, line by line.
namespace confab::rooms {

/// A line of the table.
enum class action : std::uint8_t {
  enter,           // join, read, members, pins, threads
  belong,          // what only members have
  write,           // send, emit, typing, upload, edit one's own
  react,
  delete_own,
  change_others,   // delete and edit messages of others
  mention_room,
  pin,
  invite,
  moderate,        // remove, mute, ban, unban; roles up to member
  promote,         // roles up to owner
  step_down,       // one's own role down
  set_manner,      // title, topic, data, slow_ms, posting
  set_access,      // the other settings, archive
};

/// A cell of the table.
enum class cell : std::uint8_t {
  no,
  yes,
  if_public,       // the room is
  visitors_write,  // the room's visitors may write
  as_visitor,      // "V": visitors may write, and the author may as members do
  as_poster,       // "P": not muted, `posting` lets him, slow mode is over
  in_small_room,   // not too many members
  if_inviting,     // "I": `inviting` is `members`
  below_own,       // the target's role is
};

struct right {
  action what;
  /// visitor, reader, member, moderator, owner; then either user of a direct room.
  std::array<cell, 6> of;
};
std::span<const right> rights() noexcept;

/// Who asks, as a room sees them.
struct standing {
  const room_view& room;
  const principal& by;
  const member_row& row;  // of the author
  unix_ms at;             // log time
  const rules& how;
};

/// The author's role: the higher of the log's and the token's, unless the token is a ceiling.
role role_of(const standing& who);
/// Whether the author reads from his own coming on, `history` being `own` (SEMANTICS §4).
bool reads_own_only(const room_view& room, const principal& by) noexcept;
/// The first entry that is for this author, as far as the room knows: a visitor's coming it does not.
seq_no floor_of(const room_view& room, const principal& by, const member_row& row) noexcept;
/// Whether the user has what only members have, such as a read marker: direct rooms have their two.
bool belongs(const room_view& room, const member_row& row, const user_id& user) noexcept;
bool is_direct_user(const room_view& room, const user_id& user) noexcept;

/// What a cell asks beside.
struct particulars {
  bool in_thread = false;                      // of a message
  std::optional<unix_ms> last_message{};         // the author's, where slow mode asks
  const member_row* target = nullptr;          // whom it is done to
};

/// None: allowed.
std::optional<refused> forbids(const standing& who, action what, const particulars& of = {});

/// Whether the author may come in at all: bans, privacy, invitations. None: allowed. Who is invited
/// comes in by becoming a member, and not before.
std::optional<refused> keeps_out(const standing& who, bool becoming_member = false);

}  // namespace confab::rooms
