#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace confab::server {

/// How far the opening of the journal is. Told by the thread that opens it, read by any.
class opening {
 public:
  bool goes_on() const noexcept { return !over_.load(std::memory_order_acquire); }
  /// What happened before this is seen by whoever sees that it is over.
  void is_over() noexcept { over_.store(true, std::memory_order_release); }

  /// `step`: "copy" or "project", see journal::migration_options.
  void reached(std::string_view step, std::uint64_t done, std::uint64_t of);
  /// As an object: `{"state":"opening","step":"project","done":5000,"of":30000}`, without a step
  /// where there is none. None: it is over.
  std::optional<std::string> progress() const;

 private:
  std::atomic<bool> over_{false};
  mutable std::mutex border_;  // between the two
  std::string step_;
  std::uint64_t done_ = 0;
  std::uint64_t of_ = 0;
};

}  // namespace confab::server
