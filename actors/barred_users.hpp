#pragma once

#include "actors/identity.hpp"
#include "rooms/bar.hpp"

#include <mutex>
#include <optional>
#include <shared_mutex>
#include <unordered_map>

namespace confab::actors {

/// Whom the deployment keeps out: as marks of the journal say, which are read at the start. Any thread; the
/// mutex is the border between who signs in and who changes it.
class barred_users {
 public:
  void set(const user_id& user, const rooms::bar& how) {
    const std::unique_lock lock{border_};
    if (how.keeps_nobody_out())
      bars_.erase(user);
    else
      bars_[user] = how;
  }
  rooms::bar of(const user_id& user) const {
    const std::shared_lock lock{border_};
    const auto at = bars_.find(user);
    return at == bars_.end() ? rooms::bar{} : at->second;
  }

  /// None: who has this token may come in. A token that does not say since when it is one is an old one.
  std::optional<unauthorized> keeps_out(const identity& who) const {
    const auto how = of(who.user);
    if (how.deactivated) return unauthorized{"the user is deactivated", false};
    if (how.tokens_before.value() != 0 && (!who.issued_at || *who.issued_at < how.tokens_before))
      return unauthorized{"the token was revoked", false};
    return std::nullopt;
  }

 private:
  mutable std::shared_mutex border_;
  std::unordered_map<user_id, rooms::bar> bars_;  // guarded
};

}  // namespace confab::actors
