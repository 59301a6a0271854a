#include "actors/presence.hpp"

#include <algorithm>

namespace confab::actors {

std::pair<const user_id*, room_user_no> presence::arrive(const user_id& user,
                                                         const std::string& name, steady_time now) {
  const auto [at, fresh] = rows_.try_emplace(user);
  auto& row = at->second;
  if (fresh) row.number = room_user_no{++last_number_};
  if (!row.online()) ++online_;
  row.name = name;
  row.grace.reset();
  ++row.sessions;
  if (!row.told) touch(user, now);
  return {&at->first, row.number};
}

bool presence::has_session(const user_id& user) const {
  const auto at = rows_.find(user);
  return at != rows_.end() && at->second.sessions > 0;
}

void presence::depart(const user_id& user, bool lost, steady_time now) {
  const auto at = rows_.find(user);
  if (at == rows_.end() || at->second.sessions == 0) return;
  auto& row = at->second;
  if (--row.sessions > 0) return;
  if (lost && grace_.count() > 0) {
    row.grace = now + grace_;
    graces_.push_back({*row.grace, user});
  } else {
    --online_;
    touch(user, now);
  }
}

std::vector<message::user_ref> presence::members(std::size_t count_max) const {
  std::vector<message::user_ref> list;
  list.reserve(std::min(online_, count_max));
  for (const auto& [user, row] : rows_) {
    if (!row.online()) continue;
    if (list.size() == count_max) break;
    list.push_back({user, row.name});
  }
  return list;
}

std::optional<steady_time> presence::deadline() const {
  auto first = tell_at_;
  if (!graces_.empty() && (!first || graces_.front().until < *first)) first = graces_.front().until;
  return first;
}

std::optional<message::presence> presence::flush(steady_time now) {
  end_graces(now);
  if (!tell_at_ || now < *tell_at_) return std::nullopt;
  tell_at_.reset();

  message::presence change;
  change.online = online_;
  change.counts_only = online_ > limits::members_count_max;
  bool any = false;
  looked_at_ += changed_.size();
  for (const auto& user : changed_) {
    const auto at = rows_.find(user);
    if (at == rows_.end()) continue;
    auto& row = at->second;
    if (row.online() && !row.told) {
      if (!change.counts_only) change.came.push_back({user, row.name});
      row.told = any = true;
    } else if (!row.online()) {
      // Who came and went within one gathering was never told of.
      if (row.told) {
        if (!change.counts_only) change.went.push_back(user);
        any = true;
      }
      rows_.erase(at);
    }
  }
  changed_.clear();
  if (!any) return std::nullopt;
  return change;
}

void presence::touch(const user_id& user, steady_time now) {
  changed_.insert(user);
  if (!tell_at_) tell_at_ = now + gather_;
}

void presence::end_graces(steady_time now) {
  while (!graces_.empty() && graces_.front().until <= now) {
    const auto [until, user] = std::move(graces_.front());
    graces_.pop_front();
    ++looked_at_;
    const auto at = rows_.find(user);
    // A user who came back, and was lost again, has a later one.
    if (at == rows_.end() || at->second.grace != until) continue;
    at->second.grace.reset();
    --online_;
    touch(user, now);
  }
}

}  // namespace confab::actors
