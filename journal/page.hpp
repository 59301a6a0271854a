#pragma once

#include "journal/journal.hpp"
#include "rooms/key_window.hpp"
#include "rooms/view.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

/// What the readers of all journals share.
namespace confab::journal {

/// Collects entries of a room until a page is full: `count` of them or `bytes` on the wire, at least
/// one. The room must outlive it.
class entry_page {
 public:
  entry_page(const room_id& room, std::size_t count, std::size_t bytes)
      : room_(room), count_(count), bytes_(bytes) {}
  /// False: it does not fit any more.
  bool add(log_entry entry);
  std::vector<log_entry> take() && { return std::move(entries_); }

 private:
  const room_id& room_;
  std::size_t count_, bytes_;
  std::size_t used_ = 0;
  std::vector<log_entry> entries_;
};

enum class reading : std::uint8_t { forward, backward };

/// The messages that `reader::messages` is asked for: those with `above < seq < below`, read in
/// one direction. With both `before` and `after`, forward from `after`.
struct message_range {
  reading direction;
  seq_no above;
  seq_no below;
  static message_range of(std::optional<seq_no> before, std::optional<seq_no> after, seq_no head);
};

/// Collects messages of a room in the direction of reading. The room must outlive it.
class message_page_builder {
 public:
  message_page_builder(const room_id& room, reading direction, std::size_t count,
                       std::size_t bytes)
      : room_(room), direction_(direction), count_(count), bytes_(bytes) {}
  /// Whether the page is at its `count`. One message more means there are further ones.
  bool full() const noexcept { return page_.messages.size() >= count_; }
  /// False: it does not fit any more.
  bool add(message::present_message message);
  void has_more() noexcept { page_.more = true; }
  message_page take(seq_no head) &&;

 private:
  const room_id& room_;
  reading direction_;
  std::size_t count_, bytes_;
  std::size_t used_ = 0;
  message_page page_;
};

/// Of a room that is read from its end: the latest `count` messages of each of some users, from
/// `since` on, among the latest `looked_at_max`.
class latest_of {
 public:
  static constexpr std::size_t looked_at_max = 100'000;

  /// `users` must outlive this.
  latest_of(std::span<const user_id> users, unix_ms since, std::size_t count);
  /// Nothing further back is wanted.
  bool complete() const noexcept { return left_.empty() || looked_at_ >= looked_at_max; }
  /// Whether the next message is one of those.
  bool take(std::string_view from, unix_ms at);

 private:
  std::unordered_map<std::string_view, std::size_t> left_;  // to find, of each user
  unix_ms since_;
  std::size_t looked_at_ = 0;
};

/// As a row of the inbox shows it.
message::inbox_last shown_last(const message::present_message& message);
/// Of a room that is one's own, but for what is unread and its last message.
message::inbox_row row_of_inbox(const rooms::room_view& room, const rooms::member_row& row,
                                const user_id& user);
/// From where on it shows messages of the room; none: whoever is invited sees none.
std::optional<seq_no> shown_from(const rooms::room_view& room, const rooms::member_row& row,
                                 const user_id& user);
/// Direct rooms are always the user's own.
inline bool is_allowed(const room_filter& allowed, const room_id& room) {
  return is_direct(room) || allowed.admits(room);
}
/// Why a room is no more one's own.
std::string_view reason_of_end(member_state how) noexcept;

/// Where a window of the inbox goes on: behind this row. Rows are in order of `before`.
struct inbox_cursor {
  unix_ms at;
  room_id room;
  static std::optional<inbox_cursor> parse(std::string_view text);
  std::string text() const;
  static bool before(const message::inbox_row& a, const message::inbox_row& b) noexcept;
  bool precedes(const message::inbox_row& row) const noexcept;
};

/// A place in the order of one journal.
struct inbox_place {
  std::string journal;
  std::uint64_t position = 0;
  static std::optional<inbox_place> parse(std::string_view text);
  std::string text() const;
};

/// How far a room is to be trimmed, by its entries from the oldest on. Those alone of which content is
/// left are worth it: `trimmed` itself would else be trimmed for ever.
class trim_place {
 public:
  trim_place(const trim_query& what, const room_settings& of);
  bool keeps_all() const noexcept { return kept_.count() == 0; }
  /// False: this one stays, and all behind it.
  bool take(seq_no seq, unix_ms at, rooms::entry_kind kind);
  const std::optional<seq_no>& upto() const noexcept { return upto_; }

 private:
  unix_ms now_;
  std::chrono::milliseconds kept_;
  std::optional<seq_no> upto_;
};

/// Whether `reader::audited` has it.
bool is_audited(const entry_body& body) noexcept;

void add(message::totals& sum, const room_counts& of, const own_settings& own) noexcept;

/// Room ids with `from <= id < to`.
struct id_range {
  std::string from;
  std::string to;
  friend bool operator==(const id_range&, const id_range&) = default;
};

/// The ids that `filter` admits and that come after `after`: ascending, apart from each other.
std::vector<id_range> ranges_of(const room_filter& filter, const std::optional<room_id>& after);

}  // namespace confab::journal
