#pragma once

#include "actors/caf.hpp"
#include "actors/environment.hpp"
#include "actors/messages.hpp"

#include <map>
#include <optional>
#include <unordered_map>
#include <vector>

namespace confab::actors {

/// All sessions of one user: what "a message to just this user" is sent to. Also knows the user's
/// direct rooms, and tells those that are awake which sessions come and go.
class user final : public pinned<user_actor::base> {
 public:
  user(caf::actor_config& config, const environment* env, user_id id, directory_actor directory);
  behavior_type make_behavior() override;
  const char* name() const override { return "user"; }
  void on_exit() override { state_.reset(); }

 private:
  struct online_session {
    session_ref who;
    std::optional<device_id> device;
  };
  struct state {
    user_id id;
    directory_actor directory;
    std::map<session_id, online_session> sessions;
    std::unordered_map<room_id, room_actor> watchers;  // direct rooms that are awake
    /// Once read from the journal, kept up to date by what the rooms tell.
    std::optional<std::unordered_map<room_id, message::direct_ref>> directs;
    bool reading_directs = false;
    bool read_in_vain = false;  // a room ended by a bug meanwhile
    std::vector<session_ref> waiting_for_directs;
    std::uint64_t forwards_seen = 0;
  };

  void attach(attach_session& what);
  void detach(session_id session);
  void watch(const watch_user& what);
  void forget(const caf::actor_addr& room, bool bug);
  void read_directs();
  void note(const message::direct_ref& direct);
  /// Tells every direct room that is awake of the session, and greets it when all have answered.
  void introduce(const session_ref& who, bool with_directs);
  void greet(const session_ref& who, bool with_directs);
  void deliver(const user_signal& what);
  void retire_if_idle();

  const environment* env_;
  std::optional<state> state_;
};

}  // namespace confab::actors
