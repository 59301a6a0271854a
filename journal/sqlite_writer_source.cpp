// What the sequencer asks, within the writer's transaction.

#include "journal/sqlite_rows.hpp"
#include "journal/sqlite_writer.hpp"

#include <algorithm>

namespace confab::journal::sqlite {

rooms::room_view* sqlite_writer::room(const room_id& id) {
  if (auto* known = views_.find(id)) return known;
  query row{run_.find_room, id.view()};
  if (!row.next()) {
    code_ = row.code();
    return nullptr;
  }
  auto view = view_of(row);
  query pin{run_.find_pins, view.number};
  while (pin.next()) view.pins.push_back(seq_no{static_cast<std::uint64_t>(pin.integer(0))});
  if ((code_ = pin.code())) return nullptr;
  return views_.put(id, std::move(view));
}

/// Of most rooms nothing is kept of anybody.
rooms::member_row sqlite_writer::member(const rooms::room_view& room, const user_id& user) {
  if (room.rows == 0) return {};
  return people_.member(room.number, user, code_);
}
std::optional<rooms::known_profile> sqlite_writer::profile(const user_id& user) {
  return people_.profile(user, code_);
}
std::size_t sqlite_writer::memberships(const user_id& user, unix_ms at, std::size_t limit) {
  return people_.memberships(user, at, limit, code_);
}
bool sqlite_writer::has_blocked(const user_id& blocker, const user_id& blocked) {
  return people_.has_blocked(blocker, blocked, code_);
}
std::optional<user_id> sqlite_writer::successor(const rooms::room_view& room,
                                                std::span<const user_id> without) {
  return people_.successor(room.number, without, code_);
}
seq_no sqlite_writer::marker(const rooms::room_view& room, const user_id& user) {
  query row{run_.marker, user.view(), room.room.view()};
  const auto stored = row.next() ? static_cast<std::uint64_t>(row.integer(0)) : 0;
  if (row.code()) code_ = row.code();
  return std::max(seq_no{stored}, markers_.of(user, room.number));
}
rooms::kept_own sqlite_writer::own(const rooms::room_view& room, const user_id& user) {
  return people_.own(room.room, user, code_);
}
std::optional<unix_ms> sqlite_writer::last_message(const rooms::room_view& room,
                                                   const user_id& by) {
  return people_.last_message(room.number, by, code_);
}

std::optional<rooms::message_state> sqlite_writer::message(const rooms::room_view& room,
                                                           seq_no seq, const user_id& by,
                                                           std::string_view emoji) {
  return present_.message(room.number, seq, by, emoji, code_);
}

/// Whether the entry at `position` was made with this key: a hash in the index may be another's.
bool sqlite_writer::stands_at(std::uint64_t position, const rooms::room_view& room,
                              const user_id& by, std::string_view key, rooms::key_record& found) {
  query row{run_.key_entry, position};
  if (!row.next()) return code_ = row.code(), false;
  auto entry = entry_of(row);
  if (!entry) return code_ = SQLITE_CORRUPT, false;
  if (row.integer(entry_columns_count) != room.number || entry->from != by || entry->key != key)
    return false;
  found = {position, entry->at, rooms::kind_of(entry->body), target_of(entry->body), entry->seq,
           seq_no{static_cast<std::uint64_t>(row.integer(entry_columns_count + 1))}};
  if (auto* change = std::get_if<member_set>(&entry->body)) found.members = std::move(*change);
  return true;
}

std::optional<rooms::key_record> sqlite_writer::key(const rooms::room_view& room,
                                                    const user_id& by, std::string_view key) {
  const auto hash = keys_.hash_of(room.number, by, key);
  std::optional<rooms::key_record> latest;
  const auto look = [&](std::uint64_t position) {
    rooms::key_record found;
    if ((!latest || position > latest->position) && stands_at(position, room, by, key, found))
      latest = found;
    return broken();
  };
  const auto [from, to] = batch_keys_.equal_range(hash);
  for (auto at = from; at != to; ++at)
    if (look(at->second)) return std::nullopt;
  keys_.find(hash, look);
  return latest;
}

}  // namespace confab::journal::sqlite
