#include "load/crowd.hpp"

#include "load/room_choice.hpp"
#include "protocol/codes.hpp"
#include "protocol/limits.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace confab::load {
namespace {

constexpr std::int64_t second_us = 1'000'000;
/// For connecting, the upgrade and `welcome`.
constexpr std::int64_t welcome_wait_us = 15 * second_us;
// Full jitter (Exponential Backoff And Jitter, AWS Architecture Blog, 2015), as the client library.
constexpr double backoff_base_s = 0.5, backoff_max_s = 10;

std::vector<std::string> room_names(std::uint64_t count) {
  std::vector<std::string> out;
  out.reserve(count);
  for (std::uint64_t i = 0; i < count; ++i) out.push_back("load-" + std::to_string(i));
  return out;
}

bool is_of_client(std::uint16_t code) { return code >= 4500; }

}  // namespace

crowd::crowd(const load_plan& plan, std::uint32_t thread, outlet& out, history_log* history)
    : plan_{plan},
      how_{plan.scenario},
      out_{out},
      history_{history},
      checker_{tally_.checks, plan.run, room_names(how_.rooms), std::string{identities::prefix}},
      commands_{plan.format} {
  const auto count = how_.users > thread ? (how_.users - thread - 1) / plan.threads + 1 : 0;
  users_.reserve(count);
  sessions_.reserve(count * how_.devices);
  const room_chooser rooms{how_};
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto place = thread + i * plan.threads;
    user who{random_source{plan.seed ^ (0x5851f42d4c957f2d * (plan.first_user + place + 1))}};
    who.number = static_cast<std::uint32_t>(plan.first_user + place);
    const auto share = who.random.uniform();
    who.kind = share < how_.slow_share                            ? user_kind::slow
               : share < how_.slow_share + how_.misbehaving_share ? user_kind::misbehaving
                                                                  : user_kind::normal;
    who.first_session = static_cast<std::uint32_t>(sessions_.size());
    const auto in = who.kind == user_kind::misbehaving ? std::vector<std::uint32_t>{}
                                                       : rooms.choose(who.random);
    const auto devices = who.kind == user_kind::misbehaving ? 1 : how_.devices;
    const auto arrival_us =
        static_cast<std::int64_t>(static_cast<double>(place) / how_.ramp_per_s * second_us);
    for (std::uint64_t device = 0; device < devices; ++device) {
      session one;
      one.user = static_cast<std::uint32_t>(i);
      one.device = static_cast<std::uint8_t>(device);
      one.seats.resize(in.size());
      for (std::size_t k = 0; k < in.size(); ++k) one.seats[k].room = in[k];
      out_.wake_at(arrival_us,
                   {static_cast<std::uint32_t>(sessions_.size()), wake_reason::connect});
      sessions_.push_back(std::move(one));
    }
    users_.push_back(std::move(who));
  }
}

std::string crowd::connection_name(const session& of) const {
  return std::to_string(users_[of.user].number) + '.' + std::to_string(of.device);
}

histogram crowd::take_second() {
  auto out = second_;
  tally_.latencies[latency::delivery].merge(second_);
  second_.clear();
  return out;
}

void crowd::start(std::uint32_t number) {
  auto& one = sessions_[number];
  one.at = session::state::connecting;
  one.started_us = now_us_;
  if (one.wanted_us == session::not_wanted) one.wanted_us = now_us_;
  out_.wake_at(now_us_ + welcome_wait_us, {number, wake_reason::deadline, one.generation});
  out_.connect(number);
}

void crowd::opened(std::uint32_t number, std::int64_t now_us) {
  now_us_ = now_us;
  auto& one = sessions_[number];
  ++count_.connects;
  if (one.was_up) ++count_.reconnects;
  tally_.latencies[latency::connect].record(us_since(one.started_us));
  greet(number);
}

