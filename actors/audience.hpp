#pragma once

#include "actors/caf.hpp"
#include "actors/messages.hpp"

#include <caf/actor_clock.hpp>

#include <deque>
#include <optional>
#include <unordered_map>
#include <vector>

namespace confab::actors {

/// The local members of every room, per shard, and the way to their sockets. A room sends one
/// message per shard with members instead of one per member; the loop over the members is here
/// (measured: 0.4–0.6 µs per delivery against 1.1–1.4 µs for a message each, DESIGN §4).
/// Owner: its shard. Sinks enter with `attach_sink` and leave with `detach_sink`, both from their
/// session; members enter and leave as the room says. A session that has not been welcomed yet is
/// not written to: its rooms and frames wait in `greetings`.
class audience final : public pinned<audience_actor::base> {
 public:
  using pinned::pinned;
  behavior_type make_behavior() override;
  const char* name() const override { return "audience"; }
  void on_exit() override { state_.reset(); }

 private:
  struct listener {
    session_id session;
    std::size_t format = 0;
    frame_sink_ptr sink;
  };
  struct attached {
    frame_sink_ptr sink;
    std::size_t format = 0;
  };
  struct greeting {
    std::vector<room_id> rooms;
    std::vector<frame> held;
  };
  struct newborn {
    caf::actor_clock::time_point due;
    session_actor who;
  };
  /// Dense, because the fan-out walks it for every message.
  using listeners = std::vector<listener>;
  struct state {
    std::unordered_map<session_id, attached> sinks;
    std::unordered_map<room_id, listeners> rooms;
    /// Newborn sessions, by when their `hello` is due. One timer for all: with one each, a storm of
    /// connects left an alarm and a session behind for every connection that had come and gone.
    std::deque<newborn> newborns;
    std::unordered_map<session_id, greeting> greetings;
    std::unordered_map<room_id, std::vector<session_id>> early;  // of `greetings`, by room
  };

  void deliver(const room_delivery& what);
  void deliver(session_delivery& what);
  void wait_for_hello(expect_hello& what);
  void look_at_newborns();
  void give(session_id session, const attached& to, const frame& bytes);
  greeting end_greeting(session_id session);
  void leave_early(const room_id& room, session_id session);

  std::optional<state> state_{state{}};
};

}  // namespace confab::actors
