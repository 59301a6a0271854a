#pragma once

#include "journal/answers.hpp"
#include "protocol/entry.hpp"
#include "protocol/ids.hpp"
#include "protocol/messages.hpp"
#include "rooms/key_window.hpp"
#include "rooms/member_row.hpp"
#include "rooms/operation.hpp"
#include "rooms/outcome.hpp"
#include "rooms/own.hpp"
#include "rooms/rules.hpp"
#include "rooms/view.hpp"

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

/// Durable order: who writes, how it is read back, and what both promise. What becomes of an
/// operation is decided by the sequencer in rooms/; a journal keeps it.
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
  epoch_id epoch;
  std::optional<std::pair<user_id, user_id>> direct;  // the two users of a direct room
  seq_no head;         // last entry; 0: none yet
  unix_ms last_at;     // its time; the room's creation while empty
  seq_no floor{1};     // first entry that can still be read, 1 unless trimmed
  std::shared_ptr<const room_settings> settings;  // null: nothing was ever set
  std::uint32_t members = 0;
  std::uint32_t rows = 0;    // of users that the room keeps something of, see rooms::member_row
  std::vector<seq_no> pins;  // in order of pinning; in lists of rooms they are left out
  rooms::member_row asker{};  // in lists of rooms

  const std::string& title() const noexcept {
    return settings && settings->title ? *settings->title : room.value();
  }
};
/// What rights are judged by, without what only the store has.
rooms::room_view view_of(const room_info& info);

/// Of a `create_room`: the room as it is then.
struct room_made {
  room_info info;
  std::vector<log_entry> entries;  // that it began with
  bool duplicate = false;          // it was there before
};

/// One for each operation, in the order of the batch.
using outcome = std::variant<room_made, rooms::appended, rooms::repeated, rooms::unchanged,
                             rooms::refused, rooms::marked, rooms::marker_moved, rooms::own_set>;

inline std::size_t weight_of(const outcome& what) {
  const auto* done = std::get_if<rooms::appended>(&what);
  return done ? done->weight : 1;
}

/// Operations that were ordered together, with the clock of that moment: in a cluster what one
/// message of the shared log holds.
struct ordered_part {
  std::span<rooms::operation> operations;
  unix_ms now;
};
/// Given the outcomes of all parts, one after the other.
using note_maker = std::function<std::string(std::span<const outcome>)>;

/// Where the renaming of an erased user goes on, and what is left of it.
struct rename_place {
  std::int64_t room = 0;
  std::uint64_t seq = 0;
};
struct rename_page {
  std::optional<rename_place> next;  // none: nothing is left
};

/// The only writer of a journal; used by one thread at a time.
class writer {
 public:
  virtual ~writer() = default;

  /// Decides and stores the beginning of a batch, or nothing: at least one operation, and then as many
  /// as weigh less than `rooms::weight_max`. There is an outcome for each that was decided; the rest is
  /// as it was, for the next commit. MUST return only when it is as durable as the
  /// journal says. `now` is the clock, of which the sequencer makes log time. The operations are
  /// spent: their contents go into the outcomes.
  virtual result<std::vector<outcome>> commit(std::span<rooms::operation> batch, unix_ms now) = 0;

  /// Of the last entry or group of marks that is stored.
  virtual std::uint64_t position() const noexcept = 0;

  /// As `commit`, for who follows an order made elsewhere: decides and stores all parts whatever they
  /// weigh, or nothing, and in the same step what `note` says of them, and log time.
  virtual result<std::vector<outcome>> commit_parts(std::span<const ordered_part> /*parts*/,
                                                    const note_maker& /*note*/) {
    return {fault::unavailable, "this journal follows no other order"};
  }
  /// That of the last `commit_parts`. Empty: there was none, or the journal was written without one
  /// since.
  virtual std::string note() const { return {}; }

  /// Whether a write would succeed now: true, or the fault that it would meet. Asked while appends
  /// fail; may itself write, so that a full disk is noticed.
  virtual result<bool> probe() = 0;

