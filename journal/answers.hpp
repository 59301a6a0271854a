#pragma once

#include "protocol/entry.hpp"
#include "protocol/ids.hpp"
#include "protocol/messages.hpp"
#include "rooms/member_row.hpp"
#include "rooms/operation.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// What readers of a journal are asked, and answer.
namespace confab::journal {

/// Messages in their present form, ascending.
struct message_page {
  std::vector<message::present_message> messages;
  bool more = false;  // there are further messages in the direction of reading
  seq_no head;        // of the room when they were read: entries up to here are in them
};

/// Those who react to one message with one emoji, in order of reacting.
struct reaction_page {
  std::vector<user_id> users;
  std::uint64_t count = 0;  // of all
  std::optional<seq_no> next;  // where to go on; none at the end
};

/// What a room keeps of one user.
struct member_found {
  rooms::member_row row;
  seq_no head;  // of the room when it was read
  seq_no read;  // the user's marker, where the room has one of them
  bool receipts = true;  // of their own settings
};

/// What a member has not read of a room (SEMANTICS §6).
struct room_counts {
  seq_no head;
  seq_no read;               // the marker
  std::uint64_t unread = 0;  // exact
  std::uint64_t mentions = 0;
  friend bool operator==(const room_counts&, const room_counts&) = default;
};
struct listed_member {
  user_id user;
  rooms::member_row row;
};
struct member_page {
  std::vector<listed_member> members;  // in order of id
  bool more = false;
  seq_no head;
};

struct pinned_message {
  user_id by;
  unix_ms at;
  message::present_message message;
};
/// In order of pinning.
struct pin_page {
  std::vector<pinned_message> pins;
  std::optional<seq_no> next;  // where to go on; none at the end
};

/// A message that addresses a user.
struct noted_message {
  room_id room;
  std::uint8_t why = 0;  // see rooms::reasons
  bool read = false;
  message::present_message message;
};
/// Latest first.
struct notes_page {
  std::vector<noted_message> list;
  std::optional<std::uint64_t> next;  // where to go on; none at the end
};

/// Whom a message addresses: there is a note of it.
struct addressed_user {
  user_id user;
  seq_no place;           // of the message, or of the edit that named the user
  std::uint8_t why = 0;   // see rooms::reasons
  friend bool operator==(const addressed_user&, const addressed_user&) = default;
};

/// In the order in which markers were stored.
struct marker_place {
  std::uint64_t position = 0;  // of the group of marks
  user_id user{};
  room_id room{};
  friend bool operator==(const marker_place&, const marker_place&) = default;
};
struct moved_marker {
  user_id user;
  room_id room;
  seq_no read;
  friend bool operator==(const moved_marker&, const moved_marker&) = default;
};
struct marker_page {
  std::vector<moved_marker> moved;
  marker_place upto;    // where to go on
  bool at_end = false;
};

/// Which rooms to list: exact ids and prefixes that end in `*`. Empty: all.
struct room_filter {
  std::vector<std::string> patterns;
  user_id asker{};          // sees the private rooms in which he is a member or invited,
  bool hidden_too = false;  // or all of them
  bool admits(const room_id& room) const noexcept;
};

struct inbox_query {
  user_id user;
  std::string since;   // `as_of` of an earlier answer: what has changed; empty: a window,
  std::string after;   // behind the `next` of the window before
  std::size_t count = 0;
  unix_ms now;  // invitations lapse
  room_filter allowed = {};  // no others are told of, but direct ones
};
/// The rooms of a user, latest first.
struct inbox_page {
  std::string as_of;
  std::uint64_t position = 0;  // what `as_of` says
  bool reset = false;  // `since` could not be served: the first window
  std::vector<message::inbox_row> rows;
  std::string next;  // empty at the end
  message::totals sum;
  struct counted {
    room_id room;
    seq_no head;
    seq_no read;
    std::uint64_t unread;
    std::uint64_t mentions;
    own_settings own;  // in force
  };
  std::vector<counted> all;  // every room of the user, where a watch is to begin
};

/// As a row of the inbox shows a message that nothing has changed yet.
message::inbox_last shown_last(const log_entry& message);

/// What is older than its room keeps it.
struct trim_query {
  std::optional<room_id> after;
  unix_ms now;
  std::chrono::milliseconds retention{0};  // where a room sets none; 0: for ever
  std::size_t count = 0;                   // of rooms that are looked at
};
struct trim_page {
  std::vector<std::pair<room_id, seq_no>> rooms;  // and up to where each is to be trimmed
  std::optional<room_id> next;                    // where to go on; none at the end
};

/// Where a user is named in the logs.
struct trace_page {
  struct trace {
    room_id room;
    seq_no seq;
    bool speaks = false;  // a message of theirs that is not deleted
    std::uint64_t position = 0;
  };
  std::vector<trace> found;
  std::uint64_t upto = 0;  // the position up to which was looked
  bool at_end = false;
};

/// The roots of threads, last replied to first.
struct thread_page {
  std::vector<message::present_message> roots;
  std::optional<seq_no> next;  // where to go on; none at the end
};

/// An entry of any room, with its place in the order of the whole journal.
struct feed_item {
  std::uint64_t position;
  room_id room;
  log_entry entry;
  friend bool operator==(const feed_item&, const feed_item&) = default;
};

/// A mark with the position of the group that changed it last.
struct stored_mark {
  rooms::mark what;
  std::uint64_t position;
  friend bool operator==(const stored_mark&, const stored_mark&) = default;
};

}  // namespace confab::journal
