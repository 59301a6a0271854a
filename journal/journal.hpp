#pragma once

#include "protocol/entry.hpp"
#include "protocol/ids.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

/// Durable order: who writes, how it is read back, and what both promise.
/// "Journal" because "log" is a room's log or the diagnostics.
namespace confab::journal {

/// How safe an entry is when `commit` has returned (PROTOCOL §6, G1).
enum class durability : std::uint8_t { memory, disk, majority_disk };
std::string_view name(durability level) noexcept;

enum class fault : std::uint8_t {
  unavailable,   // disk full, read-only, locked, I/O error: nothing of the batch was stored
  unknown,       // it may or may not be stored: repeat with the same key
  fatal,         // a failed fsync: the process must end, what it believes is stored may not be
  no_such_room,  // reading a room that was never created
};

template <class T>
class result {
 public:
  result(T value) : value_(std::move(value)) {}
  result(fault why, std::string detail) : value_(std::pair{why, std::move(detail)}) {}
  explicit operator bool() const noexcept { return value_.index() == 0; }
  T& operator*() { return std::get<0>(value_); }
  const T& operator*() const { return std::get<0>(value_); }
  T* operator->() { return &std::get<0>(value_); }
  const T* operator->() const { return &std::get<0>(value_); }
  fault why() const { return std::get<1>(value_).first; }
  const std::string& detail() const { return std::get<1>(value_).second; }

 private:
  std::variant<T, std::pair<fault, std::string>> value_;
};

/// What is kept of a room beside its log.
struct room_info {
  room_id room;
  std::string title;
  epoch_id epoch;
  std::optional<std::pair<user_id, user_id>> direct;  // the two users of a direct room
  seq_no head;         // last entry; 0: none yet
  unix_ms last_at;     // its time; the room's creation while empty
  seq_no floor;        // first entry that can still be read, 1 unless trimmed
};

/// Create `room` if it is not there yet; its title, epoch and users are taken from here then.
struct create_room {
  room_id room;
  std::string title;
  epoch_id epoch;
  std::optional<std::pair<user_id, user_id>> direct;
};
/// Put `body` at the end of the room's log. `key` (empty: none) makes it exactly-once for this
/// user and room.
struct append {
  room_id room;
  user_id from;
  std::string key;
  entry_body body;
};
using operation = std::variant<create_room, append>;

/// Of an append. With `duplicate`, the first entry of that key.
struct appended {
  seq_no seq;
  unix_ms at;
  bool duplicate = false;
};
/// One per operation, in the order of the batch. An append to a room that does not exist is
/// answered `no_such_room`; the rest of the batch is not affected.
struct no_such_room {};
using outcome = std::variant<room_info, appended, no_such_room>;

/// The only writer of a journal; used by one thread at a time.
class writer {
 public:
  virtual ~writer() = default;

  /// Stores a whole batch or nothing. MUST return only when it is as durable as the journal says.
  /// Gives each append its room's head+1 in the order of the batch, and `at` = max(now, the
  /// room's last). Appends whose (room, user, key) was seen within the window, earlier in this
  /// batch included, change nothing and answer the first one's number.
  virtual result<std::vector<outcome>> commit(std::span<const operation> batch, unix_ms now) = 0;

  /// Whether a write would succeed now: true, or the fault that it would meet. Asked while appends
  /// fail; may itself write, so that a full disk is noticed.
  virtual result<bool> probe() = 0;
};

/// Messages with every later entry that changes them, both ascending: what the fold to the
/// present form needs.
struct message_page {
  std::vector<log_entry> messages;  // `posted` only
  std::vector<log_entry> changes;   // `edited`, `deleted`, `reacted` whose target is among them
  bool more = false;                // there are further messages in the direction of reading
};

/// Which rooms to list: exact ids and prefixes that end in `*`. Empty: all.
struct room_filter {
  std::vector<std::string> patterns;
  bool admits(const room_id& room) const noexcept;
};

/// Reads committed entries only; used by one thread at a time, beside the writer and other readers.
class reader {
 public:
  virtual ~reader() = default;

  /// `fault::no_such_room` where it was never created.
  virtual result<room_info> room(const room_id& room) = 0;
  /// Entries with `after < seq <= upto`, ascending, at most `count` and about `bytes` (at least
  /// one where there is one).
  virtual result<std::vector<log_entry>> entries(const room_id& room, seq_no after, seq_no upto,
                                                 std::size_t count, std::size_t bytes) = 0;
  virtual result<std::optional<log_entry>> entry(const room_id& room, seq_no seq) = 0;
  /// The `count` messages before `before` (the latest below `upto`+1 without), or after `after`;
  /// with both, those between them from `after` on. Entries beyond `upto` are not looked at. At
  /// most about `bytes`, changes included, but at least one message where there is one.
  virtual result<message_page> messages(const room_id& room, std::optional<seq_no> before,
                                        std::optional<seq_no> after, seq_no upto,
                                        std::size_t count, std::size_t bytes) = 0;
  /// Rooms other than direct ones in order of id, after `after`; one more than `count` where
  /// there are more.
  virtual result<std::vector<room_info>> rooms(const std::optional<room_id>& after,
                                               const room_filter& filter, std::size_t count) = 0;
  /// The user's direct rooms that hold at least one entry, latest first.
  virtual result<std::vector<room_info>> directs(const user_id& user, std::size_t count) = 0;
};

/// An open journal. Outlives its writer and readers. Thread-safe.
class journal {
 public:
  virtual ~journal() = default;
  virtual durability level() const noexcept = 0;
  /// Once: a second call throws `std::logic_error`.
  virtual std::unique_ptr<writer> make_writer() = 0;
  virtual std::unique_ptr<reader> make_reader() = 0;
  /// Whether `reader::directs` may find something, now or soon: false for nearly all of whom it
  /// would find nothing. Answers from memory.
  virtual bool may_have_directs(const user_id& user) const noexcept = 0;
};

/// How long keys are remembered: an entry leaves when it is both older and further back (`count`
/// in entries of the whole journal), or when the memory for `keys_max` of them (about 60 bytes
/// each) is full.
struct key_window {
  std::chrono::milliseconds age{std::chrono::hours{24}};
  std::size_t count = 1'000'000;
  std::size_t keys_max = 10'000'000;
};

/// For tests and trying out: everything is gone with the process.
std::unique_ptr<journal> open_memory(key_window window = {});

/// Opens or creates `directory`/confab.db, migrates it, and takes `directory`/confab.lock.
/// Errors: what to tell the operator (locked by another server, newer schema, no permission).
std::variant<std::unique_ptr<journal>, std::string> open_sqlite(const std::string& directory,
                                                                key_window window = {});

}  // namespace confab::journal
