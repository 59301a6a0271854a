#include "load/crowd.hpp"

#include <algorithm>
#include <unordered_map>

namespace confab::load {

std::uint64_t crowd::head_of(std::uint32_t room, const std::vector<std::uint64_t>& heads) const {
  return room < heads.size() ? heads[room] : checker_.rooms()[room].head;
}

bool crowd::is_settled() const {
  return std::ranges::all_of(sessions_, [](const session& one) {
    return one.at == session::state::gone ||
           std::ranges::all_of(one.pendings, [](const pending& each) { return each.is_acked; });
  });
}

bool crowd::is_quiet(const std::vector<std::uint64_t>& heads) const {
  return std::ranges::all_of(sessions_, [&](const session& one) {
    if (users_[one.user].kind == user_kind::misbehaving || one.at == session::state::gone)
      return true;
    if (one.at != session::state::online || !one.pendings.empty()) return false;
    return std::ranges::all_of(one.seats, [&](const seat& at) {
      if (!at.is_admitted && at.is_direct) return true;
      return at.at == seat::state::inside && at.next > head_of(at.room, heads);
    });
  });
}

void crowd::finish(const std::vector<std::uint64_t>& heads, std::int64_t now_us) {
  now_us_ = now_us;
  if (history_)
    for (std::uint32_t i = 0; i < checker_.rooms().size(); ++i)
      history_->line('H', now_us_, checker_.room(i).id, head_of(i, heads));
  for (auto& one : sessions_) {
    const bool is_up = one.at == session::state::online;
    count_late(one, heads);
    for (auto& at : one.seats) {
      if (at.is_admitted) checker_.close(at, is_up ? head_of(at.room, heads) : 0);
    }
    for (const auto& each : one.pendings)
      if (each.written_us == pending::not_written && !each.is_acked)
        ++tally_.errors["still not sent at the end"];
    if (!is_up) continue;
    for (const auto& each : one.pendings)
      if (each.written_us != pending::not_written && !each.is_acked && each.task != task::misdeed)
        ++tally_.checks.unanswered;
    if (history_) history_->line('F', now_us_, connection_name(one));
  }
  for (const auto& [due, count] : skipped_) {
    const auto& [room, second] = due;
    unsaid_.push_back({room, (second + 1) * 1'000'000, count});
    tally_.latencies[latency::send_ack].record(us_since(unsaid_.back().due_us), count);
  }
  for (const auto& who : users_) {
    if (who.kind != user_kind::normal) continue;
    const auto first = sessions_.begin() + who.first_session;
    const bool is_absent = std::any_of(first, first + how_.devices, [](const session& one) {
      return one.wanted_us != session::not_wanted;
    });
    if (is_absent) ++count_.absent;
  }
}

/// What was due and has not come counts at its age so far. Otherwise a server that answers nothing
/// any more would look as fast as it was before.
void crowd::count_late(const session& one, const std::vector<std::uint64_t>& heads) {
  const auto& who = users_[one.user];
  const bool is_timed = who.kind == user_kind::normal;
  auto& timed = tally_.latencies;
  for (const auto& each : one.pendings) {
    if (each.is_acked) continue;
    switch (each.task) {
      case task::send:
        ++count_.unacked;
        if (!is_timed) break;
        timed[latency::send_ack].record(us_since(each.due_us));
        if (!each.is_shown) unsaid_.push_back({each.room, each.due_us, 1});
        break;
      case task::direct:
        ++count_.unacked;
        if (!is_timed) break;
        timed[latency::direct].record(us_since(each.due_us));
        if (!each.is_shown)
          timed[latency::delivery].record(us_since(each.due_us), readers_of(who, each.room));
        break;
      case task::history:
        if (is_timed) timed[latency::history].record(us_since(each.written_us));
        break;
      case task::join:
        if (is_timed) timed[latency::join].record(us_since(each.written_us));
        break;
      case task::edit:
      case task::react:
      case task::signal:
      case task::leave:
      case task::misdeed:
        break;
    }
  }
  if (!is_timed || one.at == session::state::gone) return;
  if (one.was_up && one.wanted_us != session::not_wanted)
    timed[latency::pause].record(us_since(one.wanted_us));
  if (one.at == session::state::greeting)
    timed[latency::hello].record(us_since(one.hello_us));
  else if (one.wanted_us != session::not_wanted)
    timed[latency::connect].record(us_since(one.wanted_us));
  for (const auto& at : one.seats) {
    if (!at.is_admitted) continue;
    const bool is_up = one.at == session::state::online;
    if (is_up && (at.at == seat::state::asked || at.at == seat::state::catching_up))
      timed[latency::resume].record(us_since(one.hello_us));
    if (const auto head = head_of(at.room, heads); head >= at.next)
      owed_.push_back({at.room, at.next, head, one.timed_from_us});
    if (!at.missing) continue;
    for (const auto& [first, last] : *at.missing)
      owed_.push_back({at.room, first, last, one.timed_from_us});
  }
}

/// How many sessions of people who read at their pace are shown a direct message of `author`.
std::uint64_t crowd::readers_of(const user& author, std::uint32_t to) const {
  if (to == author.number) return how_.devices;
  const auto& receiver = users_[(to - plan_.first_user) / plan_.threads];
  return receiver.kind == user_kind::normal ? 2 * how_.devices : how_.devices;
}

void crowd::count_undelivered(std::span<const crowd* const> all) {
  auto& timed = tally_.latencies[latency::delivery];
  // From when on what is due counts, of each member of a room, ascending.
  std::unordered_map<std::uint32_t, std::vector<std::int64_t>> members;
  for (const auto& one : sessions_)
    if (users_[one.user].kind == user_kind::normal && one.at != session::state::gone)
      for (const auto& at : one.seats)
        if (!at.is_direct) members[at.room].push_back(one.timed_from_us);
  for (auto& [room, from] : members) std::ranges::sort(from);
  for (const auto* each : all)
    for (const auto& [room, due_us, count] : each->unsaid_) {
      const auto& from = members[room];
      const auto readers = std::ranges::upper_bound(from, due_us) - from.begin();
      timed.record(us_since(due_us), count * static_cast<std::uint64_t>(readers));
    }

  const auto due_of = [&](std::uint32_t room, std::uint64_t seq) {
    if (room >= checker_.fixed_rooms()) {  // of this thread alone
      const auto* known = checker_.rooms()[room].find(seq);
      return known ? known->due_us : room_log::not_timed;
    }
    for (const auto* each : all)
      if (const auto* known = each->checker_.rooms()[room].find(seq)) return known->due_us;
    return room_log::not_timed;
  };
  for (const auto& [room, first, last, from_us] : owed_) {
    const auto remembered =
        last < room_log::remembered_max ? 1 : last - room_log::remembered_max + 1;
    for (auto seq = std::max(first, remembered); seq <= last; ++seq)
      if (const auto due_us = due_of(room, seq); due_us >= from_us && due_us >= 0)
        timed.record(us_since(due_us));
  }
}

}  // namespace confab::load
