#include "journal/sqlite_reader.hpp"

#include "journal/page.hpp"
#include "journal/sqlite_faults.hpp"
#include "journal/sqlite_journal.hpp"
#include "journal/sqlite_rows.hpp"
#include "rooms/present.hpp"

#include <algorithm>
#include <limits>

namespace confab::journal::sqlite {
namespace {

/// Some hundred rows.
constexpr int stop_every_instructions = 5000;

/// SQLite's integers are signed; nothing is numbered or counted beyond them.
std::int64_t clamp(std::uint64_t number) {
  return static_cast<std::int64_t>(
      std::min<std::uint64_t>(number, std::numeric_limits<std::int64_t>::max()));
}
std::int64_t clamp(seq_no seq) { return clamp(seq.value()); }

std::int64_t one_more(std::size_t count) {
  return clamp(std::min<std::uint64_t>(count, std::numeric_limits<std::int64_t>::max() - 1) + 1);
}

}  // namespace

std::optional<sqlite_reader::failure> sqlite_reader::open() {
  if (database_.is_open()) return std::nullopt;
  connection fresh;
  if (const int code = open_connection(fresh, path_, role::reader))
    return failure{fault::unavailable, words(code, fresh)};
  // Between its instructions, and so not while it waits for the disk.
  sqlite3_progress_handler(
      fresh.get(), stop_every_instructions,
      [](void* self) { return static_cast<int>(static_cast<sqlite_reader*>(self)->stop_()); }, this);
  const auto entries_where =
      "select " + std::string{entry_columns} + " from log where room = ?1 and ";
  const auto room_and_entry = "select " + std::string{room_columns};
  const auto rooms_where = room_and_entry + " from rooms r" + std::string{last_entry} + " where ";
  // A log's messages and its changes have an index each: both are read in order, and merged.
  const auto entries = entries_where + "seq > ?2 and seq <= ?3 and kind = 0 union all " +
                       entries_where + "seq > ?2 and seq <= ?3 and kind <> 0 order by 1 limit ?4";
  const std::string messages_where =
      "select l.seq, l.at, l.sender, l.key, l.text, l.data, c.edit, c.edited_at, c.edited_by, "
      "c.deleted_by, c.emoji from log l left join changed c on c.room = l.room and c.seq = l.seq "
      "where l.room = ?1 and l.seq > ?2 and l.seq < ?3 and l.kind = 0 ";
  const std::pair<statement&, std::string> all[] = {
      {run_.begin, "begin"},
      {run_.end, "commit"},
      {run_.room, rooms_where + "r.room = ?1"},
      {run_.number, "select id from rooms where room = ?1"},
      {run_.entries, entries},
      {run_.messages_forward, messages_where + "order by l.seq limit ?4"},
      {run_.messages_backward, messages_where + "order by l.seq desc limit ?4"},
      {run_.edit, "select text, data from log where room = ?1 and seq = ?2 and kind <> 0"},
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
      {run_.rooms, rooms_where + "r.direct_a is null and r.id > 0 and r.room >= ?1 and r.room < ?2 "
                                 "order by r.room limit ?3"},
      // Read for everyone who connects, most of whom have none: no temporary table, which takes ten
      // times as long as finding nothing, and no more rooms than are asked for.
      {run_.directs, room_and_entry + " from direct_order d cross join rooms r on r.id = d.room" +
                         std::string{last_entry} +
                         " where d.user = ?1 order by d.position desc limit ?2"},
      {run_.feed,
       "select l.seq, l.at, l.sender, l.key, l.kind, l.target, l.text, l.data, l.id, r.room "
       "from log l join rooms r on r.id = l.room where l.id > ?1 order by l.id limit ?2"},
      {run_.marks,
       "select subject, value, text, position from marks where user = ?1 and kind = ?2 "
       "order by subject"},
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
  return {fault::unavailable, words(code, database_)};
}

sqlite_reader::failure sqlite_reader::damaged() const {
  return {fault::unavailable, "an entry of unknown kind in " + path_};
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
  query row{run_.room, room.view()};
  if (row.next()) return room_of(row);
  if (row.code() != SQLITE_OK) return failed(row.code());
  return {fault::no_such_room, "no room " + room.value()};
}

result<std::vector<log_entry>> sqlite_reader::entries(const room_id& room, seq_no after,
                                                      seq_no upto, std::size_t count,
                                                      std::size_t bytes) {
  const auto number = find(room);
  if (const auto* why = std::get_if<failure>(&number)) return *why;
  entry_page page{count, bytes};
  query row{run_.entries, std::get<std::int64_t>(number), clamp(after), clamp(upto), clamp(count)};
  while (row.next()) {
    auto entry = entry_of(row);
    if (!entry) return damaged();
    if (!page.add(std::move(*entry))) break;
  }
  if (row.code() != SQLITE_OK) return failed(row.code());
  return std::move(page).take();
}

/// All questions of a page see the same state of the database.
class sqlite_reader::snapshot {
 public:
  explicit snapshot(sqlite_reader& of) : of_(of), code_(query{of.run_.begin}.run()) {}
  snapshot(const snapshot&) = delete;
  snapshot& operator=(const snapshot&) = delete;
  ~snapshot() { query{of_.run_.end}.run(); }
  int code() const noexcept { return code_; }

 private:
  sqlite_reader& of_;
  int code_;
};

result<message_page> sqlite_reader::messages(const room_id& room, const user_id& asker,
                                             std::optional<seq_no> before,
                                             std::optional<seq_no> after, std::size_t count,
                                             std::size_t bytes) {
  if (const auto why = open()) return *why;
  const snapshot now{*this};
  if (now.code()) return failed(now.code());
  query info{run_.room, room.view()};
  if (!info.next()) {
    if (info.code()) return failed(info.code());
    return {fault::no_such_room, "no room " + room.value()};
  }
  const auto id = info.integer(0);
  const auto head = room_of(info).head;
  const auto range = message_range::of(before, after, head);
  message_page_builder page{range.direction, count, bytes};
  const auto& select =
      range.direction == reading::forward ? run_.messages_forward : run_.messages_backward;

  query row{select, id, clamp(range.above), clamp(range.below), one_more(count)};
  while (row.next()) {
    if (page.full()) {
      page.has_more();
      break;
    }
    message::present_message shown;
    shown.seq = seq_no{static_cast<std::uint64_t>(row.integer(0))};
    shown.at = unix_ms{row.integer(1)};
    shown.from = user_id::trusted(std::string{row.text(2)});
    shown.key = row.text(3);
    if (row.is_null(6)) {
      shown.what = content_of(row, 4);
    } else {
      query edit{run_.edit, id, row.integer(6)};
      if (!edit.next()) return edit.code() ? failed(edit.code()) : damaged();
      shown.what = content_of(edit, 0);
    }
    if (!row.is_null(7)) shown.edited_at = unix_ms{row.integer(7)};
    if (!row.is_null(8)) shown.edited_by = user_id::trusted(std::string{row.text(8)});
    if (!row.is_null(9)) {
      shown.deleted = true;
      shown.deleted_by = user_id::trusted(std::string{row.text(9)});
    }
    if (row.integer(10) > 0)
      if (const int code = read_reactions(id, asker, shown)) return failed(code);
    if (!page.add(std::move(shown))) {
      page.has_more();
      break;
    }
  }
  if (row.code() != SQLITE_OK) return failed(row.code());
  return std::move(page).take(head);
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
  std::vector<room_info> page;
  for (const auto& range : ranges_of(filter, after)) {
    if (page.size() > count) break;
    query row{run_.rooms, std::string_view{range.from}, std::string_view{range.to},
              one_more(count - page.size())};
    while (row.next()) page.push_back(room_of(row));
    if (row.code() != SQLITE_OK) return failed(row.code());
  }
  return page;
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
  std::vector<feed_item> items;
  std::size_t used = 0;
  query row{run_.feed, clamp(after), clamp(count)};
  while (row.next()) {
    auto entry = entry_of(row);
    if (!entry) return damaged();
    used += cost_of(*entry);
    if (!items.empty() && used > bytes) break;
    items.push_back({static_cast<std::uint64_t>(row.integer(8)),
                     room_id::trusted(std::string{row.text(9)}), std::move(*entry)});
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
