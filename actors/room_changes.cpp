// What an entry changes in a room that is awake: what it remembers, and who has to go.

#include "actors/room_state.hpp"

#include <algorithm>
#include <utility>

namespace confab::actors {

void room_state::take_change(const log_entry& entry, const asker* leaving, room_effects& out) {
  std::visit(overloaded{
                 [&](const posted&) {
                   take_marker(entry.from, entry.seq);
                   if (reads_) raise(*reads_, entry.from, entry.seq);
                 },
                 [](const edited&) {},
                 [&](const deleted& gone) {
                   take_away(gone.target);
                   std::erase(view_.pins, gone.target);
                 },
                 [](const reacted&) {},
                 [](const recorded&) {},
                 [&](const member_set& change) { take_members(entry, change, leaving, out); },
                 [&](const room_set& set) {
                   auto settings = view_.settings();
                   confab::apply(settings, set.change);
                   view_.set = std::make_shared<const room_settings>(std::move(settings));
                   begin_or_end_receipts(out);
                   expel_strangers(entry.at, out);
                   if (set.change.history) tell_floors(out);
                 },
                 [&](const confab::pinned& pin) {
                   std::erase(view_.pins, pin.target);
                   if (pin.on) view_.pins.push_back(pin.target);
                 },
                 [](const user_set&) {},
                 [&](const trimmed& gone) { trim(gone.upto); },
                 [&](const erased& gone) {
                   rename(gone);
                   take_erased(entry, gone.user, leaving, out);
                 },
             },
             entry.body);
}

void room_state::take_members(const log_entry& entry, const member_set& change,
                              const asker* leaving, room_effects& out) {
  // How many there are, the store knows: here it is enough that there are some.
  view_.rows = std::max(view_.rows, 1u);
  take_members_of_receipts(entry);
  begin_or_end_receipts(out);
  for (auto& [number, about] : awaited_)
    if (auto* row = std::get_if<row_awaited>(&about);
        row && std::ranges::find(change.users, row->user) != change.users.end())
      row->changes.push_back(entry);
  for (const auto& user : change.users) {
    if (!presence_.has_session(user)) continue;
    auto& known = rows_[user];
    if (known.as_of >= entry.seq) continue;
    known.row = rooms::apply(std::move(known.row), entry);
    known.as_of = entry.seq;
    if (!change.state) continue;
    if (*change.state == member_state::left || *change.state == member_state::removed ||
        *change.state == member_state::banned)
      expel(user, name(*change.state), leaving, out);
  }
}

/// In a direct room both stay what they are: who comes by the name is somebody new, who reads from
/// here on.
void room_state::take_erased(const log_entry& entry, const user_id& user, const asker* leaving,
                             room_effects& out) {
  for (auto& [number, about] : awaited_)
    if (auto* row = std::get_if<row_awaited>(&about); row && row->user == user)
      row->changes.push_back(entry);
  moved_.erase(user);
  silent_.erase(user);
  if (view_.direct) {
    view_.rows = std::max(view_.rows, 1u);
    if (reads_) (*reads_)[user] = entry.seq;
    if (presence_.has_session(user))
      rows_[user] = {rooms::apply(rooms::member_row{}, entry, true), entry.seq, {}};
    return tell_floors(out);
  }
  if (reads_) reads_->erase(user);
  if (const auto at = rows_.find(user); at != rows_.end())
    at->second = {rooms::apply(std::move(at->second.row), entry), entry.seq, {}};
  expel(user, "deleted", leaving, out);
}

/// All sessions of the user. Nothing binds an admin but the session's own wish.
void room_state::expel(const user_id& user, std::string_view reason, const asker* leaving,
                       room_effects& out) {
  std::vector<std::pair<session_id, wire_format>> gone;
  for (const auto& [session, who] : members_) {
    if (!who.joined || !who.user || *who.user != user) continue;
    if (who.admin || (leaving && leaving->session == session)) continue;
    gone.emplace_back(session, who.format);
  }
  for (const auto& [session, format] : gone)
    leave({session, format, {}, {}}, leave_op{false, reason}, {}, out);
}

/// Who would not be let in any more.
void room_state::expel_strangers(unix_ms at, room_effects& out) {
  std::vector<std::pair<session_id, wire_format>> gone;
  for (const auto& [session, who] : members_) {
    if (!who.joined || view_.direct) continue;
    const auto by = principal_of(who);
    const auto row = row_of(*who.user);
    if (rooms::keeps_out(standing_of(by, row, at))) gone.emplace_back(session, who.format);
  }
  for (const auto& [session, format] : gone)
    leave({session, format, {}, {}}, leave_op{false, "private"}, {}, out);
}

/// Who is inside reads from elsewhere on, as of the change. A catch-up ends with its own.
void room_state::tell_floors(room_effects& out) const {
  for (const auto& [session, who] : members_)
    if (who.joined && who.live && who.user)
      out.settlements.push_back(
          {session, {}, settlement::joined, floor_of(principal_of(who), row_of(*who.user))});
}

}  // namespace confab::actors
