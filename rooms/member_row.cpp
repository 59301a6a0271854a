#include "rooms/member_row.hpp"

#include <variant>

namespace confab::rooms {
namespace {

/// The last change of state is the last writer of all that belongs to a state.
void enter(member_row& row, member_state state, const log_entry& entry, const member_set& change) {
  const auto invited_as = row.state == member_state::invited ? row.as : role::none;
  const auto mute = row.mute_until;
  row = {};
  row.mute_until = mute;
  switch (state) {
    case member_state::member:
      row.as = invited_as == role::none ? role::member : invited_as;
      break;
    case member_state::invited:
      row.as = role::member;
      row.by = entry.from;
      row.until = change.until;
      break;
    case member_state::banned:
      row.until = change.until;
      row.reason = change.reason;
      break;
    case member_state::none:
    case member_state::left:
    case member_state::removed:
    case member_state::unbanned:
      return;
  }
  row.state = state;
  row.since = entry.seq;
}

}  // namespace

member_row apply(member_row row, const log_entry& entry) {
  const auto& change = std::get<member_set>(entry.body);
  // Who is a member already and becomes one changes role alone.
  if (change.state && !(row.is_member() && change.state == member_state::member))
    enter(row, *change.state, entry, change);
  if (change.as && (row.is_member() || row.state == member_state::invited)) row.as = *change.as;
  if (change.mute_until) row.mute_until = *change.mute_until;
  return row;
}

}  // namespace confab::rooms
