#pragma once

#include "actors/caf.hpp"
#include "actors/environment.hpp"
#include "actors/messages.hpp"
#include "actors/user_row.hpp"

#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

namespace confab::actors {

/// All sessions of the users of one shard (a registrar as SIP has it, RFC 3261 §10: where a user
/// can be reached just now): what "a message to just this user" is sent to. Also knows the users'
/// direct rooms, and tells those that are awake which sessions come and go. Users are rows here and
/// no actors of their own: an actor each cost 2.1 KB per user. A row is put away with the last
/// session and the last direct room that is awake.
/// An exception ends one user's row, not the registrar: the sessions close with 1011 and come back.
class registrar final : public pinned<registrar_actor::base> {
 public:
  registrar(caf::actor_config& config, const environment* env) : pinned(config), env_(env) {}
  behavior_type make_behavior() override;
  const char* name() const override { return "registrar"; }
  void on_exit() override { state_.reset(); }

  /// How many it knows; on its own thread only.
  std::size_t users() const { return state_->users.size(); }

 private:
  struct awake {
    room_actor handle;
    std::vector<user_id> users;  // of this shard: one or both
  };
  struct read_of {
    user_id user;
    std::uint32_t number;
  };
  struct state {
    std::unordered_map<user_id, user_row> users;
    std::unordered_map<awake_room, awake> rooms;
    std::uint32_t last_read = 0;
    std::vector<read_of> next_reads;  // go together when the reads under way are done
    std::vector<read_of> reads;       // under way
    std::uint32_t request = 0;        // the latest one, for `reads`
    steady_time reads_until;          // then they have failed
    bool awaits_wake = false;
  };

  void step(const user_id& user, user_op& what);
  void attach(const user_id& user, attach_session& what);
  void detach(const user_id& user, session_id session);
  void watch(const user_id& user, const watch_user& what);
  void signal(const user_id& user, user_signal& what);
  void deliver_signal(const user_id& user, const user_signal& what, bool blocked);
  users_present list(std::size_t count_max) const;
  sent_away send_off(const user_id& user);
  void room_ended(const caf::actor_addr& room, bool bug);
  void read_directs(const user_id& user);
  void start_reads();
  void end_reads(std::uint32_t request, const directs_reads* read);
  void watch_reads();
  void directs_read(const user_id& user, std::uint32_t read, const directs_read* list);
  /// Tells every direct room that is awake of the session, and greets it when all have answered.
  void introduce(const user_id& user, session_id session, bool with_directs);
  void greet(const user_id& user, session_id session, bool with_directs);
  user_row* find(const user_id& user);
  void tell_session(session_id session, session_event what);
  void forget_if_idle(const user_id& user);
  void lose(const user_id& user) noexcept;
  template <class Step>
  void guarded(const user_id& user, Step step);

  const environment* env_;
  std::optional<state> state_{state{}};
};

}  // namespace confab::actors
