// Who comes into a room and who goes: what is shown of it, from memory where memory reaches back far
// enough, and by the journal where it does not.

#include "actors/room_state.hpp"
#include "protocol/limits.hpp"
#include "rooms/present.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace confab::actors {

bool room_state::both_wrote() const {
  const auto wrote = [&](const user_id& user) {
    return std::ranges::any_of(tail_, [&](const log_entry& entry) {
      return entry.from == user && std::holds_alternative<posted>(entry.body);
    });
  };
  return view_.direct && wrote(view_.direct->first) && wrote(view_.direct->second);
}

std::vector<log_entry> room_state::tail_after(seq_no since) const {
  const auto from = std::ranges::upper_bound(tail_, since, {}, &log_entry::seq);
  return {from, tail_.end()};
}

std::optional<std::vector<message::present_message>> room_state::latest_from_tail(
    const user_id& asker) const {
  std::vector<log_entry> messages, changes;  // replies are both
  for (auto entry = tail_.rbegin(); entry != tail_.rend(); ++entry) {
    if (!std::holds_alternative<posted>(entry->body)) continue;
    messages.push_back(*entry);
    if (messages.size() == limits::history_count_default) break;
  }
  const bool whole_log = tail_.size() == view_.head.value();
  if (messages.size() < limits::history_count_default && !whole_log) return std::nullopt;
  std::ranges::reverse(messages);
  // Whatever changes a message comes after it, so memory that holds the one holds the other.
  for (const auto& entry : tail_) {
    const auto* message = std::get_if<posted>(&entry.body);
    if (target_of(entry.body) || (message && message->where.thread)) changes.push_back(entry);
  }
  std::vector<message::present_message> shown;
  for (const auto& one : rooms::fold(messages, changes))
    shown.push_back(rooms::summarise(one, asker));
  return shown;
}

message::joined room_state::snapshot(const asker& from, const join_op& what) const {
  message::joined frame;
  frame.room = view_.room;
  const auto& settings = view_.settings();
  frame.title = settings.title.value_or(view_.room.value());
  frame.epoch = epoch_;
  frame.head = view_.head;
  const auto known = known_of(what.who.user);
  const auto& row = known.row;
  const auto as = rooms::role_of(standing_of(what.by, row, from.at));
  const bool writes = view_.direct || settings.of_visitors() == visitor_rights::write;
  frame.role = name(as != role::visitor ? as : writes ? role::member : role::reader);
  frame.online = presence_.online();
  frame.members = presence_.members();
  // Oneself too, also where those online are more than the list may hold.
  if (std::ranges::find(frame.members, what.who.user, &message::user_ref::id) ==
      frame.members.end())
    frame.members.back() = {what.who.user, what.who.name};
  frame.member = row.is_member();
  if (frame.member) frame.read = std::max(known.read, row.since);
  frame.reads = reads_for(what.who.user);
  if (reads_)
    if (const auto own = reads_->find(what.who.user); own != reads_->end()) frame.read = own->second;
  frame.settings = without_defaults(settings);
  frame.settings.title.reset();  // it is told already
  if (view_.rows > 0 && !view_.direct) frame.count = view_.members;
  frame.pins = view_.pins;
  std::erase_if(frame.pins, [floor = floor_of(what.by, row)](seq_no pin) { return pin < floor; });
  return frame;
}

void room_state::join(const asker& from, const join_op& what, steady_time now, room_effects& out) {
  const auto row = row_of(what.who.user);
  const auto known = members_.find(from.session);
  // Who was told to leave while a catch-up was read is not let in by its end.
  if (what.continuing && (known == members_.end() || !known->second.joined))
    return out.settlements.push_back({from.session, from.ticket});
  // Nor is who was let in refused at its end: an invitation may lapse meanwhile.
  if (!what.continuing)
    if (auto why = rooms::keeps_out(standing_of(what.by, row, from.at), what.member))
      return refuse(from, *why, out);
  if (what.member && !row.is_member()) {
    auto by = what.by;
    by.joined = true;
    auto then = what;
    then.member = false;
    return store(from, std::move(by), {}, rooms::become_member{},
                 pending_append::joined{std::move(then)}, now, out);
  }

  auto& who = members_[from.session];
  who.format = what.who.format;
  who.token = what.by.token;
  who.admin = what.by.admin;
  who.opens = what.by.opens;
  who.guest = what.by.as == rooms::principal::kind::guest;
  if (!who.joined) {
    who.joined = true;
    const auto place = presence_.arrive(what.who.user, what.who.name, now);
    if (!view_.direct) std::tie(who.user, who.number) = place;
    if (row.is_kept())
      rows_.try_emplace(what.who.user, known_row{row, view_.head, known_of(what.who.user).read});
  }
  if (view_.direct) identify(who, what.who.user);
  // Joining again starts over: no live event may come in the middle of the catch-up.
  set_live(from.session, who, false, out);
  admit_from_tail(who, from, what, out);
}

