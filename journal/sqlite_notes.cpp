#include "journal/sqlite_notes.hpp"

#include "journal/sqlite_rows.hpp"
#include "rooms/rights.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace confab::journal::sqlite {

using rooms::reasons;

namespace {

// Of one transaction: some milliseconds.
constexpr std::size_t users_per_step = 200;
constexpr std::size_t dropped_per_step = 1'000;

}  // namespace

int notes::prepare(const connection& database) {
  const std::pair<statement&, std::string> all[] = {
      {run_.add,
       "insert into notes (user, room, place, message, why, position) "
       "values (?1, ?2, ?3, ?4, ?5, ?6)"},
      {run_.of_message,
       "select user, place, why from notes indexed by notes_message "
       "where room = ?1 and message = ?2"},
      {run_.change, "update notes set why = ?4 where user = ?1 and room = ?2 and place = ?3"},
      {run_.drop, "delete from notes where user = ?1 and room = ?2 and place = ?3"},
      {run_.drop_all, "delete from notes indexed by notes_message where room = ?1 and message = ?2"},
      {run_.drop_of, "delete from notes where user = ?1 and room = ?2"},
      {run_.name_room, "insert into room_mentions (room, seq) values (?1, ?2)"},
      {run_.unname_room, "delete from room_mentions where room = ?1 and seq = ?2"},
      {run_.keep_upto,
       "insert into secrets (name, value) values ('notes', cast(?1 as blob)) on conflict do update "
       "set value = excluded.value where cast(cast(excluded.value as text) as integer) > " +
           std::string{notes_dropped_upto}},
      {run_.next_user, "select user from notes where user > ?1 order by user limit 1"},
      {run_.drop_read,
       "delete from notes where (user, room, place) in (select user, room, place "
       "from notes n indexed by notes_latest where n.user = ?1 and n.position <= ?2 and n.place <= " +
           std::string{read_of_note} + " limit ?3) returning 1"},
      {run_.count_deleted, "insert into deleted_counted (room, seq) values (?1, ?2)"},
  };
  for (const auto& [prepared, sql] : all)
    if (const int code = prepared.prepare(database, sql)) return code;
  return SQLITE_OK;
}

bool notes::is_member(const at& place, const user_id& user, int& code) {
  if (!place.room.direct && place.room.rows == 0) return false;
  return rooms::belongs(place.room, place.who.member(place.room.number, user, code), user);
}

int notes::add(const at& place, const user_id& user, seq_no message, std::uint8_t why) {
  int code = SQLITE_OK;
  if (!is_member(place, user, code)) return code;
  if (noted_) noted_->push_back(user);
  return query{run_.add,        user.view(), place.room.number, place.entry.seq.value(),
               message.value(), why,         place.position}
      .run();
}

int notes::posted(const at& place, const rooms::addressing& of) {
  const auto& body = std::get<confab::posted>(place.entry.body);
  const auto seq = place.entry.seq;
  if (body.what.mentions.room && rooms::counts(place.entry))
    return query{run_.name_room, place.room.number, seq.value()}.run();
  for (const auto& [user, why] : rooms::addressed(place.entry, of))
    if (const int code = add(place, user, seq, why)) return code;
  return SQLITE_OK;
}

int notes::edited(const at& place, const confab::edited& what, const user_id& author,
                  bool named_room) {
  const auto room = place.room.number;
  const auto& mentions = what.what.mentions;
  if (named_room) {
    if (mentions.room) return SQLITE_OK;
    if (const int code = query{run_.unname_room, room, what.target.value()}.run()) return code;
  }
  std::vector<std::tuple<user_id, std::int64_t, std::uint8_t>> there;
  {
    query row{run_.of_message, room, what.target.value()};
    while (row.next())
      there.emplace_back(user_id::trusted(std::string{row.text(0)}), row.integer(1),
                         static_cast<std::uint8_t>(row.integer(2)));
    if (row.code()) return row.code();
  }
  const auto names = [&](const user_id& user) {
    return std::ranges::find(mentions.users, user) != mentions.users.end();
  };
  for (const auto& [user, seq, why] : there) {
    const auto now = static_cast<std::uint8_t>(names(user) ? why | reasons::mention
                                                           : why & ~reasons::mention);
    if (now == why) continue;
    const int code = now == 0 ? query{run_.drop, user.view(), room, seq}.run()
                              : query{run_.change, user.view(), room, seq, now}.run();
    if (code) return code;
  }
  for (const auto& user : mentions.users) {
    const bool noted = std::ranges::any_of(there, [&](const auto& one) { return std::get<0>(one) == user; });
    if (noted || user == author) continue;
    if (const int code = add(place, user, what.target, reasons::mention)) return code;
  }
  return SQLITE_OK;
}

int notes::deleted(std::int64_t room, seq_no message, bool counted) {
  const auto seq = message.value();
  int code = query{run_.drop_all, room, seq}.run();
  if (code || !counted) return code;
  code = query{run_.count_deleted, room, seq}.run();
  return code ? code : query{run_.unname_room, room, seq}.run();
}

int notes::left(std::int64_t room, const user_id& user) {
  return query{run_.drop_of, user.view(), room}.run();
}

/// Of whom too many are read, there may be more.
int notes::drop_read(const user_id& after, std::uint64_t upto, std::optional<user_id>& next) {
  const auto place = std::to_string(clamp(upto));
  if (const int code = query{run_.keep_upto, std::string_view{place}}.run()) return code;
  auto last = after.value();
  std::size_t dropped = 0;
  for (std::size_t i = 0; i < users_per_step; ++i) {
    std::string user;
    {
      query row{run_.next_user, std::string_view{last}};
      if (!row.next()) return next.reset(), row.code();
      user = row.text(0);
    }
    query gone{run_.drop_read, std::string_view{user}, clamp(upto), dropped_per_step - dropped};
    while (gone.next()) ++dropped;
    if (gone.code()) return gone.code();
    if (dropped == dropped_per_step) break;
    last = std::move(user);
  }
  next = user_id::trusted(std::move(last));
  return SQLITE_OK;
}

}  // namespace confab::journal::sqlite
