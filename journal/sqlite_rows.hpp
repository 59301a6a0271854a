#pragma once

#include "journal/journal.hpp"
#include "journal/sqlite_statement.hpp"
#include "rooms/view.hpp"

#include <optional>
#include <string_view>

/// How rooms and entries are laid out in rows.
namespace confab::journal::sqlite {

using rooms::entry_kind;

/// The columns that depend on the kind of entry.
struct body_columns {
  entry_kind kind;
  std::optional<seq_no::rep> target;
  std::optional<std::string> text;  // of a reaction the emoji, of `recorded` the type, or a reason
  std::optional<std::string> data;
  std::optional<seq_no::rep> thread;
  std::optional<seq_no::rep> reply_to;
  std::optional<std::int64_t> flags;  // 1: of a message quiet, of a user a guest; 2: of what is said
                                      // unchecked, of a user set by the deployment
  std::optional<std::string> event;
  std::optional<std::string> users;
  std::optional<std::string> attachments;
};
body_columns columns_of(const entry_body& body);

/// What a query for entries selects.
inline constexpr std::string_view entry_columns =
    "seq, at, sender, key, kind, target, thread, reply_to, flags, event, text, data, users, "
    "attachments, api_key";
inline constexpr int entry_columns_count = 15;
/// Four columns from `column` on: text, data, users, attachments.
content content_of(const query& row, int column);
/// Of the column `users`.
mention_list mentions_of(std::string_view users);
/// Four columns from `column` on: thread, reply_to, flags, event.
placement placement_of(const query& row, int column);
/// None: a kind this version does not know, which only damage can bring about.
std::optional<log_entry> entry_of(const query& row);

/// What a query for rooms `r` selects, which has to join `last_entry`: with the room's last entry,
/// null while it is empty. Ids are in the order of commits, so the greater of the last message's
/// and the last change's is the last.
inline constexpr std::string_view room_columns =
    "r.id, r.room, r.title, r.epoch, r.direct_a, r.direct_b, r.floor, r.created_at, l.seq, l.at, "
    "l.counted, r.settings, r.members, r.owners, r.kept";
inline constexpr int room_columns_count = 15;
inline constexpr std::string_view last_entry =
    " left join log l on l.id = max("
    "coalesce((select id from log where room = r.id and kind = 0 order by seq desc limit 1), 0), "
    "coalesce((select id from log where room = r.id and kind <> 0 order by seq desc limit 1), 0))";
/// The running number at the entry ?2 of the room ?1, which is in one of two indexes.
inline constexpr std::string_view counted_at =
    "select counted from log where room = ?1 and seq = ?2 and kind = 0 union all "
    "select counted from log where room = ?1 and seq = ?2 and kind <> 0";

/// Raises the read marker of the user ?1 in the room ?2 to ?3, at the position ?4.
inline constexpr std::string_view raise_marker =
    "insert into marks (user, kind, subject, value, text, position) "
    "select ?1, 1, room, ?3, '', ?4 from rooms where id = ?2 on conflict do update "
    "set value = excluded.value, position = excluded.position where excluded.value > value";

/// Up to where the user of the note `n` has read, as far as it is stored.
inline constexpr std::string_view read_of_note =
    "max(coalesce((select value from marks k where k.user = n.user and k.kind = 1 and "
    "k.subject = (select room from rooms where id = n.room)), 0), "
    "coalesce((select since from members m where m.room = n.room and m.user = n.user), 0))";
/// The position up to which read notes have gone; a secret, as what stands in no log and no export.
inline constexpr std::string_view notes_dropped_upto =
    "coalesce((select cast(cast(value as text) as integer) from secrets where name = 'notes'), 0)";

room_info room_of(const query& row);
rooms::room_view view_of(const query& row);

}  // namespace confab::journal::sqlite
