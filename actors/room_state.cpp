#include "actors/room_state.hpp"

#include "actors/encoding.hpp"
#include "protocol/codec.hpp"
#include "rooms/present.hpp"

#include <algorithm>
#include <tuple>

namespace confab::actors {
namespace {

constexpr std::size_t tail_entries_max = 256;
constexpr std::size_t tail_bytes_max = 64 * 1024;
static_assert(tail_bytes_max < limits::page_bytes_max, "what is remembered fits one frame");

}  // namespace

room_state::room_state(journal::room_info info, std::vector<log_entry> tail, const options& how,
                       request_no first_request)
    : info_(std::move(info)),
      how_(how),
      presence_(how.presence_gather, how.presence_grace),
      last_request_(first_request.value()) {
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

bool room_state::both_wrote() const {
  const auto wrote = [&](const user_id& user) {
    return std::ranges::any_of(tail_, [&](const log_entry& entry) {
      return entry.from == user && std::holds_alternative<posted>(entry.body);
    });
  };
  return info_.direct && wrote(info_.direct->first) && wrote(info_.direct->second);
}

std::vector<log_entry> room_state::tail_after(seq_no since) const {
  const auto from = std::ranges::upper_bound(tail_, since, {}, &log_entry::seq);
  return {from, tail_.end()};
}

std::optional<std::vector<message::present_message>> room_state::latest_from_tail(
    const user_id& asker) const {
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
  std::vector<message::present_message> shown;
  for (const auto& one : rooms::fold(messages, changes))
    shown.push_back(rooms::summarise(one, asker));
  return shown;
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
    if (what.since && *what.since > info_.head) return early_.push_back({from, what});
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
      auto latest = latest_from_tail(what.who.user);
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

/// Those who read further than the room had heard.
void room_state::admit_early(room_effects& out) {
  if (early_.empty()) return;
  for (auto& one : std::exchange(early_, {})) {
    const auto at = members_.find(one.from.session);
    if (at != members_.end()) admit_from_tail(at->second, one.from, one.what, out);
  }
}

void room_state::leave(const asker& from, const leave_op& what, steady_time now, room_effects& out) {
  const auto at = members_.find(from.session);
  std::erase_if(early_, [&](const early_join& one) { return one.from.session == from.session; });
  if (at != members_.end() && at->second.joined) {
    auto& who = at->second;
    who.joined = false;
    const auto user = *who.user;
    if (!what.lost && (from.ref || !what.reason.empty()))
      answer(from, message::left{from.ref, info_.room, what.reason}, out);
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

/// What has a key is not refused here: a repeat is answered before any right is judged, and who
/// repeats need not have joined again (SEMANTICS §12).
void room_state::append(const asker& from, append_op what, steady_time now, room_effects& out) {
  const auto at = members_.find(from.session);
  what.by.joined = at != members_.end() && at->second.joined;
  if (!what.by.joined && what.key.empty())
    return refuse(from, error_code::not_joined, "join the room first", out);
  if (what.by.joined && std::holds_alternative<rooms::post_message>(what.what))
    stop_typing(what.by.user, false, out);
  store(from, std::move(what.by), std::move(what.key), std::move(what.what), now, out);
}

void room_state::direct(const asker& from, direct_op what, steady_time now, room_effects& out) {
  what.by.joined = true;
  stop_typing(what.by.user, false, out);
  store(from, std::move(what.by), std::move(what.key), rooms::post_message{std::move(what.what)},
        now, out);
}

void room_state::store(const asker& from, rooms::principal by, std::string key, rooms::want what,
                       steady_time now, room_effects& out) {
  const request_no request{++last_request_};
  const bool message = std::holds_alternative<rooms::post_message>(what);
  out.appends.push_back({request, {info_.room, std::move(by), std::move(key), std::move(what)}});
  pending_.push_back({request, from, message, now + how_.append_wait_max});
}

/// Answers come in the order of asking, so it is nearly always the first.
std::optional<room_state::pending_append> room_state::answered(request_no request) {
  const auto at = std::ranges::find(pending_, request, &pending_append::request);
  if (at == pending_.end()) return std::nullopt;
  auto done = std::move(*at);
  pending_.erase(at);
  return done;
}

/// A success without `id` gets nothing.
void room_state::tell(const pending_append& done, const message::stored& what,
                      room_effects& out) const {
  if (done.answered) return;
  if (done.from.ref) {
    if (done.message)
      answer(done.from, message::sent{done.from.ref, what}, out);
    else
      answer(done.from, message::done{done.from.ref, what}, out);
  }
  out.settlements.push_back({done.from.session, done.from.ticket});
}

bool room_state::news(room_outcome& what, room_effects& out) {
  const auto own = answered(what.request);
  auto* outcome = std::get_if<journal::outcome>(&what.what);
  if (!outcome) {
    if (own && !own->answered)
      refuse(own->from, error_code::unavailable, "not stored; repeat with the same key", out);
    return true;
  }
  return std::visit(
      overloaded{
          [&](rooms::appended& done) {
            // What was committed before this room was loaded, it knows.
            if (done.entries.back().seq <= info_.head && !own) return true;
            if (done.entries.front().seq != next(info_.head)) return false;
            const auto& last = done.entries.back();
            // G5: before the event, and on the same way.
            if (own) tell(*own, {info_.room, last.seq, last.at, how_.durability, false}, out);
            std::optional<broadcast::author> writer;
            if (own) writer = {own->from.session, own->from.asked};
            for (auto& entry : done.entries)
              if (!publish(writer, std::move(entry), out)) return false;
            admit_early(out);
            return true;
          },
          [&](rooms::repeated& done) {
            if (own) tell(*own, {info_.room, done.seq, done.at, how_.durability, true}, out);
            return done.seq <= info_.head;
          },
          [&](rooms::unchanged&) {
            if (!own || own->answered) return true;
            if (own->from.ref) answer(own->from, message::done{own->from.ref, {}}, out);
            out.settlements.push_back({own->from.session, own->from.ticket});
            return true;
          },
          [&](rooms::refused& done) {
            if (!own || own->answered) return true;
            const auto& to = own->from;
            answer(to,
                   message::error{to.ref, done.code, std::move(done.text), done.retry_after,
                                  to.named(info_.room)},
                   out);
            out.settlements.push_back({to.session, to.ticket});
            return true;
          },
          [](journal::room_info&) { return true; },
          [](rooms::marked&) { return true; },
      },
      *outcome);
}

void room_state::failed_all(room_effects& out) {
  for (const auto& one : std::exchange(pending_, {}))
    if (!one.answered)
      refuse(one.from, error_code::unavailable, "outcome unknown; repeat with the same key", out);
}

bool room_state::publish(std::optional<broadcast::author> writer, log_entry entry,
                         room_effects& out) {
  if (entry.seq != next(info_.head)) return false;
  info_.head = entry.seq;
  info_.last_at = entry.at;
  message::any event{message::logged{info_.room, std::move(entry)}};
  announce(event, importance::required, {}, writer, out);
  entry = std::move(std::get<message::logged>(event).entry);
  if (const auto* gone = std::get_if<deleted>(&entry.body)) take_away(gone->target);
  tail_bytes_ += cost_of(entry);
  tail_.push_back(std::move(entry));
  while (tail_.size() > tail_entries_max || (tail_bytes_ > tail_bytes_max && tail_.size() > 1)) {
    tail_bytes_ -= cost_of(tail_.front());
    tail_.pop_front();
  }
  out.published = true;
  return true;
}

/// Deleted content is never sent again, not from memory either.
void room_state::take_away(seq_no target) {
  for (auto& entry : tail_) {
    const auto before = cost_of(entry);
    if (auto* message = std::get_if<posted>(&entry.body); message && entry.seq == target)
      message->what = {};
    if (auto* edit = std::get_if<edited>(&entry.body); edit && edit->target == target)
      edit->what = {};
    tail_bytes_ -= before - cost_of(entry);
  }
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
