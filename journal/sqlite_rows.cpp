#include "journal/sqlite_rows.hpp"

namespace confab::journal::sqlite {
namespace {

struct to_columns {
  body_columns operator()(const posted& body) const noexcept {
    return with(entry_kind::posted, std::nullopt, body.what);
  }
  body_columns operator()(const edited& body) const noexcept {
    return with(entry_kind::edited, body.target, body.what);
  }
  body_columns operator()(const deleted& body) const noexcept {
    return {entry_kind::deleted, body.target.value(), std::nullopt, std::nullopt};
  }
  body_columns operator()(const reacted& body) const noexcept {
    return {body.on ? entry_kind::reacted : entry_kind::unreacted, body.target.value(), body.emoji,
            std::nullopt};
  }
  body_columns operator()(const recorded& body) const noexcept {
    return {entry_kind::recorded, std::nullopt, body.type, body.data.value()};
  }

  static body_columns with(entry_kind kind, std::optional<seq_no> target,
                           const content& what) noexcept {
    body_columns columns{kind, std::nullopt, std::nullopt, std::nullopt};
    if (target) columns.target = target->value();
    if (!what.text.empty()) columns.text = what.text;
    if (what.data) columns.data = what.data->value();
    return columns;
  }
};

seq_no seq_at(const query& row, int column) {
  return seq_no{static_cast<std::uint64_t>(row.integer(column))};
}

std::optional<entry_body> body_of(const query& row) {
  const auto target = seq_at(row, 5);
  switch (static_cast<entry_kind>(row.integer(4))) {
    case entry_kind::posted:
      return posted{content_of(row, 6)};
    case entry_kind::edited:
      return edited{target, content_of(row, 6)};
    case entry_kind::deleted:
      return deleted{target};
    case entry_kind::reacted:
      return reacted{target, std::string{row.text(6)}, true};
    case entry_kind::unreacted:
      return reacted{target, std::string{row.text(6)}, false};
    case entry_kind::recorded:
      return recorded{std::string{row.text(6)}, free_data{std::string{row.text(7)}}};
  }
  return std::nullopt;
}

}  // namespace

content content_of(const query& row, int column) {
  content what{std::string{row.text(column)}, std::nullopt};
  if (!row.is_null(column + 1)) what.data = free_data{std::string{row.text(column + 1)}};
  return what;
}

body_columns columns_of(const entry_body& body) noexcept { return std::visit(to_columns{}, body); }

std::optional<log_entry> entry_of(const query& row) {
  auto body = body_of(row);
  if (!body) return std::nullopt;
  return log_entry{seq_at(row, 0), unix_ms{row.integer(1)},
                   user_id::trusted(std::string{row.text(2)}), std::string{row.text(3)},
                   std::move(*body)};
}

room_info room_of(const query& row) {
  room_info info{room_id::trusted(std::string{row.text(1)}),
                 std::string{row.text(2)},
                 epoch_id{std::string{row.text(3)}},
                 std::nullopt,
                 seq_at(row, 8),
                 unix_ms{row.integer(row.is_null(8) ? 7 : 9)},
                 seq_at(row, 6)};
  if (!row.is_null(4))
    info.direct = {user_id::trusted(std::string{row.text(4)}),
                   user_id::trusted(std::string{row.text(5)})};
  return info;
}

rooms::room_view view_of(const query& row) {
  const auto info = room_of(row);
  return {row.integer(0), info.room,    info.direct, info.head,
          info.floor,     info.last_at, static_cast<std::uint64_t>(row.integer(10))};
}

}  // namespace confab::journal::sqlite
