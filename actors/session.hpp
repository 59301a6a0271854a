#pragma once

#include "actors/caf.hpp"
#include "actors/command_gate.hpp"
#include "actors/environment.hpp"
#include "actors/intake.hpp"
#include "actors/messages.hpp"
#include "actors/patience.hpp"
#include "protocol/frame_sink.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace confab::actors {

/// What a session is born with.
struct session_start {
  session_id id;
  frame_sink_ptr sink;
  wire_format format;
  std::shared_ptr<intake> taken;
  std::unique_ptr<identity> known;  // from the upgrade request's credentials
  connection_origin from = {};
};

/// One connection's user: says who it is, in which rooms, and whether it may. Registers with its
/// shard's audience, with its user's registrar and with the rooms it joins; takes itself out of all
/// of them when the connection ends.
/// There are as many as connections, so what is not always there stands behind a pointer.
class session final : public light_actor<session_event> {
 public:
  session(caf::actor_config& config, const environment* env, session_start start);

 private:
  static constexpr auto never = steady_time::max();
  enum class phase : std::uint8_t {
    awaiting_hello,
    checking,  // the hello's token
    greeting,
    ready,
    refused,
    closing
  };

  /// Needed until `welcome`.
  struct introduction {
    std::unique_ptr<identity> known;
    connection_origin from;
    message::re hello_ref;
    command::hello hello;   // while its token is checked,
    std::size_t bytes = 0;  // which it still holds of what may be in flight
  };
  /// A join that is being served from the journal.
  struct catching_up {
    ticket_no ticket;
    catch_up what;
    std::optional<seq_no> upto;  // what the client has been given
    bool told_joined = false;
    bool waiting_for_sink = false;
    bool waiting_for_pay = false;
  };
  /// What takes several steps before it is done.
  struct looking_up {
    ticket_no ticket;
    std::variant<command::block, command::report, command::send, command::edit, command::direct,
                 command::upload, command::download>
        what;
    key_claims::claim_ptr claim{};  // of a message that is checked and has a key
  };
  /// A marker on its way.
  struct reading_up {
    ticket_no ticket;
    bool all = false;  // of every room
  };
  struct membership {
    room_id room;
    room_actor handle;  // a shorter way than by the directory; null: there is none
    seq_no floor;       // nothing before it is for this reader
  };

  void on_event(session_event& what) override;
  void on_bug(std::exception_ptr caught) noexcept override;
  void on_end() noexcept override;

  /// Whether it waits; otherwise it is done with.
  bool received(frame_received& what);
  void refused(const rejected& why);
  bool within_rate(const message::re& ref, command_type type, double commands);

  // --- session_hello.cpp ---
  bool hello(const message::re& ref, command::hello& what, std::size_t bytes);
  std::optional<token_verdict> check(std::string_view token, ticket_no ticket);
  void token_was_checked(token_checked& news);
  void introduce(command::hello& what, std::optional<token_verdict> of_token);
  void refuse_hello(error_code code, close_code close, const std::string& reason);
  void be(identity who);
  std::optional<unauthorized> kept_out() const;
  void go(session_sent_away& what);
  void welcome(session_attached& what);
  void arm_token_timers();
  void timer(const session_timer& what);

  // --- session.cpp ---
  using running = command_gate::running;
  void pump();
  bool can_pay_for_next();
  void start(running& run, command::any& what);
  void start(running& run, command::refresh& what);
  void refresh(const running& run, std::optional<token_verdict> of_token);
  void start(running& run, command::join& what);
  void start(running& run, command::leave& what);
  void start(running& run, command::history& what);
  void start(running& run, command::list_rooms& what);
  void start(running& run, command::list_reactions& what);
  void start(running& run, command::search& what);
  void start(running& run, command::signal& what);
  void in_room(running& run, const room_id& room, room_op what);
  void fail_outside(running& run, const room_id& room);
  enum class joining : std::uint8_t { needed, not_needed };

  // --- session_chat.cpp ---
  bool take(running& run, price what, double amount, std::string_view too_many);
  std::optional<std::chrono::milliseconds> overdrawn(price what, double amount);
  void append(running& run, const room_id& room, std::string& key, rooms::want what,
              joining needs = joining::needed,
              std::optional<std::chrono::milliseconds> delete_for = {},
              std::optional<std::chrono::milliseconds> overdrawn = {},
              rooms::checked by_hook = rooms::checked::enough);
  void tell_profile();
  void start(running& run, command::set_member& what);
  void start(running& run, command::list_members& what);
  void start(running& run, command::list_pins& what);
  void start(running& run, command::list_threads& what);
  void start(running& run, command::set_room& what);
  void start(running& run, command::create& what);
  void start(running& run, command::emit& what);
  void start(running& run, command::block& what);
  void start(running& run, command::list_blocks& what);
  void start(running& run, command::list_users& what);
  void start(running& run, command::report& what);
  void start(running& run, command::set_active& what);

