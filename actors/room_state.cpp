#include "actors/room_state.hpp"

#include "actors/encoding.hpp"
#include "protocol/codec.hpp"
#include "rooms/erasing.hpp"

#include <algorithm>

namespace confab::actors {
namespace {

constexpr std::size_t tail_entries_max = 256;
constexpr std::size_t tail_bytes_max = 64 * 1024;
static_assert(tail_bytes_max < limits::page_bytes_max, "what is remembered fits one frame");

}  // namespace

room_state::room_state(journal::room_info info, std::vector<log_entry> tail, const options& how,
                       request_no first_request, std::vector<message::user_ref> names,
                       std::optional<markers_found> reads)
    : view_(journal::view_of(info)),
      epoch_(std::move(info.epoch)),
      how_(how),
      presence_(how.presence_gather, how.presence_grace),
      last_request_(first_request.value()) {
  if (reads) {
    reads_ = std::move(reads->reads);
    silent_ = std::move(reads->silent);
  }
  for (auto& one : names) name_author(one.id, std::move(one.name));
  for (auto& entry : tail) {
    tail_bytes_ += cost_of(entry);
    tail_.push_back(std::move(entry));
  }
}

bool room_state::exists_for(const user_id& user) const noexcept {
  return !view_.direct || rooms::is_direct_user(view_, user);
}

// --- telling -----------------------------------------------------------------------------------

void room_state::answer(const asker& to, const message::any& what, room_effects& out) const {
  if (const auto* error = std::get_if<message::error>(&what); error && how_.counts)
    how_.counts->failed(to.type, error->code);
  out.deliveries[to.session.shard()].push_back(unicast{to.session, encode_frame(to.format, what)});
}

void room_state::refuse(const asker& to, error_code code, std::string text,
                        room_effects& out) const {
  answer(to, message::error{to.ref, code, std::move(text), {}, to.named(view_.room)}, out);
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

// --- saying ------------------------------------------------------------------------------------

/// What has a key is not refused here: a repeat is answered before any right is judged, and who
/// repeats need not have joined again (SEMANTICS §12).
void room_state::append(const asker& from, append_op what, steady_time now, room_effects& out) {
  const auto at = members_.find(from.session);
  what.by.joined = at != members_.end() && at->second.joined;
  const bool is_message = std::holds_alternative<rooms::post_message>(what.what);
  if (what.by.joined && is_message) stop_typing(what.by.user, false, out);
  decltype(pending_append::then) then = pending_append::done{};
  if (is_message) then = pending_append::sent{};
  if (what.delete_for)
    then = pending_append::swept{what.by, std::get<rooms::set_members>(what.what).change.users,
                                 *what.delete_for};
  store(from, std::move(what.by), std::move(what.key), std::move(what.what), std::move(then), now,
        out, what.overdrawn, what.by_hook);
}

void room_state::direct(const asker& from, direct_op what, steady_time now, room_effects& out) {
  what.by.joined = true;
  stop_typing(what.by.user, false, out);
  store(from, std::move(what.by), std::move(what.key),
        rooms::post_message{std::move(what.what), std::move(what.where), std::move(what.after)},
        pending_append::sent{}, now, out, {}, what.by_hook);
}

void room_state::look_at_file(const asker& from, const file_op& what, room_effects& out) const {
  const auto at = members_.find(from.session);
  const bool joined = at != members_.end() && at->second.joined;
  const auto row = row_of(what.by.user);
  const auto who = standing_of(what.by, row, from.at);
  auto why = joined ? std::nullopt : rooms::keeps_out(who);
  if (!why && what.puts) why = forbids_saying(who);
  if (why) return refuse(from, *why, out);
  const auto floor = joined && what.floor ? *what.floor : floor_of(what.by, row);
  out.settlements.push_back({from.session, from.ticket, settlement::to_be_checked, floor, {}, 0,
                             view_.direct ? role::member : rooms::role_of(who)});
}

void room_state::store(const asker& from, rooms::principal by, std::string key, rooms::want what,
                       decltype(pending_append::then) then, steady_time now, room_effects& out,
                       std::optional<std::chrono::milliseconds> overdrawn, rooms::checked by_hook) {
  const request_no request{++last_request_};
  out.appends.push_back(
      {request, {view_.room, std::move(by), std::move(key), std::move(what), overdrawn, by_hook}});
  pending_.push_back({request, from, now + how_.append_wait_max, std::move(then)});
}

/// Answers come in the order of asking, so it is nearly always the first.
std::optional<room_state::pending_append> room_state::take_pending(request_no request) {
  const auto at = std::ranges::find(pending_, request, &pending_append::request);
  if (at == pending_.end()) return std::nullopt;
  auto done = std::move(*at);
  pending_.erase(at);
  return done;
}

/// A success without `id` gets nothing, but joining. `what`: none where nothing was to be changed.
void room_state::tell(pending_append& own, std::optional<message::stored> what,
                      const mention_list& unreached, room_effects& out, std::size_t rows) {
  if (own.answered) return;
  const auto& to = own.from;
  if (to.ref && std::holds_alternative<pending_append::sent>(own.then) && what) {
    message::sent sent{to.ref, *what};
    sent.unreached = unreached;
    answer(to, sent, out);
  } else if (to.ref && std::holds_alternative<pending_append::created>(own.then)) {
    // As the first use was answered, whatever has come since.
    answer(to, message::created{to.ref, view_.room, epoch_, what ? what->seq : view_.head, true},
           out);
  } else if (to.ref) {
    message::done done{to.ref, what};
    done.unreached = unreached;
    answer(to, done, out);
  }
  out.settlements.push_back({to.session, to.ticket, settlement::none, {}, {}, rows});
}

bool room_state::news(room_outcome& what, steady_time now, room_effects& out) {
  auto own = take_pending(what.request);
  auto* outcome = std::get_if<journal::outcome>(&what.what);
  if (!outcome) {
    if (own)
      if (const auto* part = std::get_if<pending_append::next_of_sweep>(&own->then))
        sweeps_.erase(part->sweep);
    if (own && !own->answered)
      refuse(own->from, error_code::unavailable, "not stored; repeat with the same key", out);
    return true;
  }
  const bool answers = own && !own->answered;
  if (answers && how_.counts) how_.counts->storing.add(now - own->from.asked);
  using after = pending_append;
  auto* joins = own ? std::get_if<after::joined>(&own->then) : nullptr;
  const bool leaves = own && std::holds_alternative<after::left>(own->then);
  const bool sweeps = own && std::holds_alternative<after::swept>(own->then);
  const auto* part = own ? std::get_if<after::next_of_sweep>(&own->then) : nullptr;
  // What an operation was a step of goes on whether it changed anything or not.
  const auto go_on = [&](std::optional<message::stored> stored, unix_ms at) {
    if (joins && answers) {
      room_op again{std::move(joins->what)};  // the row of who has no session here is read anew
      return command(own->from, again, now, out);
    }
    if (leaves && answers) return leave(own->from, leave_op{}, now, out);
    if (sweeps && answers) begin_sweep(*own, stored, at, out);
    if (!part || !sweeps_.contains(part->sweep)) return;
    if (answers) return go_on_sweeping(part->sweep, now, out);
    sweeps_.erase(part->sweep);
  };
  const bool goes_on = joins || leaves || sweeps || part;
  return std::visit(
      overloaded{
          [&](rooms::appended& done) {
            // What was committed before this room was loaded, it knows.
            if (done.entries.back().seq <= view_.head && !own) return true;
            if (done.entries.front().seq != next(view_.head)) return false;
            const auto& last = done.entries.back();
            const message::stored stored{view_.room, last.seq, last.at, how_.durability, false};
            // G5: before the event, and on the same way.
            if (own && !goes_on) tell(*own, stored, done.unreached, out, done.weight - done.entries.size());
            std::optional<broadcast::author> writer;
            if (own) writer = {own->from.session, own->from.asked};
            view_.members = static_cast<std::uint32_t>(done.members);
            if (part)
              if (const auto at = sweeps_.find(part->sweep); at != sweeps_.end()) {
                at->second.deleted += done.entries.size();
                at->second.rows += done.weight - done.entries.size();
              }
            const auto* leaving = leaves && answers ? &own->from : nullptr;
            for (auto& entry : done.entries) {
              if (!publish(writer, std::move(entry), done.name, leaving, out)) return false;
              // What comes of it, as who owns the room then, is not theirs to hear.
              if (leaving) leave(*std::exchange(leaving, nullptr), leave_op{}, now, out);
            }
            if (goes_on && !leaves) go_on(stored, stored.at);
            admit_early(out);
            return true;
          },
          [&](rooms::repeated& done) {
            const message::stored stored{view_.room, done.seq, done.at, how_.durability, true};
            if (goes_on)
              go_on(stored, done.at);
            else if (own)
              tell(*own, stored, {}, out);
            return done.seq <= view_.head;
          },
          [&](rooms::unchanged&) {
            if (goes_on)
              go_on({}, own->from.at);
            else if (own)
              tell(*own, {}, {}, out);
            return true;
          },
          [&](rooms::refused& done) {
            if (part && answers && sweep_fewer(part->sweep, done))
              return go_on_sweeping(part->sweep, now, out), true;
            if (part) sweeps_.erase(part->sweep);
            const auto as = done.unchecked_as;
            if (answers && as != role::none)
              out.settlements.push_back({own->from.session, own->from.ticket,
                                         settlement::to_be_checked, {}, {}, 0, as});
            else if (answers)
              refuse(own->from, done, out);
            return true;
          },
          [](journal::room_made&) { return true; },
          [](rooms::marked&) { return true; },
          [&](rooms::marker_moved& done) {
            marker_moved(done.user, done.read, now);
            return true;
          },
          [&](rooms::own_set& done) {
            own_set(done.user, done.own.set, out);
            return true;
          },
      },
      *outcome);
}

void room_state::failed_all(room_effects& out) {
  for (const auto& one : std::exchange(pending_, {}))
    if (!one.answered)
      refuse(one.from, error_code::unavailable, "outcome unknown; repeat with the same key", out);
}

bool room_state::publish(std::optional<broadcast::author> writer, log_entry entry,
                         std::string name, const asker* leaving, room_effects& out) {
  if (entry.seq != next(view_.head)) return false;
  view_.head = entry.seq;
  view_.last_at = entry.at;
  if (!name.empty()) name_author(entry.from, name);
  if (!std::holds_alternative<posted>(entry.body)) name.clear();
  message::any event{message::logged{view_.room, std::move(entry), std::move(name)}};
  announce(event, importance::required, {}, writer, out);
  entry = std::move(std::get<message::logged>(event).entry);
  take_change(entry, leaving, out);
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

/// Nor is what is gone altogether.
void room_state::trim(seq_no upto) {
  while (!tail_.empty() && tail_.front().seq <= upto) {
    tail_bytes_ -= cost_of(tail_.front());
    tail_.pop_front();
  }
  for (auto& entry : tail_) {
    auto* edit = std::get_if<edited>(&entry.body);
    if (!edit || edit->target > upto) continue;
    const auto before = cost_of(entry);
    edit->what = {};
    tail_bytes_ -= before - cost_of(entry);
  }
  view_.floor = std::max(view_.floor, next(upto));
  std::erase_if(view_.pins, [&](seq_no pin) { return pin <= upto; });
}

/// Who is no more is called otherwise, also in what is remembered.
void room_state::rename(const erased& what) {
  names_.erase(what.user);
  for (auto& entry : tail_) {
    tail_bytes_ -= cost_of(entry);
    rooms::rename(entry, what);
    tail_bytes_ += cost_of(entry);
  }
}

// --- typing ------------------------------------------------------------------------------------

void room_state::type(const asker& from, bool on, steady_time now, room_effects& out) {
  const auto at = members_.find(from.session);
  if (at == members_.end() || !at->second.joined)
    return refuse(from, error_code::not_joined, "join the room first", out);
  const auto& who = at->second;
  if (auto why = forbids_saying(who, from.at)) return refuse(from, *why, out);
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
  announce(message::typing{view_.room, user, on}, importance::droppable, number, {}, out);
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
  if (!moved_.empty()) consider(tell_reads_at_);
  for (const auto& waiting : pending_)
    if (!waiting.answered) {
      consider(waiting.until);
      break;
    }
  return first;
}

void room_state::on_time(steady_time now, room_effects& out) {
  if (auto change = presence_.flush(now)) {
    change->room = view_.room;
    announce(*change, importance::droppable, {}, {}, out);
  }
  tell_reads(now, out);
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
  // Whoever has joined stands in the presence.
  return pending_.empty() && awaited_.empty() && sweeps_.empty() && presence_.empty();
}

}  // namespace confab::actors
