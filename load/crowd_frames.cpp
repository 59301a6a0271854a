#include "load/crowd.hpp"

#include "protocol/ids.hpp"
#include "protocol/limits.hpp"

#include <algorithm>

namespace confab::load {

using websocket::opcode;

void crowd::received(std::uint32_t number, opcode kind, std::string_view payload,
                     std::int64_t now_us) {
  now_us_ = now_us;
  if (kind != (plan_.format == codec::json ? opcode::text : opcode::binary)) {
    ++tally_.errors["a frame of the wrong kind"];
    return;
  }
  log_event message;
  if (scan_message(plan_.format, payload, message)) return deliver(number, message, true);

  const auto& frame = reader_.read(plan_.format, payload);
  switch (frame.type) {
    case frame_type::message:
    case frame_type::edited:
    case frame_type::deleted:
    case frame_type::reacted:
      return deliver(number, frame.event, true);
    case frame_type::welcome:
      if (sessions_[number].at == session::state::greeting) welcome(number, frame);
      return;
    case frame_type::joined:
      return joined(number, frame);
    case frame_type::events:
      if (auto* at = seat_in(sessions_[number], checker_.number_of(frame.room)))
        catch_up(number, *at, frame);
      return;
    case frame_type::sent:
      return sent(number, frame);
    case frame_type::done:
    case frame_type::signalled:
      return done(number, frame);
    case frame_type::left:
      return left(number, frame);
    case frame_type::history:
      return history(number, frame);
    case frame_type::error:
      return failed(number, frame);
    case frame_type::signal:
    case frame_type::typing:
    case frame_type::presence:
    case frame_type::other:
      return;
    case frame_type::malformed:
      ++tally_.errors["a frame that is no object of the protocol"];
      return;
  }
}

seat* crowd::seat_in(session& of, std::uint32_t room) {
  const auto found = std::ranges::find(of.seats, room, &seat::room);
  return found == of.seats.end() ? nullptr : &*found;
}

/// It is owed no more than it got; the next join begins anew.
void crowd::vacate(seat& at) {
  if (at.is_admitted) checker_.close(at);
  at.is_admitted = false;
  at.at = seat::state::outside;
}

seat& crowd::add_direct_seat(session& of, std::uint32_t room, std::uint64_t from) {
  auto& at = of.seats.emplace_back();
  at.room = room;
  at.is_direct = at.is_admitted = true;
  at.at = seat::state::inside;
  at.from = from;
  at.next = from + 1;
  return at;
}

void crowd::deliver(std::uint32_t number, const log_event& event, bool is_live) {
  ++count_.deliveries;
  auto& one = sessions_[number];
  const auto room = checker_.number_of(event.room);
  auto* at = seat_in(one, room);
  const bool is_direct = event.room.starts_with(direct_room_prefix);
  if (!at && is_direct) at = &add_direct_seat(one, room, one.knows_directs ? 0 : event.seq - 1);
  if (at && is_direct && !at->is_admitted) {  // too many to be resumed
    at->is_admitted = true;
    at->at = seat::state::inside;
    at->from = event.seq - 1;
    at->next = event.seq;
  }
  // Direct rooms are served without having joined: what comes before the catch-up comes with it.
  if (at && is_live && is_direct && at->at == seat::state::asked) return;
  const auto& who = users_[one.user];
  const auto text = read_text(event.text);
  const bool is_ours = text.state == text_state::intact && text.stamp.run == plan_.run;
  if (history_) {
    const bool is_message = is_ours && text.stamp.kind != stamp_kind::edit;
    history_->line('D', now_us_, connection_name(one), event.room, event.seq, event.prev,
                   is_message ? std::to_string(text.stamp.sender) : "-",
                   is_message ? text.stamp.count : 0, text.sum);
  }
  if (!at || at->at == seat::state::outside || (is_live && at->at == seat::state::asked))
    return checker_.misroute();
  const bool is_new = checker_.take(*at, who.number, event, text, one.connected_us, now_us_);
  if (!is_new || !is_ours || text.stamp.kind == stamp_kind::edit) return;
  if (text.stamp.due_us >= one.timed_from_us && event.type == frame_type::message &&
      who.kind == user_kind::normal)
    second_.record(us_since(text.stamp.due_us));
  if (text.stamp.sender == who.number && one.device == 0) take_own(one, event, text, is_live);
}

/// The author's own message comes back to the connection it was sent from.
void crowd::take_own(session& of, const log_event& event, const read_stamp& text, bool is_live) {
  const auto found = std::ranges::find(of.pendings, text.stamp.count, &pending::count);
  if (found == of.pendings.end()) {
    ++tally_.checks.duplicated;  // it was seen before, under another seq
    return;
  }
  if (found->is_shown || (found->is_acked && found->seq != event.seq)) ++tally_.checks.duplicated;
  // G5: on this connection the reply had to come first.
  if (is_live && !found->is_acked && found->written_us != pending::not_written &&
      !found->is_repeated)
    ++tally_.checks.out_of_order;
  found->is_shown = true;
  found->seq = event.seq;
  if (found->is_acked) settle(of, *found);
}

crowd::pending* crowd::find(session& of, std::optional<std::uint64_t> re) {
  if (!re) return nullptr;
  const auto found = std::ranges::find_if(of.pendings, [&](const pending& each) {
    return each.id == *re && each.written_us != pending::not_written && !each.is_acked;
  });
  if (found != of.pendings.end()) return &*found;
  ++tally_.errors["a reply to nothing"];
  return nullptr;
}

void crowd::settle(session& of, const pending& which) {
  of.pendings.erase(of.pendings.begin() + (&which - of.pendings.data()));
  if (of.pendings.empty() && of.pendings.capacity() > 4) of.pendings = {};  // idle users are small
}

void crowd::joined(std::uint32_t number, const server_frame& frame) {
  auto& one = sessions_[number];
  auto* at = seat_in(one, checker_.number_of(frame.room));
  if (!at || at->at != seat::state::asked) return checker_.misroute();
  const bool with_since = at->is_admitted;
  if (frame.re) {
    const auto* asked = find(one, frame.re);
    if (!asked) return;
    tally_.latencies[latency::join].record(us_since(asked->written_us));
    settle(one, *asked);
  }
  const auto since = at->next - 1;
  const auto how = checker_.admit(*at, frame, with_since);
  if (history_)
    history_->line('J', now_us_, connection_name(one), frame.room, frame.epoch,
                   with_since ? std::to_string(since) : "-", frame.head, frame.gap ? 1 : 0);
  if (with_since) ++count_.resumes;
  if (how == checker::admission::resumed) return catch_up(number, *at, frame);

  if (how == checker::admission::gap) {
    ++tally_.errors["a gap where resuming was asked for"];
    for (auto& each : one.pendings) each.is_shown = true;  // they will not come again
    std::erase_if(one.pendings, [](const pending& each) { return each.is_acked; });
  }
  const auto& who = users_[one.user];
  for (const auto& each : frame.events) {
    auto& last = checker_.room(at->room).last_message;
    if (each.type == frame_type::message && each.text.starts_with('~'))
      last = std::max(last, each.seq);
    checker_.look_at(at->room, who.number, each);
  }
}

void crowd::catch_up(std::uint32_t number, seat& at, const server_frame& frame) {
  const auto room = at.room;
  for (const auto& each : frame.events)
    if (checker_.number_of(each.room) == room)
      deliver(number, each, false);
    else
      checker_.misroute();
  auto& one = sessions_[number];
  auto* still = seat_in(one, room);
  if (frame.more) {
    still->at = seat::state::catching_up;
    return;
  }
  still->at = seat::state::inside;
  tally_.latencies[latency::resume].record(us_since(one.hello_us));
}

void crowd::sent(std::uint32_t number, const server_frame& frame) {
  auto& one = sessions_[number];
  auto* what = find(one, frame.re);
  if (!what) return;
  auto& who = users_[one.user];
  const auto room = checker_.number_of(frame.room);
  const bool is_direct = what->task == task::direct;
  if (!is_direct && room != what->room) return checker_.misroute();
  ++count_.acks;
  if (frame.duplicate) ++count_.duplicates;
  if (frame.durability == "memory") checker_.room(room).is_durable = false;
  if (who.kind == user_kind::normal)  // who reads slowly would time itself
    tally_.latencies[is_direct ? latency::direct : latency::send_ack].record(
        us_since(what->due_us));
  const auto sum = read_text(text_of(who, *what)).sum;
  checker_.acknowledge(room, frame.seq, plan_.identities.id(who.number), sum, what->due_us,
                       one.connected_us, now_us_);
  if (history_) history_->line('A', now_us_, who.number, what->count, frame.room, frame.seq);
  if (is_direct) {
    if (!seat_in(one, room)) add_direct_seat(one, room, one.knows_directs ? 0 : frame.seq - 1);
  } else {
    who.own_room = room;
    who.own_seq = frame.seq;
  }

  if (what->is_shown && what->seq != frame.seq) ++tally_.checks.duplicated;
  what->is_acked = true;
  what->seq = frame.seq;
  const auto* at = seat_in(one, room);
  const bool will_be_shown = at->is_admitted && at->from < frame.seq && !what->is_shown;
  if (!will_be_shown) settle(one, *what);
}

void crowd::failed(std::uint32_t number, const server_frame& frame) {
  auto& one = sessions_[number];
  auto& who = users_[one.user];
  if (one.at == session::state::greeting && frame.re == 1) {
    // A server that lets nobody in closes as well; one that only mislikes the hello would wait.
    ++tally_.errors[std::string{frame.code}];
    return;
  }
  if (!frame.re) {
    if (who.kind != user_kind::misbehaving) {
      ++tally_.errors[std::string{frame.code}];
    } else if (frame.code == "rate_limited" && who.misdeed_count > 0) {
      who.misdeed_count = 0;  // the flood is answered once
      ++count_.misbehaviours_answered;
    }
    return;
  }
  auto* what = find(one, frame.re);
  if (!what) return;
  if (what->task == task::misdeed) {
    if (is_expected(*what, frame.code))
      ++count_.misbehaviours_answered;
    else if (frame.code != "rate_limited")  // a flood before it has that effect
      ++tally_.errors[std::string{frame.code}];
    return settle(one, *what);
  }
  ++tally_.errors[std::string{frame.code}];
  if (what->task == task::join || what->task == task::leave)
    if (auto* at = seat_in(one, what->room)) vacate(*at);
  const bool is_message = what->task == task::send || what->task == task::direct;
  if (!is_message || !frame.retry) return settle(one, *what);
  what->written_us = pending::not_written;
  constexpr std::uint64_t pause_ms = 200;
  out_.wake_at(now_us_ + static_cast<std::int64_t>(std::max(frame.retry_after_ms, pause_ms)) * 1000,
               {number, wake_reason::retry, one.generation});
}

void crowd::done(std::uint32_t number, const server_frame& frame) {
  if (const auto* what = find(sessions_[number], frame.re)) settle(sessions_[number], *what);
}

void crowd::history(std::uint32_t number, const server_frame& frame) {
  auto& one = sessions_[number];
  const auto* what = find(one, frame.re);
  if (!what) return;
  tally_.latencies[latency::history].record(us_since(what->written_us));
  const auto room = what->room;
  settle(one, *what);
  if (checker_.number_of(frame.room) != room) return checker_.misroute();
  std::uint64_t last = 0;
  for (const auto& each : frame.events) {
    if (each.seq <= last) ++tally_.checks.out_of_order;
    last = each.seq;
    checker_.look_at(room, users_[one.user].number, each);
  }
}

void crowd::left(std::uint32_t number, const server_frame& frame) {
  auto& one = sessions_[number];
  const auto* what = find(one, frame.re);
  if (!what) return;
  const auto room = what->room;
  settle(one, *what);
  if (checker_.number_of(frame.room) != room) return checker_.misroute();
  auto* at = seat_in(one, room);
  vacate(*at);
  if (history_) history_->line('L', now_us_, connection_name(one), frame.room);
  std::erase_if(one.pendings, [&](const pending& each) {
    return each.task == task::send && each.room == room && each.is_acked;
  });
  join(number, *at, false);
  write_waiting(number);  // what came up meanwhile
}

}  // namespace confab::load