/// In a direct room it is known beforehand who there can be.
void room_state::identify(member& who, const user_id& user) const {
  const bool second = view_.direct->first != user;
  who.user = second ? &view_.direct->second : &view_.direct->first;
  who.number = room_user_no{second ? 2u : 1u};
}

void room_state::admit_from_tail(member& who, const asker& from, const join_op& what,
                                 room_effects& out) {
  const auto first_remembered = tail_.empty() ? next(view_.head) : tail_.front().seq;
  const bool foreign = what.epoch && *what.epoch != epoch_;
  const auto floor = floor_of(what.by, row_of(what.who.user));
  const bool servable =
      what.since && !foreign && *what.since <= view_.head && next(*what.since) >= floor;
  const auto hand_over = [&](message::joined frame, bool continuing) {
    out.catch_ups.push_back(
        {from.session, {from.ticket, std::move(frame), servable || continuing ? what.since : std::nullopt,
                        continuing, floor}});
  };

  if (what.continuing) {
    if (what.since && *what.since > view_.head) return early_.push_back({from, what});
    if (what.since && next(*what.since) < first_remembered)
      return hand_over(snapshot(from, what), true);
    auto events = tail_after(*what.since);
    auto names = names_in(events);
    answer(from, message::more_events{view_.room, std::move(events), false, std::move(names)}, out);
  } else {
    auto frame = snapshot(from, what);
    frame.ref = from.ref;
    if (what.since && !servable) frame.oldest = floor;
    if (servable) {
      if (next(*what.since) < first_remembered) return hand_over(std::move(frame), false);
      frame.events = tail_after(*what.since);
    } else {
      auto latest = latest_from_tail(what.who.user);
      if (!latest) return hand_over(std::move(frame), false);
      std::erase_if(*latest, [&](const auto& one) { return one.seq < floor; });
      frame.events = std::move(*latest);
    }
    frame.users = names_in(frame.events);
    answer(from, frame, out);
  }
  set_live(from.session, who, true, out);
  out.settlements.push_back({from.session, from.ticket, settlement::joined, floor});
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
  give_up_joins(from, what.lost, out);
  const auto at = members_.find(from.session);
  const bool joined = at != members_.end() && at->second.joined;
  // What the session has read for a catch-up may be on its way, and must not come after `left`.
  const bool session_tells = joined && !at->second.live && !from.ref;
  // Who was told to leave meanwhile, or declines without having come, is answered all the same.
  if (!what.lost && (from.ref || (joined && !session_tells && !what.reason.empty())))
    answer(from, message::left{from.ref, view_.room, what.reason}, out);
  if (joined) {
    auto& who = at->second;
    who.joined = false;
    const auto user = *who.user;
    if (who.listening && !what.lost)
      set_live(from.session, who, true, out);
    else
      release(from.session, out);
    presence_.depart(user, what.lost, now);
    if (!presence_.has_session(user)) {
      stop_typing(user, true, out);
      forget_row_of(user);
    }
  }
  out.settlements.push_back({from.session, from.ticket, settlement::left, {},
                             session_tells ? what.reason : std::string_view{}});
}

/// Nothing that the session asked for lets it in after it has gone.
void room_state::give_up_joins(const asker& from, bool lost, room_effects& out) {
  std::erase_if(early_, [&](const early_join& one) {
    if (one.from.session != from.session) return false;
    out.settlements.push_back({from.session, one.from.ticket});
    return true;
  });
  if (!lost) return;
  for (auto& [number, about] : awaited_)
    if (auto* row = std::get_if<row_awaited>(&about))
      std::erase_if(row->waiting, [&](const auto& one) {
        return one.first.session == from.session && std::holds_alternative<join_op>(one.second);
      });
  for (auto& waiting : pending_)
    if (waiting.from.session == from.session &&
        std::holds_alternative<pending_append::joined>(waiting.then))
      waiting.answered = true;
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

}  // namespace confab::actors
