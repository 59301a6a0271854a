#include "journal/sqlite_rows.hpp"

#include <algorithm>
#include <memory>

namespace confab::journal::sqlite {
namespace {

struct to_columns {
  body_columns operator()(const posted& body) const {
    body_columns columns;
    columns.kind = body.where.thread ? entry_kind::replied : entry_kind::posted;
    put(columns, body.what);
    if (body.where.thread) columns.thread = body.where.thread->value();
    if (body.where.reply_to) columns.reply_to = body.where.reply_to->value();
    const int flags = (body.where.quiet ? 1 : 0) | (body.unchecked ? 2 : 0);
    if (flags != 0) columns.flags = flags;
    if (!body.where.event.empty()) columns.event = body.where.event;
    return columns;
  }
  body_columns operator()(const edited& body) const {
    auto columns = with(entry_kind::edited, body.target);
    put(columns, body.what);
    if (body.unchecked) columns.flags = 2;
    return columns;
  }
  body_columns operator()(const deleted& body) const {
    auto columns = with(entry_kind::deleted, body.target);
    if (!body.reason.empty()) columns.text = body.reason;
    return columns;
  }
  body_columns operator()(const reacted& body) const {
    auto columns = with(body.on ? entry_kind::reacted : entry_kind::unreacted, body.target);
    columns.text = body.emoji;
    return columns;
  }
  body_columns operator()(const pinned& body) const {
    return with(body.on ? entry_kind::pinned : entry_kind::unpinned, body.target);
  }
  body_columns operator()(const recorded& body) const {
    auto columns = with(entry_kind::recorded, std::nullopt);
    columns.text = body.type;
    columns.data = body.data.value();
    return columns;
  }
  body_columns operator()(const member_set& body) const {
    auto columns = with(entry_kind::member_set, std::nullopt);
    columns.users = joined_by_spaces(body.users);
    columns.data = to_json(body);
    if (!body.reason.empty()) columns.text = body.reason;
    return columns;
  }
  body_columns operator()(const room_set& body) const {
    auto columns = with(entry_kind::room_set, std::nullopt);
    columns.data = to_json(body.change);
    return columns;
  }
  body_columns operator()(const erased& body) const {
    auto columns = with(entry_kind::erased, std::nullopt);
    columns.users = body.user.value();
    columns.text = body.as.value();
    return columns;
  }
  body_columns operator()(const trimmed& body) const {
    return with(entry_kind::trimmed, body.upto);
  }
  body_columns operator()(const user_set& body) const {
    auto columns = with(entry_kind::user_set, std::nullopt);
    columns.users = body.user.value();
    columns.text = body.name;
    if (body.data) columns.data = body.data->value();
    const int flags = (body.guest ? 1 : 0) | (body.by_api ? 2 : 0) | (body.first ? 4 : 0);
    if (flags != 0) columns.flags = flags;
    return columns;
  }

