// Up to where members have read, in rooms that tell it (SEMANTICS §7).

#include "actors/encoding.hpp"
#include "actors/room_state.hpp"
#include "protocol/limits.hpp"

#include <algorithm>
#include <utility>

namespace confab::actors {

bool has_receipts(const room_settings& set, bool direct, std::size_t members) noexcept {
  return set.receipts.value_or(direct) && (direct || members <= limits::receipts_members_max);
}

markers_found markers_in(const journal::room_info& fresh, const std::vector<log_entry>& entries) {
  markers found;
  if (fresh.direct) found = {{fresh.direct->first, {}}, {fresh.direct->second, {}}};
  for (const auto& entry : entries)
    if (const auto* change = std::get_if<member_set>(&entry.body);
        change && change->state == member_state::member)
      for (const auto& user : change->users) found[user] = entry.seq;
  return {std::move(found), {}};
}

bool room_state::has_receipts() const {
  return actors::has_receipts(view_.settings(), is_direct(), view_.members);
}

/// After a change of settings or members.
void room_state::begin_or_end_receipts(room_effects& out) {
  if (!has_receipts()) {
    reads_.reset();
    moved_.clear();
    return;
  }
  const bool asked = std::ranges::any_of(awaited_, [](const auto& one) {
    return std::holds_alternative<reads_awaited>(one.second);
  });
  if (!reads_ && !asked) ask(reads_awaited{}, reads_question{}, out);
}

/// Those who are inside hear of all markers, as who joins does. Where they can't be read, the next
/// change asks again.
void room_state::take_reads(const reads_awaited& about, room_answer& what, room_effects& out) {
  auto* found = std::get_if<markers_found>(&what);
  if (!found || !has_receipts()) return;
  reads_ = std::move(found->reads);
  for (const auto& [user, read] : about.moved) raise(*reads_, user, read);
  silent_ = std::move(found->silent);
  for (const auto& [user, silent] : about.silenced) silence(user, silent);
  announce_reads(*reads_, out);
}

void room_state::silence(const user_id& user, bool on) {
  if (on)
    silent_.insert(user);
  else
    silent_.erase(user);
}

/// Whoever is told again has missed what has moved meanwhile, as have the others.
void room_state::own_set(const user_id& user, const own_settings& own, room_effects& out) {
  const bool was_silent = silent_.contains(user);
  silence(user, !own.receipts);
  moved_.erase(user);
  for (auto& [number, about] : awaited_)
    if (auto* reads = std::get_if<reads_awaited>(&about)) reads->silenced[user] = !own.receipts;
  if (reads_ && was_silent && own.receipts) announce_reads(*reads_, out);
}

/// None: it is told to nobody there, or not to this one.
std::optional<markers> room_state::reads_for(const user_id& reader) const {
  if (!reads_ || silent_.contains(reader)) return std::nullopt;
  auto told = *reads_;
  std::erase_if(told, [&](const auto& one) { return silent_.contains(one.first); });
  return told;
}

void room_state::announce_reads(const markers& of, room_effects& out) const {
  message::receipts told{view_.room, of};
  std::erase_if(told.reads, [&](const auto& one) { return silent_.contains(one.first); });
  if (told.reads.empty()) return;
  const message::any event{std::move(told)};
  if (silent_.empty()) return announce(event, importance::droppable, {}, {}, out);
  encoded_once once{event};
  for (const auto& [session, who] : members_)
    if (who.live && who.user && !silent_.contains(*who.user))
      out.deliveries[session.shard()].push_back(
          unicast{session, once.in(who.format), importance::droppable});
}

bool room_state::raise(markers& of, const user_id& user, seq_no read) {
  const auto at = of.find(user);
  if (at == of.end() || at->second >= read) return false;
  at->second = read;
  return true;
}

void room_state::take_marker(const user_id& user, seq_no read) {
  if (const auto at = rows_.find(user); at != rows_.end())
    at->second.read = std::max(at->second.read, read);
  for (auto& [number, about] : awaited_) {
    if (auto* row = std::get_if<row_awaited>(&about); row && row->user == user)
      row->read = std::max(row->read, read);
    if (auto* reads = std::get_if<reads_awaited>(&about)) {
      auto& own = reads->moved[user];
      own = std::max(own, read);
    }
  }
}

/// By `read`: what a message moves for its author it tells by itself.
void room_state::marker_moved(const user_id& user, seq_no read, steady_time now) {
  take_marker(user, read);
  if (!reads_ || !raise(*reads_, user, read) || silent_.contains(user)) return;
  if (moved_.empty()) tell_reads_at_ = now + limits::receipts_gather;
  moved_[user] = read;
}

void room_state::take_members_of_receipts(const log_entry& entry) {
  const auto* change = std::get_if<member_set>(&entry.body);
  if (!change || !change->state) return;
  const auto take = [&](markers& of, const user_id& user) {
    if (*change->state == member_state::member)
      of[user] = entry.seq;
    else if (*change->state != member_state::invited)
      of.erase(user);
  };
  for (const auto& user : change->users) {
    if (reads_) take(*reads_, user);
    moved_.erase(user);
    if (*change->state != member_state::invited) silent_.erase(user);
  }
}

void room_state::tell_reads(steady_time now, room_effects& out) {
  if (moved_.empty() || now < tell_reads_at_) return;
  announce_reads(std::exchange(moved_, {}), out);
}

}  // namespace confab::actors