void crowd::greet(std::uint32_t number) {
  auto& one = sessions_[number];
  const auto& who = users_[one.user];
  std::vector<resume_entry> resume;
  for (auto& at : one.seats) {
    if (!at.is_admitted) continue;
    if (resume.size() == limits::resume_rooms_max) {  // direct rooms; whoever has more starts anew
      vacate(at);
      continue;
    }
    checker_.ask(at);
    const auto& log = checker_.room(at.room);
    resume.push_back({log.id, at.next - 1, log.epoch});
  }
  const auto id = plan_.identities.id(who.number);
  const auto token =
      plan_.identities.token(who.number, (plan_.started_at_ms * 1000 + now_us_) / second_us);
  const auto device = "load-d" + std::to_string(one.device);
  one.at = session::state::greeting;
  one.hello_us = now_us_;
  one.last_id = 1;
  say(number, commands_.hello(1, {token, id, device, resume}));
}

void crowd::welcome(std::uint32_t number, const server_frame& frame) {
  auto& one = sessions_[number];
  const bool is_first = !one.was_up;
  if (!is_first) tally_.latencies[latency::pause].record(us_since(one.wanted_us));
  one.at = session::state::online;
  one.wanted_us = session::not_wanted;
  one.connected_us = now_us_;
  one.attempts = 0;
  one.was_up = true;
  one.knows_directs = frame.directs.size() < limits::directs_count_max;
  tally_.latencies[latency::hello].record(us_since(one.hello_us));
  if (history_) history_->line('C', now_us_, connection_name(one));
  if (one.device == 0) ++online_;

  for (const auto& each : frame.directs) {
    const auto room = checker_.number_of(each.room);
    if (seat_in(one, room)) continue;
    auto& at = add_direct_seat(one, room, is_first ? each.head : 0);
    if (!is_first) join(number, at, true);
  }
  for (std::size_t i = 0; i < one.seats.size(); ++i)
    if (!one.seats[i].is_admitted && !one.seats[i].is_direct) join(number, one.seats[i], false);
  if (one.device == 0) {
    write_waiting(number);
    arrive(users_[one.user]);
  }
}

void crowd::arrive(user& who) {
  if (std::exchange(who.has_arrived, true)) return;
  ++arrived_;
  ++count_.users;
  const auto number = static_cast<std::uint32_t>(&who - users_.data());
  who.next_due_us = now_us_;
  // As if they had been here for long: exponential pauses have no memory, of others some has
  // passed.
  const auto rest = how_.think == distribution::exponential ? 1 : who.random.uniform();
  schedule(number, who.kind == user_kind::misbehaving
                       ? who.random.exponential(how_.misbehave_every_s)
                       : rest * think(who));
  if (how_.tunnel_every_s > 0 && who.kind == user_kind::normal)
    wake_in(who.random.exponential(how_.tunnel_every_s), {number, wake_reason::enter_tunnel});
}

/// The connection is no more: what it leaves behind.
void crowd::lose(std::uint32_t number) {
  auto& one = sessions_[number];
  if (one.at == session::state::online) {
    if (one.device == 0) --online_;
    one.wanted_us = now_us_;
    if (history_) history_->line('X', now_us_, connection_name(one));
  }
  one.at = session::state::away;
  ++one.generation;
  for (auto& at : one.seats) {
    if (at.at == seat::state::leaving) vacate(at);
    at.at = seat::state::outside;
  }
  std::erase_if(one.pendings, [](const pending& each) {
    return each.task != task::send && each.task != task::direct;
  });
  for (auto& each : one.pendings)
    if (!each.is_acked) each.written_us = pending::not_written;
}

void crowd::come_back(std::uint32_t number, std::optional<std::int64_t> after_us) {
  auto& one = sessions_[number];
  if (!after_us) {
    const auto most_s =
        std::min(backoff_max_s, backoff_base_s * static_cast<double>(1 << one.attempts));
    if (one.attempts < 6) ++one.attempts;
    after_us = static_cast<std::int64_t>(users_[one.user].random.uniform() * most_s * second_us);
  }
  out_.wake_at(now_us_ + *after_us, {number, wake_reason::connect, one.generation});
}

void crowd::give_up(std::uint32_t number, std::string_view why) {
  auto& one = sessions_[number];
  one.at = session::state::gone;
  ++tally_.errors["gave up: " + std::string{why}];
  auto& who = users_[one.user];
  who.has_given_up = true;
  if (!std::exchange(who.has_arrived, true)) ++arrived_;
}

