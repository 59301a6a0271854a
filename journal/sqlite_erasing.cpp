#include "journal/sqlite_erasing.hpp"

#include "protocol/codec.hpp"
#include "rooms/erasing.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace confab::journal::sqlite {
namespace {

/// Of one transaction: some tens of milliseconds.
constexpr std::uint64_t entries_per_step = 5'000;
constexpr std::size_t rows_per_forgetting = 1'000;

}  // namespace

int erasing::prepare(const connection& database) {
  const std::string in_room = " where room = ?1 and user in (?2, ?3)";
  const std::string in_range = " where room = ?1 and seq >= ?2 and seq < ?3 and ";
  const std::string sender = "set sender = ?5, key = null" + in_range + "sender = ?4 and ";
  const std::string sender_and_reason =
      "set sender = ?5, key = null, text = case kind when 2 then null else text end" + in_range +
      "sender = ?4 and ";
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
      {run_.senders[1], changes + sender_and_reason + "kind <> 0"},
      {run_.named[0], messages + named + "kind = 0"},
      {run_.named[1], changes + named + "kind <> 0 and kind <> 13"},
      {run_.profiles, "update log set text = null, data = null where room = 0 and kind = 11 and users = ?1"},
      {run_.reports,
       "select id, data from log indexed by log_changes_order where room = 0 and seq >= ?1 and "
       "seq < ?2 and kind <> 0 and kind = 5"},
      {run_.left_of_report, "update log set data = ?2 where id = ?1"},
      {run_.deleted_by, "update changed set deleted_by = ?5, reason = null" + in_range + "deleted_by = ?4"},
      {run_.edited_by, "update changed set edited_by = ?5" + in_range + "edited_by = ?4"},
      {run_.pinned_by, "update pins set pinned_by = ?3 where room = ?1 and pinned_by = ?2"},
      {run_.invited_by, "update members set invited_by = ?3 where room = ?1 and invited_by = ?2"},
      // Who is being erased again comes later.
      {run_.next_erased,
       "select user, called from erased e indexed by erased_named where e.room = 0 and "
       "e.user <> e.called and (select at from log l where l.room = 0 and l.seq = e.seq and "
       "l.kind <> 0) <= ?1 and not exists (select 1 from marks where user = '@server' and kind = 2 "
       "and subject = ?2 || e.user and value <> 0) limit 1"},
      // The server's own log, by which it is known, is the last.
      {run_.places,
       "select e.room, e.seq from erased e indexed by erased_user join rooms r on r.id = e.room "
       "where e.user = ?1 and e.called = ?2 and r.direct_a is null order by e.room desc limit ?3"},
      {run_.forget_entry,
       "update log indexed by log_changes_order set users = ?3 where room = ?1 and seq = ?2 and "
       "kind <> 0"},
      {run_.forget_place, "update erased set user = ?4 where room = ?1 and user = ?3 and seq = ?2"},
      // Its position may be the journal's last, which does not go back.
      {run_.forget_mark,
       "update marks set subject = ?3 || ?2 where user = '@server' and kind = 2 and "
       "subject = ?3 || ?1 and text = ?2 and value = 0"},
      {run_.drop_old_marks,
       "delete from marks where user = '@server' and kind = 2 and subject = ?2 || ?1 and "
       "position < (select max(id) from log)"},
      {run_.guests,
       "select user, seq from users indexed by users_guests where guest = 1 and by_api = 0 and "
       "at <= ?1 limit ?2"},
      {run_.forget_name,
       "update log set text = null, data = null where room = 0 and seq = ?1 and kind <> 0"},
      {run_.forget_guest, "delete from users where user = ?1"},
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
  if (room == 0)
    if (const int code = rename_reports(from.seq, upto, user, as)) return code;
  if (upto < end) {
    next = {room, upto};
    return SQLITE_OK;
  }
  for (const auto* each : {&run_.pinned_by, &run_.invited_by})
    if (const int code = query{*each, room, user.view(), as.view()}.run()) return code;
  next = {room + 1, 0};
  return room == 0 ? query{run_.profiles, as.view()}.run() : SQLITE_OK;
}

int erasing::rename_reports(std::uint64_t from, std::uint64_t upto, const user_id& user,
                            const user_id& as) {
  std::vector<std::pair<std::int64_t, free_data>> theirs;
  {
    query row{run_.reports, from, upto};
    while (row.next())
      if (auto left = left_of_report(free_data{std::string{row.text(1)}}, user, as))
        theirs.emplace_back(row.integer(0), *std::move(left));
    if (row.code()) return row.code();
  }
  for (const auto& [id, left] : theirs)
    if (const int code = query{run_.left_of_report, id, std::string_view{left.value()}}.run())
      return code;
  return SQLITE_OK;
}

int erasing::forget_names(unix_ms erased, unix_ms guests, bool& any, bool& more) {
  auto left = rows_per_forgetting;
  int code = forget_ids(erased, left);
  if (!code) code = forget_guests(guests, left);
  any = left < rows_per_forgetting;
  more = left == 0;
  return code;
}

int erasing::forget_ids(unix_ms erased, std::size_t& left) {
  while (left > 0) {
    std::string user, as;
    {
      query row{run_.next_erased, erased.value(), rooms::erasure_prefix};
      if (!row.next()) return row.code();
      user = row.text(0), as = row.text(1);
    }
    const std::string_view id{user}, called{as};
    std::vector<std::pair<std::int64_t, std::int64_t>> places;
    {
      query row{run_.places, id, called, left};
      while (row.next()) places.emplace_back(row.integer(0), row.integer(1));
      if (row.code()) return row.code();
    }
    for (const auto& [room, seq] : places) {
      int code = query{run_.forget_entry, room, seq, called}.run();
      if (!code) code = query{run_.forget_place, room, seq, id, called}.run();
      if (code) return code;
    }
    left -= places.size();
    if (places.empty() || places.back().first != 0) continue;
    int code = query{run_.forget_mark, id, called, rooms::erasure_prefix}.run();
    if (!code) code = query{run_.drop_old_marks, called, rooms::erasure_prefix}.run();
    if (code) return code;
  }
  return SQLITE_OK;
}

int erasing::forget_guests(unix_ms guests, std::size_t& left) {
  std::vector<std::pair<std::string, std::int64_t>> told;
  {
    query row{run_.guests, guests.value(), left};
    while (row.next()) told.emplace_back(row.text(0), row.integer(1));
    if (row.code()) return row.code();
  }
  for (const auto& [user, seq] : told) {
    int code = query{run_.forget_name, seq}.run();
    if (!code) code = query{run_.forget_guest, std::string_view{user}}.run();
    if (code) return code;
  }
  left -= told.size();
  return SQLITE_OK;
}

}  // namespace confab::journal::sqlite
