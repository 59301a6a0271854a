// What a reader tells of what a user has not read.

#include "journal/page.hpp"
#include "journal/sqlite_people.hpp"
#include "journal/sqlite_reader.hpp"
#include "journal/sqlite_rows.hpp"
#include "protocol/wire_size.hpp"
#include "rooms/rights.hpp"

#include <algorithm>
#include <limits>
#include <string>
#include <tuple>
#include <unordered_map>

namespace confab::journal::sqlite {

seq_no sqlite_reader::marker_in(const rooms::room_view& room, const rooms::member_row& row,
                                const user_id& user, const gathered& pending, int& code) {
  query mark{run_.marker, user.view(), room.room.view()};
  const auto stored = mark.next() ? static_cast<std::uint64_t>(mark.integer(0)) : 0;
  if (mark.code()) code = mark.code();
  return marker_of(room, row, seq_no{stored}, pending);
}

/// The latest of the entry that made one a member, what is stored, and what is not stored yet.
seq_no sqlite_reader::marker_of(const rooms::room_view& room, const rooms::member_row& row,
                                seq_no stored, const gathered& pending) {
  auto read = std::max(row.since, stored);
  if (const auto at = std::ranges::find(pending, room.number, &pending_markers::place::room);
      at != pending.end())
    read = std::max(read, at->read);
  return std::min(read, room.head);
}

/// Two running numbers and three short counts.
int sqlite_reader::count(const rooms::room_view& room, const user_id& user, room_counts& into) {
  if (into.read >= room.head) return SQLITE_OK;
  const auto upto = std::max(into.read.value(), room.floor.value() - 1);
  query row{run_.behind, room.number, upto, user.view(), limits::mentions_told_max};
  if (!row.next()) return row.code() ? row.code() : SQLITE_CORRUPT;
  const auto number = [&](int column) { return static_cast<std::uint64_t>(row.integer(column)); };
  into.unread = room.counted - number(0) - number(1);
  into.mentions = std::min<std::uint64_t>(number(2) + number(3), limits::mentions_told_max);
  return SQLITE_OK;
}

rooms::kept_own sqlite_reader::own_in(const room_id& room, const user_id& user, int& code) {
  query row{run_.own, user.view(), room.view()};
  rooms::kept_own own;
  if (row.next()) own = rooms::own_of(row.integer(0), row.text(1));
  if (row.code()) code = row.code();
  return own;
}

result<std::optional<room_counts>> sqlite_reader::counts(const room_id& room, const user_id& user) {
  if (const auto why = open()) return *why;
  const auto pending = markers_.of(user);
  const snapshot now{*this};
  query found{run_.room, room.view()};
  if (!found.next())
    return found.code() ? failed(found.code())
                        : failure{fault::no_such_room, "no room " + room.value()};
  const auto view = view_of(found);
  query own{run_.member, view.number, user.view()};
  const auto row = own.next() ? member_of(own, 0) : rooms::member_row{};
  if (own.code()) return failed(own.code());
  if (!rooms::belongs(view, row, user)) return std::optional<room_counts>{};
  int code = SQLITE_OK;
  room_counts answer{view.head, marker_in(view, row, user, pending, code), 0, 0};
  if (!code) code = count(view, user, answer);
  if (code) return failed(code);
  return std::optional{answer};
}

/// Members and invited ones first, then direct rooms, the latest of them.
int sqlite_reader::each_own_room(const user_id& user, const room_filter& allowed,
                                 const gathered& pending,
                                 const std::function<int(own_room&)>& take) {
  // Most rooms have none.
  std::unordered_map<std::string, std::pair<rooms::kept_own, std::uint64_t>> own;
  {
    query mark{run_.marks, user.view(), static_cast<std::int64_t>(rooms::mark::kind::own_settings)};
    while (mark.next())
      own.try_emplace(std::string{mark.text(0)}, rooms::own_of(mark.integer(1), mark.text(2)),
                      static_cast<std::uint64_t>(mark.integer(3)));
    if (mark.code()) return mark.code();
  }
  const auto read_one = [&](const query& row) {
    own_room one{view_of(row), {}, {}};
    if (!is_allowed(allowed, one.view.room)) return SQLITE_OK;
    constexpr int at = room_columns_count;
    const auto number = [&](int column) { return static_cast<std::uint64_t>(row.integer(column)); };
    one.position = number(at);
    one.marked = number(at + 2);
    if (std::ranges::find(pending, one.view.number, &pending_markers::place::room) != pending.end())
      one.marked = std::numeric_limits<std::uint64_t>::max();  // it has no place yet
    if (const auto set = own.find(one.view.room.value()); set != own.end())
      std::tie(one.own, one.set) = set->second;
    one.row = member_of(row, at + 3);
    one.read = marker_of(one.view, one.row, seq_no{number(at + 1)}, pending);
    return take(one);
  };
  query member{run_.own_rooms, user.view()};
  while (member.next())
    if (const int code = read_one(member)) return code;
  if (member.code()) return member.code();
  query direct{run_.own_directs, user.view(), limits::memberships_max};
  while (direct.next())
    if (const int code = read_one(direct)) return code;
  return direct.code();
}

result<std::vector<std::pair<room_id, seq_no>>> sqlite_reader::unread_rooms(
    const user_id& user, const room_filter& allowed) {
  if (const auto why = open()) return *why;
  const auto pending = markers_.of(user);
  const snapshot now{*this};
  std::vector<std::pair<room_id, seq_no>> found;
  const int code = each_own_room(user, allowed, pending, [&](const own_room& one) {
    if (rooms::belongs(one.view, one.row, user) &&
        (one.read < one.view.head || one.own.set.marked))
      found.emplace_back(one.view.room, one.view.head);
    return SQLITE_OK;
  });
  if (code) return failed(code);
  return found;
}

result<message::totals> sqlite_reader::totals(const user_id& user, unix_ms at,
                                              const room_filter& allowed) {
  if (const auto why = open()) return *why;
  const auto pending = markers_.of(user);
  const snapshot now{*this};
  message::totals sum;
  const int code = each_own_room(user, allowed, pending, [&](const own_room& one) {
    if (!rooms::belongs(one.view, one.row, user)) return SQLITE_OK;
    room_counts of{one.view.head, one.read, 0, 0};
    const int failed = count(one.view, user, of);
    add(sum, of, rooms::in_force(one.own, one.view.counted, at));
    return failed;
  });
  if (code) return failed(code);
  return sum;
}

result<notes_page> sqlite_reader::notes(const user_id& user, std::optional<std::uint64_t> before,
                                        std::size_t count, std::size_t bytes,
                                        const room_filter& allowed) {
  if (const auto why = open()) return *why;
  const auto pending = markers_.of(user);
  const snapshot now{*this};
  notes_page page;
  std::size_t used = 0;
  std::uint64_t last = 0;
  std::size_t looked_at = 0;
  query row{run_.notes, user.view(),
            before ? clamp(*before) : std::numeric_limits<std::int64_t>::max(), one_more(count)};
  while (row.next()) {
    if (++looked_at > count) {
      page.next = last;
      break;
    }
    const auto position = static_cast<std::uint64_t>(row.integer(4));
    query info{run_.room_of_number, row.integer(0)};
    if (!info.next()) return info.code() ? failed(info.code()) : damaged();
    const auto view = view_of(info);
    if (!is_allowed(allowed, view.room)) {
      last = position;
      continue;
    }
    query own{run_.member, view.number, user.view()};
    const auto as = own.next() ? member_of(own, 0) : rooms::member_row{};
    int code = own.code();
    const auto read = code ? seq_no{} : marker_in(view, as, user, pending, code);
    if (code) return failed(code);
    auto message = message_at(view.number, user, seq_no{static_cast<std::uint64_t>(row.integer(2))},
                              code);
    if (code) return failed(code);
    if (!message) return damaged();
    used += wire_size(view.room, *message);
    if (!page.list.empty() && used > bytes) {
      page.next = last;
      break;
    }
    const seq_no place{static_cast<std::uint64_t>(row.integer(1))};
    page.list.push_back({view.room, static_cast<std::uint8_t>(row.integer(3)), place <= read,
                         *std::move(message)});
    last = position;
  }
  if (row.code()) return failed(row.code());
  return page;
}

result<std::vector<addressed_user>> sqlite_reader::addressed(const room_id& room, seq_no message) {
  if (const auto why = open()) return *why;
  std::vector<addressed_user> found;
  query row{run_.addressed, room.view(), clamp(message)};
  while (row.next())
    found.push_back({user_id::trusted(std::string{row.text(0)}),
                     seq_no{static_cast<std::uint64_t>(row.integer(1))},
                     static_cast<std::uint8_t>(row.integer(2))});
  if (row.code()) return failed(row.code());
  return found;
}

result<std::vector<user_id>> sqlite_reader::asked_for_all(const room_id& room,
                                                          const user_id& after,
                                                          std::size_t count) {
  if (const auto why = open()) return *why;
  std::vector<user_id> found;
  query row{run_.asked_for_all, room.view(), after.view(), clamp(count)};
  while (row.next()) found.push_back(user_id::trusted(std::string{row.text(0)}));
  if (row.code()) return failed(row.code());
  return found;
}

result<marker_page> sqlite_reader::markers_moved(const marker_place& after, std::size_t count) {
  if (const auto why = open()) return *why;
  marker_page page;
  page.upto = after;
  query row{run_.markers_moved, clamp(after.position), after.user.view(), after.room.view(),
            clamp(count)};
  while (row.next()) {
    page.upto = {static_cast<std::uint64_t>(row.integer(3)),
                 user_id::trusted(std::string{row.text(0)}),
                 room_id::trusted(std::string{row.text(1)})};
    page.moved.push_back({page.upto.user, page.upto.room,
                          seq_no{static_cast<std::uint64_t>(row.integer(2))}});
  }
  if (row.code()) return failed(row.code());
  page.at_end = page.moved.size() < count;
  return page;
}

}  // namespace confab::journal::sqlite
