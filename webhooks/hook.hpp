#pragma once

#include "webhooks/events.hpp"

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace confab::webhooks {

inline constexpr std::size_t hooks_max = 16;
inline constexpr std::size_t id_bytes_max = 32;
inline constexpr std::size_t url_bytes_max = 2'048;
/// Of one body, unless a single event is longer.
inline constexpr std::size_t body_bytes_max = 256 * 1024;
inline constexpr std::size_t answer_bytes_kept = 1'024;
inline constexpr std::size_t attempts_kept = 10;
inline constexpr std::size_t dead_max = 10'000;
inline constexpr std::chrono::hours dead_age_max{30 * 24};
inline constexpr std::chrono::hours old_secret_life{24};
/// Tests, and repeats of dead letters, that are under way.
inline constexpr std::size_t single_max = 16;

/// The time of day, which people are told, and a clock that nobody sets, by which one waits.
struct moment {
  unix_ms day;
  std::chrono::steady_clock::time_point steady;
};

/// What the deployment says of it.
struct hook_settings {
  std::string url;
  std::vector<std::string> events;  // patterns; empty: all
  std::vector<std::string> rooms;   // patterns
  unsigned batch = 1;
  std::chrono::milliseconds timeout{10'000};
  bool thin = false;
  friend bool operator==(const hook_settings&, const hook_settings&) = default;
};

enum class pause : std::uint8_t { none, asked, gone, failing, refused };
std::string_view name(pause of) noexcept;

struct hook {
  std::string id;
  hook_settings how;
  std::string secret;
  std::string old_secret;  // empty: none
  unix_ms old_until;
  pause paused = pause::none;
  unix_ms failing_since;  // the first failure since something was delivered; 0: none
  unix_ms made_at;
  friend bool operator==(const hook&, const hook&) = default;
};

bool is_hook_id(std::string_view text) noexcept;
/// What is wrong with it; empty: nothing.
std::string_view fault_of_url(std::string_view url) noexcept;
event_set events_of(const hook_settings& how) noexcept;
/// Whether what it asks for may be in a direct room.
bool asks_for_directs(const hook_settings& how) noexcept;

}  // namespace confab::webhooks
