#pragma once

#include "actors/caf.hpp"
#include "actors/environment.hpp"
#include "actors/messages.hpp"

#include <boost/unordered/unordered_flat_map.hpp>

#include <caf/actor_clock.hpp>

#include <deque>
#include <optional>
#include <queue>
#include <unordered_map>
#include <utility>
#include <vector>

namespace confab::actors {

/// The sessions of one shard, and the local members of every room: a session is reached by its id
/// through here, and what a room says to its members goes to their sockets. A room sends one
/// message per shard with members instead of one per member; the loop over the members is here
/// (measured: 0.4–0.6 µs per delivery against 1.1–1.4 µs for a message each, DESIGN §4). Owner: its
/// shard. Sessions enter and leave by themselves, at birth and at their end; members enter and
/// leave as the room says. A session that has not been welcomed yet is not written to: its rooms
/// and frames wait in `greetings`.
class audience final : public pinned<audience_actor::base> {
 public:
  audience(caf::actor_config& config, const environment* env) : pinned(config), env_(env) {}
  behavior_type make_behavior() override;
  const char* name() const override { return "audience"; }
  void on_exit() override { state_.reset(); }

  /// How many sessions it knows; on its own thread only.
  std::size_t sessions() const { return state_->sessions.size(); }

 private:
  struct listener {
    frame_sink_ptr sink;
    session_id session;
    room_user_no user;
    std::uint8_t format = 0;
  };
  struct attached {
    frame_sink_ptr sink;
    session_actor who;
    wire_format format;
    bool welcomed = false;
  };
  struct greeting {
    std::vector<std::pair<room_id, room_user_no>> rooms;
    std::vector<frame> held;
  };
  struct reminder {
    caf::actor_clock::time_point due;
    session_id who;
    session_timer what;
    friend bool operator<(const reminder& a, const reminder& b) { return b.due < a.due; }
  };
  /// Dense, because the fan-out walks it for every message.
  using listeners = std::vector<listener>;
  struct state {
    boost::unordered_flat_map<session_id, attached, std::hash<session_id>> sessions;
    std::unordered_map<room_id, listeners> rooms;
    std::priority_queue<reminder, std::deque<reminder>> reminders;  // the earliest on top
    std::optional<caf::actor_clock::time_point> armed;              // the wake that is on its way
    std::unordered_map<session_id, greeting> greetings;  // of those not welcomed that have any
    std::unordered_map<room_id, std::vector<session_id>> early;  // of `greetings`, by room
  };

  void attach(attach_sink& what);
  void open(session_id session);
  void deliver(room_delivery& what);
  void deliver(const session_delivery& what);
  void deliver(const signal_delivery& what);
  void room_ended(const room_id& room);
  void tell_session(session_id session, session_event what);
  void tell_anywhere(session_id session, session_event what);
  void remind_later(const remind& what);
  void look_at_reminders();
  void arm();
  /// Whether there is such a session.
  bool give(session_id session, const frame& bytes);
  greeting end_greeting(session_id session);
  void leave_early(const room_id& room, session_id session);

  const environment* env_;
  std::optional<state> state_{state{}};
};

}  // namespace confab::actors
