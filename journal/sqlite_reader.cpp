#include "journal/sqlite_reader.hpp"

#include "journal/page.hpp"
#include "journal/sqlite_faults.hpp"
#include "journal/sqlite_journal.hpp"
#include "journal/sqlite_people.hpp"
#include "journal/sqlite_rows.hpp"
#include "protocol/wire_size.hpp"
#include "rooms/present.hpp"

#include <algorithm>
#include <limits>

namespace confab::journal::sqlite {
namespace {

/// Some hundred rows.
constexpr int stop_every_instructions = 5000;

}  // namespace

std::optional<sqlite_reader::failure> sqlite_reader::open() {
  if (database_.is_open()) return std::nullopt;
  connection fresh;
  if (const int code = open_connection(fresh, path_, role::reader)) {
    auto detail = words(code, fresh);
    tell_(detail);
    return failure{fault::unavailable, std::move(detail)};
  }
  // Between its instructions, and so not while it waits for the disk.
  sqlite3_progress_handler(
      fresh.get(), stop_every_instructions,
      [](void* self) { return static_cast<int>(static_cast<sqlite_reader*>(self)->stop_()); }, this);
  const auto entries_where =
      "select " + std::string{entry_columns} + " from log where room = ?1 and ";
  std::string feed_columns;  // as above, of `l`
  for (const char c : "l." + std::string{entry_columns})
    feed_columns.append(1, c).append(c == ' ' ? "l." : "");
  const auto room_and_entry = "select " + std::string{room_columns};
  const auto rooms_where = room_and_entry + " from rooms r" + std::string{last_entry} + " where ";
  // A log's messages and its changes have an index each: both are read in order, and merged.
  const auto entries = entries_where + "seq > ?2 and seq <= ?3 and kind = 0 union all " +
                       entries_where + "seq > ?2 and seq <= ?3 and kind <> 0 order by 1 limit ?4";
  const std::string present =
      "select l.seq, l.at, l.sender, l.key, l.text, l.data, l.users, l.attachments, l.thread, "
      "l.reply_to, l.flags, l.event, c.edit, c.edited_at, c.edited_by, c.deleted_by, c.reason, "
      "c.emoji, t.replies, t.last, t.last_at from ";
  const std::string with_changes =
      " l left join changed c on c.room = l.room and c.seq = l.seq "
      "left join threads t on t.room = l.room and t.root = l.seq ";
  const auto main = present + "log" + with_changes +
                    "where l.room = ?1 and l.seq > ?2 and l.seq < ?3 and l.kind = 0 order by l.seq";
  // The main line and the replies have an index each: both are read in order, and merged.
  const auto merged = [&](const std::string& a, const std::string& b, const std::string& order) {
    const std::string in_range = "select * from log where room = ?1 and seq > ?2 and seq < ?3 and ";
    return present + "(" + in_range + a + " union all " + in_range + b + " order by seq" + order +
           " limit ?4)" + with_changes + "order by l.seq" + order;
  };
  const std::string own_columns = "l.id, k.value, k.position";
  const std::string with_marker =
      " left join marks k on k.user = ?1 and k.kind = 1 and k.subject = r.room";
  std::string of_member;  // the columns, of `m`
  for (const char c : "m." + std::string{member_columns})
    of_member.append(1, c).append(c == ' ' ? "m." : "");
  const std::string a_root = "kind = 0 and seq = ?5", a_reply = "kind = 6 and thread = ?5";
  const std::pair<statement&, std::string> all[] = {
      {run_.begin, "begin"},
      {run_.end, "commit"},
      {run_.room, rooms_where + "r.room = ?1"},
      {run_.number, "select id from rooms where room = ?1"},
      {run_.entries, entries},
      {run_.has_replies, "select 1 from log where room = ?1 and kind = 6 limit 1"},
      {run_.main_forward, main + " limit ?4"},
      {run_.main_backward, main + " desc limit ?4"},
      {run_.all_forward, merged("kind = 0", "kind = 6", "")},
      {run_.all_backward, merged("kind = 0", "kind = 6", " desc")},
      {run_.thread_forward, merged(a_root, a_reply, "")},
      {run_.thread_backward, merged(a_root, a_reply, " desc")},
      {run_.one, present +
                     "(select * from log where room = ?1 and seq = ?2 and kind = 0 union all "
                     "select * from log where room = ?1 and seq = ?2 and kind = 6)" +
                     with_changes},
      {run_.edit,
       "select text, data, users, attachments from log where room = ?1 and seq = ?2 and kind <> 0"},
      {run_.room_pins, "select target from pins where room = ?1 order by seq"},
      {run_.member,
       "select " + std::string{member_columns} + " from members where room = ?1 and user = ?2"},
      {run_.members, "select user, " + std::string{member_columns} +
                         " from members indexed by members_listed where room = ?1 and state = ?2 "
                         "and user > ?3 order by user limit ?4"},
      {run_.pins,
       "select target, pinned_by, pinned_at, seq from pins where room = ?1 and seq > ?2 "
       "order by seq"},
      {run_.threads,
       "select root, last from threads indexed by threads_order where room = ?1 and last < ?2 "
       "order by last desc limit ?3"},
      {run_.in_thread,
       "select 1 from thread_users where room = ?1 and root = ?2 and user = ?3 union all "
       "select 1 from log where room = ?1 and seq = ?2 and kind = 0 and sender = ?3"},
      {run_.messages_of,
       "select seq, at, sender from log where room = ?1 and kind = 0 and seq >= ?2 union all "
       "select seq, at, sender from log where room = ?1 and kind = 6 and seq >= ?2 order by 1 desc"},
      {run_.rooms_to_trim,
       "select id, room, floor, settings from rooms where id > 0 and room > ?1 order by room limit ?2"},
      {run_.oldest, "select seq, at, kind from log where room = ?1 and seq >= ?2 and kind = 0 union all "
                    "select seq, at, kind from log where room = ?1 and seq >= ?2 and kind <> 0 "
                    "order by 1 limit ?3"},
      {run_.last_position, "select coalesce(max(id), 0) from log"},
      {run_.traces,
       "select r.room, l.seq, l.kind in (0, 6) and l.sender = ?1 and c.deleted_by is null and "
       "l.seq >= r.floor, l.id from log l cross join rooms r on r.id = l.room "
       "left join changed c on c.room = l.room and c.seq = l.seq "
       "where l.id > ?2 and l.id <= ?3 and l.kind <> 13 and (l.sender = ?1 or "
       "instr(' ' || l.users || ' ', ' ' || ?1 || ' ') > 0) order by l.id"},
      {run_.last_at, "select at from log order by id desc limit 1"},
      {run_.is_deleted,
       "select 1 from changed where room = ?1 and seq = ?2 and deleted_by is not null"},
      {run_.blocked,
       "select 1 from marks where user = ?1 and kind = ?2 and subject = ?3 and value <> 0"},
      {run_.profile, "select " + std::string{profile_columns} + " from users where user = ?1"},
      {run_.reaction_counts,
       "select emoji, count from reaction_counts where room = ?1 and target = ?2 order by emoji"},
      {run_.reaction_users,
       "select user from reactions indexed by reactions_order "
       "where room = ?1 and target = ?2 and emoji = ?3 order by seq limit ?4"},
      {run_.reaction_page,
       "select user, seq from reactions indexed by reactions_order "
       "where room = ?1 and target = ?2 and emoji = ?3 and seq > ?4 order by seq limit ?5"},
      {run_.reaction_count,
       "select count from reaction_counts where room = ?1 and target = ?2 and emoji = ?3"},
      {run_.reacted,
       "select 1 from reactions where room = ?1 and target = ?2 and emoji = ?3 and user = ?4"},
      {run_.rooms, rooms_where + "r.direct_a is null and r.unlisted = 0 and r.id > 0 and "
                                 "r.room >= ?1 and r.room < ?2 order by r.room limit ?3"},
      {run_.all_rooms, rooms_where + "r.direct_a is null and r.id > 0 and r.room not like '@%' and "
                                     "r.room >= ?1 and r.room < ?2 order by r.room limit ?3"},
      // Of a user's there are no more than limits::memberships_max.
      {run_.hidden_rooms,
       room_and_entry + " from members m indexed by members_user join rooms r on r.id = m.room" +
           std::string{last_entry} +
           " where m.user = ?4 and m.state in (1, 2) and r.unlisted = 1 and r.room >= ?1 and "
           "r.room < ?2 order by r.room limit ?3"},
      // Read for everyone who connects, most of whom have none: no temporary table, which takes ten
      // times as long as finding nothing, and no more rooms than are asked for.
      {run_.directs, room_and_entry + " from direct_order d cross join rooms r on r.id = d.room" +
                         std::string{last_entry} +
                         " where d.user = ?1 order by d.position desc limit ?2"},
      {run_.feed,
       "select " + feed_columns + ", l.id, r.room from log l join rooms r on r.id = l.room where l.id > ?1 order by l.id limit ?2"},
      {run_.audited, "select " + feed_columns +
                         ", l.id, r.room from log l indexed by log_audited cross join rooms r on r.id = "
                         "l.room where l.kind in (2, 5, 7, 8, 9, 10, 12, 13) and l.id > ?1 order by l.id limit ?2"},
      {run_.users, "select " + std::string{profile_columns} +
                       " from users where user > ?1 and user >= ?2 and user < ?3 order by user limit ?4"},
      {run_.marks,
       "select subject, value, text, position from marks where user = ?1 and kind = ?2 "
       "order by subject"},
      {run_.notes,
       "select room, place, message, why, position from notes indexed by notes_latest "
       "where user = ?1 and position < ?2 order by position desc limit ?3"},
      {run_.addressed, "select n.user, n.place, n.why from notes n indexed by notes_message "
                       "where n.room = (select id from rooms where room = ?1) and n.message = ?2 "
                       "order by n.user"},
      {run_.asked_for_all, "select user from marks indexed by marks_for_all where kind = 2 and "
                           "(value & 3) = 1 and subject = ?1 and user > ?2 order by user limit ?3"},
      {run_.markers_moved,
       "select user, subject, value, position from marks indexed by marks_position "
       "where (position, user, kind, subject) > (?1, ?2, 1, ?3) and kind = 1 "
       "order by position, user, kind, subject limit ?4"},
      {run_.own_rooms, room_and_entry + ", " + own_columns + ", " + of_member +
           " from members m indexed by members_user join rooms r on r.id = m.room" +
           std::string{last_entry} + with_marker + " where m.user = ?1 and m.state in (1, 2)"},
      {run_.own_directs, room_and_entry + ", " + own_columns + ", " + of_member +
           " from direct_order d cross join rooms r on r.id = d.room" + std::string{last_entry} +
           with_marker + " left join members m on m.room = r.id and m.user = ?1" + " where d.user = ?1 order by d.position desc limit ?2"},
      {run_.latest,
       "select seq, flags from log where room = ?1 and kind = 0 and seq < ?2 order by seq desc "
       "limit ?3"},
      {run_.entry_time, "select at from log where room = ?1 and seq = ?2 and kind = 0 union all "
                        "select at from log where room = ?1 and seq = ?2 and kind <> 0"},
      {run_.latest_note,
       "select place from notes where user = ?1 and room = ?2 order by place desc limit 1"},
      {run_.is_deleted_counted, "select 1 from deleted_counted where room = ?1 and seq = ?2"},
      {run_.journal_place,
       "select lower(hex(value)), max((select coalesce(max(id), 0) from log), "
       "(select coalesce(max(position), 0) from marks)) from secrets where name = 'inbox'"},
      {run_.gone_rooms,
       "select r.room, g.state from gone_rooms g join rooms r on r.id = g.room "
       "where g.user = ?1 and g.position > ?2"},
      {run_.gone_room, "select state from gone_rooms where user = ?1 and room = ?2"},
      {run_.room_of_number, rooms_where + "r.id = ?1"},
      {run_.marker, "select value from marks where user = ?1 and kind = 1 and subject = ?2"},
      {run_.own, "select value, text from marks where user = ?1 and kind = 2 and subject = ?2"},
      {run_.entry_before, "select id, at from log where id <= ?1 order by id desc limit 1"},
      {run_.counted, std::string{counted_at}},
      // One statement, as it is run for each of a thousand rooms.
      {run_.behind,
       "select (" + std::string{counted_at} + "), "
       "(select count(*) from deleted_counted where room = ?1 and seq > ?2), "
       "(select count(*) from (select 1 from notes where user = ?3 and room = ?1 and place > ?2 limit ?4)), "
       "(select count(*) from (select 1 from room_mentions where room = ?1 and seq > ?2 limit ?4))"},
  };
  for (const auto& [prepared, sql] : all)
    if (const int code = prepared.prepare(fresh, sql)) {
      const failure why{fault::unavailable, words(code, fresh)};
      run_ = {};  // before their connection
      return why;
    }
  database_ = std::move(fresh);
  return std::nullopt;
}

sqlite_reader::failure sqlite_reader::failed(int code) const {
  auto detail = words(code, database_);
  if (code != SQLITE_INTERRUPT) tell_(detail);
  return {fault::unavailable, std::move(detail)};
}

sqlite_reader::failure sqlite_reader::damaged() const {
  auto detail = "an entry of unknown kind in " + path_;
  tell_(detail);
  return {fault::unavailable, std::move(detail)};
}

std::variant<std::int64_t, sqlite_reader::failure> sqlite_reader::find(const room_id& room) {
  if (auto why = open()) return *std::move(why);
  query row{run_.number, room.view()};
  if (row.next()) return row.integer(0);
  if (row.code() != SQLITE_OK) return failed(row.code());
  return failure{fault::no_such_room, "no room " + room.value()};
}

result<room_info> sqlite_reader::room(const room_id& room) {
  if (const auto why = open()) return *why;
  const snapshot now{*this};
  query row{run_.room, room.view()};
  if (!row.next()) {
    if (row.code() != SQLITE_OK) return failed(row.code());
    return {fault::no_such_room, "no room " + room.value()};
  }
  auto info = room_of(row);
  query pin{run_.room_pins, row.integer(0)};
  while (pin.next()) info.pins.push_back(seq_no{static_cast<std::uint64_t>(pin.integer(0))});
  if (pin.code()) return failed(pin.code());
  return info;
}

result<std::vector<log_entry>> sqlite_reader::entries(const room_id& room, seq_no after,
                                                      seq_no upto, std::size_t count,
                                                      std::size_t bytes) {
  const auto number = find(room);
  if (const auto* why = std::get_if<failure>(&number)) return *why;
  entry_page page{room, count, bytes};
  query row{run_.entries, std::get<std::int64_t>(number), clamp(after), clamp(upto), clamp(count)};
  while (row.next()) {
    auto entry = entry_of(row);
    if (!entry) return damaged();
    if (!page.add(std::move(*entry))) break;
  }
  if (row.code() != SQLITE_OK) return failed(row.code());
  return std::move(page).take();
}

std::variant<sqlite_reader::found_room, sqlite_reader::failure> sqlite_reader::find_in_snapshot(
    const room_id& room) {
  query info{run_.room, room.view()};
  if (info.next()) {
    const auto of = room_of(info);
    return found_room{info.integer(0), of.head, of.floor};
  }
  if (info.code()) return failed(info.code());
  return failure{fault::no_such_room, "no room " + room.value()};
}

result<message_page> sqlite_reader::messages(const room_id& room, const user_id& asker,
                                             std::optional<seq_no> before,
                                             std::optional<seq_no> after, std::size_t count,
                                             std::size_t bytes, std::optional<seq_no> thread) {
  if (const auto why = open()) return *why;
  const snapshot now{*this};
  if (now.code()) return failed(now.code());
  const auto found = find_in_snapshot(room);
  if (const auto* why = std::get_if<failure>(&found)) return *why;
  const auto [id, head, floor] = std::get<0>(found);
  auto range = message_range::of(before, after, head);
  range.above = std::max(range.above, seq_no{floor.value() - 1});
  message_page_builder page{room, range.direction, count, bytes};
  const bool forward = range.direction == reading::forward;
  bool main_alone = thread == seq_no{0};
  if (!thread) {
    query replies{run_.has_replies, id};
    main_alone = !replies.next();
    if (replies.code()) return failed(replies.code());
  }
  const auto& select = main_alone ? (forward ? run_.main_forward : run_.main_backward)
                       : thread   ? (forward ? run_.thread_forward : run_.thread_backward)
                                  : (forward ? run_.all_forward : run_.all_backward);
  std::optional<std::int64_t> root;
  if (thread && !main_alone) root = clamp(*thread);

  query row{select, id, clamp(range.above), clamp(range.below), one_more(count)};
  if (root) row.bind_more(5, *root);
  while (row.next()) {
    if (page.full()) {
      page.has_more();
      break;
    }
    message::present_message shown;
    if (const int code = read_message(id, asker, row, shown)) return failed(code);
    if (!page.add(std::move(shown))) {
      page.has_more();
      break;
    }
  }
  if (row.code() != SQLITE_OK) return failed(row.code());
  return std::move(page).take(head);
}

int sqlite_reader::read_message(std::int64_t room, const user_id& asker, const query& row,
                                message::present_message& into) {
  const auto seq = [&](int column) { return seq_no{static_cast<std::uint64_t>(row.integer(column))}; };
  into.seq = seq(0);
  into.at = unix_ms{row.integer(1)};
  into.from = user_id::trusted(std::string{row.text(2)});
  into.key = row.text(3);
  into.where = placement_of(row, 8);
  if (row.is_null(12)) {
    into.what = content_of(row, 4);
  } else {
    query edit{run_.edit, room, row.integer(12)};
    if (!edit.next()) return edit.code() ? edit.code() : SQLITE_CORRUPT;
    into.what = content_of(edit, 0);
  }
  if (!row.is_null(13)) into.edited_at = unix_ms{row.integer(13)};
  if (!row.is_null(14)) into.edited_by = user_id::trusted(std::string{row.text(14)});
  if (!row.is_null(15)) {
    into.deleted = true;
    into.deleted_by = user_id::trusted(std::string{row.text(15)});
    into.deleted_reason = row.text(16);
  }
  if (!row.is_null(18)) {
    into.replies = static_cast<std::uint64_t>(row.integer(18));
    into.last_reply = seq(19);
    into.last_reply_at = unix_ms{row.integer(20)};
  }
  return row.integer(17) > 0 ? read_reactions(room, asker, into) : SQLITE_OK;
}

std::optional<message::present_message> sqlite_reader::message_at(std::int64_t room,
                                                                  const user_id& asker, seq_no seq,
                                                                  int& code) {
  query row{run_.one, room, clamp(seq)};
  if (!row.next()) {
    code = row.code();
    return std::nullopt;
  }
  message::present_message shown;
  code = read_message(room, asker, row, shown);
  return shown;
}

int sqlite_reader::read_reactions(std::int64_t room, const user_id& asker,
                                  message::present_message& into) {
  const auto seq = into.seq.value();
  query counts{run_.reaction_counts, room, seq};
  while (counts.next()) {
    auto& reaction = into.reactions[std::string{counts.text(0)}];
    reaction.count = static_cast<std::uint64_t>(counts.integer(1));
    query users{run_.reaction_users, room, seq, counts.text(0), rooms::reaction_users_shown_max};
    while (users.next()) reaction.users.push_back(user_id::trusted(std::string{users.text(0)}));
    if (users.code()) return users.code();
    if (reaction.count <= reaction.users.size()) {
      reaction.mine = std::ranges::find(reaction.users, asker) != reaction.users.end();
      continue;
    }
    query own{run_.reacted, room, seq, counts.text(0), asker.view()};
    reaction.mine = own.next();
    if (own.code()) return own.code();
  }
  return counts.code();
}

result<reaction_page> sqlite_reader::reactions(const room_id& room, seq_no target,
                                               std::string_view emoji, seq_no after,
                                               std::size_t count) {
  const auto number = find(room);
  if (const auto* why = std::get_if<failure>(&number)) return *why;
  const auto id = std::get<std::int64_t>(number);
  const snapshot now{*this};
  if (now.code()) return failed(now.code());
  reaction_page page;
  query total{run_.reaction_count, id, clamp(target), emoji};
  if (total.next()) page.count = static_cast<std::uint64_t>(total.integer(0));
  if (total.code()) return failed(total.code());
  query row{run_.reaction_page, id, clamp(target), emoji, clamp(after), one_more(count)};
  seq_no last = after;
  while (row.next()) {
    if (page.users.size() >= count) {
      page.next = last;
      break;
    }
    page.users.push_back(user_id::trusted(std::string{row.text(0)}));
    last = seq_no{static_cast<std::uint64_t>(row.integer(1))};
  }
  if (row.code()) return failed(row.code());
  return page;
}

result<std::vector<room_info>> sqlite_reader::rooms(const std::optional<room_id>& after,
                                                    const room_filter& filter, std::size_t count) {
  if (const auto why = open()) return *why;
  std::vector<std::pair<std::int64_t, room_info>> page;
  int code = SQLITE_OK;
  const auto take = [&](query& row) {
    while (row.next()) page.emplace_back(row.integer(0), room_of(row));
    if (row.code()) code = row.code();
  };
  const auto& listed = filter.hidden_too ? run_.all_rooms : run_.rooms;
  for (const auto& range : ranges_of(filter, after)) {
    if (page.size() > count) break;
    const std::string_view from{range.from}, to{range.to};
    const auto most = one_more(count - page.size());
    const auto old_size = static_cast<std::ptrdiff_t>(page.size());
    query row{listed, from, to, most};
    take(row);
    if (!filter.hidden_too) {
      query own{run_.hidden_rooms, from, to, most, filter.asker.view()};
      take(own);
    }
    if (code) return failed(code);
    std::sort(page.begin() + old_size, page.end(),
              [](const auto& a, const auto& b) { return a.second.room < b.second.room; });
  }
  page.resize(std::min(page.size(), count + 1));
  std::vector<room_info> rooms;
  for (auto& [number, info] : page) {
    if (info.rows > 0) {
      query row{run_.member, number, filter.asker.view()};
      if (row.next()) info.asker = member_of(row, 0);
      if (row.code()) return failed(row.code());
    }
    rooms.push_back(std::move(info));
  }
  return rooms;
}

result<std::vector<room_info>> sqlite_reader::directs(const user_id& user, std::size_t count) {
  if (const auto why = open()) return *why;
  std::vector<room_info> page;
  query row{run_.directs, user.view(), clamp(count)};
  while (row.next()) page.push_back(room_of(row));
  if (row.code() != SQLITE_OK) return failed(row.code());
  return page;
}

result<std::vector<feed_item>> sqlite_reader::feed(std::uint64_t after, std::size_t count,
                                                   std::size_t bytes) {
  if (const auto why = open()) return *why;
  return items_of(query{run_.feed, clamp(after), clamp(count)}, bytes);
}

result<std::vector<feed_item>> sqlite_reader::audited(std::uint64_t after, std::size_t count,
                                                      std::size_t bytes) {
  if (const auto why = open()) return *why;
  return items_of(query{run_.audited, clamp(after), clamp(count)}, bytes);
}

result<std::vector<feed_item>> sqlite_reader::items_of(query&& row, std::size_t bytes) {
  std::vector<feed_item> items;
  std::size_t used = 0;
  while (row.next()) {
    auto entry = entry_of(row);
    if (!entry) return damaged();
    auto room = room_id::trusted(std::string{row.text(entry_columns_count + 1)});
    used += wire_size(room, *entry);
    if (!items.empty() && used > bytes) break;
    items.push_back({static_cast<std::uint64_t>(row.integer(entry_columns_count)), std::move(room),
                     std::move(*entry)});
  }
  if (row.code() != SQLITE_OK) return failed(row.code());
  return items;
}

result<std::vector<stored_mark>> sqlite_reader::marks(const user_id& user, rooms::mark::kind of) {
  if (const auto why = open()) return *why;
  std::vector<stored_mark> found;
  query row{run_.marks, user.view(), static_cast<std::int64_t>(of)};
  while (row.next())
    found.push_back({{user, std::string{row.text(0)}, of, row.integer(1), std::string{row.text(2)}},
                     static_cast<std::uint64_t>(row.integer(3))});
  if (row.code() != SQLITE_OK) return failed(row.code());
  return found;
}

}  // namespace confab::journal::sqlite
