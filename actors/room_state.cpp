#include "actors/room_state.hpp"

#include "actors/encoding.hpp"
#include "actors/room_fold.hpp"
#include "protocol/codec.hpp"

#include <algorithm>
#include <tuple>

namespace confab::actors {
namespace {

constexpr std::size_t tail_entries_max = 256;
constexpr std::size_t tail_bytes_max = 64 * 1024;
constexpr std::size_t emoji_per_message_max = 64;
static_assert(tail_bytes_max < limits::page_bytes_max, "what is remembered fits one frame");

}  // namespace

room_state::room_state(journal::room_info info, std::vector<log_entry> tail, const options& how)
    : info_(std::move(info)), how_(how), presence_(how.presence_gather, how.presence_grace) {
  for (auto& entry : tail) {
    tail_bytes_ += cost_of(entry);
    tail_.push_back(std::move(entry));
  }
}

bool room_state::exists_for(const user_id& user) const noexcept {
  return !info_.direct || info_.direct->first == user || info_.direct->second == user;
}

// --- telling -----------------------------------------------------------------------------------

template <class What>
void room_state::answer(const asker& to, const What& what, room_effects& out) const {
  out.deliveries[to.session.shard()].push_back(unicast{to.session, encode_frame(to.format, what)});
}

void room_state::refuse(const asker& to, error_code code, std::string text,
                        room_effects& out) const {
  answer(to, message::error{to.ref, code, std::move(text), {}, to.named(info_.room)}, out);
  out.settlements.push_back({to.session, to.ticket});
}

void room_state::announce(const message::any& what, importance weight, room_user_no except,
                          std::optional<broadcast::author> writer, room_effects& out) const {
  encoded_once once{what};
  bool anyone = false;
  for (std::size_t format = 0; format < live_by_format_.size(); ++format)
    if (live_by_format_[format] > 0) {
      once.in(format_at(format));
      anyone = true;
    }
  if (!anyone) return;
  const broadcast all{once.take(), weight, except, writer};
  for (std::size_t shard = 0; shard < live_by_shard_.size(); ++shard)
    if (live_by_shard_[shard] > 0) out.deliveries[static_cast<std::uint8_t>(shard)].push_back(all);
}

void room_state::set_live(session_id session, member& who, bool live, room_effects& out) {
  if (who.live == live) return;
  who.live = live;
  const auto shard = session.shard();
  if (live_by_shard_.size() <= shard) live_by_shard_.resize(shard + 1u);
  auto& same_format = live_by_format_[who.format.index()];
  if (live) {
    ++same_format;
    ++live_by_shard_[shard];
    out.deliveries[shard].push_back(admit{session, who.number});
  } else {
    --same_format;
    --live_by_shard_[shard];
    out.deliveries[shard].push_back(dismiss{session});
  }
}

// --- joining -----------------------------------------------------------------------------------

std::vector<log_entry> room_state::tail_after(seq_no since) const {
  const auto from = std::ranges::upper_bound(tail_, since, {}, &log_entry::seq);
  return {from, tail_.end()};
}

std::optional<std::vector<message::present_message>> room_state::latest_from_tail() const {
  std::vector<log_entry> messages, changes;
  for (auto entry = tail_.rbegin(); entry != tail_.rend(); ++entry) {
    if (!std::holds_alternative<posted>(entry->body)) continue;
    messages.push_back(*entry);
    if (messages.size() == limits::history_count_default) break;
  }
  const bool whole_log = tail_.size() == info_.head.value();
  if (messages.size() < limits::history_count_default && !whole_log) return std::nullopt;
  std::ranges::reverse(messages);
  // Whatever changes a message comes after it, so memory that holds the one holds the other.
  for (const auto& entry : tail_)
    if (target_of(entry.body)) changes.push_back(entry);
  return fold(messages, changes);
}

message::joined room_state::snapshot(const join_op& what) const {
  message::joined frame;
  frame.room = info_.room;
  frame.title = info_.title;
  frame.epoch = info_.epoch;
  frame.head = info_.head;
  frame.role = name(what.as);
  frame.online = presence_.online();
  frame.members = presence_.members();
  // Oneself too, also where those online are more than the list may hold.
  if (std::ranges::find(frame.members, what.who.user, &message::user_ref::id) ==
      frame.members.end())
    frame.members.back() = {what.who.user, what.who.name};
  return frame;
}

void room_state::join(const asker& from, const join_op& what, steady_time now, room_effects& out) {
  if (!exists_for(what.who.user))
    return refuse(from, error_code::no_such_room, "no such room", out);

  auto& who = members_[from.session];
  who.format = what.who.format;
  who.as = what.as;
  if (!who.joined) {
    who.joined = true;
    const auto row = presence_.arrive(what.who.user, what.who.name, now);
    if (!info_.direct) std::tie(who.user, who.number) = row;
  }
  if (info_.direct) identify(who, what.who.user);
  // Joining again starts over: no live event may come in the middle of the catch-up.
  set_live(from.session, who, false, out);
  admit_from_tail(who, from, what, out);
}

/// In a direct room it is known beforehand who there can be.
void room_state::identify(member& who, const user_id& user) const {
  const bool second = info_.direct->first != user;
  who.user = second ? &info_.direct->second : &info_.direct->first;
  who.number = room_user_no{second ? 2u : 1u};
}

void room_state::admit_from_tail(member& who, const asker& from, const join_op& what,
                                 room_effects& out) {
  const auto first_remembered = tail_.empty() ? next(info_.head) : tail_.front().seq;
  const bool foreign = what.epoch && *what.epoch != info_.epoch;
  const bool servable =
      what.since && !foreign && *what.since <= info_.head && next(*what.since) >= info_.floor;

  if (what.continuing) {
    if (what.since && next(*what.since) < first_remembered) {
      out.catch_ups.push_back({from.session, {from.ticket, snapshot(what), what.since, true}});
      return;
    }
    answer(from, message::more_events{info_.room, tail_after(*what.since), false}, out);
  } else {
    auto frame = snapshot(what);
    frame.ref = from.ref;
    if (what.since && !servable) frame.oldest = info_.floor;
    if (servable) {
      if (next(*what.since) < first_remembered) {
        out.catch_ups.push_back({from.session, {from.ticket, std::move(frame), what.since, false}});
        return;
      }
      frame.events = tail_after(*what.since);
    } else {
      auto latest = latest_from_tail();
      if (!latest) {
        out.catch_ups.push_back({from.session, {from.ticket, std::move(frame), {}, false}});
        return;
      }
      frame.events = std::move(*latest);
    }
    answer(from, frame, out);
  }
  set_live(from.session, who, true, out);
  out.settlements.push_back({from.session, from.ticket, settlement::joined});
}

void room_state::leave(const asker& from, const leave_op& what, steady_time now,
                       room_effects& out) {
  const auto at = members_.find(from.session);
  if (at != members_.end() && at->second.joined) {
    auto& who = at->second;
    who.joined = false;
    const auto user = *who.user;
    if (!what.lost && from.ref) answer(from, message::left{from.ref, info_.room}, out);
    if (who.listening && !what.lost)
      set_live(from.session, who, true, out);
    else
      release(from.session, out);
    presence_.depart(user, what.lost, now);
    if (!presence_.has_session(user)) stop_typing(user, true, out);
  }
  out.settlements.push_back({from.session, from.ticket, settlement::left});
}

void room_state::release(session_id session, room_effects& out) {
  const auto at = members_.find(session);
  if (at == members_.end()) return;
  set_live(session, at->second, false, out);
  members_.erase(at);
}

void room_state::listen(const session_info& who, room_effects& out) {
  auto& entry = members_[who.id];
  entry.format = who.format;
  entry.listening = true;
  identify(entry, who.user);
  if (!entry.joined) set_live(who.id, entry, true, out);
}

void room_state::stop_listening(session_id session, steady_time now, room_effects& out) {
  const auto at = members_.find(session);
  if (at == members_.end()) return;
  if (at->second.joined) presence_.depart(*at->second.user, true, now);
  release(session, out);
}

void room_state::dismiss_all(room_effects& out) {
  for (auto& [session, who] : members_) set_live(session, who, false, out);
}

// --- saying ------------------------------------------------------------------------------------

const log_entry* room_state::remembered(seq_no seq) const {
  if (tail_.empty() || seq < tail_.front().seq || seq > info_.head) return nullptr;
  return &tail_[seq.value() - tail_.front().seq.value()];
}

const log_entry* room_state::remembered(const user_id& user, std::string_view key) const {
  if (key.empty()) return nullptr;
  const auto at = std::ranges::find_if(
      tail_, [&](const log_entry& e) { return e.key == key && e.from == user; });
  return at == tail_.end() ? nullptr : &*at;
}

void room_state::append(const asker& from, append_op what, steady_time now, room_effects& out) {
  const auto at = members_.find(from.session);
  if (at == members_.end() || !at->second.joined)
    return refuse(from, error_code::not_joined, "join the room first", out);
  const auto target = target_of(what.body);
  if (!target) {
    stop_typing(*at->second.user, false, out);
    return store(from, *at->second.user, std::move(what.key), std::move(what.body), now, out);
  }
  // A repeated change is what it was the first time, whatever has become of its target since. The
  // journal knows all keys, but only those of changes that are allowed now get there.
  if (const auto* first = remembered(*at->second.user, what.key)) {
    const message::stored before{info_.room, first->seq, first->at, how_.durability, true};
    if (from.ref) answer(from, message::done{from.ref, before}, out);
    return out.settlements.push_back({from.session, from.ticket});
  }
  if (target->value() == 0 || *target > info_.head)
    return refuse(from, error_code::no_such_message, "no such message", out);
  const auto* message = remembered(*target);
  if (!message) {
    out.lookups.push_back({from, std::move(what), *target});
    return;
  }
  const auto shown = fold({&*message, 1}, tail_after(*target));
  change(from, std::move(what), shown.empty() ? nullptr : &shown.front(), now, out);
}

void room_state::change(const asker& from, append_op what, const message::present_message* target,
                        steady_time now, room_effects& out) {
  const auto at = members_.find(from.session);
  if (at == members_.end() || !at->second.joined)
    return refuse(from, error_code::not_joined, "join the room first", out);
  const auto& who = at->second;
  const bool may_change = target && (target->from == *who.user || who.as == role::moderator);
  const auto nothing_to_do = [&] {  // no entry
    if (from.ref) answer(from, message::done{from.ref, {}}, out);
    out.settlements.push_back({from.session, from.ticket});
  };
  // A repeated delete, whose first reply may have got lost, is as done as the first.
  if (may_change && target->deleted && std::holds_alternative<deleted>(what.body))
    return nothing_to_do();
  if (!target || target->deleted)
    return refuse(from, error_code::no_such_message, "no such message", out);

  if (const auto* reaction = std::get_if<reacted>(&what.body)) {
    const auto users = target->reactions.find(reaction->emoji);
    const bool there = users != target->reactions.end() &&
                       std::ranges::find(users->second, *who.user) != users->second.end();
    if (there == reaction->on) return nothing_to_do();
    if (reaction->on && users == target->reactions.end() &&
        target->reactions.size() >= emoji_per_message_max)
      return refuse(from, error_code::conflict, "too many different reactions", out);
  } else if (!may_change) {
    return refuse(from, error_code::forbidden, "this message is not yours", out);
  }
  store(from, *who.user, std::move(what.key), std::move(what.body), now, out);
}

void room_state::direct(const asker& from, direct_op what, steady_time now, room_effects& out) {
  if (!exists_for(what.who.user))
    return refuse(from, error_code::no_such_room, "no such room", out);
  stop_typing(what.who.user, false, out);
  store(from, what.who.user, std::move(what.key), posted{std::move(what.what)}, now, out);
}

void room_state::store(const asker& from, const user_id& user, std::string key, entry_body body,
                       steady_time now, room_effects& out) {
  out.appends.push_back(journal::append{info_.room, user, key, body});
  pending_.push_back({from, user, std::move(key), std::move(body), now + how_.append_wait_max});
}

bool room_state::follows(const journal::appended& stored) const noexcept {
  return !pending_.empty() &&
         (stored.duplicate ? stored.seq <= info_.head : stored.seq == next(info_.head));
}

void room_state::outcome(const journal::appended& stored, room_effects& out) {
  auto done = std::move(pending_.front());
  pending_.pop_front();
  const bool message = std::holds_alternative<posted>(done.body);
  if (!done.answered) {
    const message::stored what{info_.room, stored.seq, stored.at, how_.durability,
                               stored.duplicate};
    // G5: before the event, and on the same way. A success without `id` gets nothing.
    if (done.from.ref) {
      if (message)
        answer(done.from, message::sent{done.from.ref, what}, out);
      else
        answer(done.from, message::done{done.from.ref, what}, out);
    }
    out.settlements.push_back({done.from.session, done.from.ticket});
  }
  if (!stored.duplicate)
    publish(
        {done.from.session, done.from.asked},
        {stored.seq, stored.at, std::move(done.user), std::move(done.key), std::move(done.body)},
        out);
}

void room_state::failed(room_effects& out) {
  const auto done = std::move(pending_.front());
  pending_.pop_front();
  if (done.answered) return;
  refuse(done.from, error_code::unavailable, "not stored; repeat with the same key", out);
}

void room_state::publish(broadcast::author writer, log_entry entry, room_effects& out) {
  info_.head = entry.seq;
  info_.last_at = entry.at;
  message::any event{message::logged{info_.room, std::move(entry)}};
  announce(event, importance::required, {}, writer, out);
  entry = std::move(std::get<message::logged>(event).entry);
  tail_bytes_ += cost_of(entry);
  tail_.push_back(std::move(entry));
  while (tail_.size() > tail_entries_max || (tail_bytes_ > tail_bytes_max && tail_.size() > 1)) {
    tail_bytes_ -= cost_of(tail_.front());
    tail_.pop_front();
  }
  out.published = true;
}

// --- typing ------------------------------------------------------------------------------------

void room_state::type(const asker& from, bool on, steady_time now, room_effects& out) {
  const auto at = members_.find(from.session);
  if (at == members_.end() || !at->second.joined)
    return refuse(from, error_code::not_joined, "join the room first", out);
  const auto& who = at->second;
  if (on)
    start_typing(who, now, out);
  else
    stop_typing(*who.user, true, out);
  if (from.ref) answer(from, message::done{from.ref, {}}, out);
  out.settlements.push_back({from.session, from.ticket});
}

/// Told again when half of the lapse has passed, so that a reader who lost the end of it, or the
/// beginning, may lapse it by itself.
void room_state::start_typing(const member& who, steady_time now, room_effects& out) {
  const auto [at, fresh] = typing_.try_emplace(*who.user);
  auto& typist = at->second;
  typist.number = who.number;
  typist.until = now + how_.typing_lapse;
  if (!fresh && now < typist.told + how_.typing_lapse / 2) return;
  typist.told = now;
  announce_typing(*who.user, who.number, true, out);
}

void room_state::announce_typing(const user_id& user, room_user_no number, bool on,
                                 room_effects& out) {
  announce(message::typing{info_.room, user, on}, importance::droppable, number, {}, out);
}

void room_state::stop_typing(const user_id& user, bool tell, room_effects& out) {
  const auto at = typing_.find(user);
  if (at == typing_.end()) return;
  const auto gone = typing_.extract(at);
  // Otherwise the message itself says so.
  if (tell) announce_typing(gone.key(), gone.mapped().number, false, out);
}

// --- time --------------------------------------------------------------------------------------

std::optional<steady_time> room_state::deadline() const {
  auto first = presence_.deadline();
  const auto consider = [&](steady_time at) {
    if (!first || at < *first) first = at;
  };
  for (const auto& [user, typist] : typing_) consider(typist.until);
  for (const auto& waiting : pending_)
    if (!waiting.answered) {
      consider(waiting.until);
      break;
    }
  return first;
}

void room_state::on_time(steady_time now, room_effects& out) {
  if (auto change = presence_.flush(now)) {
    change->room = info_.room;
    announce(*change, importance::droppable, {}, {}, out);
  }
  for (auto at = typing_.begin(); at != typing_.end();) {
    const auto current = at++;
    if (current->second.until <= now) stop_typing(current->first, true, out);
  }
  for (auto& waiting : pending_) {
    if (waiting.until > now) break;
    if (waiting.answered) continue;
    waiting.answered = true;
    refuse(waiting.from, error_code::unavailable, "outcome unknown; repeat with the same key", out);
  }
}

bool room_state::idle() const noexcept {
  return pending_.empty() && presence_.empty();  // whoever has joined stands in the presence
}

}  // namespace confab::actors
