// What a user has of a room without an entry: the read marker and the user's own settings.

#include "rooms/sequencer.hpp"

#include <algorithm>

namespace confab::rooms {

/// No token makes a member, and visitors have neither.
std::optional<refused> sequencer::forbids_marks(const operation& asked, unix_ms at,
                                                const room_view& room, source& from) const {
  const auto row = from.member(room, asked.by.user);
  if (auto why = keeps_out(standing_of(room, asked.by, row, at))) return why;
  if (belongs(room, row, asked.by.user)) return std::nullopt;
  return refusal(error_code::not_member, "become a member first");
}

/// Whoever reads wishes the room unread no longer, also where nothing is left to read.
decision sequencer::move(const operation& asked, unix_ms at, const room_view& room, source& from) {
  if (auto why = forbids_marks(asked, at, room, from)) return *std::move(why);
  const auto& user = asked.by.user;
  const auto upto = std::min(std::get<move_marker>(asked.what).upto, room.head);
  const auto before = std::max(from.marker(room, user), from.member(room, user).since);
  const auto own = from.own(room, user);
  if (from.broken()) return undecided{};
  std::optional<kept_own> unmarked;
  if (own.set.marked) {
    unmarked = own;
    unmarked->set.marked = false;
    log_time_ = at;
  }
  if (upto > before) return marker_moved{user, upto, unmarked};
  if (unmarked) return own_set{user, *unmarked};
  return unchanged{};
}

decision sequencer::set(const operation& asked, unix_ms at, const room_view& room, source& from) {
  if (auto why = forbids_marks(asked, at, room, from)) return *std::move(why);
  const auto was = from.own(room, asked.by.user);
  if (from.broken()) return undecided{};
  auto now = changed(was, std::get<set_own>(asked.what).change, room, at);
  if (now == was) return unchanged{};
  log_time_ = at;
  return own_set{asked.by.user, std::move(now)};
}

}  // namespace confab::rooms
