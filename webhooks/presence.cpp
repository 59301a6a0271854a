#include "webhooks/presence.hpp"

#include <algorithm>

namespace confab::webhooks {

bool presence_changes::note(const user_id& user, bool online, const moment& now) {
  if (const auto at = pending_.find(user); at != pending_.end()) {
    // What was not told yet is taken back by its contrary.
    if (at->second.online != online) pending_.erase(at);
    return true;
  }
  if (pending_.size() >= presence_changes_max) return false;
  const auto due = online ? now.steady : now.steady + grace_;
  pending_.emplace(user, pending{online, due});
  next_ = next_ ? std::min(*next_, due) : due;
  return true;
}

std::vector<presence_change> presence_changes::take(const moment& now) {
  std::vector<presence_change> out;
  if (!next_ || now.steady < *next_) return out;
  next_.reset();
  for (auto at = pending_.begin(); at != pending_.end();) {
    if (now.steady < at->second.due) {
      next_ = next_ ? std::min(*next_, at->second.due) : at->second.due;
      ++at;
      continue;
    }
    out.push_back({at->second.online ? event_kind::presence_online : event_kind::presence_offline,
                   at->first, now.day});
    at = pending_.erase(at);
  }
  return out;
}

std::optional<std::chrono::steady_clock::time_point> presence_changes::deadline() const {
  return next_;
}

}  // namespace confab::webhooks
