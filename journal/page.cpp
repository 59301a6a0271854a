#include "journal/page.hpp"

#include "protocol/codec.hpp"
#include "protocol/limits.hpp"
#include "protocol/wire_size.hpp"
#include "rooms/rights.hpp"
#include "rooms/sequencer.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace confab::journal {
namespace {

/// The smallest text that is greater than `text`.
std::string successor(std::string_view text) { return std::string{text}.append(1, '\0'); }

/// Greater than every id: they begin with a letter or a digit.
const std::string beyond_ids = "\x7f";

id_range range_of(std::string_view pattern) {
  if (!pattern.ends_with('*')) return {std::string{pattern}, successor(pattern)};
  pattern.remove_suffix(1);
  std::string to{pattern};
  while (!to.empty() && static_cast<unsigned char>(to.back()) == 0xff) to.pop_back();
  if (to.empty()) return {std::string{pattern}, beyond_ids};
  to.back() = static_cast<char>(static_cast<unsigned char>(to.back()) + 1);
  return {std::string{pattern}, to};
}

message::inbox_last shown(const auto& message, const content& what) {
  return {message.seq, message.at, message.from,
          std::string{beginning_of(what.text, limits::inbox_text_bytes_max)},
          what.attachments ? count_of(*what.attachments) : 0};
}

}  // namespace

bool entry_page::add(log_entry entry) {
  const auto cost = wire_size(room_, entry);
  if (entries_.size() >= count_ || (!entries_.empty() && used_ + cost > bytes_)) return false;
  used_ += cost;
  entries_.push_back(std::move(entry));
  return true;
}

message_range message_range::of(std::optional<seq_no> before, std::optional<seq_no> after,
                                seq_no head) {
  const auto end = next(head);
  return {after ? reading::forward : reading::backward, after.value_or(seq_no{}),
          before ? std::min(*before, end) : end};
}

latest_of::latest_of(std::span<const user_id> users, unix_ms since, std::size_t count)
    : since_(since) {
  if (count == 0) return;
  for (const auto& user : users) left_.emplace(user.view(), count);
}

bool latest_of::take(std::string_view from, unix_ms at) {
  ++looked_at_;
  // The clock may have been set back by up to a minute without a trace in the log.
  if (at.value() < since_.value() - rooms::clock_step_back_min.count()) left_.clear();
  const auto own = left_.find(from);
  if (own == left_.end() || at < since_) return false;
  if (--own->second == 0) left_.erase(own);
  return true;
}

message::inbox_last shown_last(const message::present_message& message) {
  return shown(message, message.what);
}
message::inbox_last shown_last(const log_entry& message) {
  return shown(message, std::get<posted>(message.body).what);
}

message::inbox_row row_of_inbox(const rooms::room_view& room, const rooms::member_row& row,
                                const user_id& user) {
  message::inbox_row shown;
  shown.room = room.room;
  shown.head = room.head;
  if (room.direct) {
    shown.with = room.direct->first == user ? room.direct->second : room.direct->first;
    return shown;
  }
  shown.title = room.settings().title.value_or(room.room.value());
  shown.state = row.state;
  shown.as = row.as;
  if (row.is_member()) return shown;
  shown.by = row.by;
  shown.until = row.until;
  return shown;
}

std::optional<seq_no> shown_from(const rooms::room_view& room, const rooms::member_row& row,
                                 const user_id& user) {
  if (!rooms::belongs(room, row, user)) return std::nullopt;
  rooms::principal reader;
  reader.user = user;
  return rooms::floor_of(room, reader, row);
}

std::string_view reason_of_end(member_state how) noexcept {
  return how == member_state::none ? name(member_state::left) : name(how);
}

