#include "journal/sqlite_erasing.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace confab::journal::sqlite {
namespace {

/// Of one transaction: some tens of milliseconds.
constexpr std::uint64_t entries_per_step = 5'000;

}  // namespace

int erasing::prepare(const connection& database) {
  const std::string in_room = " where room = ?1 and user in (?2, ?3)";
  const std::string in_range = " where room = ?1 and seq >= ?2 and seq < ?3 and ";
  const std::string sender = "set sender = ?5" + in_range + "sender = ?4 and ";
  // Users are apart by spaces.
  const std::string named = "set users = trim(replace(' ' || users || ' ', ' ' || ?4 || ' ', ' ' || ?5 || ' '))" +
                            in_range + "instr(' ' || users || ' ', ' ' || ?4 || ' ') > 0 and ";
  const std::string messages = "update log indexed by log_messages ";
  const std::string changes = "update log indexed by log_changes_order ";
  const std::pair<statement&, std::string> all[] = {
      {run_.own_reactions, "select target, emoji, user from reactions indexed by reactions_user" + in_room},
      {run_.unreact,
       "delete from reactions where room = ?1 and target = ?2 and emoji = ?3 and user = ?4"},
      {run_.count_down,
       "update reaction_counts set count = count - 1 "
       "where room = ?1 and target = ?2 and emoji = ?3 returning count"},
      {run_.drop_count,
       "delete from reaction_counts where room = ?1 and target = ?2 and emoji = ?3"},
      {run_.lose_emoji, "update changed set emoji = emoji - 1 where room = ?1 and seq = ?2"},
      {run_.drop_speaker, "delete from last_messages" + in_room},
      {run_.drop_end, "delete from gone_rooms" + in_room},
      {run_.drop_marker,
       "delete from marks where user in (?2, ?3) and kind in (1, 2) and "
       "subject = (select room from rooms where id = ?1)"},
      {run_.keep_place, "insert into erased (room, user, seq, called) values (?1, ?2, ?3, ?4)"},
      {run_.drop_profile, "delete from users where user in (?1, ?2)"},
      {run_.drop_marks, "delete from marks where user = ?1"},
      {run_.drop_blocks, "delete from marks where kind = 3 and subject = ?1"},
      {run_.next_room,
       "select room, max(seq) from erased where user = ?1 and called = ?2 and room >= ?3 "
       "group by room order by room limit 1"},
      {run_.senders[0], messages + sender + "kind = 0"},
      {run_.senders[1], changes + sender + "kind <> 0"},
      {run_.named[0], messages + named + "kind = 0"},
      {run_.named[1], changes + named + "kind <> 0 and kind <> 13"},
      {run_.profiles, "update log set text = null, data = null where room = 0 and kind = 11 and users = ?1"},
      {run_.deleted_by, "update changed set deleted_by = ?5" + in_range + "deleted_by = ?4"},
      {run_.edited_by, "update changed set edited_by = ?5" + in_range + "edited_by = ?4"},
      {run_.pinned_by, "update pins set pinned_by = ?3 where room = ?1 and pinned_by = ?2"},
      {run_.invited_by, "update members set invited_by = ?3 where room = ?1 and invited_by = ?2"},
  };
  for (const auto& [prepared, sql] : all)
    if (const int code = prepared.prepare(database, sql)) return code;
  return SQLITE_OK;
}

int erasing::erase(std::int64_t room, seq_no seq, const erased& what, bool replays) {
  const auto user = what.user.view(), as = what.as.view();
  const auto reader = replays ? as : user;
  int code = undo_reactions(room, what);
  if (!code) code = query{run_.drop_speaker, room, user, as}.run();
  if (!code) code = query{run_.drop_end, room, user, as}.run();
  if (!code) code = query{run_.drop_marker, room, reader, as}.run();
  if (!code) code = query{run_.keep_place, room, user, seq.value(), as}.run();
  if (code || room != 0) return code;
  code = query{run_.drop_profile, user, as}.run();
  if (code || replays) return code;
  code = query{run_.drop_marks, user}.run();
  return code ? code : query{run_.drop_blocks, user}.run();
}

int erasing::undo_reactions(std::int64_t room, const erased& what) {
  struct reaction {
    std::int64_t target;
    std::string emoji, user;
  };
  std::vector<reaction> all;
  {
    query row{run_.own_reactions, room, what.user.view(), what.as.view()};
    while (row.next())
      all.push_back({row.integer(0), std::string{row.text(1)}, std::string{row.text(2)}});
    if (row.code()) return row.code();
  }
  for (const auto& [target, emoji, user] : all) {
    const std::string_view sign{emoji};
    if (const int code = query{run_.unreact, room, target, sign, std::string_view{user}}.run())
      return code;
    std::int64_t left = 0;
    {
      query count{run_.count_down, room, target, sign};
      if (count.next()) left = count.integer(0);
      while (count.next()) continue;  // the statement ends with its last row
      if (count.code()) return count.code();
    }
    if (left > 0) continue;
    int code = query{run_.drop_count, room, target, sign}.run();
    if (!code) code = query{run_.lose_emoji, room, target}.run();
    if (code) return code;
  }
  return SQLITE_OK;
}

int erasing::rename(const user_id& user, const user_id& as, rename_step from,
                    std::optional<rename_step>& next) {
  next.reset();
  std::int64_t room = 0;
  std::uint64_t end = 0;
  {
    query row{run_.next_room, user.view(), as.view(), from.room};
    if (!row.next()) return row.code();
    room = row.integer(0);
    end = static_cast<std::uint64_t>(row.integer(1));
  }
  if (room != from.room) from = {room, 0};
  const auto upto = std::min(end, from.seq + entries_per_step);
  for (const auto* each : {&run_.senders[0], &run_.senders[1], &run_.named[0], &run_.named[1],
                           &run_.deleted_by, &run_.edited_by})
    if (const int code = query{*each, room, from.seq, upto, user.view(), as.view()}.run()) return code;
  if (upto < end) {
    next = {room, upto};
    return SQLITE_OK;
  }
  for (const auto* each : {&run_.pinned_by, &run_.invited_by})
    if (const int code = query{*each, room, user.view(), as.view()}.run()) return code;
  next = {room + 1, 0};
  return room == 0 ? query{run_.profiles, as.view()}.run() : SQLITE_OK;
}

}  // namespace confab::journal::sqlite