  /// Whether a file may still hold content that was deleted, beside what can be read.
  virtual bool has_leftovers() const noexcept { return false; }
  /// Takes it out of there, in the time of a commit or two. False: not now, ask again later.
  virtual bool clear_leftovers() { return true; }

  /// Whether there are read markers that are ordered, and seen by readers, but not stored yet.
  virtual bool has_gathered() const noexcept { return false; }
  /// Stores them, as one group of marks. Where it is not called for a while a crash takes back as much.
  virtual result<bool> store_gathered() { return true; }

  /// Takes away what is read of the notes up to this position, of some users behind `after`. Behind
  /// whom to go on; none at the end.
  virtual result<std::optional<user_id>> drop_notes(const user_id& after, std::uint64_t upto) {
    return (void)after, (void)upto, std::optional<user_id>{};
  }

  /// Writes the name that an erased user has since into what was written before, the next part of it.
  /// Where it was called for all parts the old name is in nothing but `erased` itself.
  virtual result<rename_page> rename(const user_id& user, const user_id& as,
                                     const rename_place& from) {
    return (void)user, (void)as, (void)from, rename_page{};
  }

  /// The id of a room is free from now on. Its log stays under a name that no client can use, in no list;
  /// what had to go from it must have gone before. False: there is no such room, or its head is another.
  virtual result<bool> forget_room(const room_id& room, seq_no head) {
    return (void)room, (void)head, false;
  }

  /// Takes away, of some: the old name of who was erased no later than `erased`, in what says so itself,
  /// but for direct rooms, whose ids have it; and the names of guests that were told last no later than
  /// `guests`. Whether there may be more.
  virtual result<bool> forget_names(unix_ms erased, unix_ms guests) {
    return (void)erased, (void)guests, false;
  }
};

/// Reads committed entries only; used by one thread at a time, beside the writer and other readers.
/// No read costs more than a bounded multiple of its answer.
class reader {
 public:
  virtual ~reader() = default;

  /// From now on a read that takes long ends as `unavailable` once `stop` says so, which is asked
  /// from time to time while it goes on.
  virtual void stop_when(std::function<bool()> stop) = 0;
  /// Told what is wrong whenever a read fails, but for those that were stopped.
  virtual void tell_failures(std::function<void(std::string_view detail)> tell) { (void)tell; }