  // --- session_saying.cpp ---
  using checked = rooms::checked;
  void start(running& run, command::send& what, checked by_hook = checked::enough);
  void start(running& run, command::edit& what, checked by_hook = checked::enough);
  void start(running& run, command::direct& what, checked by_hook = checked::enough);
  void start(running& run, command::upload& what);
  void start(running& run, command::download& what);
  bool is_checked(const command::any& what) const;
  void begin_check(running& run, command::any& what);
  void claimed(claim_came& news);
  void submit_unchecked(running& run);
  void go_on(const command_settled& what);
  void hook_said(hook_answered& news);
  void begin_file(running& run, decltype(looking_up::what) what);
  void file_found(running& run, const messages_read& read);
  rooms::hook_asker hook_asker_in(const room_id& room, role as) const;
  asked_hooks::hear to_hear(ticket_no ticket) const;
  bool looks_up(ticket_no ticket) const { return looking_up_ && looking_up_->ticket == ticket; }

  // --- session_unread.cpp ---
  void start(running& run, command::read& what);
  void start(running& run, command::set_own& what);
  void start(running& run, command::list_mentions& what);
  void move_marker(const running& run, const room_id& room, seq_no upto, bool answers);
  void marker_stored(running& run, const stored_for_session& what);
  void marker_moved_elsewhere(const marker_told& what);
  void counts_came(running& run, const counts_read& read);
  void unread_came(running& run, const unread_read& read);
  void mentions_came(running& run, mentions_read& read);
  void start(running& run, command::inbox& what);
  void watch_inbox(bool on);
  void watch_what_is_allowed();
  journal::room_filter allowed_rooms() const;
  void inbox_came(running& run, inbox_read& read);
  void list(running& run, const room_id& room, decltype(list_op::what) what);
  template <class Command>
  const Command* looked_up(ticket_no ticket) const;
  void blocks_came(running& run, blocks_read& read);
  void reported_came(running& run, const reported_read& read);
  void profiles_came(running& run, profiles_read& read);
  void stored(const stored_for_session& what);
  rooms::principal principal_in(const room_id& room);

  // --- session_reading.cpp ---
  void read(running& run, decltype(session_read::what) what);
  void read_came(read_done& what);
  void catch_up_from_journal(const catch_up& what);
  void read_on();
  void watch_sink();
  void give_page(entries_read read);
  void history_came(running& run, messages_read& read);
  void give_latest(messages_read read);
  void page_unavailable(const rooms::refused& why);
  void give(const message::any& page);
  void finish_catch_up();
  void stop_catching_up(const command_settled& what);
  void count_online(running& run, rooms_read& read);
  void search_came(running& run, search_read& read);

  void settled(command_settled& what);
  void moved(const membership& at, bool in);
  void reached(ticket_no ticket, std::size_t sessions);
  void settle(ticket_no ticket);
  void give_back(std::size_t bytes);
  void read_on_when_paid();
  void wait_for_pay(budget::span wait);
  void paid();
  void fail(ticket_no ticket, error_code code, std::string_view text);
  void fail(ticket_no ticket, const rooms::refused& why);
  void watch_in_flight();
  void give_up_late();
  steady_time deadline() const;

  void remind_me(std::chrono::milliseconds wait, session_timer what);
  membership* in(const room_id& room);
  bool may_join(const room_id& room) const;
  void leave_what_is_forbidden();
  asker from(const running& run) const;
  session_info info() const;
  void to_directory(const room_id& room, asker from, room_op what);
  void to_registrar(user_op what);
  const audience_actor& own_audience() const;
  void say(const message::any& what);
  void say_error(command_type of, const message::error& what);
  void say_error(command_type of, const message::re& ref, error_code code, std::string text) {
    say_error(of, {ref, code, std::move(text), {}, {}});
  }
  void close(close_code code, std::string reason);
  void close_when_drained();
  void farewell();

  const environment* env_;
  session_id id_;
  frame_sink_ptr sink_;
  std::shared_ptr<intake> taken_;
  wire_format format_;
  phase now_ = phase::awaiting_hello;
  bool draining_ = false;
  bool hello_failed_ = false;  // it came, and another one may
  bool awaits_pay_ = false;    // the `paid` timer is on its way,
  bool watches_sink_ = false;  // and `page`
  bool told_profile_ = false;  // to the server's own log
  bool watches_inbox_ = false;
  std::uint8_t faults_in_a_row_ = 0;
  user_id user_;                           // from `hello` on
  std::string name_;                       // likewise
  std::unique_ptr<const identity> token_;  // the rest of it, if there was one
  std::unique_ptr<introduction> introduction_;
  std::unique_ptr<const std::string> peer_;  // its address, where hooks ask for it
  std::vector<membership> joined_;  // few: searched one by one
  command_gate gate_;
  patience patience_;
  std::unique_ptr<catching_up> reading_;
  /// While it is looked whether it may be, and stored.
  std::unique_ptr<looking_up> looking_up_;
  std::unique_ptr<reading_up> reads_;
  /// Of the `in_flight` timer that is on its way.
  steady_time watch_due_ = never;
  std::uint32_t token_generation_ = 0;
  std::uint32_t sink_waits_ = 0;  // how often a catch-up has waited for its reader
};
static_assert(limits::faults_in_a_row_max < 256);
static_assert(sizeof(session) <= 400, "there is one for every connection");

}  // namespace confab::actors
