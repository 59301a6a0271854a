#pragma once

#include "server/line_pacing.hpp"
#include "transport/incident.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace confab::server {

/// Who was refused, what failed and which bugs showed: all of them counted, and some of them, up to
/// `lines_per_second_max` of a kind and reason, in the log. A line says how many were left out
/// since the one before. Any thread; the mutex is the border between them.
class incidents {
 public:
  using clock = std::chrono::steady_clock;
  static constexpr unsigned lines_per_second_max = 5;
  static constexpr std::size_t detail_bytes_max = 200;  // of what peers may choose

  explicit incidents(std::function<clock::time_point()> now = clock::now) : now_(std::move(now)) {}

  void note(const transport::incident& what);
  /// A bug at one of the actors' walls.
  void bug(std::string_view where, std::string_view detail) {
    note({transport::incident_kind::bug, where, {}, detail});
  }

  struct count {
    transport::incident_kind what;
    std::string reason;
    std::uint64_t number = 0;
  };
  /// Of all that have happened.
  std::vector<count> counts() const;

 private:
  struct row {
    std::uint64_t number = 0;
    line_pacing lines{lines_per_second_max};
  };
  const std::function<clock::time_point()> now_;
  mutable std::mutex mutex_;
  std::map<std::pair<transport::incident_kind, std::string>, row> rows_;  // guarded
};

}  // namespace confab::server