  /// `fault::no_such_room` where it was never created.
  virtual result<room_info> room(const room_id& room) = 0;
  /// Entries with `after < seq <= upto`, ascending, at most `count` and about `bytes` (at least
  /// one where there is one). Content that was deleted meanwhile is empty.
  virtual result<std::vector<log_entry>> entries(const room_id& room, seq_no after, seq_no upto,
                                                 std::size_t count, std::size_t bytes) = 0;
  /// The `count` messages before `before` (the latest without), or after `after`; with both, those
  /// between them from `after` on. At most about `bytes`, but at least one message where there is
  /// one. `asker` is the one whose reactions are `mine`.
  /// `thread`: only those of the thread with this root, which is one of them; 0: only those in no
  /// thread.
  virtual result<message_page> messages(const room_id& room, const user_id& asker,
                                        std::optional<seq_no> before, std::optional<seq_no> after,
                                        std::size_t count, std::size_t bytes,
                                        std::optional<seq_no> thread = {}) = 0;
  /// Those who reacted after the entry `after`, at most `count`.
  virtual result<reaction_page> reactions(const room_id& room, seq_no target,
                                          std::string_view emoji, seq_no after,
                                          std::size_t count) = 0;
  /// What the room keeps of `user`: the default row where it keeps nothing.
  virtual result<member_found> member(const room_id& room, const user_id& user) = 0;
  /// Those in `state` behind `after`, at most `count`.
  virtual result<member_page> members(const room_id& room, member_state state,
                                      const std::optional<user_id>& after, std::size_t count) = 0;
  /// What was pinned after the entry `after`.
  virtual result<pin_page> pins(const room_id& room, const user_id& asker,
                                std::optional<seq_no> after, std::size_t bytes) = 0;
  /// Threads whose latest reply came before the entry `before`; with `mine` those that `asker`
  /// began or wrote in. A page may hold few, or none, and go on all the same.
  virtual result<thread_page> threads(const room_id& room, const user_id& asker, bool mine,
                                      std::optional<seq_no> before, std::size_t count,
                                      std::size_t bytes) = 0;
  /// Messages of these users that are not deleted, latest first, from `since` on: the latest
  /// `count` of each, as far back as the room is looked through.
  virtual result<std::vector<seq_no>> messages_of(const room_id& room,
                                                  std::span<const user_id> users, unix_ms since,
                                                  std::size_t count) = 0;
  /// None: the user does not belong to the room.
  virtual result<std::optional<room_counts>> counts(const room_id& room, const user_id& user) = 0;
  /// What addresses `user` in the rooms that the user belongs to, from before the position `before`. A
  /// page may hold few, or none, and go on all the same.
  virtual result<notes_page> notes(const user_id& user, std::optional<std::uint64_t> before,
                                   std::size_t count, std::size_t bytes,
                                   const room_filter& allowed = {}) = 0;
  /// Those of whom there is a note of this message, in order of id.
  virtual result<std::vector<addressed_user>> addressed(const room_id& room, seq_no message) = 0;
  /// Who has asked to be told of everything in the room, whether it still holds or not: behind
  /// `after`, in order of id, at most `count`.
  virtual result<std::vector<user_id>> asked_for_all(const room_id& room, const user_id& after,
                                                     std::size_t count) = 0;
  /// Read markers that were stored behind `after`, each at its latest place; some may come again.
  /// Looks at `count` marks of any kind, so a page may hold few and go on all the same.
  virtual result<marker_page> markers_moved(const marker_place& after, std::size_t count) = 0;
  /// Rooms of `user` whose marker is not at the head, or that are marked, with their heads.
  virtual result<std::vector<std::pair<room_id, seq_no>>> unread_rooms(
      const user_id& user, const room_filter& allowed = {}) = 0;
  virtual result<inbox_page> inbox(const inbox_query& what) = 0;
  /// One row of it, as it is now; `gone` where there is none, without a reason where nobody knows one.
  virtual result<message::inbox_row> inbox_row(const user_id& user, const room_id& room,
                                               unix_ms now) = 0;
  /// The `as_of` of what was read when the journal was at this position.
  virtual result<std::string> as_of(std::uint64_t position) = 0;
  /// Without the rooms that count in no sum, at that time.
  virtual result<message::totals> totals(const user_id& user, unix_ms now,
                                         const room_filter& allowed = {}) = 0;
  /// Of each room at most the oldest `limits::trim_entries_max` entries.
  virtual result<trim_page> rooms_to_trim(const trim_query& what) = 0;
  /// Among the next `entries` behind the position `after`.
  virtual result<trace_page> traces(const user_id& user, std::uint64_t after,
                                    std::size_t entries) = 0;
  /// Of the last entry that is no younger; 0: there is none.
  virtual result<std::uint64_t> position_at(unix_ms at) = 0;
  /// Of the newest entry of all.
  virtual result<std::optional<unix_ms>> last_at() = 0;
  virtual result<bool> has_blocked(const user_id& blocker, const user_id& blocked) = 0;
  /// Of those of `users` that the server's own log says something of.
  virtual result<std::vector<user_set>> profiles(std::span<const user_id> users) = 0;
  /// Rooms other than direct ones and the server's own, in order of id, after `after`; one more
  /// than `count` where there are more.
  virtual result<std::vector<room_info>> rooms(const std::optional<room_id>& after,
                                               const room_filter& filter, std::size_t count) = 0;
  /// The user's direct rooms that hold at least one entry, latest first.
  virtual result<std::vector<room_info>> directs(const user_id& user, std::size_t count) = 0;
  /// Entries of all rooms behind the position `after`, in the order of the journal, at most `count`
  /// and about `bytes` (at least one where there is one).
  virtual result<std::vector<feed_item>> feed(std::uint64_t after, std::size_t count,
                                              std::size_t bytes) = 0;
  /// As `feed`, of those entries alone that change rooms and members, take messages away or pin them, and of
  /// what is recorded in the server's own log.
  virtual result<std::vector<feed_item>> audited(std::uint64_t after, std::size_t count,
                                                 std::size_t bytes) = 0;
  /// Profiles of ids that begin with `prefix`, guests' too, in order of id behind `after`.
  virtual result<std::vector<user_set>> users(std::string_view prefix, const user_id& after,
                                              std::size_t count) = 0;
  /// All marks of one kind that belong to `user`.
  virtual result<std::vector<stored_mark>> marks(const user_id& user, rooms::mark::kind of) = 0;
};

