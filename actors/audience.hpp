#pragma once

#include "actors/anticipation.hpp"
#include "actors/caf.hpp"
#include "actors/environment.hpp"
#include "actors/fan_out.hpp"
#include "actors/messages.hpp"
#include "actors/reminders.hpp"

#include <boost/unordered/unordered_flat_map.hpp>

#include <functional>
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
///
/// What a room says goes to its members at the end of the turn; while the shard is busy it may wait
/// here for what the room says next (`--write-window`, docs/decisions/0006): a write costs the
/// kernel the same whatever is in it.
class audience final : public pinned<audience_actor::base> {
 public:
  audience(caf::actor_config& config, const environment* env) : pinned(config), env_(env) {}
  behavior_type make_behavior() override;
  const char* name() const override { return "audience"; }
  void on_exit() override { state_.reset(); }

  /// How many sessions it knows; on its own thread only.
  std::size_t sessions() const { return state_->sessions.size(); }
  /// And what they are to be reminded of; likewise.
  std::size_t reminders_kept() const { return state_->later.size(); }

 private:
  using time_point = steady_time;
  struct local_room {
    fan_out members;
    anticipation next;
    std::size_t turns_held = 0;  // since the last release; 0: nothing waits beyond its turn
    // Of the period in which it said something last, and the one before that.
    std::uint32_t period = 0;
    std::size_t deliveries = 0, deliveries_before = 0;
    bool touched = false;  // stands in `touched`
  };
  using room_entry = std::pair<const room_id, local_room>;
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
  struct state {
    boost::unordered_flat_map<session_id, attached, std::hash<session_id>> sessions;
    std::unordered_map<room_id, local_room> rooms;
    std::vector<room_entry*> touched;  // that said something in this turn
    std::vector<room_entry*> holding;  // those with `turns_held`
    reminders later;
    // The wakes that are on their way.
    std::priority_queue<time_point, std::vector<time_point>, std::greater<>> armed;
    std::unordered_map<session_id, greeting> greetings;  // of those not welcomed that have any
    std::unordered_map<room_id, std::vector<session_id>> early;  // of `greetings`, by room
    time_point::duration lag{0};  // from asking a room to the end of its turn, a mean
    // How much this shard delivers.
    time_point period_start{};
    std::size_t deliveries = 0;  // since then
    std::size_t speaking = 0;    // rooms, since then
    std::uint32_t period = 1;    // its number
    // In the last period.
    bool busy = false;
    double mean_deliveries = 0;  // of a room that said something
  };

  void attach(attach_sink& what);
  void open(session_id session);
  void deliver(room_delivery& what);
  void deliver(const session_delivery& what);
  void deliver(const signal_delivery& what);
  void room_ended(const room_id& room);
  void tell_session(session_id session, session_event what);
  void tell_anywhere(session_id session, session_event what);
  void detach(session_id session);
  void remind_later(const remind& what);
  void tidy_reminders();
  void look_at_reminders(time_point now);
  void arm(time_point due);

  void count(local_room& room);
  void touch(room_entry& room);
  void end_turn();
  void measure(time_point now);
  time_point window_start(const broadcast& what);
  bool has_little_to_save(const local_room& room) const;
  fan_out::bound bound() const;
  void release(room_entry& room, std::size_t count);
  void release_all();
  void release_overdue(time_point now);

  /// Whether there is such a session.
  bool give(session_id session, const frame& bytes);
  greeting end_greeting(session_id session);
  void leave_early(const room_id& room, session_id session);

  const environment* env_;
  std::optional<state> state_{state{}};
};

}  // namespace confab::actors
