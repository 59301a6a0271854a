#pragma once

#include "actors/delivery.hpp"
#include "actors/steady_time.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

namespace confab::actors {

/// What the sessions of a shard want to be told later. Nearly none of it ever comes to that, so
/// what a session leaves behind is not looked for when it goes, but swept when there is more than
/// those who are there can have asked for: of each kind the latest reminder counts. Without actor
/// and clock. Owner: the shard's audience.
class reminders {
 public:
  struct reminder {
    steady_time due;
    session_id who;
    session_timer timer;
    std::uint64_t number = 0;  // set by `add`: the order of asking
  };

  void add(reminder one);
  /// The earliest that is due by `now`, taken out; none if there is none any more.
  std::optional<reminder> take(steady_time now);
  /// When there is something to take.
  std::optional<steady_time> next() const;

  /// How many are kept for `sessions` of them, after `tidy`.
  static constexpr std::size_t kept_max(std::size_t sessions) { return sessions * 8 + 64; }
  /// To be called when one is added or a session goes. It costs something only where as much is
  /// swept as is kept.
  void tidy(std::size_t sessions, const std::function<bool(session_id)>& is_there);
  std::size_t size() const noexcept { return heap_.size(); }

 private:
  std::vector<reminder> heap_;  // the earliest in front
  std::uint64_t last_number_ = 0;
};

}  // namespace confab::actors
