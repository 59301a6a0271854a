#pragma once

#include "actors/caf.hpp"
#include "actors/command_gate.hpp"
#include "actors/environment.hpp"
#include "actors/messages.hpp"
#include "actors/rate_limiter.hpp"
#include "protocol/frame_sink.hpp"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace confab::actors {

/// What a session is born with.
struct session_start {
  session_id id;
  frame_sink_ptr sink;
  wire_format format;
  std::shared_ptr<intake> taken;
  std::optional<identity> known;  // from the upgrade request's credentials
};

/// One connection's user: says who it is, in which rooms, and whether it may. Registers with its
/// user's actor, with the rooms it joins and, for its sink, with its shard's audience; takes itself
/// out of all of them when the connection ends.
class session final : public pinned<session_actor::base> {
 public:
  session(caf::actor_config& config, const environment* env, session_start start);
  behavior_type make_behavior() override;
  const char* name() const override { return "session"; }
  void on_exit() override { state_.reset(); }

 private:
  enum class phase : std::uint8_t { awaiting_hello, greeting, ready, closing };

  /// A join that is being served from the journal.
  struct catching_up {
    ticket_no ticket;
    catch_up what;
    std::optional<seq_no> upto;  // what the client has been given
    bool told_joined = false;
    bool waiting_for_sink = false;
  };
  struct state {
    state(session_start s, const settings& how)
        : self(std::move(s)), rate(how.commands_per_second, how.commands_burst) {}
    session_start self;
    phase now = phase::awaiting_hello;
    bool draining = false;
    std::optional<identity> who;
    message::re hello_ref;
    std::vector<command::resume_point> resume;
    std::map<room_id, room_actor> joined;
    command_gate gate;
    rate_limiter rate;
    std::size_t faults_in_a_row = 0;
    std::size_t limited_in_a_row = 0;
    std::unique_ptr<catching_up> reading;  // seldom there, and large
    std::uint64_t token_generation = 0;
    bool watching_in_flight = false;
  };

  void received(confab::request& what);
  void refused(const rejected& why);
  bool within_rate(const message::re& ref);

  void hello(const message::re& ref, command::hello& what);
  void welcome(session_attached& what);
  void arm_token_timers();
  void timer(const session_timer& what);

  void pump();
  void start(command_gate::running& run);
  void start(command_gate::running& run, command::refresh& what);
  void start(command_gate::running& run, command::join& what);
  void start(command_gate::running& run, command::leave& what);
  void start(command_gate::running& run, command::history& what);
  void start(command_gate::running& run, command::list_rooms& what);
  void start(command_gate::running& run, command::signal& what);
  void start(command_gate::running& run, command::direct& what);
  void in_room(command_gate::running& run, const room_id& room, room_op what);

  void catch_up_from_journal(catch_up_needed& what);
  void read_on();
  void give_page(std::vector<log_entry> entries);
  void give(const message::any& page);
  void finish_catch_up();
  void count_online(ticket_no ticket, rooms_read& read);

  void settled(const command_settled& what);
  void settle(ticket_no ticket);
  void fail(ticket_no ticket, error_code code, std::string text);
  void watch_in_flight();

  asker from(const command_gate::running& run) const;
  session_info info() const;
  const directory_actor& directory_of(const room_id& room) const;
  void say(const message::any& what);
  void say_error(const message::re& ref, error_code code, std::string text);
  void close(close_code code, std::string reason);
  void close_when_drained();
  void farewell();

  const environment* env_;
  std::optional<state> state_;
};

}  // namespace confab::actors