/// A return to an older copy: behind `position` are other entries than those that had their places
/// before. `name` tells the log from then on.
struct log_fork {
  std::uint64_t position = 0;
  std::string name;
  friend bool operator==(const log_fork&, const log_fork&) = default;
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
  /// Whatever their age, keys are remembered only of so many entries: those that were used before
  /// this may be forgotten. 0: none. Any thread.
  virtual unix_ms keys_since() const noexcept { return unix_ms{0}; }
  /// 32 random bytes that stay the same for as long as the data does; never printed.
  virtual std::string secret() const = 0;
  /// Every return to an older copy, the latest last.
  virtual std::vector<log_fork> forks() const { return {}; }
};

/// For tests and trying out: everything is gone with the process.
std::unique_ptr<journal> open_memory(rooms::key_window window = {}, const rooms::rules& how = {});

/// How a database that an earlier version wrote is brought up to date.
struct migration_options {
  bool backup = true;  // copy it beside itself before
  /// Asked now and then: it is to stop, and the next start goes on.
  std::function<bool()> stop = [] { return false; };
  /// Told now and then: what is done, of how much. From the thread that opens, as `stop`.
  std::function<void(std::string_view step, std::uint64_t done, std::uint64_t of)> progress =
      [](auto, auto, auto) {};
};

/// A note of how far a journal has come, apart from its database. One that has come less far when
/// it is opened is refused: entries of which clients know are gone, and others would get their
/// numbers.
struct mark_options {
  std::string file;           // empty: there is none
  bool accept_older = false;  // then all rooms begin a new epoch instead
  std::chrono::milliseconds every{1000};  // it is written once in so long at most
  /// Told when it cannot be written, by a thread of the journal's.
  std::function<void(std::string_view why)> failed = [](auto) {};
  /// Told by who opens when an older one was accepted: how far it has come, and had come.
  std::function<void(std::uint64_t position, std::uint64_t noted)> accepted = [](auto, auto) {};
};

/// Opens or creates `directory`/confab.db, migrates it, and takes `directory`/confab.lock.
/// Errors: what to tell the operator (locked by another server, newer schema, no permission).
std::variant<std::unique_ptr<journal>, std::string> open_sqlite(
    const std::string& directory, rooms::key_window window = {},
    const migration_options& migration = {}, const mark_options& marks = {}, const rooms::rules& how = {});

enum class check_mode : std::uint8_t { compare, rebuild };
struct check_report {
  std::uint64_t entries = 0;
  std::vector<std::string> faults;  // none: it is sound
};

/// Looks for damage in `directory`/confab.db while no server has it open: what SQLite says of the
/// file, whether a room lacks entries, and whether what is stored beside the log is what a replay of
/// it gives. It is replayed in a copy beside the database, which goes again. With `rebuild` what is
/// stored beside the log is then made anew, where the copy could be. Error: why it could not look.
std::variant<check_report, std::string> check_sqlite(const std::string& directory,
                                                     check_mode mode = check_mode::compare);

}  // namespace confab::journal
