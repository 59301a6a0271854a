#include "journal/sqlite_people.hpp"

#include "protocol/overloaded.hpp"
#include "rooms/operation.hpp"

#include <algorithm>
#include <array>
#include <variant>

namespace confab::journal::sqlite {

rooms::member_row member_of(const query& row, int column) {
  rooms::member_row found;
  found.state = static_cast<member_state>(row.integer(column));
  found.as = static_cast<role>(row.integer(column + 1));
  found.since = seq_no{static_cast<std::uint64_t>(row.integer(column + 2))};
  if (!row.is_null(column + 3)) found.until = unix_ms{row.integer(column + 3)};
  found.mute_until = unix_ms{row.integer(column + 4)};
  if (!row.is_null(column + 5)) found.by = user_id::trusted(std::string{row.text(column + 5)});
  found.reason = row.text(column + 6);
  return found;
}

user_set profile_of(const query& row) {
  user_set found{user_id::trusted(std::string{row.text(0)}), std::string{row.text(1)}, {},
                 row.integer(3) != 0, row.integer(4) != 0};
  if (!row.is_null(2)) found.data = free_data{std::string{row.text(2)}};
  return found;
}

int people::prepare(const connection& database) {
  const std::string member = "select " + std::string{member_columns} +
                             " from members where room = ?1 and user = ?2";
  const std::string profile =
      "select " + std::string{profile_columns} + ", at, seq from users where user = ?1";
  const auto recall_speakers =
      "insert or ignore into last_messages (room, user, at) select ?1, sender, max(at) from ("
      "select sender, at, seq from log where room = ?1 and seq < ?2 and kind = 0 union all "
      "select sender, at, seq from log where room = ?1 and seq < ?2 and kind = 6 "
      "order by 3 desc limit " + std::to_string(limits::slow_mode_messages_max) +
      ") where at > ?3 group by sender";
  const std::pair<statement&, std::string_view> all[] = {
      {run_.member, member},
      {run_.keep_member,
       "insert or replace into members (room, user, state, role, since, until, mute_until, "
       "invited_by, reason) values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"},
      {run_.drop_member, "delete from members where room = ?1 and user = ?2"},
      {run_.profile, profile},
      {run_.keep_profile,
       "insert or replace into users (user, name, data, guest, by_api, at, seq) "
       "values (?1, ?2, ?3, ?4, ?5, ?6, ?7)"},
      {run_.forget_last_name,
       "update log set text = null, data = null where room = 0 and kind <> 0 and seq = "
       "(select seq from users where user = ?1 and guest = 1 and by_api = 0)"},
      {run_.drop_profile, "delete from users where user = ?1"},
      {run_.memberships,
       "select count(*) from (select 1 from members indexed by members_user "
       "where user = ?1 and state in (1, 2) "
       "and (state = 2 or until is null or until > ?3) limit ?2)"},
      {run_.blocked,
       "select 1 from marks where user = ?1 and kind = ?2 and subject = ?3 and value = 1"},
      {run_.heir,
       "select user from members indexed by members_rank "
       "where room = ?1 and state = 2 and role = ?2 order by since, user"},
      {run_.last_message, "select at from last_messages where room = ?1 and user = ?2"},
      {run_.spoke,
       "insert or replace into last_messages (room, user, at) values (?1, ?2, ?3)"},
      {run_.recall_speakers, recall_speakers},
      {run_.forget_speakers, "delete from last_messages where room = ?1"},
      {run_.left,
       "insert or replace into gone_rooms (user, room, state, position) values (?1, ?2, ?3, ?4)"},
      {run_.own, "select value, text from marks where user = ?1 and kind = 2 and subject = ?2"},
      // In a replay what was set since is there already.
      {run_.drop_own,
       "delete from marks where user = ?1 and kind = 2 and position < ?3 and "
       "subject = (select room from rooms where id = ?2)"},
      {run_.came_back, "delete from gone_rooms where user = ?1 and room = ?2"},
      {run_.keep_room,
       "update rooms set settings = ?2, members = ?3, owners = ?4, kept = ?5, unlisted = ?6 "
       "where id = ?1"},
  };
  for (const auto& [prepared, sql] : all)
    if (const int code = prepared.prepare(database, sql)) return code;
  return SQLITE_OK;
}

rooms::member_row people::member(std::int64_t room, const user_id& user, int& code) {
  member_name name{room, user};
  if (const auto* known = members_.find(name)) return *known;
  rooms::member_row found;
  query row{run_.member, room, user.view()};
  if (row.next()) found = member_of(row, 0);
  if (row.code()) return code = row.code(), found;
  return *members_.put(std::move(name), std::move(found));
}

std::optional<rooms::known_profile> people::profile(const user_id& user, int& code) {
  if (const auto* known = profiles_.find(user)) return *known;
  std::optional<rooms::known_profile> found;
  query row{run_.profile, user.view()};
  if (row.next()) found = {profile_of(row), unix_ms{row.integer(profile_columns_count)},
                              seq_no{static_cast<std::uint64_t>(row.integer(profile_columns_count + 1))}};
  if (row.code()) return code = row.code(), found;
  return *profiles_.put(user, std::move(found));
}

std::size_t people::memberships(const user_id& user, unix_ms at, std::size_t limit,
                                int& code) {
  query row{run_.memberships, user.view(), limit, at.value()};
  const auto count = row.next() ? row.integer(0) : 0;
  if (row.code()) code = row.code();
  return static_cast<std::size_t>(count);
}

bool people::has_blocked(const user_id& blocker, const user_id& blocked, int& code) {
  query row{run_.blocked, blocker.view(), static_cast<std::int64_t>(rooms::mark::kind::block),
            blocked.view()};
  const bool found = row.next();
  if (row.code()) code = row.code();
  return found;
}

std::optional<user_id> people::successor(std::int64_t room, std::span<const user_id> without,
                                         int& code) {
  for (const auto rank : std::array{role::moderator, role::member, role::reader}) {
    query row{run_.heir, room, static_cast<std::int64_t>(rank)};
    while (row.next()) {
      auto user = user_id::trusted(std::string{row.text(0)});
      if (std::ranges::find(without, user) == without.end()) return user;
    }
    if (row.code()) return code = row.code(), std::nullopt;
  }
  return std::nullopt;
}

rooms::kept_own people::own(const room_id& room, const user_id& user, int& code) {
  query row{run_.own, user.view(), room.view()};
  rooms::kept_own found;
  if (row.next()) found = rooms::own_of(row.integer(0), row.text(1));
  if (row.code()) code = row.code();
  return found;
}

std::optional<unix_ms> people::last_message(std::int64_t room, const user_id& user, int& code) {
  query row{run_.last_message, room, user.view()};
  std::optional<unix_ms> at;
  if (row.next()) at = unix_ms{row.integer(0)};
  if (row.code()) code = row.code();
  return at;
}

/// Only while slow mode is on: elsewhere a message writes no row here. Where it is turned on, who
/// spoke within its time is looked up once.
int people::watch_pace(const rooms::room_view& room, const log_entry& entry) {
  const auto slow = room.settings().slow_mode().count();
  if (std::holds_alternative<posted>(entry.body))
    return slow == 0 ? SQLITE_OK
                     : query{run_.spoke, room.number, entry.from.view(), entry.at.value()}.run();
  const auto* set = std::get_if<room_set>(&entry.body);
  if (!set || !set->change.slow) return SQLITE_OK;
  if (slow == 0) return query{run_.forget_speakers, room.number}.run();
  return query{run_.recall_speakers, room.number, entry.seq.value(), entry.at.value() - slow}.run();
}

/// Whom a list of rooms is to tell that one is gone from it. Their own settings of it go, too.
int people::note_end(std::int64_t room, const user_id& user, bool was_there, bool is_there,
                     member_state how, std::uint64_t position) {
  if (was_there == is_there) return SQLITE_OK;
  if (is_there) return query{run_.came_back, user.view(), room}.run();
  if (const int code = query{run_.drop_own, user.view(), room, position}.run()) return code;
  return query{run_.left, user.view(), room, static_cast<std::int64_t>(how), position}.run();
}

int people::take(std::int64_t room, const log_entry& entry, const member_set& change,
                 std::uint64_t position) {
  for (const auto& user : change.users) {
    int code = SQLITE_OK;
    auto row = member(room, user, code);
    if (code) return code;
    const bool was_there = row.is_row_of_inbox();
    row = rooms::apply(std::move(row), entry);
    code = write(room, user, row);
    if (!code)
      code = note_end(room, user, was_there, row.is_row_of_inbox(),
                      change.state.value_or(member_state::none), position);
    if (code) return code;
    members_.put({room, user}, std::move(row));
  }
  return SQLITE_OK;
}

int people::project(const rooms::room_view& view, const log_entry& entry, std::uint64_t position) {
  const auto room = view.number;
  if (const int code = watch_pace(view, entry)) return code;
  return std::visit(
      overloaded{
          [&](const member_set& change) { return take(room, entry, change, position); },
          [&](const erased& gone) {
            for (const auto& user : {gone.user, gone.as}) {
              auto row = rooms::apply(rooms::member_row{}, entry, view.direct && user == gone.user);
              if (const int code = write(room, user, row)) return code;
              members_.put({room, user}, std::move(row));
              if (room == 0) profiles_.put(user, std::nullopt);
            }
            return SQLITE_OK;
          },
          [&](const user_set& profile) {
            if (const int code = query{run_.forget_last_name, profile.user.view()}.run())
              return code;
            // In a replay, of a guest whose name has been forgotten since.
            if (profile.guest && profile.name.empty()) {
              profiles_.put(profile.user, std::nullopt);
              return query{run_.drop_profile, profile.user.view()}.run();
            }
            std::optional<std::string_view> data;
            if (profile.data) data = profile.data->value();
            profiles_.put(profile.user, rooms::known_profile{profile, entry.at, entry.seq});
            return query{run_.keep_profile, profile.user.view(), std::string_view{profile.name},
                         data, profile.guest, profile.by_api, entry.at.value(),
                         entry.seq.value()}
                .run();
          },
          [](const posted&) { return SQLITE_OK; },
          [](const edited&) { return SQLITE_OK; },
          [](const deleted&) { return SQLITE_OK; },
          [](const reacted&) { return SQLITE_OK; },
          [](const recorded&) { return SQLITE_OK; },
          [](const room_set&) { return SQLITE_OK; },
          [](const pinned&) { return SQLITE_OK; },
          [](const trimmed&) { return SQLITE_OK; },
      },
      entry.body);
}

int people::write(std::int64_t room, const user_id& user, const rooms::member_row& row) {
  if (!row.is_kept()) return query{run_.drop_member, room, user.view()}.run();
  std::optional<std::int64_t> until;
  if (row.until) until = row.until->value();
  std::optional<std::string_view> by, reason;
  if (row.by) by = row.by->view();
  if (!row.reason.empty()) reason = row.reason;
  return query{run_.keep_member,
               room,
               user.view(),
               static_cast<std::int64_t>(row.state),
               static_cast<std::int64_t>(row.as),
               row.since.value(),
               until,
               row.mute_until.value(),
               by,
               reason}
      .run();
}

int people::keep(const rooms::room_view& view) {
  std::optional<std::string> settings;
  if (view.set) settings = to_json(*view.set);
  return query{run_.keep_room, view.number,  settings, view.members, view.owners,
               view.rows,      view.settings().is_private()}
      .run();
}

void people::forget() noexcept {
  members_.clear();
  profiles_.clear();
}

}  // namespace confab::journal::sqlite