void crowd::closed(std::uint32_t number, std::uint16_t code, std::string_view reason,
                   std::int64_t now_us) {
  now_us_ = now_us;
  auto& one = sessions_[number];
  const auto kind = users_[one.user].kind;
  const bool was_welcomed = one.at == session::state::online;
  lose(number);

  const bool is_answer = one.expected_close != 0 && one.expected_close == code;
  const bool is_excused =
      (kind == user_kind::misbehaving && code != 1006 && code != 1011 && code != 1012) ||
      (kind == user_kind::slow && code == static_cast<std::uint16_t>(close_code::slow_consumer));
  one.expected_close = 0;
  if (is_answer) ++count_.misbehaviours_answered;
  if (kind == user_kind::slow && is_excused) {
    ++count_.misbehaviours;
    ++count_.misbehaviours_answered;
  }
  if (!is_answer && !is_excused) {
    if (code == 1006 && !was_welcomed)
      ++tally_.errors[std::string{reason}];
    else
      ++tally_.closes[code];
  }

  if (kind == user_kind::misbehaving) return come_back(number);
  if (code == static_cast<std::uint16_t>(close_code::going_away) ||
      code == static_cast<std::uint16_t>(close_code::restart)) {
    const auto after_ms = read_reconnect_after_ms(reason);
    return come_back(number, after_ms ? std::optional{static_cast<std::int64_t>(*after_ms) * 1000}
                                      : std::nullopt);
  }
  if (is_of_client(code)) return give_up(number, "closed with " + std::to_string(code));
  come_back(number);
}

void crowd::woken(const wake& what, std::int64_t now_us) {
  now_us_ = now_us;
  switch (what.reason) {
    case wake_reason::act:
      return act(what.of);
    case wake_reason::enter_tunnel: {
      auto& who = users_[what.of];
      if (!may_send() || who.has_given_up) return;
      who.is_in_tunnel = true;
      for (auto i = who.first_session; i < who.first_session + how_.devices; ++i) {
        if (sessions_[i].at != session::state::away) out_.drop(i);
        lose(i);
      }
      return wake_in(who.random.exponential(how_.tunnel_s), {what.of, wake_reason::leave_tunnel});
    }
    case wake_reason::leave_tunnel: {
      auto& who = users_[what.of];
      if (!std::exchange(who.is_in_tunnel, false)) return;
      for (auto i = who.first_session; i < who.first_session + how_.devices; ++i) {
        sessions_[i].timed_from_us = sessions_[i].wanted_us = now_us_;
        start(i);
      }
      return wake_in(who.random.exponential(how_.tunnel_every_s),
                     {what.of, wake_reason::enter_tunnel});
    }
    case wake_reason::connect: {
      const auto& one = sessions_[what.of];
      if (one.generation == what.generation && one.at == session::state::away &&
          !users_[one.user].is_in_tunnel)
        start(what.of);
      return;
    }
    case wake_reason::deadline: {
      auto& one = sessions_[what.of];
      const bool is_late =
          one.generation == what.generation &&
          (one.at == session::state::connecting || one.at == session::state::greeting);
      if (!is_late) return;
      if (users_[one.user].kind == user_kind::normal) {  // it took so long at least
        const bool is_open = one.at == session::state::greeting;
        tally_.latencies[is_open ? latency::hello : latency::connect].record(
            us_since(is_open ? one.hello_us : one.started_us));
      }
      out_.drop(what.of);
      closed(what.of, 1006, "no welcome within 15 s", now_us);
      return;
    }
    case wake_reason::retry:
      if (sessions_[what.of].generation == what.generation) write_waiting(what.of);
      return;
  }
}

void crowd::storm(std::int64_t now_us) {
  now_us_ = now_us;
  for (std::uint32_t i = 0; i < sessions_.size(); ++i) {
    if (sessions_[i].at != session::state::online) continue;
    out_.drop(i);
    lose(i);
    come_back(i);
  }
}

void crowd::stop_sending(std::int64_t now_us) {
  is_stopped_ = true;
  for (std::uint32_t i = 0; i < users_.size(); ++i)
    if (users_[i].is_in_tunnel) woken({i, wake_reason::leave_tunnel}, now_us);
}

}  // namespace confab::load
