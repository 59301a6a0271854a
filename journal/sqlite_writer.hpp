#pragma once

#include "journal/journal.hpp"
#include "journal/key_index.hpp"
#include "journal/pending_markers.hpp"
#include "journal/sqlite_checkpointer.hpp"
#include "journal/recent_map.hpp"
#include "journal/sqlite_people.hpp"
#include "journal/sqlite_projection.hpp"
#include "journal/sqlite_statement.hpp"
#include "journal/user_filter.hpp"
#include "rooms/sequencer.hpp"

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace confab::journal::sqlite {

/// Written by one thread and read by any.
using shared_time = std::atomic<std::int64_t>;  // ms since 1970

inline std::size_t bytes_of_view(const rooms::room_view& view) {
  if (!view.set) return 0;
  const auto& set = *view.set;
  return (set.title ? set.title->size() : 0) + (set.topic ? set.topic->size() : 0) +
         (set.data ? set.data->value().size() : 0);
}

/// The writer: one transaction per batch, durable when COMMIT has returned (synchronous=FULL). It
/// keeps what the sequencer decides, and tells it what is there: within the transaction, so that an
/// operation sees what those before it in the batch have done.
class sqlite_writer final : public writer, private rooms::source {
 public:
  /// `database` is migrated and has no other writer; what it refers to outlives this.
  static std::variant<std::unique_ptr<sqlite_writer>, std::string> make(connection database,
                                                                        checkpointer& rotation,
                                                                        user_filter& have_directs,
                                                                        shared_time& keys_since,
                                                                        pending_markers& markers,
                                                                        rooms::key_window window,
                                                                        const rooms::rules& how);

  ~sqlite_writer() override;

  result<std::vector<outcome>> commit(std::span<rooms::operation> batch, unix_ms now) override;
  std::uint64_t position() const noexcept override { return last_position_; }
  result<std::vector<outcome>> commit_parts(std::span<const ordered_part> parts,
                                            const note_maker& note) override;
  std::string note() const override;
  result<bool> probe() override;
  bool has_leftovers() const noexcept override { return leftovers_; }
  bool clear_leftovers() override;
  bool has_gathered() const noexcept override { return !markers_.empty(); }
  result<bool> store_gathered() override;
  result<std::optional<user_id>> drop_notes(const user_id& after, std::uint64_t upto) override;
  result<rename_page> rename(const user_id& user, const user_id& as,
                             const rename_place& from) override;
  result<bool> forget_names(unix_ms erased, unix_ms guests) override;
  result<bool> forget_room(const room_id& room, seq_no head) override;

 private:
  class transaction;
  struct statements {
    statement begin, commit, find_room, find_pins, insert_room, insert_entry, key_entry, keep_maximum,
        keep_last, insert_run, drop_runs, write_probe, write_note, raise_marker, marker;
  };
  struct fresh_key {
    std::uint32_t hash;
    std::uint64_t position;
    unix_ms at;
  };

  sqlite_writer(connection database, checkpointer& rotation, user_filter& have_directs,
                shared_time& keys_since, pending_markers& markers, const digest_secret& secret,
                rooms::key_window window, const rooms::rules& how);
  int prepare();
  int rename_room(const room_id& room, seq_no head, bool& renamed);
  int load_keys();
  int load_note();
  int keep_note(std::string_view note);
  /// Runs `work` (which returns a code) in a transaction, with `outcomes` as the result.
  template <class Result, class Work>
  result<Result> store(Result outcomes, Work work);
  int store_runs();
  int decide(rooms::operation& asked, unix_ms now, std::vector<outcome>& outcomes);
  int keep(const rooms::room_view& view, const std::vector<log_entry>& entries);
  int keep(const rooms::set_marks& asked);
  int keep_own(const user_id& user, const room_id& room, const rooms::kept_own& own);
  int mark_author(const rooms::room_view& view, const log_entry& entry);
  int recall_authors();
  int move_marker(const user_id& user, std::int64_t room, seq_no read);
  int create(const rooms::operation& asked, rooms::room_created& made);
  int tell_room(const room_id& room, room_info& into);

  // --- what the sequencer asks ---
  rooms::member_row member(const rooms::room_view& room, const user_id& user) override;
  std::optional<rooms::known_profile> profile(const user_id& user) override;
  std::size_t memberships(const user_id& user, unix_ms at, std::size_t limit) override;
  bool has_blocked(const user_id& blocker, const user_id& blocked) override;
  seq_no marker(const rooms::room_view& room, const user_id& user) override;
  rooms::kept_own own(const rooms::room_view& room, const user_id& user) override;
  std::optional<unix_ms> last_message(const rooms::room_view& room, const user_id& by) override;
  std::optional<user_id> successor(const rooms::room_view& room,
                                   std::span<const user_id> without) override;
  rooms::room_view* room(const room_id& room) override;
  std::optional<rooms::message_state> message(const rooms::room_view& room, seq_no seq,
                                              const user_id& by, std::string_view emoji) override;
  std::optional<rooms::key_record> key(const rooms::room_view& room, const user_id& by,
                                       std::string_view key) override;
  std::uint64_t last_position() const noexcept override { return batch_position_; }
  bool broken() const noexcept override { return code_ != SQLITE_OK; }
  bool stands_at(std::uint64_t position, const rooms::room_view& room, const user_id& by,
                 std::string_view key, rooms::key_record& found);

  connection database_;
  statements run_;
  projection present_;
  checkpointer& rotation_;
  user_filter& have_directs_;
  shared_time& keys_since_;
  pending_markers& markers_;
  people people_;
  recent_map<room_id, rooms::room_view, bytes_of_view> views_;  // of rooms that were lately written
  key_index keys_;
  rooms::sequencer sequencer_;
  std::uint64_t last_position_ = 0;   // committed
  std::uint64_t batch_position_ = 0;  // in this batch
  std::string note_;
  std::uint64_t noted_position_ = 0;  // of the journal, when the note was made
  std::unordered_multimap<std::uint32_t, std::uint64_t> batch_keys_;  // hash to position
  std::vector<fresh_key> fresh_keys_;                                 // the same in order
  struct moved {
    user_id user;
    std::int64_t room;
    seq_no before;
  };
  std::vector<moved> batch_markers_;  // in this batch, to be taken back with it
  std::vector<user_id> noted_;        // of this operation
  bool follows_ = false;              // the batch's order was made elsewhere
  bool leftovers_ = true;  // what an earlier process has left in the log is not known
  int code_ = SQLITE_OK;  // of the sequencer's questions in this batch
};

}  // namespace confab::journal::sqlite
