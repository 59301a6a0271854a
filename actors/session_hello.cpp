// Who a session's user is: `hello`, `welcome`, and the token from then on.

#include "actors/session.hpp"

#include "protocol/codec.hpp"
#include "protocol/limits.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace confab::actors {
namespace {

/// CAF counts time in 64-bit nanoseconds, which end after 292 years: no timers beyond this.
constexpr auto token_timer_max = std::chrono::hours{24 * 365};

constexpr std::string_view server_name = "confab/" CONFAB_VERSION;

}  // namespace

/// Whether it still waits: then for the verdict on its token, and what is sent behind it waits in
/// the gate.
bool session::hello(const message::re& ref, command::hello& what, std::size_t bytes) {
  introduction_->hello_ref = ref;
  if (what.inbox) gate_.add({std::nullopt, command::inbox{*std::move(what.inbox), ""}}, false);
  for (auto& point : what.resume) gate_.add({std::nullopt, command::join{std::move(point)}}, false);
  if (!what.token) return introduce(what, std::nullopt), false;
  auto verdict = check(*what.token, ticket_no{0});
  if (verdict) return introduce(what, std::move(verdict)), false;
  now_ = phase::checking;
  introduction_->hello = std::move(what);
  introduction_->bytes = bytes;
  remind_me(env_->how.verdict_wait_max, {session_timer::kind::verdict, {}, {}});
  return true;
}

/// The verdict, unless it comes as `token_checked`.
std::optional<token_verdict> session::check(std::string_view token, ticket_no ticket) {
  return verify(*env_, token, [audience = own_audience(), to = id_, ticket](auto verdict) {
    caf::anon_send(audience, to_session{to, token_checked{ticket, std::move(verdict)}});
  });
}

/// Of a verdict that comes too late, or twice, nobody waits for any more.
void session::token_was_checked(token_checked& news) {
  if (news.ticket.value() != 0) {
    if (const auto* run = gate_.find(news.ticket)) refresh(*run, std::move(news.what));
    return;
  }
  if (now_ != phase::checking) return;
  auto said = std::move(introduction_->hello);
  const auto bytes = introduction_->bytes;
  if (news.what)
    introduce(said, std::move(news.what));
  else
    refuse_hello(error_code::unavailable, close_code::internal, "the token could not be checked");
  give_back(bytes);
}

/// What was sent behind it without waiting has its answer before the end.
void session::refuse_hello(error_code code, close_code close, const std::string& reason) {
  static_assert(command::names[0] == "hello");
  say_error(0, introduction_->hello_ref, code, reason);
  now_ = phase::refused;
  while (const auto next = gate_.give_up_next()) {
    if (!next->counted) continue;  // of its own `resume`
    say_error(next->type, next->ref, error_code::unauthorized, "hello was refused");
    taken_->settle(1, next->bytes);
  }
  tell(me(), hello_refused{close, reason});
}

void session::introduce(command::hello& what, std::optional<token_verdict> of_token) {
  const auto refuse = [&](const unauthorized& why) {
    refuse_hello(error_code::unauthorized,
                 why.expired ? close_code::token_expired : close_code::unauthorized, why.reason);
  };
  auto& known = introduction_->known;
  if (of_token) {
    if (const auto* why = std::get_if<unauthorized>(&*of_token)) return refuse(*why);
    auto& who = std::get<identity>(*of_token);
    if (known && known->user != who.user)
      return refuse({"the token is another user's than the request's", false});
    be(std::move(who));
  } else if (known) {
    be(std::move(*known));
  } else if (what.guest) {
    if (!env_->auth->guests_allowed()) return refuse({"guests are not allowed", false});
    auto name = what.name ? std::move(*what.name) : what.guest->value();
    if (env_->auth->has_key()) {  // the wanted id may be a user's
      identity who;
      who.user = guest_id_of(env_->random());
      who.name = std::move(name);
      who.guest = true;
      be(std::move(who));
    } else {
      name_ = std::move(name);
      user_ = std::move(*what.guest);
    }
  } else {
    return refuse({"a token or a guest name is needed", false});
  }
  if (const auto why = kept_out()) return refuse(*why);
  now_ = phase::greeting;
  env_->came({id_, user_, !token_ || token_->guest, what.device, introduction_->from});
  taken_->pays.know_user(user_.view());
  to_registrar(attach_session{info(), std::move(what.device)});
}

void session::be(identity who) {
  user_ = std::move(who.user);
  if (name_ != who.name) told_profile_ = false;
  name_ = std::move(who.name);
  token_ = std::make_unique<const identity>(std::move(who));
}

/// Whom the deployment does not let in any more.
std::optional<unauthorized> session::kept_out() const {
  if (token_) {
    identity who;  // `be` has taken the user out of the token's
    who.user = user_;
    who.issued_at = token_->issued_at;
    return env_->barred->keeps_out(who);
  }
  if (!env_->barred->of(user_).deactivated) return std::nullopt;
  return unauthorized{"the user is deactivated", false};
}

void session::go(session_sent_away& what) {
  if (!what.if_barred || kept_out()) close(what.code, std::move(what.reason));
}

