#pragma once

#include "protocol/ids.hpp"
#include "protocol/limits.hpp"

#include <cstddef>
#include <deque>
#include <functional>
#include <optional>
#include <unordered_map>
#include <utility>

namespace confab::actors {

/// Reads of one key of the API that wait for a reader: many callers share a key.
inline constexpr std::size_t reads_per_key_max = 4096;

struct waiting_read {
  user_id user;                      // for whom
  std::function<bool()> wanted;      // whether somebody still waits for the answer
  std::function<void(bool)> answer;  // reads and answers; false: without reading, `unavailable`
  std::size_t most = limits::reads_per_user_max;  // of the user's that may wait
};

/// Reads that wait for a reader: users take turns, so that who asks for much waits for himself.
/// Bounded for each user; of users there are no more than have sessions. Pure.
class read_queue {
 public:
  /// False: the user has as many waiting as may, and `what` is untouched.
  [[nodiscard]] bool add(waiting_read&& what) {
    auto& own = waiting_[what.user];
    if (own.size() >= what.most) return false;
    if (own.empty()) turns_.push_back(what.user);
    own.push_back(std::move(what));
    return true;
  }

  /// The next one that is still wanted.
  std::optional<waiting_read> take() {
    while (!turns_.empty()) {
      const auto at = waiting_.find(turns_.front());
      auto next = std::move(at->second.front());
      at->second.pop_front();
      if (at->second.empty())
        waiting_.erase(at);
      else
        turns_.push_back(turns_.front());
      turns_.pop_front();
      if (next.wanted()) return next;
    }
    return std::nullopt;
  }

  bool empty() const noexcept { return turns_.empty(); }

 private:
  std::unordered_map<user_id, std::deque<waiting_read>> waiting_;
  std::deque<user_id> turns_;  // each user once
};

}  // namespace confab::actors
