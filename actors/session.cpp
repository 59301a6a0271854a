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
/// CAF counts time in 64-bit nanoseconds, which end after 292 years: no timers beyond this.
constexpr auto token_timer_max = std::chrono::hours{24 * 365};
/// Commands refused for their rate in a row, in bursts, before the connection is closed (4003).
constexpr std::size_t rate_abuse_bursts = 5;

constexpr std::string_view server_name = "confab/" CONFAB_VERSION;

}  // namespace

session::session(caf::actor_config& config, const environment* env, session_start start)
    : pinned(config), env_(env) {
  state_.emplace(std::move(start), env->how);
}

session::behavior_type session::make_behavior() {
  // The wall for bugs: this connection ends, nobody else notices.
  set_exception_handler([this](std::exception_ptr&) -> caf::error {
    if (state_) {
      state_->self.sink->close(close_code::internal, "internal error");
      farewell();
    }
    return caf::exit_reason::unhandled_exception;
  });
  send(env_->shards[state_->self.id.shard()].audience,
       expect_hello{caf::actor_cast<session_actor>(this), env_->how.hello_wait_max});
  return {
      [this](frame_received& f) { received(f.what); },
      [this](const frame_rejected& f) { refused(f.why); },
      [this](session_attached& a) { welcome(a); },
      [this](const command_settled& what) { settled(what); },
      [this](catch_up_needed& what) { catch_up_from_journal(what); },
      [this](const sessions_reached& r) {
        if (state_->reading && state_->reading->ticket == r.ticket) return read_on();
        if (const auto* run = state_->gate.find(r.ticket); run && run->what.id)
          say(message::signalled{run->what.id, r.count});
        settle(r.ticket);
      },
      [this](const sink_writable&) {
        if (state_->reading && state_->reading->waiting_for_sink) read_on();
      },
      [this](const drain_session&) {
        state_->draining = true;
        close_when_drained();
      },
      [this](const connection_closed&) {
        farewell();
        quit();
      },
      [this](const replace_session&) {
        close(close_code::replaced, "replaced by a newer session of this device");
      },
      [this](const session_timer& t) { timer(t); },
  };
}

// --- frames in ---------------------------------------------------------------------------------

void session::received(confab::request& what) {
  auto& s = *state_;
  // What comes after the drain began is as if it had crossed the close frame on its way.
  if (s.now == phase::closing || s.draining) return settle({});
  s.faults_in_a_row = 0;
  auto* as_hello = std::get_if<command::hello>(&what.what);
  if (s.now != phase::ready) {
    if (!as_hello)
      close(close_code::protocol_error, "hello first");
    else if (s.now == phase::greeting)
      say_error(what.id, error_code::already, "hello was said already");
    else if (within_rate(what.id))
      hello(what.id, *as_hello);
    return settle({});
  }
  if (!within_rate(what.id)) return settle({});
  if (as_hello) {
    say_error(what.id, error_code::already, "hello was said already");
    return settle({});
  }
  if (std::holds_alternative<command::ping>(what.what)) {
    if (what.id) say(message::pong{what.id});
    return settle({});
  }
  s.gate.add(std::move(what), true);
  pump();
}

void session::refused(const rejected& why) {
  auto& s = *state_;
  if (s.now == phase::closing) return settle({});
  if (why.close) {
    close(*why.close, why.message);
  } else if (s.now != phase::ready && !why.hello) {
    close(close_code::protocol_error, "hello first");
  } else if (within_rate(why.id)) {
    say_error(why.id, why.code, why.message);
    if (++s.faults_in_a_row >= limits::faults_in_a_row_max)
      close(close_code::protocol_error, "too many bad frames in a row");
  }
  settle({});
}

bool session::within_rate(const message::re& ref) {
  auto& s = *state_;
  const auto wait = s.rate.take(env_->now());
  if (wait.count() == 0) {
    s.limited_in_a_row = 0;
    return true;
  }
  say(message::error{ref, error_code::rate_limited, "too many commands", wait});
  if (++s.limited_in_a_row > rate_abuse_bursts * env_->how.commands_burst)
    close(close_code::rate_abuse, "too many commands");
  return false;
}

// --- who it is ---------------------------------------------------------------------------------

