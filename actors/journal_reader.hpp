#pragma once

#include "actors/caf.hpp"
#include "actors/environment.hpp"
#include "actors/messages.hpp"
#include "actors/read_queue.hpp"
#include "journal/journal.hpp"

#include <functional>
#include <memory>
#include <optional>

namespace confab::actors {

/// Reads the journal for the actors of one shard; detached, because a read may wait for the disk.
/// Folds what it reads into present form, away from the shards' threads.
/// What sessions ask for is read in turns, one user after the other, and no further where they have left.
/// A read that takes too long is `unavailable`.
/// An exception costs the answer it comes from, which is then `unavailable`, and the reader: all
/// the state there is, and the next request makes a fresh one.
class journal_reader final : public reader_actor::base {
 public:
  /// Called in the thread that reads, before the first read.
  using reader_source = std::function<std::unique_ptr<journal::reader>()>;

  journal_reader(caf::actor_config& config, const environment* env, reader_source source);
  behavior_type make_behavior() override;
  const char* name() const override { return "journal_reader"; }
  void on_exit() override {
    reader_.reset();
    waiting_ = {};
  }

 private:
  void make_reader();
  /// The wall: what `read` returns, or `unavailable`.
  template <class Read>
  auto guarded(Read read) -> decltype(read());
  room_loaded load(const room_id& room);
  void queue(waiting_read what);
  void serve_next();
  waiting_read waiting(session_read& what);
  waiting_read waiting(read_job& what);
  caf::result<room_read> read(const room_read_request& what);
  entries_read read(const entries_request& what);
  messages_read read(const messages_request& what);
  reactions_read read(const reactions_request& what);
  reported_read read(const reported_request& what);
  rooms_read read(const rooms_request& what);
  directs_reads read(const directs_request& what);
  blocks_read read(const blocks_request& what);
  profiles_read read(const profiles_request& what);
  counts_read read(const counts_request& what);
  unread_read read(const unread_request& what);
  mentions_read read(const mentions_request& what);
  inbox_read read(const inbox_request& what);
  room_answer read(const room_id& room, const reads_question& what);
  void tell_default(message::inbox_row& row) const;
  std::optional<markers_found> markers_of(const journal::room_info& room);
  caf::result<inbox_rows_read> read(const inbox_rows_request& what);
  inbox_rows_read rows(const inbox_rows_request& what);
  room_answer read(const room_id& room, const member_question& what);
  room_answer read(const room_id& room, const members_question& what);
  room_answer read(const room_id& room, const pins_question& what);
  room_answer read(const room_id& room, const threads_question& what);
  room_answer read(const room_id& room, const messages_of_question& what);
  template <class Event>
  std::vector<message::user_ref> names_in(const std::vector<Event>& events);
  std::vector<message::user_ref> names_of(const std::vector<user_id>& users);
  std::optional<rooms::refused> keeps_out(const room_id& room, const rooms::principal& by);
  std::optional<rooms::refused> hides(const room_id& room, seq_no target, const rooms::principal& by,
                                      std::optional<seq_no> joined, bool& ok);
  bool has_blocked(const user_id& blocker, const user_id& blocked);
  directs_read directs_of(const user_id& user);

  const environment* env_;
  reader_source source_;
  std::unique_ptr<journal::reader> reader_;  // none: to be made
  steady_time read_until_;                   // of the read under way
  std::function<bool()> wanted_;             // likewise; none: it is not of one who may leave
  read_queue waiting_;
};

}  // namespace confab::actors
