#pragma once

#include "protocol/ids.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace confab::server {

/// The key set that was fetched last from one URL, in a file: for a start while nobody answers there.
/// Whoever may write the file decides who comes in, so it counts only where others may not.
/// Thread: one.
class kept_key_set {
 public:
  /// So long after it was fetched it counts: a key that was taken back must not come in for ever.
  static constexpr auto age_max = std::chrono::hours{24};

  /// `file`: empty: nothing is kept. `now`: the time of day.
  kept_key_set() = default;
  kept_key_set(std::string file, std::function<unix_ms()> now)
      : file_(std::move(file)), now_(std::move(now)) {}

  struct found {
    std::string text;   // the set as it was fetched, or
    std::string error;  // why there is none, for the operator
    unix_ms at{};       // when it was fetched
  };
  found find(std::string_view url) const;

  /// `nowhere_yet`: there is no directory for it. `failed`: the log says so.
  enum class outcome : std::uint8_t { stored, nowhere_yet, failed };
  outcome store(std::string_view url, std::string_view text) const;

 private:
  std::string file_;
  std::function<unix_ms()> now_;
};

}  // namespace confab::server
