#include "load/crowd.hpp"

#include <algorithm>
#include <cstdio>

namespace confab::load {
namespace {

constexpr std::int64_t second_us = 1'000'000;
/// Whoever has so many messages waiting gains nothing by another: what is said then is given up.
constexpr std::size_t pendings_max = 1000;
constexpr std::string_view emoji = "👍";

}  // namespace

double crowd::think(user& who) {
  switch (how_.think) {
    case distribution::exponential:
      return who.random.exponential(how_.think_s);
    case distribution::lognormal:
      return who.random.lognormal(how_.think_s);
    case distribution::constant:
      break;
  }
  return how_.think_s;
}

/// From when the last one was due, not from now: the schedule does not wait for the server.
void crowd::schedule(std::uint32_t user_no, double after_s) {
  auto& who = users_[user_no];
  who.next_due_us += static_cast<std::int64_t>(after_s * second_us);
  out_.wake_at(who.next_due_us, {user_no, wake_reason::act});
}

void crowd::act(std::uint32_t user_no) {
  auto& who = users_[user_no];
  if (!may_send() || who.has_given_up) return;
  if (who.kind == user_kind::misbehaving) {
    misbehave(user_no);
    return schedule(user_no, who.random.exponential(how_.misbehave_every_s));
  }
  if (who.is_in_tunnel) {
    who.typing_in = 0;
    return schedule(user_no, think(who));
  }
  tally_.schedule_lag.record(us_since(who.next_due_us));
  auto& one = sessions_[who.first_session];
  const bool begins_to_type = who.typing_in == 0 && who.burst_left == 0 && !one.seats.empty() &&
                              how_.rooms_per_user > 0 && who.random.chance(how_.typing_chance);
  if (begins_to_type && one.at == session::state::online) {
    const auto at = who.random.below(how_.rooms_per_user);
    who.typing_in = static_cast<std::uint32_t>(at + 1);
    if (one.seats[at].at == seat::state::inside) {
      ++count_.typing;
      say(who.first_session, commands_.typing(checker_.room(one.seats[at].room).id, true));
    }
    return schedule(user_no, how_.typing_s);
  }
  speak(who, who.next_due_us);
  if (who.burst_left > 0)
    --who.burst_left;
  else if (who.random.chance(how_.burst_chance))
    who.burst_left = static_cast<std::uint16_t>(how_.burst_messages - 1);
  schedule(user_no, who.burst_left > 0 ? how_.burst_gap_s : think(who));
}

void crowd::speak(user& who, std::int64_t due_us) {
  pending what;
  what.due_us = due_us;
  what.count = ++who.count & stamp::number_max;
  what.bytes = static_cast<std::uint32_t>(
      how_.text_bytes_min + who.random.below(how_.text_bytes_max - how_.text_bytes_min + 1));
  const auto typed_in = std::exchange(who.typing_in, 0u);
  if (how_.rooms_per_user == 0 || (typed_in == 0 && who.random.chance(how_.direct_chance))) {
    what.task = task::direct;
    what.room = peer_of(who);
  } else {
    const auto at = typed_in > 0 ? typed_in - 1 : who.random.below(how_.rooms_per_user);
    what.room = sessions_[who.first_session].seats[at].room;
  }
  submit(who.first_session, what);
  fidget(who);
}

/// Someone of the same thread, so that one checker sees both ends.
std::uint32_t crowd::peer_of(user& who) {
  const auto count = users_.size();
  const auto is_agent = [&](const user& each) {
    return each.number - plan_.first_user < how_.agents;
  };
  const auto agents = std::min<std::uint64_t>(
      count, (how_.agents + plan_.threads - 1) / plan_.threads);  // they have the lowest numbers
  if (agents > 0 && !is_agent(who) && is_agent(users_[0])) {
    // The same one each time, as far as there are agents.
    auto agent = (who.number / plan_.threads) % agents;
    if (!is_agent(users_[agent])) agent = 0;
    return users_[agent].number;
  }
  const auto self = static_cast<std::uint64_t>(&who - users_.data());
  if (count == 1) return who.number;  // notes to oneself
  const auto from = agents > 0 && count > agents + 1 ? agents : 0;
  auto peer = from + who.random.below(count - from);
  if (peer == self) peer = peer + 1 < count ? peer + 1 : from;
  return users_[peer].number;
}

/// What people do beside writing.
void crowd::fidget(user& who) {
  const auto number = who.first_session;
  auto& one = sessions_[number];
  if (one.at != session::state::online) return;
  const auto* at =
      how_.rooms_per_user > 0 ? &one.seats[who.random.below(how_.rooms_per_user)] : nullptr;
  const bool is_in = at && at->at == seat::state::inside;
  const auto* name = is_in ? &checker_.room(at->room).id : nullptr;

  if (who.random.chance(how_.history_chance) && is_in) {
    ++count_.histories;
    const auto before = at->next > 2 ? 1 + who.random.below(at->next) : 0;
    say(number, commands_.history(ask(one, task::history, at->room, now_us_), *name, before));
  }
  if (who.random.chance(how_.react_chance) && is_in && checker_.room(at->room).last_message > 0) {
    ++count_.reactions;
    const auto target = checker_.room(at->room).last_message;
    say(number, commands_.react(ask(one, task::react, at->room, now_us_), *name, target, emoji,
                                who.random.chance(0.9)));
  }
  if (who.random.chance(how_.edit_chance) && who.own_seq > 0) {
    const auto* own = seat_in(one, who.own_room);
    if (own && own->at == seat::state::inside && own->from < who.own_seq) {
      ++count_.edits;
      const stamp mark{stamp_kind::edit, plan_.run, who.own_room, who.number, who.count, now_us_};
      const auto id = ask(one, task::edit, who.own_room, now_us_);
      say(number, commands_.edit(id, checker_.room(who.own_room).id, who.own_seq,
                                 write_text(mark, how_.text_bytes_max)));
    }
  }
  if (who.random.chance(how_.signal_chance)) {
    ++count_.signals;
    const auto to = plan_.identities.id(peer_of(who));
    say(number, commands_.signal(ask(one, task::signal, 0, now_us_), to));
  }
  if (who.random.chance(how_.leave_chance) && is_in) {
    ++count_.leaves;
    seat_in(one, at->room)->at = seat::state::leaving;
    say(number, commands_.leave(ask(one, task::leave, at->room, now_us_), *name));
  }
}

std::uint32_t crowd::ask(session& of, task what, std::uint32_t room, std::int64_t due_us) {
  pending asked;
  asked.id = ++of.last_id;
  asked.task = what;
  asked.room = room;
  asked.due_us = due_us;
  asked.written_us = now_us_;
  of.pendings.push_back(asked);
  return asked.id;
}

void crowd::join(std::uint32_t number, seat& at, bool with_since) {
  ++count_.joins;
  checker_.ask(at);
  auto& one = sessions_[number];
  const auto& log = checker_.room(at.room);
  const resume_entry from{log.id, at.next - 1, log.epoch};
  say(number, commands_.join(ask(one, task::join, at.room, now_us_), from, with_since));
}

void crowd::submit(std::uint32_t number, pending what) {
  auto& one = sessions_[number];
  if (one.pendings.size() >= pendings_max) {
    ++tally_.errors["not sent: too many unanswered messages"];
    ++count_.unacked;
    if (what.task == task::send && users_[one.user].kind == user_kind::normal)
      ++skipped_[{what.room, what.due_us / second_us}];
    return;
  }
  if (history_) {
    const auto& who = users_[one.user];
    const auto to = what.task == task::direct ? "@" + plan_.identities.id(what.room)
                                              : checker_.room(what.room).id;
    history_->line('S', now_us_, who.number, what.count, read_text(text_of(who, what)).sum, to);
  }
  one.pendings.push_back(what);
  write_message(number, one.pendings.back());
}

/// Only where it may: in a room that is joined. Else it waits for that.
void crowd::write_message(std::uint32_t number, pending& what) {
  auto& one = sessions_[number];
  if (one.at != session::state::online) return;
  const auto& who = users_[one.user];
  if (what.task == task::send) {
    const auto* at = seat_in(one, what.room);
    // Commands take effect in the order sent, so a room that was asked for will be joined by then.
    if (at->at == seat::state::outside || at->at == seat::state::leaving) return;
  }
  what.is_repeated = what.id != 0;
  ++(what.is_repeated ? count_.repeats : count_.sends);
  if (!what.is_repeated && what.task == task::direct) ++count_.directs;
  what.id = ++one.last_id;
  what.written_us = now_us_;
  const auto text = text_of(who, what), key = key_of(who, what);
  if (what.task == task::direct)
    say(number, commands_.direct(what.id, plan_.identities.id(what.room), key, text));
  else
    say(number, commands_.send(what.id, checker_.room(what.room).id, key, text));
}

void crowd::write_waiting(std::uint32_t number) {
  for (auto& each : sessions_[number].pendings)
    if (each.written_us == pending::not_written && !each.is_acked) write_message(number, each);
}

std::string crowd::text_of(const user& who, const pending& what) const {
  const auto kind = what.task == task::direct ? stamp_kind::direct : stamp_kind::room;
  return write_text({kind, plan_.run, what.room, who.number, what.count, what.due_us}, what.bytes);
}

std::string crowd::key_of(const user& who, const pending& what) const {
  return std::to_string(plan_.run) + '-' + std::to_string(who.number) + '-' +
         std::to_string(what.count);
}

void crowd::say(std::uint32_t number, std::string_view payload) {
  out_.write(number,
             plan_.format == codec::json ? websocket::opcode::text : websocket::opcode::binary,
             payload);
}

}  // namespace confab::load
