#pragma once

#include "journal/journal.hpp"
#include "journal/sqlite_statement.hpp"

#include <optional>
#include <string_view>

/// How rooms and entries are laid out in rows.
namespace confab::journal::sqlite {

/// `log.kind`. Stored: numbers are never reused.
enum class row_kind : std::int64_t {
  posted = 0,
  edited = 1,
  deleted = 2,
  reacted = 3,
  unreacted = 4
};

/// The columns that depend on the kind of entry. Views into the body.
struct body_columns {
  row_kind kind;
  std::optional<seq_no::rep> target;
  std::optional<std::string_view> text;  // of `reacted` and `unreacted`: the emoji
  std::optional<std::string_view> data;
};
body_columns columns_of(const entry_body& body) noexcept;

/// What a query for entries selects.
inline constexpr std::string_view entry_columns = "seq, at, sender, key, kind, target, text, data";
/// None: a kind this version does not know, which only damage can bring about.
std::optional<log_entry> entry_of(const query& row);

/// What a query for rooms selects: with the room's last entry, null while it is empty.
inline constexpr std::string_view room_columns =
    "r.id, r.room, r.title, r.epoch, r.direct_a, r.direct_b, r.floor, r.created_at, l.seq, l.at "
    "from rooms r left join log l "
    "on l.room = r.id and l.seq = (select max(seq) from log where room = r.id)";
inline constexpr int room_number_column = 0;
room_info room_of(const query& row);

}  // namespace confab::journal::sqlite