void session::hello(const message::re& ref, command::hello& what) {
  auto& s = *state_;
  const auto refuse = [&](const unauthorized& why) {
    say_error(ref, error_code::unauthorized, why.reason);
    close(why.expired ? close_code::token_expired : close_code::unauthorized, why.reason);
  };
  if (what.token) {
    auto verified = env_->auth->verify(*what.token, env_->now());
    if (const auto* why = std::get_if<unauthorized>(&verified)) return refuse(*why);
    auto& who = std::get<identity>(verified);
    if (s.self.known && s.self.known->user != who.user)
      return refuse({"the token is another user's than the request's", false});
    s.who = std::move(who);
  } else if (s.self.known) {
    s.who = std::move(s.self.known);
  } else if (what.guest) {
    if (!env_->auth->guests_allowed()) return refuse({"guests are not allowed", false});
    s.who = identity{*what.guest, what.name.value_or(what.guest->value()), {}, {}, {}, false};
  } else {
    return refuse({"a token or a guest name is needed", false});
  }
  s.now = phase::greeting;
  s.hello_ref = ref;
  s.resume = std::move(what.resume);
  const auto me = caf::actor_cast<session_actor>(this);
  send(env_->shards[s.self.id.shard()].audience,
       attach_sink{s.self.id, s.self.sink, s.self.format});
  send(env_->shards[env_->shard_of(s.who->user)].directory,
       to_user{s.who->user, attach_session{{info(), me}, std::move(what.device)}});
}

void session::welcome(session_attached& what) {
  auto& s = *state_;
  if (s.now != phase::greeting) return;
  s.now = phase::ready;
  message::welcome frame;
  frame.ref = s.hello_ref;
  frame.user = {s.who->user, s.who->name};
  frame.session = s.self.id;
  frame.node = env_->how.node;
  frame.server = server_name;
  frame.heartbeat = env_->how.heartbeat;
  frame.text_bytes = env_->how.text_bytes_max;
  frame.frame_bytes = env_->how.frame_bytes_max;
  frame.rooms = env_->how.rooms_per_session_max;
  frame.expires_at = s.who->expires_at;
  frame.directs = std::move(what.directs);
  say(frame);
  send(env_->shards[s.self.id.shard()].audience, open_sink{s.self.id});
  arm_token_timers();
  for (auto& point : std::exchange(s.resume, {}))
    s.gate.add({std::nullopt, command::join{std::move(point)}}, false);
  pump();
  close_when_drained();
}

void session::arm_token_timers() {
  auto& s = *state_;
  if (!s.who->expires_at) return;
  const auto generation = ++s.token_generation;
  const auto left = std::chrono::milliseconds{
      std::max<std::int64_t>(s.who->expires_at->value() - env_->now().value(), 0)};
  if (left > token_timer_max) return;
  const auto notice = std::max<std::chrono::milliseconds>(left - limits::token_notice, {});
  delayed_send(this, notice, session_timer{session_timer::kind::token_notice, generation});
  delayed_send(this, left, session_timer{session_timer::kind::token_expiry, generation});
}

void session::timer(const session_timer& what) {
  auto& s = *state_;
  const bool current = what.generation == s.token_generation && s.now != phase::closing;
  switch (what.what) {
    case session_timer::kind::hello:
      if (s.now == phase::awaiting_hello) close(close_code::hello_late, "hello did not come");
      break;
    case session_timer::kind::token_notice:
      if (current) say(message::token_expiring{*s.who->expires_at});
      break;
    case session_timer::kind::token_expiry:
      if (current) close(close_code::token_expired, "the token has expired");
      break;
    case session_timer::kind::in_flight: {
      s.watching_in_flight = false;
      const auto wait = env_->how.append_wait_max + in_flight_wait_extra;
      while (const auto* run = s.gate.oldest()) {
        if (run->since.value() + wait.count() > env_->now().value()) break;
        // As long as it has pages for its reader, a catch-up takes its time.
        if (s.reading && s.reading->ticket == run->ticket) break;
        fail(run->ticket, error_code::unavailable, "no answer; the outcome is unknown");
      }
      watch_in_flight();
      break;
    }
  }
}

