#pragma once

#include "protocol/entry.hpp"
#include "protocol/ids.hpp"

#include <chrono>
#include <cstdint>
#include <optional>

namespace confab::rooms {

/// Which kind of entry a key stands on, so that its use for another kind is noticed. Stored with
/// the entry: numbers are never reused.
enum class entry_kind : std::int64_t {
  posted = 0,
  edited = 1,
  deleted = 2,
  reacted = 3,
  unreacted = 4,
  recorded = 5,
  replied = 6,  // a message in a thread: apart, so that the main line has an index of its own
  member_set = 7,
  room_set = 8,
  pinned = 9,
  unpinned = 10,
  user_set = 11,
  trimmed = 12,
  erased = 13,
};
entry_kind kind_of(const entry_body& body) noexcept;

/// What is known of a key that was used.
struct key_record {
  std::uint64_t position;  // of its operation's first entry, in the journal
  unix_ms at;
  entry_kind kind;
  std::optional<seq_no> target;
  seq_no first;
  seq_no last;  // the operation's last entry
  std::optional<member_set> members{};  // of that kind: what it says
};

/// How long keys are remembered: while younger than `age` or among the latest `count` entries of
/// the whole journal, but never beyond the latest `keys_max`.
struct key_window {
  std::chrono::milliseconds age{std::chrono::hours{24}};
  std::uint64_t count = 1'000'000;
  std::uint64_t keys_max = 10'000'000;

  /// A predicate of places in the order alone, so that it holds across restarts and on every node
  /// alike. `last_position` is the journal's last before the operation that asks.
  bool remembers(std::uint64_t position, unix_ms at, std::uint64_t last_position,
                 unix_ms log_time) const noexcept {
    const auto entries_since = last_position - position;
    if (entries_since >= keys_max) return false;
    return entries_since < count || log_time.value() - at.value() <= age.count();
  }
};

}  // namespace confab::rooms
