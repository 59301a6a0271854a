// What a reader tells of a room beside its log: members, pins, threads; and of users.

#include "journal/page.hpp"
#include "journal/sqlite_people.hpp"
#include "journal/sqlite_reader.hpp"
#include "journal/sqlite_rows.hpp"
#include "protocol/wire_size.hpp"
#include "rooms/rights.hpp"
#include "rooms/sequencer.hpp"

#include <limits>

namespace confab::journal::sqlite {

result<member_found> sqlite_reader::member(const room_id& room, const user_id& user) {
  if (const auto why = open()) return *why;
  const auto pending = markers_.of(user);
  const snapshot now{*this};
  query found{run_.room, room.view()};
  if (!found.next())
    return found.code() ? failed(found.code()) : failure{fault::no_such_room, "no room " + room.value()};
  const auto view = view_of(found);
  member_found answer{{}, view.head, {}};
  query row{run_.member, view.number, user.view()};
  if (row.next()) answer.row = member_of(row, 0);
  if (row.code()) return failed(row.code());
  if (rooms::belongs(view, answer.row, user)) {
    int code = SQLITE_OK;
    answer.read = marker_in(view, answer.row, user, pending, code);
    if (!code) answer.receipts = own_in(room, user, code).set.receipts;
    if (code) return failed(code);
  }
  return answer;
}

result<member_page> sqlite_reader::members(const room_id& room, member_state state,
                                           const std::optional<user_id>& after,
                                           std::size_t count) {
  if (const auto why = open()) return *why;
  const snapshot now{*this};
  const auto found = find_in_snapshot(room);
  if (const auto* why = std::get_if<failure>(&found)) return *why;
  const auto [id, head, floor] = std::get<0>(found);
  member_page page;
  page.head = head;
  query row{run_.members, id, static_cast<std::int64_t>(state),
            after ? after->view() : std::string_view{}, one_more(count)};
  while (row.next()) {
    if (page.members.size() >= count) {
      page.more = true;
      break;
    }
    page.members.push_back({user_id::trusted(std::string{row.text(0)}), member_of(row, 1)});
  }
  if (row.code()) return failed(row.code());
  return page;
}

result<pin_page> sqlite_reader::pins(const room_id& room, const user_id& asker,
                                     std::optional<seq_no> after, std::size_t bytes) {
  if (const auto why = open()) return *why;
  const snapshot now{*this};
  const auto found = find_in_snapshot(room);
  if (const auto* why = std::get_if<failure>(&found)) return *why;
  const auto id = std::get<0>(found).number;
  pin_page page;
  std::size_t used = 0;
  auto last = after.value_or(seq_no{});
  query row{run_.pins, id, clamp(last)};
  while (row.next()) {
    int code = SQLITE_OK;
    auto message =
        message_at(id, asker, seq_no{static_cast<std::uint64_t>(row.integer(0))}, code);
    if (code) return failed(code);
    if (!message) return damaged();
    used += wire_size(room, *message);
    if (!page.pins.empty() && used > bytes) {
      page.next = last;
      break;
    }
    page.pins.push_back({user_id::trusted(std::string{row.text(1)}), unix_ms{row.integer(2)},
                         std::move(*message)});
    last = seq_no{static_cast<std::uint64_t>(row.integer(3))};
  }
  if (row.code()) return failed(row.code());
  return page;
}

result<thread_page> sqlite_reader::threads(const room_id& room, const user_id& asker, bool mine,
                                           std::optional<seq_no> before, std::size_t count,
                                           std::size_t bytes) {
  /// Of others' threads a page looks through so many for one's own.
  constexpr std::size_t looked_at_max = 1'000;
  if (const auto why = open()) return *why;
  const snapshot now{*this};
  const auto found = find_in_snapshot(room);
  if (const auto* why = std::get_if<failure>(&found)) return *why;
  const auto id = std::get<0>(found).number;
  thread_page page;
  std::size_t used = 0, looked_at = 0;
  std::optional<seq_no> last;
  query row{run_.threads, id,
            before ? clamp(*before) : std::numeric_limits<std::int64_t>::max(),
            one_more(mine ? looked_at_max : count)};
  while (row.next()) {
    if (page.roots.size() >= count || ++looked_at > looked_at_max) {
      page.next = last;
      break;
    }
    const seq_no root{static_cast<std::uint64_t>(row.integer(0))};
    if (mine) {
      query own{run_.in_thread, id, clamp(root), asker.view()};
      const bool is_own = own.next();
      if (own.code()) return failed(own.code());
      last = seq_no{static_cast<std::uint64_t>(row.integer(1))};
      if (!is_own) continue;
    }
    int code = SQLITE_OK;
    auto message = message_at(id, asker, root, code);
    if (code) return failed(code);
    if (!message) return damaged();
    used += wire_size(room, *message);
    if (!page.roots.empty() && used > bytes) {
      page.next = page.roots.back().last_reply;
      break;
    }
    page.roots.push_back(std::move(*message));
    last = seq_no{static_cast<std::uint64_t>(row.integer(1))};
  }
  if (row.code()) return failed(row.code());
  return page;
}

/// There is no index by sender: a room is looked through from its end, once for all users.
result<std::vector<seq_no>> sqlite_reader::messages_of(const room_id& room,
                                                       std::span<const user_id> users,
                                                       unix_ms since, std::size_t count) {
  if (const auto why = open()) return *why;
  const auto found = find_in_snapshot(room);
  if (const auto* why = std::get_if<failure>(&found)) return *why;
  const auto [id, head, floor] = std::get<0>(found);
  std::vector<seq_no> seqs;
  latest_of wanted{users, since, count};
  query row{run_.messages_of, id, clamp(floor)};
  while (!wanted.complete() && row.next()) {
    if (!wanted.take(row.text(2), unix_ms{row.integer(1)})) continue;
    query gone{run_.is_deleted, id, row.integer(0)};
    if (!gone.next()) seqs.push_back(seq_no{static_cast<std::uint64_t>(row.integer(0))});
    if (gone.code()) return failed(gone.code());
  }
  if (row.code()) return failed(row.code());
  return seqs;
}

result<bool> sqlite_reader::has_blocked(const user_id& blocker, const user_id& blocked) {
  if (const auto why = open()) return *why;
  query row{run_.blocked, blocker.view(), static_cast<std::int64_t>(rooms::mark::kind::block),
            blocked.view()};
  const bool found = row.next();
  if (row.code()) return failed(row.code());
  return found;
}

result<std::vector<user_set>> sqlite_reader::profiles(std::span<const user_id> users) {
  if (const auto why = open()) return *why;
  std::vector<user_set> found;
  for (const auto& user : users) {
    query row{run_.profile, user.view()};
    if (row.next()) found.push_back(profile_of(row));
    if (row.code()) return failed(row.code());
  }
  return found;
}

result<std::vector<user_set>> sqlite_reader::users(std::string_view prefix, const user_id& after,
                                                   std::size_t count) {
  constexpr char behind_all = '\x7f';  // ids are ASCII
  if (const auto why = open()) return *why;
  const auto end = std::string{prefix} + behind_all;
  std::vector<user_set> found;
  query row{run_.users, after.view(), prefix, std::string_view{end}, clamp(count)};
  while (row.next()) found.push_back(profile_of(row));
  if (row.code()) return failed(row.code());
  return found;
}

/// A room's log is looked at from its oldest entry on, up to the first that may stay.
result<trim_page> sqlite_reader::rooms_to_trim(const trim_query& what) {
  if (const auto why = open()) return *why;
  const snapshot now{*this};
  trim_page page;
  std::size_t looked_at = 0;
  query room{run_.rooms_to_trim, what.after ? what.after->view() : std::string_view{}, clamp(what.count)};
  while (room.next()) {
    ++looked_at;
    page.next = room_id::trusted(std::string{room.text(1)});
    const auto settings = room.is_null(3) ? room_settings{} : settings_from_json(room.text(3));
    trim_place place{what, settings};
    if (place.keeps_all()) continue;
    query entry{run_.oldest, room.integer(0), room.integer(2), limits::trim_entries_max};
    while (entry.next() &&
           place.take(seq_no{static_cast<std::uint64_t>(entry.integer(0))}, unix_ms{entry.integer(1)},
                      static_cast<rooms::entry_kind>(entry.integer(2))))
      continue;
    if (entry.code()) return failed(entry.code());
    if (place.upto()) page.rooms.emplace_back(*page.next, *place.upto());
  }
  if (room.code()) return failed(room.code());
  if (looked_at < what.count) page.next.reset();
  return page;
}

result<trace_page> sqlite_reader::traces(const user_id& user, std::uint64_t after,
                                         std::size_t entries) {
  if (const auto why = open()) return *why;
  const snapshot now{*this};
  trace_page page;
  std::uint64_t end = 0;
  {
    query last{run_.last_position};
    if (last.next()) end = static_cast<std::uint64_t>(last.integer(0));
    if (last.code()) return failed(last.code());
  }
  page.upto = std::max(after, std::min(end, after + entries));
  page.at_end = page.upto >= end;
  query row{run_.traces, user.view(), clamp(after), clamp(page.upto)};
  while (row.next())
    page.found.push_back({room_id::trusted(std::string{row.text(0)}),
                          seq_no{static_cast<std::uint64_t>(row.integer(1))}, row.integer(2) != 0,
                          static_cast<std::uint64_t>(row.integer(3))});
  if (row.code()) return failed(row.code());
  return page;
}

result<std::optional<unix_ms>> sqlite_reader::last_at() {
  if (const auto why = open()) return *why;
  query row{run_.last_at};
  std::optional<unix_ms> at;
  if (row.next()) at = unix_ms{row.integer(0)};
  if (row.code()) return failed(row.code());
  return at;
}

result<std::uint64_t> sqlite_reader::position_at(unix_ms at) {
  if (const auto why = open()) return *why;
  const snapshot now{*this};
  std::uint64_t last = 0;
  {
    query row{run_.last_position};
    if (row.next()) last = static_cast<std::uint64_t>(row.integer(0));
    if (row.code()) return failed(row.code());
  }
  // Up to `found` entries are no younger, from `younger` on they are.
  std::uint64_t found = 0;
  for (auto younger = last + 1; younger - found > 1;) {
    const auto middle = found + (younger - found) / 2;
    query row{run_.entry_before, middle};
    if (!row.next()) {
      if (row.code()) return failed(row.code());
      found = middle;
    } else if (row.integer(1) <= at.value()) {
      found = middle;
    } else {
      younger = middle;
    }
  }
  query row{run_.entry_before, found};
  const auto position = row.next() ? static_cast<std::uint64_t>(row.integer(0)) : 0;
  if (row.code()) return failed(row.code());
  return position;
}

}  // namespace confab::journal::sqlite