void session::start(command_gate::running& run, command::refresh& what) {
  auto& s = *state_;
  auto verified = env_->auth->verify(what.token, env_->now());
  if (const auto* why = std::get_if<unauthorized>(&verified))
    return fail(run.ticket, error_code::unauthorized, why->reason);
  auto& who = std::get<identity>(verified);
  if (who.user != s.who->user)
    return fail(run.ticket, error_code::unauthorized, "the user must stay the same");
  s.who = std::move(who);
  ++s.token_generation;
  arm_token_timers();
  if (run.what.id) say(message::refreshed{run.what.id, s.who->expires_at});
  settle(run.ticket);
}

// --- commands out ------------------------------------------------------------------------------

void session::pump() {
  while (state_->now == phase::ready) {
    auto* run = state_->gate.start_next(env_->now());
    if (!run) break;
    start(*run);
  }
  watch_in_flight();
}

void session::start(command_gate::running& run) {
  std::visit(overloaded{
                 [](command::hello&) {},  // answered when they came
                 [](command::ping&) {},
                 [&](command::send& c) {
                   in_room(run, c.room, append_op{std::move(c.key), posted{std::move(c.what)}});
                 },
                 [&](command::edit& c) {
                   in_room(run, c.room,
                           append_op{std::move(c.key), edited{c.target, std::move(c.what)}});
                 },
                 [&](command::delete_message& c) {
                   in_room(run, c.room, append_op{std::move(c.key), deleted{c.target}});
                 },
                 [&](command::react& c) {
                   in_room(run, c.room,
                           append_op{std::move(c.key), reacted{c.target, std::move(c.emoji), c.on}});
                 },
                 [&](command::typing& c) { in_room(run, c.room, typing_op{c.on}); },
                 [&](auto& c) { start(run, c); },
             },
             run.what.what);
}

void session::in_room(command_gate::running& run, const room_id& room, room_op what) {
  const auto at = state_->joined.find(room);
  if (at == state_->joined.end())
    return fail(run.ticket, error_code::not_joined, "join the room first");
  send(at->second, room_command{from(run), caf::actor_cast<session_actor>(this), std::move(what)});
}

void session::start(command_gate::running& run, command::join& what) {
  auto& s = *state_;
  const auto& room = what.at.room;
  if (!s.who->may_join(room))
    return fail(run.ticket, error_code::forbidden, "not allowed in this room");
  if (s.joined.size() >= env_->how.rooms_per_session_max && !s.joined.contains(room))
    return fail(run.ticket, error_code::too_many_rooms, "leave a room first");
  run.room = room;
  join_op op{info(), s.who->role_in(room), what.at.since, what.at.epoch, false};
  send(directory_of(room),
       to_room{room, {from(run), caf::actor_cast<session_actor>(this), std::move(op)}});
}

void session::start(command_gate::running& run, command::leave& what) {
  in_room(run, what.room, leave_op{false});
}

void session::start(command_gate::running& run, command::direct& what) {
  const auto room = direct_room_of(state_->who->user, what.to);
  direct_op op{info(), what.to, std::move(what.key), std::move(what.what)};
  send(directory_of(room),
       to_room{room, {from(run), caf::actor_cast<session_actor>(this), std::move(op)}});
}

void session::start(command_gate::running& run, command::signal& what) {
  auto& s = *state_;
  const message::signal event{s.who->user, s.self.id, std::move(what.data)};
  frames bytes;
  for (const auto objects : {codec::json, codec::cbor})
    for (const bool deflate : {false, true}) {
      const wire_format format{objects, deflate};
      bytes[format.index()] = encode_frame(format, event);
    }
  const auto me = caf::actor_cast<session_actor>(this);
  if (const auto* user = std::get_if<user_id>(&what.to)) {
    send(env_->shards[env_->shard_of(*user)].directory,
         to_user{*user, user_signal{std::move(bytes), me, run.ticket}});
  } else {
    const auto to = std::get<session_id>(what.to);
    // A session of no shard is one that is not there.
    const auto shard = to.shard() < env_->shards.size() ? to.shard() : s.self.id.shard();
    send(env_->shards[shard].audience, session_delivery{{to}, std::move(bytes), me, run.ticket});
  }
}

// --- settling ----------------------------------------------------------------------------------

void session::settled(const command_settled& what) {
  if (what.what == settlement::joined) state_->joined.insert_or_assign(what.room, what.handle);
  if (what.what == settlement::left) state_->joined.erase(what.room);
  if (what.what == settlement::broken) close(close_code::internal, "the room restarted");
  // Ticket 0: the session went by itself, no command of the client's is done with that.
  if (what.ticket.value() != 0) settle(what.ticket);
}

