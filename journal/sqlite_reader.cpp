#include "journal/sqlite_reader.hpp"

#include "journal/page.hpp"
#include "journal/sqlite_faults.hpp"
#include "journal/sqlite_journal.hpp"
#include "journal/sqlite_rows.hpp"

#include <algorithm>
#include <limits>

namespace confab::journal::sqlite {
namespace {

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
  const auto entries_where =
      "select " + std::string{entry_columns} + " from log where room = ?1 and ";
  const auto rooms_where = "select " + std::string{room_columns} + " where ";
  const std::pair<statement&, std::string> all[] = {
      {run_.room, rooms_where + "r.room = ?1"},
      {run_.number, "select id from rooms where room = ?1"},
      {run_.entries, entries_where + "seq > ?2 and seq <= ?3 order by seq limit ?4"},
      {run_.messages_forward,
       entries_where + "seq > ?2 and seq < ?3 and kind = 0 order by seq limit ?4"},
      {run_.messages_backward,
       entries_where + "seq > ?2 and seq < ?3 and kind = 0 order by seq desc limit ?4"},
      // Ids are in the order of commits, so within a room in that of `seq`.
      // Left alone, SQLite would go through the whole log of the room.
      {run_.changes, "select " + std::string{entry_columns} +
                         " from log indexed by log_changes "
                         "where room = ?1 and target = ?2 and seq <= ?3 order by id"},
      {run_.rooms, rooms_where + "r.direct_a is null and r.room >= ?1 and r.room < ?2 "
                                 "order by r.room limit ?3"},
      // Read for everyone who connects, most of whom have none. A union or a limit would open a
      // temporary table each time, which takes ten times as long as finding nothing.
      {run_.directs, rooms_where + "l.seq is not null and (r.direct_a = ?1 or r.direct_b = ?1) "
                                   "order by l.at desc, l.id desc"},
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

result<std::optional<log_entry>> sqlite_reader::entry(const room_id& room, seq_no seq) {
  if (seq.value() == 0) {
    const auto number = find(room);
    if (const auto* why = std::get_if<failure>(&number)) return *why;
    return std::optional<log_entry>{};
  }
  auto found = entries(room, seq_no{seq.value() - 1}, seq, 1, 0);
  if (!found) return {found.why(), found.detail()};
  return found->empty() ? std::nullopt : std::optional{std::move(found->front())};
}

result<message_page> sqlite_reader::messages(const room_id& room, std::optional<seq_no> before,
                                             std::optional<seq_no> after, seq_no upto,
                                             std::size_t count, std::size_t bytes) {
  const auto number = find(room);
  if (const auto* why = std::get_if<failure>(&number)) return *why;
  const auto id = std::get<std::int64_t>(number);
  const auto range = message_range::of(before, after, upto);
  message_page_builder page{range.direction, count, bytes};
  const auto& select =
      range.direction == reading::forward ? run_.messages_forward : run_.messages_backward;

  query row{select, id, clamp(range.above), clamp(range.below), one_more(count)};
  while (row.next()) {
    auto message = entry_of(row);
    if (!message) return damaged();
    if (page.full()) {
      page.has_more();
      break;
    }
    std::vector<log_entry> changes;
    query change{run_.changes, id, clamp(message->seq), clamp(upto)};
    while (change.next()) {
      auto entry = entry_of(change);
      if (!entry) return damaged();
      changes.push_back(std::move(*entry));
    }
    if (change.code() != SQLITE_OK) return failed(change.code());
    if (!page.add(std::move(*message), std::move(changes))) {
      page.has_more();
      break;
    }
  }
  if (row.code() != SQLITE_OK) return failed(row.code());
  return std::move(page).take();
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
  query row{run_.directs, user.view()};
  while (page.size() < count && row.next()) page.push_back(room_of(row));
  if (row.code() != SQLITE_OK) return failed(row.code());
  return page;
}

}  // namespace confab::journal::sqlite