  static body_columns with(entry_kind kind, std::optional<seq_no> target) {
    body_columns columns;
    columns.kind = kind;
    if (target) columns.target = target->value();
    return columns;
  }
  static void put(body_columns& columns, const content& what) {
    if (!what.text.empty()) columns.text = what.text;
    if (what.data) columns.data = what.data->value();
    if (what.attachments) columns.attachments = what.attachments->value();
    if (what.mentions.empty()) return;
    columns.users = joined_by_spaces(what.mentions.users);
    if (what.mentions.room) columns.users->append(columns.users->empty() ? "" : " ").append(all);
  }
  static std::string joined_by_spaces(const std::vector<user_id>& users) {
    std::string text;
    for (const auto& user : users) text.append(text.empty() ? "" : " ").append(user.view());
    return text;
  }
  static constexpr std::string_view all = "@room";
};

seq_no seq_at(const query& row, int column) {
  return seq_no{static_cast<std::uint64_t>(row.integer(column))};
}

std::optional<seq_no> seq_or_none(const query& row, int column) {
  if (row.is_null(column)) return std::nullopt;
  return seq_at(row, column);
}

std::optional<entry_body> body_of(const query& row) {
  const auto target = seq_at(row, 5);
  const auto text = [&] { return std::string{row.text(10)}; };
  const auto flag = [&](int bit) { return (row.integer(8) & bit) != 0; };
  switch (static_cast<entry_kind>(row.integer(4))) {
    case entry_kind::posted:
    case entry_kind::replied:
      return posted{content_of(row, 10), placement_of(row, 6), flag(2)};
    case entry_kind::edited:
      return edited{target, content_of(row, 10), flag(2)};
    case entry_kind::deleted:
      return deleted{target, text()};
    case entry_kind::reacted:
      return reacted{target, text(), true};
    case entry_kind::unreacted:
      return reacted{target, text(), false};
    case entry_kind::pinned:
      return pinned{target, true};
    case entry_kind::unpinned:
      return pinned{target, false};
    case entry_kind::erased:
      return erased{user_id::trusted(std::string{row.text(12)}), user_id::trusted(text())};
    case entry_kind::trimmed:
      return trimmed{target};
    case entry_kind::recorded:
      return recorded{text(), free_data{std::string{row.text(11)}}};
    case entry_kind::member_set: {
      member_set change;
      change.users = mentions_of(row.text(12)).users;
      change.reason = text();
      read_json_into(change, row.text(11));
      return change;
    }
    case entry_kind::room_set:
      return room_set{settings_from_json(row.text(11))};
    case entry_kind::user_set: {
      user_set profile{user_id::trusted(std::string{row.text(12)}), text(), {},
                       flag(1), flag(2), flag(4)};
      if (!row.is_null(11)) profile.data = free_data{std::string{row.text(11)}};
      return profile;
    }
  }
  return std::nullopt;
}

}  // namespace

mention_list mentions_of(std::string_view text) {
  mention_list found;
  while (!text.empty()) {
    const auto end = std::min(text.find(' '), text.size());
    const auto word = text.substr(0, end);
    if (word == to_columns::all)
      found.room = true;
    else
      found.users.push_back(user_id::trusted(std::string{word}));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return found;
}

content content_of(const query& row, int column) {
  content what;
  what.text = row.text(column);
  if (!row.is_null(column + 1)) what.data = free_data{std::string{row.text(column + 1)}};
  what.mentions = mentions_of(row.text(column + 2));
  if (!row.is_null(column + 3))
    what.attachments = attachment_list{std::string{row.text(column + 3)}};
  return what;
}

placement placement_of(const query& row, int column) {
  return {seq_or_none(row, column + 1), seq_or_none(row, column), (row.integer(column + 2) & 1) != 0,
          std::string{row.text(column + 3)}};
}

body_columns columns_of(const entry_body& body) { return std::visit(to_columns{}, body); }

std::optional<log_entry> entry_of(const query& row) {
  auto body = body_of(row);
  if (!body) return std::nullopt;
  return log_entry{seq_at(row, 0), unix_ms{row.integer(1)},
                   user_id::trusted(std::string{row.text(2)}), std::string{row.text(3)},
                   std::move(*body), std::string{row.text(14)}};
}

room_info room_of(const query& row) {
  room_info info;
  info.room = room_id::trusted(std::string{row.text(1)});
  info.epoch = epoch_id{std::string{row.text(3)}};
  info.head = seq_at(row, 8);
  info.last_at = unix_ms{row.integer(row.is_null(8) ? 7 : 9)};
  info.floor = seq_at(row, 6);
  if (!row.is_null(4))
    info.direct = {user_id::trusted(std::string{row.text(4)}),
                   user_id::trusted(std::string{row.text(5)})};
  if (!row.is_null(11))
    info.settings = std::make_shared<const room_settings>(settings_from_json(row.text(11)));
  info.members = static_cast<std::uint32_t>(row.integer(12));
  info.rows = static_cast<std::uint32_t>(row.integer(14));
  return info;
}

rooms::room_view view_of(const query& row) {
  auto info = room_of(row);
  rooms::room_view view;
  view.number = row.integer(0);
  view.room = std::move(info.room);
  view.direct = std::move(info.direct);
  view.head = info.head;
  view.floor = info.floor;
  view.last_at = info.last_at;
  view.counted = static_cast<std::uint64_t>(row.integer(10));
  view.set = std::move(info.settings);
  view.members = info.members;
  view.owners = static_cast<std::uint32_t>(row.integer(13));
  view.rows = info.rows;
  return view;
}

}  // namespace confab::journal::sqlite
