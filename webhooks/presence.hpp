#pragma once

#include "webhooks/hook.hpp"

#include <chrono>
#include <map>
#include <optional>
#include <vector>

namespace confab::webhooks {

/// Changes that wait for one webhook, or to be gathered.
inline constexpr std::size_t presence_changes_max = 20'000;

struct presence_change {
  event_kind kind = event_kind::presence_reset;
  user_id user;
  unix_ms at;
};

/// Who comes and goes, gathered: who comes back within the grace was never away.
class presence_changes {
 public:
  explicit presence_changes(std::chrono::milliseconds grace) : grace_(grace) {}

  /// False: too much waits, and this is lost.
  [[nodiscard]] bool note(const user_id& user, bool online, const moment& now);
  /// What is to be told by now.
  std::vector<presence_change> take(const moment& now);
  std::optional<std::chrono::steady_clock::time_point> deadline() const;

 private:
  struct pending {
    bool online;
    std::chrono::steady_clock::time_point due;
  };
  const std::chrono::milliseconds grace_;
  std::map<user_id, pending> pending_;
  std::optional<std::chrono::steady_clock::time_point> next_;  // not after the first that is due
};

}  // namespace confab::webhooks