void session::welcome(session_attached& what) {
  if (now_ != phase::greeting) return;
  // Who was told to go while this session was on its way in could not tell it.
  if (const auto why = kept_out())
    return refuse_hello(error_code::unauthorized, close_code::unauthorized, why->reason);
  now_ = phase::ready;
  const auto intro = std::move(introduction_);
  message::welcome frame;
  frame.ref = intro->hello_ref;
  frame.user = {user_, name_};
  frame.session = env_->board.name_of(id_);
  frame.node = env_->how.node;
  frame.server = server_name;
  frame.heartbeat = env_->how.heartbeat;
  frame.text_bytes = env_->how.text_bytes_max;
  frame.frame_bytes = env_->how.frame_bytes_max;
  frame.rooms = env_->how.rooms_per_session_max;
  frame.members = env_->how.rules.members_max;
  frame.memberships = env_->how.rules.memberships_max;
  const std::chrono::milliseconds whole{env_->now().value() - env_->keys_since().value()};
  frame.search = static_cast<bool>(env_->search);
  frame.keys = std::clamp(whole, std::chrono::milliseconds{0}, env_->how.key_age);
  frame.upload = env_->hooks && env_->hooks->has_files();
  if (env_->hooks) peer_ = std::make_unique<const std::string>(std::move(intro->from.peer));
  if (token_) frame.expires_at = token_->expires_at;
  if (token_ && token_->guest) {
    constexpr std::chrono::milliseconds life = limits::guest_token_life;
    const unix_ms until{env_->now().value() + life.count()};
    frame.guest_token = write_guest_token({user_, name_, until}, env_->guest_key);
  }
  if (what.directs)
    frame.directs = std::move(*what.directs);
  else
    frame.directs_unavailable = true;
  say(std::move(frame));
  caf::anon_send(own_audience(), open_sink{id_});
  arm_token_timers();
  pump();
  close_when_drained();
}

void session::arm_token_timers() {
  if (!token_ || !token_->expires_at) return;
  const auto generation = ++token_generation_;
  const auto left = std::chrono::milliseconds{
      std::max<std::int64_t>(token_->expires_at->value() - env_->now().value(), 0)};
  if (left > token_timer_max) return;
  const auto notice = std::max<std::chrono::milliseconds>(left - limits::token_notice, {});
  remind_me(notice, {session_timer::kind::token_notice, generation, {}});
  remind_me(left, {session_timer::kind::token_expiry, generation, {}});
}

void session::timer(const session_timer& what) {
  const bool current = what.generation == token_generation_ && now_ != phase::closing;
  switch (what.what) {
    case session_timer::kind::hello:
      if (now_ == phase::awaiting_hello) close(close_code::hello_late, "hello did not come");
      break;
    case session_timer::kind::verdict:
      if (token_checked late; now_ == phase::checking) token_was_checked(late);
      break;
    case session_timer::kind::token_notice:
      if (current) say(message::token_expiring{*token_->expires_at});
      break;
    case session_timer::kind::token_expiry:
      if (current) close(close_code::token_expired, "the token has expired");
      break;
    case session_timer::kind::in_flight:
      if (watch_due_ == what.due) give_up_late();
      break;
    case session_timer::kind::paid:
      paid();
      break;
    case session_timer::kind::page:
      watches_sink_ = false;
      if (!reading_ || !reading_->waiting_for_sink) break;
      if (what.generation == sink_waits_)
        close(close_code::slow_consumer, "nothing was read");
      else
        watch_sink();
      break;
  }
}

void session::start(running& run, command::refresh& what) {
  if (auto verdict = check(what.token, run.ticket)) refresh(run, std::move(verdict));
}

void session::refresh(const running& run, std::optional<token_verdict> of_token) {
  if (!of_token) return fail(run.ticket, error_code::unavailable, "the token could not be checked");
  if (const auto* why = std::get_if<unauthorized>(&*of_token))
    return fail(run.ticket, error_code::unauthorized, why->reason);
  auto& who = std::get<identity>(*of_token);
  if (who.user != user_)
    return fail(run.ticket, error_code::unauthorized, "the user must stay the same");
  if (const auto why = env_->barred->keeps_out(who))
    return fail(run.ticket, error_code::unauthorized, why->reason);
  const auto expiry = [this] {
    return token_ ? token_->expires_at.value_or(unix_ms{}) : unix_ms{};
  };
  const auto before = expiry();
  be(std::move(who));
  // Timers can't be taken back: the same token again and again must not pile them up.
  if (expiry() != before) {
    ++token_generation_;
    arm_token_timers();
  }
  if (run.ref) say(message::refreshed{run.ref, token_->expires_at});
  leave_what_is_forbidden();
  watch_what_is_allowed();
  settle(run.ticket);
}

/// A token with fewer rights has them at once. What a room has said before still comes, then
/// `left`.
void session::leave_what_is_forbidden() {
  const asker nobody{id_, format_, {}, {}};
  std::erase_if(joined_, [&](const membership& at) {
    if (may_join(at.room)) {
      standing_op standing{principal_in(at.room)};
      // On the way of all that comes behind it.
      if (at.handle)
        caf::anon_send(at.handle, room_command{nobody, std::move(standing)});
      else
        to_directory(at.room, nobody, std::move(standing));
      return false;
    }
    to_directory(at.room, nobody, leave_op{false, "token"});
    return true;
  });
}

bool session::may_join(const room_id& room) const { return !token_ || token_->may_join(room); }
}  // namespace confab::actors
