#pragma once

#include "protocol/entry.hpp"
#include "protocol/ids.hpp"
#include "protocol/membership.hpp"

#include <optional>
#include <string>

namespace confab::rooms {

/// What a room keeps of one user: a fold over the entries that name them. Most users of most rooms
/// have none, which is the default row.
struct member_row {
  member_state state = member_state::none;  // none, invited, member, banned
  role as = role::none;                     // of a member, and of who is invited to be one
  seq_no since;                             // the entry that gave the state; of none see `apply`
  std::optional<unix_ms> until;             // of a ban or an invitation
  unix_ms mute_until;                       // of visitors too; 0: may speak
  std::optional<user_id> by;                // who invited
  std::string reason;                       // of a ban

  bool is_kept() const noexcept {
    return state != member_state::none || mute_until.value() != 0 || since.value() != 0;
  }
  bool is_member() const noexcept { return state == member_state::member; }
  bool is_row_of_inbox() const noexcept { return is_member() || state == member_state::invited; }
  bool is_owner() const noexcept { return is_member() && as == role::owner; }
  // What lapses does so by log time, without an entry.
  bool is_invited(unix_ms at) const noexcept {
    return state == member_state::invited && (!until || at < *until);
  }
  bool is_banned(unix_ms at) const noexcept {
    return state == member_state::banned && (!until || at < *until);
  }
  bool is_muted(unix_ms at) const noexcept { return at < mute_until; }

  friend bool operator==(const member_row&, const member_row&) = default;
};

/// The row of a user whom `entry`, a `member_set` or an `erased`, names. `direct`: in a direct room the
/// id of who is erased stays one of the two, and whoever has it from then on reads from that entry on.
member_row apply(member_row row, const log_entry& entry, bool direct = false);

}  // namespace confab::rooms
