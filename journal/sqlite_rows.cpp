#include "journal/sqlite_rows.hpp"

namespace confab::journal::sqlite {
namespace {

struct to_columns {
  body_columns operator()(const posted& body) const noexcept {
    return with(row_kind::posted, std::nullopt, body.what);
  }
  body_columns operator()(const edited& body) const noexcept {
    return with(row_kind::edited, body.target, body.what);
  }
  body_columns operator()(const deleted& body) const noexcept {
    return {row_kind::deleted, body.target.value(), std::nullopt, std::nullopt};
  }
  body_columns operator()(const reacted& body) const noexcept {
    return {body.on ? row_kind::reacted : row_kind::unreacted, body.target.value(), body.emoji,
            std::nullopt};
  }

  static body_columns with(row_kind kind, std::optional<seq_no> target,
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

content content_of(const query& row) {
  content what{std::string{row.text(6)}, std::nullopt};
  if (!row.is_null(7)) what.data = free_data{std::string{row.text(7)}};
  return what;
}

std::optional<entry_body> body_of(const query& row) {
  const auto target = seq_at(row, 5);
  switch (static_cast<row_kind>(row.integer(4))) {
    case row_kind::posted:
      return posted{content_of(row)};
    case row_kind::edited:
      return edited{target, content_of(row)};
    case row_kind::deleted:
      return deleted{target};
    case row_kind::reacted:
      return reacted{target, std::string{row.text(6)}, true};
    case row_kind::unreacted:
      return reacted{target, std::string{row.text(6)}, false};
  }
  return std::nullopt;
}

}  // namespace

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

}  // namespace confab::journal::sqlite
