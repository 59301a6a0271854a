// The rooms of a user, as the inbox shows them.

#include "journal/page.hpp"
#include "journal/sqlite_people.hpp"
#include "journal/sqlite_reader.hpp"
#include "journal/sqlite_rows.hpp"
#include "rooms/rights.hpp"

#include <algorithm>

namespace confab::journal::sqlite {
namespace {

/// Most rooms end with a message that counts.
constexpr int looked_at_first = 16;
/// Of the messages that count, the last that is not deleted is looked for among so many.
constexpr int deleted_looked_at_max = 1'000;

}  // namespace

/// Where quiet messages stand at the end in large numbers, it is where the running number came to
/// what it is.
seq_no sqlite_reader::counted_before(const rooms::room_view& room, seq_no below, int& code) {
  std::uint64_t end = below.value();
  {
    query row{run_.latest, room.number, clamp(below), looked_at_first};
    while (row.next()) {
      end = static_cast<std::uint64_t>(row.integer(0));
      if (end < room.floor.value()) return {};
      if ((row.integer(1) & 1) == 0) return seq_no{end};
    }
    if (row.code()) code = row.code();
  }
  const auto number_at = [&](std::uint64_t seq) -> std::uint64_t {
    query row{run_.counted, room.number, seq};
    const auto number = row.next() ? static_cast<std::uint64_t>(row.integer(0)) : 0;
    if (row.code()) code = row.code();
    return number;
  };
  const auto floor = room.floor.value();
  if (end <= floor) return {};
  const auto number = number_at(end - 1);
  if (number == 0 || number == number_at(floor - 1)) return {};
  std::uint64_t from = floor;
  auto to = end - 1;
  while (from < to && !code) {
    const auto middle = from + (to - from) / 2;
    if (number_at(middle) < number)
      from = middle + 1;
    else
      to = middle;
  }
  return seq_no{from};
}

/// Of the last message that counts, one's latest note, the invitation or one's becoming a member,
/// whichever came last.
unix_ms sqlite_reader::time_of(const own_room& of, const user_id& user, seq_no last, int& code) {
  auto place = std::max(last, of.row.since);
  {
    query note{run_.latest_note, user.view(), of.view.number};
    if (note.next()) place = std::max(place, seq_no{static_cast<std::uint64_t>(note.integer(0))});
    if (note.code()) code = note.code();
  }
  if (place.value() == 0) return of.view.last_at;
  query entry{run_.entry_time, of.view.number, place.value()};
  const bool found = entry.next();
  if (entry.code()) code = entry.code();
  return found ? unix_ms{entry.integer(0)} : of.view.last_at;
}

int sqlite_reader::show_last(const own_room& of, const user_id& user, seq_no last,
                             message::inbox_row& into) {
  int code = SQLITE_OK;
  const auto& room = of.view;
  const auto first = shown_from(room, of.row, user);
  for (int i = 0; first && i < deleted_looked_at_max && last >= *first && !code; ++i) {
    query gone{run_.is_deleted_counted, room.number, last.value()};
    const bool deleted = gone.next();
    if (gone.code()) return gone.code();
    if (!deleted) {
      const auto message = message_at(room.number, user, last, code);
      if (message) into.last = shown_last(*message);
      return code;
    }
    last = counted_before(room, last, code);
  }
  return code;
}

result<std::string> sqlite_reader::as_of(std::uint64_t position) {
  if (const auto why = open()) return *why;
  query place{run_.journal_place};
  if (!place.next()) return place.code() ? failed(place.code()) : damaged();
  return inbox_place{std::string{place.text(0)}, position}.text();
}

result<inbox_page> sqlite_reader::inbox(const inbox_query& what) {
  struct candidate {
    own_room of;
    seq_no last;
    message::inbox_row row;
  };
  if (const auto why = open()) return *why;
  const auto pending = markers_.of(what.user);
  const snapshot snap{*this};
  inbox_page page;
  inbox_place now;
  {
    query place{run_.journal_place};
    if (!place.next()) return place.code() ? failed(place.code()) : damaged();
    now = {std::string{place.text(0)}, static_cast<std::uint64_t>(place.integer(1))};
  }
  page.as_of = now.text();
  page.position = now.position;
  auto since = inbox_place::parse(what.since);
  page.reset = !what.since.empty() &&
               (!since || since->journal != now.journal || since->position > now.position);
  if (page.reset) since.reset();
  const auto after = since ? std::nullopt : inbox_cursor::parse(what.after);

  std::vector<candidate> found;
  std::vector<std::string> lapsed;
  int code = each_own_room(what.user, what.allowed, pending, [&](own_room& one) -> int {
    if (!one.view.direct && !one.row.is_member() && !one.row.is_invited(what.now)) {
      lapsed.push_back(one.view.room.value());
      return SQLITE_OK;
    }
    candidate made{std::move(one), {}, {}};
    auto& of = made.of;
    int failed = SQLITE_OK;
    made.row = row_of_inbox(of.view, of.row, what.user);
    if (rooms::belongs(of.view, of.row, what.user)) {
      room_counts counts{of.view.head, of.read, 0, 0};
      failed = count(of.view, what.user, counts);
      made.row.own = rooms::in_force(of.own, of.view.counted, what.now);
      add(page.sum, counts, made.row.own);
      made.row.read = counts.read;
      made.row.unread = counts.unread;
      made.row.mentions = counts.mentions;
      page.all.push_back(
          {of.view.room, counts.head, counts.read, counts.unread, counts.mentions, made.row.own});
    }
    // Of what was at that very position it is not known: markers have none of their own.
    const bool told = since && of.position <= since->position && of.marked < since->position &&
                      of.set <= since->position;
    if (failed || told || (!since && made.row.own.hidden)) return failed;
    made.last = counted_before(of.view, next(of.view.head), failed);
    if (!failed) made.row.at = time_of(of, what.user, made.last, failed);
    if (!after || after->precedes(made.row)) found.push_back(std::move(made));
    return failed;
  });
  if (code) return failed(code);

  if (since) {
    query gone{run_.gone_rooms, what.user.view(), clamp(since->position)};
    while (gone.next()) {
      const auto room = room_id::trusted(std::string{gone.text(0)});
      if (!is_allowed(what.allowed, room)) continue;
      auto& row = page.rows.emplace_back();
      row.room = room;
      row.gone = reason_of_end(static_cast<member_state>(gone.integer(1)));
    }
    if (gone.code()) return failed(gone.code());
    for (auto& room : lapsed) {
      auto& row = page.rows.emplace_back();
      row.room = room_id::trusted(std::move(room));
      row.gone = "lapsed";
    }
    // More has changed than a window holds: it is told anew.
    if (page.rows.size() + found.size() > limits::inbox_page_count_max) {
      auto anew = what;
      anew.since.clear();
      auto whole = inbox(anew);
      if (whole) whole->reset = true;
      return whole;
    }
  }
  std::ranges::sort(found, inbox_cursor::before, &candidate::row);
  for (auto& one : found) {
    if (!since && page.rows.size() >= what.count) {
      page.next = inbox_cursor{page.rows.back().at, page.rows.back().room}.text();
      break;
    }
    code = show_last(one.of, what.user, one.last, one.row);
    if (code) return failed(code);
    page.rows.push_back(std::move(one.row));
  }
  return page;
}

result<message::inbox_row> sqlite_reader::inbox_row(const user_id& user, const room_id& room,
                                                    unix_ms now) {
  if (const auto why = open()) return *why;
  const auto pending = markers_.of(user);
  const snapshot snap{*this};
  message::inbox_row shown;
  shown.room = room;
  query info{run_.room, room.view()};
  if (!info.next()) {
    if (info.code()) return failed(info.code());
    shown.gone = "deleted";
    return shown;
  }
  own_room of{view_of(info), {}, {}};
  {
    query own{run_.member, of.view.number, user.view()};
    if (own.next()) of.row = member_of(own, 0);
    if (own.code()) return failed(own.code());
  }
  const bool belongs = rooms::belongs(of.view, of.row, user);
  if (!belongs && !of.row.is_invited(now)) {
    query end{run_.gone_room, user.view(), of.view.number};
    const bool ended = end.next();
    if (end.code()) return failed(end.code());
    if (of.row.state == member_state::invited)
      shown.gone = "lapsed";
    else
      shown.gone = reason_of_end(ended ? static_cast<member_state>(end.integer(0))
                                       : member_state::none);
    return shown;
  }
  int code = SQLITE_OK;
  shown = row_of_inbox(of.view, of.row, user);
  if (belongs) {
    room_counts counts{of.view.head, marker_in(of.view, of.row, user, pending, code), 0, 0};
    if (!code) code = count(of.view, user, counts);
    shown.read = counts.read;
    shown.unread = counts.unread;
    shown.mentions = counts.mentions;
    if (!code) shown.own = rooms::in_force(own_in(room, user, code), of.view.counted, now);
  }
  const auto last = code ? seq_no{} : counted_before(of.view, next(of.view.head), code);
  if (!code) shown.at = time_of(of, user, last, code);
  if (!code) code = show_last(of, user, last, shown);
  if (code) return failed(code);
  return shown;
}

}  // namespace confab::journal::sqlite
