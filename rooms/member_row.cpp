#include "rooms/member_row.hpp"

#include <variant>

namespace confab::rooms {
namespace {

/// A state is entered from where the rules let it (SEMANTICS §3). One entry names several users, and
/// may change more than the state: for whom it is no step, nothing is lost by it.
bool may_enter(const member_row& row, member_state state, unix_ms at) {
  switch (state) {
    case member_state::invited:
      return !row.is_member() && !row.is_invited(at) && !row.is_banned(at);
    case member_state::member:
      return !row.is_member() && !row.is_banned(at);
    case member_state::left:
    case member_state::removed:
      return row.is_member() || row.state == member_state::invited;
    case member_state::banned:
      return true;
    case member_state::unbanned:
      return row.state == member_state::banned;
    case member_state::none:
      break;
  }
  return false;
}

/// The last change of state is the last writer of all that belongs to a state.
void enter(member_row& row, member_state state, const log_entry& entry, const member_set& change) {
  const auto invited_as = row.is_invited(entry.at) ? row.as : role::none;
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

member_row apply(member_row row, const log_entry& entry, bool direct) {
  if (std::holds_alternative<erased>(entry.body)) {
    row = {};
    if (direct) row.since = entry.seq;
    return row;
  }
  const auto& change = std::get<member_set>(entry.body);
  const bool enters = change.state && may_enter(row, *change.state, entry.at);
  if (enters) enter(row, *change.state, entry, change);
  // Who is there already is not invited, also not as something else.
  const bool gives_role = change.as && (enters || change.state != member_state::invited);
  if (gives_role && (row.is_member() || row.state == member_state::invited)) row.as = *change.as;
  if (change.mute_until) row.mute_until = *change.mute_until;
  return row;
}

}  // namespace confab::rooms
