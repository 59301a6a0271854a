#pragma once

#include "actors/caf.hpp"
#include "actors/environment.hpp"
#include "actors/gathering.hpp"
#include "actors/greetings.hpp"
#include "actors/inbox_watches.hpp"
#include "actors/intake.hpp"
#include "actors/messages.hpp"
#include "actors/reminders.hpp"

#include <boost/unordered/unordered_flat_map.hpp>

#include <functional>
#include <optional>
#include <queue>
#include <vector>

namespace confab::actors {

/// The sessions of one shard, and the local members of every room: a session is reached by its id
/// through here, and what a room says to its members goes to their sockets. A room sends one
/// message per shard with members instead of one per member; the loop over the members is here
/// (measured: 0.4–0.6 µs per delivery against 1.1–1.4 µs for a message each, DESIGN §4). Owner: its
/// shard. Sessions enter and leave by themselves, at birth and at their end; members enter and
/// leave as the room says.
///
/// A table of contents: when members are written to is `gathering`, what waits for sessions before
/// their welcome `greetings`, what they are to be told later `reminders`, and of which rooms that they
/// need not have joined `inbox_watches`.
class audience final : public pinned<audience_actor::base> {
 public:
  audience(caf::actor_config& config, const environment* env);
  behavior_type make_behavior() override;
  const char* name() const override { return "audience"; }
  void on_exit() override { state_.reset(); }

  /// How many sessions it knows; on its own thread only.
  std::size_t sessions() const { return state_->sessions.size(); }
  /// And what they are to be reminded of; likewise.
  std::size_t reminders_kept() const { return state_->later.size(); }

 private:
  struct attached {
    frame_sink_ptr sink;
    session_actor who;
    std::shared_ptr<intake> taken;
    wire_format format;
    bool welcomed = false;
  };
  struct state {
    explicit state(const gathering::options& how) : rooms(how) {}

    boost::unordered_flat_map<session_id, attached, std::hash<session_id>> sessions;
    gathering rooms;
    greetings early;
    reminders later;
    inbox_watches inboxes;
    // The wakes that are on their way.
    std::priority_queue<steady_time, std::vector<steady_time>, std::greater<>> armed;
  };

  void attach(attach_sink& newcomer);
  void open(session_id session);
  void detach(session_id session);
  void close(const close_sink& goodbye);
  void tell_session(session_id session, session_event event);
  void tell_anywhere(session_id session, session_event event);

  void deliver(room_delivery& said);
  void deliver(const session_delivery& said);
  void deliver(signal_delivery& said);
  void admit(const room_id& room, const struct admit& newcomer);
  void room_ended(const room_id& room);
  /// An answer, or a part of one: it is paid for.
  void give(session_id session, const frame& bytes);
  /// What somebody else sends, who must not fill the outbox: whether it was taken.
  void pass_on(session_id session, const frame& bytes);
  void hold(session_id session, const frame_sink_ptr& sink, const frame& bytes);

  void watch(const watch_inbox& what);
  void stop_watching(session_id session);
  void ask_for_rows();
  void tell_inbox(const inbox_watches::question& asked, inbox_rows_read* found);

  void remind_later(const remind& wanted);
  void tidy_reminders();
  void on_time();
  void carry_out(const gathering::outcome& outcome);
  gathering::moment moment() const { return {env_->steady_now(), write_time()}; }
  void arm(steady_time due);

  const environment* env_;
  std::optional<state> state_;
};

}  // namespace confab::actors