std::optional<inbox_cursor> inbox_cursor::parse(std::string_view text) {
  std::int64_t at = 0;
  const auto* end = text.data() + text.size();
  const auto [read, wrong] = std::from_chars(text.data(), end, at);
  if (wrong != std::errc{} || read == end || *read != '.') return std::nullopt;
  auto room = room_id::make({read + 1, static_cast<std::size_t>(end - read - 1)});
  if (!room) return std::nullopt;
  return inbox_cursor{unix_ms{at}, *std::move(room)};
}
std::string inbox_cursor::text() const { return std::to_string(at.value()) + "." + room.value(); }
bool inbox_cursor::before(const message::inbox_row& a, const message::inbox_row& b) noexcept {
  return a.at != b.at ? a.at > b.at : a.room < b.room;
}
bool inbox_cursor::precedes(const message::inbox_row& row) const noexcept {
  return at != row.at ? at > row.at : room < row.room;
}

std::optional<inbox_place> inbox_place::parse(std::string_view text) {
  const auto dot = text.find('.');
  if (dot == text.npos) return std::nullopt;
  inbox_place found{std::string{text.substr(0, dot)}, 0};
  const auto* end = text.data() + text.size();
  const auto [read, wrong] = std::from_chars(text.data() + dot + 1, end, found.position);
  if (wrong != std::errc{} || read != end) return std::nullopt;
  return found;
}
std::string inbox_place::text() const { return journal + "." + std::to_string(position); }

trim_place::trim_place(const trim_query& what, const room_settings& of)
    : now_(what.now), kept_(of.retention.value_or(what.retention)) {
  if (kept_.count() == 0) kept_ = what.retention;
}
bool trim_place::take(seq_no seq, unix_ms at, rooms::entry_kind kind) {
  using enum rooms::entry_kind;
  if (at.value() > now_.value() - kept_.count()) return false;
  if (kind != member_set && kind != room_set && kind != trimmed) upto_ = seq;
  return true;
}

void add(message::totals& sum, const room_counts& of, const own_settings& own) noexcept {
  if (own.is_silent()) return;
  sum.rooms += of.unread > 0 || of.mentions > 0 || own.marked;
  sum.unread += of.unread;
  sum.mentions += of.mentions;
}

bool message_page_builder::add(message::present_message message) {
  const auto cost = wire_size(room_, message);
  if (full() || (!page_.messages.empty() && used_ + cost > bytes_)) return false;
  used_ += cost;
  page_.messages.push_back(std::move(message));
  return true;
}

message_page message_page_builder::take(seq_no head) && {
  if (direction_ == reading::backward) std::reverse(page_.messages.begin(), page_.messages.end());
  page_.head = head;
  return std::move(page_);
}

std::vector<id_range> ranges_of(const room_filter& filter, const std::optional<room_id>& after) {
  std::vector<id_range> all;
  for (const auto& pattern : filter.patterns) all.push_back(range_of(pattern));
  if (filter.patterns.empty()) all.push_back({"", beyond_ids});
  std::sort(all.begin(), all.end(),
            [](const id_range& a, const id_range& b) { return a.from < b.from; });

  std::vector<id_range> merged;
  const auto start = after ? successor(after->view()) : std::string{};
  for (auto& range : all) {
    if (range.from < start) range.from = start;
    if (range.from >= range.to) continue;
    if (!merged.empty() && range.from <= merged.back().to)
      merged.back().to = std::max(merged.back().to, range.to);
    else
      merged.push_back(std::move(range));
  }
  return merged;
}

/// The same kinds stand in the schema's index `log_audited`.
bool is_audited(const entry_body& body) noexcept {
  switch (rooms::kind_of(body)) {
    case rooms::entry_kind::deleted:
    case rooms::entry_kind::recorded:
    case rooms::entry_kind::member_set:
    case rooms::entry_kind::room_set:
    case rooms::entry_kind::pinned:
    case rooms::entry_kind::unpinned:
    case rooms::entry_kind::trimmed:
    case rooms::entry_kind::erased:
      return true;
    case rooms::entry_kind::posted:
    case rooms::entry_kind::edited:
    case rooms::entry_kind::reacted:
    case rooms::entry_kind::unreacted:
    case rooms::entry_kind::replied:
    case rooms::entry_kind::user_set:
      break;
  }
  return false;
}

}  // namespace confab::journal
