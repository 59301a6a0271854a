#pragma once

#include "actors/caf.hpp"
#include "actors/environment.hpp"
#include "actors/messages.hpp"

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

namespace confab::actors {

/// Knows the rooms of one shard that are awake, wakes the others, and puts away those that are
/// idle; notes in the switchboard which they are.
class directory final : public pinned<directory_actor::base> {
 public:
  directory(caf::actor_config& config, const environment* env);
  behavior_type make_behavior() override;
  const char* name() const override { return "directory"; }
  void on_exit() override { state_.reset(); }

 private:
  /// `forwards` counts what went to the actor through here: if it says it is idle having seen as
  /// many, nothing is on its way to it and it may go. Its successor is not born before it has
  /// ended: what both say to an audience must not get mixed up.
  struct awake {
    room_actor handle;
    std::uint64_t forwards = 0;
    std::size_t online = 0;
    bool leaving = false;
    std::vector<room_command> waiting;  // for the successor
  };
  struct state {
    std::unordered_map<room_id, awake> rooms;
    std::unordered_map<caf::actor_id, room_id> ids;  // of all of them
  };

  void forward(to_room& what);
  void count(online_question& what);
  rooms_present list(std::size_t count_max) const;
  void ended(const caf::down_msg& down);

  const environment* env_;
  std::optional<state> state_{state{}};
};

}  // namespace confab::actors