/// Gives the command's place back to the connection. Ticket 0: one that was answered at once.
void session::settle(ticket_no ticket) {
  auto& s = *state_;
  bool counted = ticket.value() == 0;
  if (!counted) {
    const auto finished = s.gate.finish(ticket);
    if (!finished) return;
    counted = finished->counted;
  }
  auto& taken = *s.self.taken;
  if (counted && taken.outstanding > 0) --taken.outstanding;
  if (taken.paused && taken.outstanding <= limits::commands_in_flight_max / 2) {
    taken.paused = false;
    s.self.sink->resume_reading();
  }
  if (ticket.value() != 0) pump();
  close_when_drained();
}

void session::fail(ticket_no ticket, error_code code, std::string text) {
  const auto* run = state_->gate.find(ticket);
  if (!run) return;
  if (run->answered)  // no second reply
    close(close_code::internal, std::move(text));
  else
    say_error(run->what.id, code, std::move(text));
  settle(ticket);
}

void session::watch_in_flight() {
  auto& s = *state_;
  const auto* oldest = s.gate.oldest();
  if (s.watching_in_flight || !oldest || s.now == phase::closing) return;
  s.watching_in_flight = true;
  const std::chrono::milliseconds waited{env_->now().value() - oldest->since.value()};
  const auto left = env_->how.append_wait_max + in_flight_wait_extra - waited;
  // No less than a second: a catch-up may be older than that.
  delayed_send(this, std::max<std::chrono::milliseconds>(left, std::chrono::seconds{1}),
               session_timer{session_timer::kind::in_flight});
}

// --- small things ------------------------------------------------------------------------------

asker session::from(const command_gate::running& run) const {
  return {state_->self.id, state_->self.format, run.ticket, run.what.id};
}

session_info session::info() const {
  const auto& s = *state_;
  return {s.self.id, s.who->user, s.who->name, s.self.format};
}

const directory_actor& session::directory_of(const room_id& room) const {
  return env_->shards[env_->shard_of(room)].directory;
}

void session::say(const message::any& what) {
  // Overflow and closed end in connection_closed; there is nothing to do about them here.
  static_cast<void>(state_->self.sink->push(encode_frame(state_->self.format, what)));
}

void session::say_error(const message::re& ref, error_code code, std::string text) {
  say(message::error{ref, code, std::move(text), {}});
}

void session::close(close_code code, std::string reason) {
  auto& s = *state_;
  if (s.now == phase::closing) return;
  s.now = phase::closing;
  s.reading.reset();
  s.self.sink->close(code, std::move(reason));
}

/// A stopping server answers what is in flight before it says good-bye.
void session::close_when_drained() {
  auto& s = *state_;
  if (!s.draining || !s.gate.empty() || s.now == phase::greeting || s.now == phase::closing) return;
  const auto spread = std::chrono::milliseconds{limits::reconnect_spread}.count() + 1;
  const std::chrono::milliseconds after{env_->random() % static_cast<std::uint64_t>(spread)};
  if (s.now != phase::ready) return close(close_code::restart, reconnect_reason(after));
  // The last replies may still be in the audience's mailbox; the settlement does not wait for them.
  s.now = phase::closing;
  s.reading.reset();
  send(env_->shards[s.self.id.shard()].audience,
       close_sink{s.self.id, close_code::restart, reconnect_reason(after)});
}

/// Out of everything this session has put itself into.
void session::farewell() {
  auto& s = *state_;
  const auto me = caf::actor_cast<session_actor>(this);
  const auto leave = [&](const room_id& room) {
    send(directory_of(room),
         to_room{room, {{s.self.id, s.self.format, {}, {}}, me, leave_op{true}}});
  };
  for (const auto& [room, handle] : s.joined) leave(room);
  for (const auto& run : s.gate.in_flight())
    if (!run.room.value().empty() && !s.joined.contains(run.room)) leave(run.room);
  if (!s.who || s.now == phase::awaiting_hello) return;
  send(env_->shards[env_->shard_of(s.who->user)].directory,
       to_user{s.who->user, detach_session{s.self.id}});
  send(env_->shards[s.self.id.shard()].audience, detach_sink{s.self.id});
}

}  // namespace confab::actors
