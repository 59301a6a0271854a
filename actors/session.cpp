#include "actors/session.hpp"

#include "protocol/codec.hpp"
#include "protocol/limits.hpp"

#include <algorithm>
#include <chrono>

namespace confab::actors {
namespace {

/// A room answers within `append_wait_max`, after as long in its stash and a look-up at worst;
/// when this much more has passed it must have ended by a bug.
constexpr auto in_flight_wait_extra = std::chrono::seconds{25};

/// What costs rows of a room's log, or of the list of rooms: it waits until earlier ones are paid off.
bool costs_rows(const command::any& what) {
  return std::holds_alternative<command::join>(what) ||
         std::holds_alternative<command::delete_messages>(what) ||
         std::holds_alternative<command::history>(what) ||
         std::holds_alternative<command::list_rooms>(what) ||
         std::holds_alternative<command::list_reactions>(what) ||
         std::holds_alternative<command::list_members>(what) ||
         std::holds_alternative<command::list_pins>(what) ||
         std::holds_alternative<command::list_threads>(what) ||
         std::holds_alternative<command::list_users>(what) ||
         std::holds_alternative<command::read>(what) ||
         std::holds_alternative<command::list_mentions>(what) ||
         std::holds_alternative<command::inbox>(what) ||
         std::holds_alternative<command::search>(what);
}

/// How many commands it counts as (SEMANTICS §13).
double worth(const command::any& what) {
  return std::visit(
      overloaded{
          [](const command::list_reactions&) { return 2.0; },
          [](const command::list_members&) { return 2.0; },
          [](const command::list_pins&) { return 2.0; },
          [](const command::list_threads&) { return 2.0; },
          [](const command::list_users&) { return 2.0; },
          [](const command::list_mentions&) { return 2.0; },
          [](const command::read& c) { return c.room ? 1.0 : 20.0; },
          [](const command::react&) { return 2.0; },
          [](const command::set_member& c) { return static_cast<double>(c.change.users.size()); },
          [](const command::delete_messages& c) { return static_cast<double>(c.targets.size()); },
          [](const command::upload&) { return 5.0; },
          [](const command::download&) { return 5.0; },
          [](const command::report&) { return 5.0; },
          [](const command::inbox&) { return 5.0; },
          [](const command::create&) { return 10.0; },
          [](const command::search&) { return 10.0; },
          [](const auto&) { return 1.0; },
      },
      what);
}

}  // namespace

session::session(caf::actor_config& config, const environment* env, session_start start)
    : light_actor(config),
      env_(env),
      id_(start.id),
      sink_(std::move(start.sink)),
      taken_(std::move(start.taken)),
      format_(start.format),
      introduction_(new introduction{std::move(start.known), std::move(start.from), {}, {}, 0}) {
  caf::anon_send(own_audience(), attach_sink{id_, me(), sink_, format_, taken_});
}

void session::on_event(session_event& what) {
  std::visit(overloaded{
                 [this](frame_received& f) {
                   if (!received(f)) give_back(f.bytes);
                 },
                 [this](const frame_rejected& f) {
                   refused(f.why);
                   give_back(f.bytes);
                 },
                 [this](hello_refused& r) { close(r.code, std::move(r.reason)); },
                 [this](token_checked& t) { token_was_checked(t); },
                 [this](const sink_writable&) {
                   if (reading_ && reading_->waiting_for_sink) read_on();
                 },
                 [this](const drain_session&) {
                   draining_ = true;
                   close_when_drained();
                 },
                 [this](const connection_closed&) {
                   farewell();
                   end();
                 },
                 [this](const replace_session&) {
                   close(close_code::replaced, "replaced by a newer session of this device");
                 },
                 [this](session_sent_away& s) { go(s); },
                 [this](const user_lost&) { close(close_code::internal, "the user was lost"); },
                 [this](session_attached& a) { welcome(a); },
                 [this](const sessions_reached& r) {
                   if (reading_ && reading_->ticket == r.ticket) return read_on();
                   reached(r.ticket, r.count);
                 },
                 [this](command_settled& s) { settled(s); },
                 [this](const catch_up_needed& c) { catch_up_from_journal(*c.what); },
                 [this](read_done& r) { read_came(r); },
                 [this](online_counted& c) {
                   if (!gate_.find(c.ticket)) return;
                   if (c.list.ref) say(c.list);
                   settle(c.ticket);
                 },
                 [this](signal_came& s) { to_registrar(std::move(s.what)); },
                 [this](const marker_told& m) { marker_moved_elsewhere(m); },
                 [this](const stored_for_session& r) { stored(r); },
                 [this](const session_timer& t) { timer(t); },
                 [this](claim_came& c) { claimed(c); },
                 [this](hook_answered& a) { hook_said(a); },
             },
             what);
}

/// This connection ends, nobody else notices.
void session::on_bug(std::exception_ptr caught) noexcept {
  report_bug(*env_, "session", user_.view(), std::move(caught));
  sink_->close(close_code::internal, "internal error");
  farewell();
}

void session::on_end() noexcept {
  joined_.clear();
  reading_.reset();
  sink_.reset();
  looking_up_.reset();
  taken_.reset();  // by which others see that it has ended
}

// --- frames in ---------------------------------------------------------------------------------

bool session::received(frame_received& what) {
  // What comes after the drain began is as if it had crossed the close frame on its way.
  if (now_ == phase::closing || draining_) return false;
  auto& [id, command] = what.what;
  auto* as_hello = std::get_if<command::hello>(&command);
  const auto type = static_cast<command_type>(command.index());
  if (now_ == phase::refused || (now_ == phase::awaiting_hello && !as_hello && hello_failed_)) {
    say_error(type, id, error_code::unauthorized, "hello was refused");
    return false;
  }
  if (now_ == phase::awaiting_hello && !as_hello) {
    close(close_code::protocol_error, "hello first");
    return false;
  }
  faults_in_a_row_ = 0;
  env_->board.counts_of(id_).commands[type].add();
  if (!within_rate(id, type, worth(command))) return false;
  if (as_hello && now_ != phase::awaiting_hello) {
    say_error(type, id, error_code::already, "hello was said already");
  } else if (as_hello) {
    return hello(id, *as_hello, what.bytes);
  } else if (std::holds_alternative<command::ping>(command)) {
    if (id) say(message::pong{id});
  } else if (taken_->server_is_full()) {
    say_error(type, id, error_code::unavailable, "the server has too much to do");
  } else {
    gate_.add(std::move(what.what), true, what.bytes);
    pump();
    return true;
  }
  return false;
}

void session::refused(const rejected& why) {
  if (now_ == phase::closing || draining_) return;
  if (now_ == phase::refused && !why.close)
    return say_error(no_command, why.id, error_code::unauthorized, "hello was refused");
  if (why.close) {
    close(*why.close, why.message);
  } else if (now_ == phase::awaiting_hello && !why.hello && !hello_failed_) {
    close(close_code::protocol_error, "hello first");
  } else if (within_rate(why.id, no_command, 1)) {
    if (now_ == phase::awaiting_hello) hello_failed_ = true;
    say_error(no_command, why.id, why.code, why.message);
    if (++faults_in_a_row_ >= limits::faults_in_a_row_max)
      close(close_code::protocol_error, "too many bad frames in a row");
  }
}

bool session::within_rate(const message::re& ref, command_type type, double commands) {
  const auto now = env_->steady_now();
  const auto wait = taken_->pays.take(price::commands, commands, now);
  if (wait.count() == 0) return true;
  const auto told = std::chrono::ceil<std::chrono::milliseconds>(wait);
  say_error(type, message::error{ref, error_code::rate_limited, "too many commands", told, {}});
  if (now_ == phase::awaiting_hello) hello_failed_ = true;
  if (patience_.ends(now, limits::refusals_bursts_max * env_->how.commands_burst))
    close(close_code::rate_abuse, "too many commands");
  return false;
}

// --- commands out ------------------------------------------------------------------------------

void session::pump() {
  while (now_ == phase::ready && can_pay_for_next()) {
    const auto first = gate_.next();
    const bool alone = first && is_checked(first->what.what);
    auto next = gate_.start_next(deadline(), alone);
    if (!next) break;
    if (!next->run.counted) taken_->pays.charge(price::commands, 1, env_->steady_now());
    if (alone)
      begin_check(next->run, next->what);
    else
      start(next->run, next->what);
  }
  watch_in_flight();
}

/// Whoever asks for much waits until what he was given before is paid off, and so does what he sent
/// behind it. Nothing is refused for that: the server decides when it reads.
bool session::can_pay_for_next() {
  const auto next = gate_.next();
  if (!next) return true;
  auto& pays = taken_->pays;
  const auto now = env_->steady_now();
  budget::span wait{0};
  if (costs_rows(next->what.what))
    wait = std::max(pays.wait(price::rows, 0, now), pays.wait(price::bytes_out, 0, now));
  // What the client sent has been paid for when it came, a room of `resume` has not.
  if (wait.count() == 0 && !next->counted) wait = pays.wait(price::commands, 1, now);
  if (wait.count() == 0) return true;
  wait_for_pay(wait);
  return false;
}

void session::start(running& run, command::any& what) {
  std::visit(
      overloaded{
          [](command::hello&) {},  // answered when they came
          [](command::ping&) {},
          [&](command::delete_messages& c) {
            append(run, c.room, c.key,
                   rooms::delete_messages{std::move(c.targets), std::move(c.reason)},
                   joining::not_needed);
          },
          [&](command::react& c) {
            append(run, c.room, c.key, rooms::set_reaction{c.target, std::move(c.emoji), c.on});
          },
          [&](command::pin& c) {
            append(run, c.room, c.key, rooms::set_pin{c.target, c.on}, joining::not_needed);
          },
          [&](command::typing& c) { in_room(run, c.room, typing_op{c.on}); },
          [&](auto& c) { start(run, c); },
      },
      what);
}

void session::in_room(running& run, const room_id& room, room_op what) {
  const auto* at = in(room);
  if (!at) return fail_outside(run, room);
  if (!at->handle) return to_directory(room, from(run), std::move(what));
  caf::anon_send(at->handle, room_command{from(run), std::move(what)});
}

/// The room says why: a ban comes before that one has not joined (SEMANTICS §11).
void session::fail_outside(running& run, const room_id& room) {
  run.room = room;
  if (!may_join(room))
    return fail(run.ticket, error_code::forbidden, "not allowed in this room");
  to_directory(room, from(run), absent_op{principal_in(room)});
}

void session::start(running& run, command::join& what) {
  run.room = what.at.room;
  if (!may_join(run.room))
    return fail(run.ticket, error_code::forbidden, "not allowed in this room");
  if (joined_.size() >= env_->how.rooms_per_session_max && !in(run.room))
    return fail(run.ticket, error_code::too_many_rooms, "leave a room first");
  taken_->pays.charge(price::rows, limits::history_count_default, env_->steady_now());
  if (what.member) tell_profile();
  to_directory(run.room, from(run),
               join_op{info(), principal_in(run.room), what.at.since, std::move(what.at.epoch),
                       false, what.member});
}

void session::start(running& run, command::leave& what) {
  if (!what.member && !in(what.room))
    return fail(run.ticket, error_code::not_joined, "join the room first");
  if (!what.member) return in_room(run, what.room, leave_op{false});
  run.room = what.room;
  to_directory(what.room, from(run), cease_op{principal_in(what.room)});
}

void session::start(running& run, command::signal& what) {
  user_signal event{{user_, env_->board.name_of(id_), std::move(what.data)}, run.ticket, {}, {}};
  if (env_->how.signals_from == signal_senders::shared)
    for (const auto& at : joined_)
      if (at.handle) event.rooms.push_back(at.handle.id());
  if (const auto* user = std::get_if<user_id>(&what.to)) {
    caf::anon_send(env_->board.registrar_of(*user), to_user{*user, std::move(event)});
  } else if (const auto to = env_->board.find(std::get<session_name>(what.to))) {
    event.only = *to;
    caf::anon_send(env_->board.audience_of(*to), signal_delivery{*to, std::move(event)});
  } else {
    // A name that was made up says no more than that of a session that is gone.
    reached(run.ticket, 0);
  }
}

void session::reached(ticket_no ticket, std::size_t sessions) {
  if (const auto* run = gate_.find(ticket); run && run->ref)
    say(message::signalled{run->ref, sessions});
  settle(ticket);
}

// --- settling ----------------------------------------------------------------------------------

void session::settled(command_settled& what) {
  if (what.what == settlement::to_be_checked) return go_on(what);
  auto* const at = in(what.room);
  if (what.what == settlement::joined) {
    // A room with somebody in it is not put away, and one that ends by a bug closes its members'
    // connections: what is looked up here serves as long as the membership does.
    auto& own = at ? *at : joined_.emplace_back(membership{what.room, {}, {}});
    own.handle = env_->board.awake(what.room);
    own.floor = what.floor;
    moved(own, true);
  }
  if (what.what == settlement::left && at) {
    moved(*at, false);
    joined_.erase(joined_.begin() + (at - joined_.data()));
  }
  if (what.what == settlement::left) stop_catching_up(what);
  if (what.rows) taken_->pays.charge(price::rows, double(what.rows), env_->steady_now());
  if (what.what == settlement::broken) close(close_code::internal, "the room restarted");
  // Ticket 0: no command of the client's is done with that.
  if (what.ticket.value() != 0) settle(what.ticket);
}

/// Its user's row knows in which rooms a session is where that decides who may send it signals.
void session::moved(const membership& at, bool in) {
  if (env_->how.signals_from == signal_senders::shared && at.handle)
    to_registrar(session_moved{id_, at.handle.id(), in});
}

/// Gives the command's place back to the connection.
void session::settle(ticket_no ticket) {
  const auto finished = gate_.finish(ticket);
  if (!finished) return;
  if (looks_up(ticket)) looking_up_.reset();
  if (finished->counted) taken_->settle(1, finished->bytes);
  read_on_when_paid();
  pump();
  close_when_drained();
}

/// A frame that did not have to wait is done with.
void session::give_back(std::size_t bytes) {
  taken_->settle(1, bytes);
  read_on_when_paid();
  close_when_drained();
}

void session::read_on_when_paid() {
  if (!taken_->paused() || !taken_->has_caught_up()) return;
  if (const auto debt = taken_->debt(env_->steady_now()); debt.count() > 0)
    return wait_for_pay(debt);
  taken_->resume();
  sink_->resume_reading();
}

/// One timer for all that waits for it.
void session::wait_for_pay(budget::span wait) {
  if (std::exchange(awaits_pay_, true)) return;
  remind_me(std::chrono::ceil<std::chrono::milliseconds>(wait),
            {session_timer::kind::paid, {}, {}});
}

void session::paid() {
  awaits_pay_ = false;
  if (now_ == phase::closing) return;
  read_on_when_paid();
  if (reading_ && reading_->waiting_for_pay) read_on();
  pump();
}

void session::fail(ticket_no ticket, error_code code, std::string_view text) {
  fail(ticket, rooms::refusal(code, text));
}

void session::fail(ticket_no ticket, const rooms::refused& why) {
  const auto* run = gate_.find(ticket);
  if (!run) return;
  if (run->answered)  // no second reply
    close(close_code::internal, why.text);
  else
    say_error(run->type, error_for(from(*run), run->room, why));
  settle(ticket);
}

steady_time session::deadline() const {
  return env_->steady_now() + env_->how.append_wait_max + in_flight_wait_extra;
}

/// One timer, for the command that is given up first: those that run together have the same wait.
void session::watch_in_flight() {
  const auto* oldest = gate_.oldest();
  if (!oldest || !oldest->until || now_ == phase::closing) return;
  if (watch_due_ <= *oldest->until) return;
  watch_due_ = *oldest->until;
  const auto wait = std::chrono::ceil<std::chrono::milliseconds>(watch_due_ - env_->steady_now());
  remind_me(wait, {session_timer::kind::in_flight, {}, watch_due_});
}

void session::give_up_late() {
  watch_due_ = never;
  while (const auto* run = gate_.oldest()) {
    if (!run->until || *run->until > env_->steady_now()) break;
    const auto ticket = run->ticket;
    if (reading_ && reading_->ticket == ticket)
      page_unavailable(rooms::refusal(error_code::unavailable, "try again"));
    else
      fail(ticket, error_code::unavailable, "no answer; the outcome is unknown");
  }
  watch_in_flight();
}

// --- small things ------------------------------------------------------------------------------

void session::remind_me(std::chrono::milliseconds wait, session_timer what) {
  caf::anon_send(own_audience(), remind{id_, wait, what});
}

session::membership* session::in(const room_id& room) {
  const auto at = std::ranges::find(joined_, room, &membership::room);
  return at == joined_.end() ? nullptr : &*at;
}

asker session::from(const running& run) const {
  return {id_, format_, run.ticket, run.ref, {}, {}, taken_->pays.address(), run.type};
}

session_info session::info() const { return {id_, user_, name_, format_}; }

void session::to_directory(const room_id& room, asker from, room_op what) {
  caf::anon_send(env_->board.directory_of(room), to_room{room, {from, std::move(what)}});
}

void session::to_registrar(user_op what) {
  caf::anon_send(env_->board.registrar_of(user_), to_user{user_, std::move(what)});
}

const audience_actor& session::own_audience() const { return env_->board.audience_of(id_); }

void session::say(const message::any& what) {
  // Overflow and closed end in connection_closed; there is nothing to do about them here.
  const auto bytes = encode_frame(format_, what);
  taken_->pays.charge(price::bytes_out, static_cast<double>(bytes->size()), env_->steady_now());
  static_cast<void>(sink_->push(bytes));
}

void session::say_error(command_type of, const message::error& what) {
  env_->board.counts_of(id_).failed(of, what.code);
  say(what);
}

void session::close(close_code code, std::string reason) {
  if (now_ == phase::closing) return;
  now_ = phase::closing;
  reading_.reset();
  env_->closing(id_, user_, code, reason);
  sink_->close(code, std::move(reason));
}

/// A stopping server answers what is in flight before it says good-bye.
void session::close_when_drained() {
  if (!draining_ || !gate_.empty() || now_ == phase::closing) return;
  if (now_ == phase::checking || now_ == phase::greeting) return;
  const auto spread = env_->reconnect_spread().count() + 1;
  const std::chrono::milliseconds after{env_->random() % static_cast<std::uint64_t>(spread)};
  if (now_ != phase::ready) return close(close_code::restart, reconnect_reason(after));
  // Replies to what was done before may still be in the audience's mailbox.
  now_ = phase::closing;
  reading_.reset();
  caf::anon_send(own_audience(), close_sink{id_, close_code::restart, reconnect_reason(after)});
}

/// Out of everything this session has put itself into.
void session::farewell() {
  const asker nobody{id_, format_, {}, {}};
  for (const auto& at : joined_) to_directory(at.room, nobody, leave_op{true});
  for (const auto& run : gate_.in_flight())
    if (!run.room.value().empty() && !in(run.room)) to_directory(run.room, nobody, leave_op{true});
  if (!user_.value().empty()) to_registrar(detach_session{id_});
  caf::anon_send(own_audience(), detach_sink{id_});
}

}  // namespace confab::actors
