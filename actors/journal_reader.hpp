#pragma once

#include "actors/caf.hpp"
#include "actors/environment.hpp"
#include "actors/messages.hpp"
#include "journal/journal.hpp"

#include <memory>
#include <optional>

namespace confab::actors {

/// Reads the journal for the actors of one shard; detached, because a read may wait for the disk.
/// Folds what it reads into present form, away from the shards' threads.
class journal_reader final : public reader_actor::base {
 public:
  journal_reader(caf::actor_config& config, const environment* env,
                 std::shared_ptr<journal::reader> from);
  behavior_type make_behavior() override;
  const char* name() const override { return "journal_reader"; }
  void on_exit() override { reader_.reset(); }

 private:
  room_loaded load(const room_id& room);
  void serve(session_read& what);
  entries_read read(const entries_request& what);
  messages_read read(const messages_request& what);
  rooms_read read(const rooms_request& what);
  directs_reads read(const directs_request& what);
  directs_read directs_of(const user_id& user);

  const environment* env_;
  std::shared_ptr<journal::reader> reader_;
};

}  // namespace confab::actors
