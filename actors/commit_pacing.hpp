#pragma once

#include "actors/anticipation.hpp"
#include "actors/pacing.hpp"
#include "actors/steady_time.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <optional>
#include <utility>

namespace confab::actors {

/// Whether a commit waits a moment for more, since it costs the same for one append as for ten:
/// where they come one by one but quickly (docs/decisions/0008). In two parts, of which the second
/// must bring something too: after a burst the first only shows how much of it had not come yet.
/// Without actor, clock or pause: its numbers stand in pacing.hpp. Owner: the journal's writer.
class commit_pacing {
 public:
  using duration = std::chrono::microseconds;

  /// No commit waits longer than `window`; 0: none waits.
  explicit commit_pacing(duration window) : window_(window) {}

  /// One of the shards has become busy, or is no more.
  void shard_is_busy(bool busy) noexcept { busy_shards_ += busy ? 1 : -1; }

  /// With `queued` appends to commit: how long to wait, and then to ask again; 0: commit now.
  duration wait(steady_time now, std::size_t queued) {
    if (const auto before = std::exchange(waited_with_, {})) {
      const bool more = queued > *before;
      if (!more || left_ == duration{0}) next_.waited(!more);
      if (!more) left_ = duration{0};
    } else if (queued > 0 && worthwhile(now, queued)) {
      left_ = window_;
    }
    if (left_ == duration{0}) return left_;
    const auto part = left_ == window_ ? std::max(window_ / 2, duration{1}) : left_;
    left_ -= part;
    waited_with_ = queued;
    return part;
  }
  /// `count` appends are committed now.
  void committing(steady_time now, std::size_t count) noexcept { next_.arrived(now, count); }

 private:
  bool worthwhile(steady_time now, std::size_t queued) const noexcept {
    const auto next = next_.expected(now, queued);
    const auto appends =
        busy_shards_ > 0 ? pacing::worthwhile_appends_busy : pacing::worthwhile_appends;
    return next && *next - now < window_ / appends;
  }

  duration window_;
  anticipation next_;
  int busy_shards_ = 0;
  duration left_{0};                        // of the window, in a wait
  std::optional<std::size_t> waited_with_;  // the appends before its last part
};

}  // namespace confab::actors
