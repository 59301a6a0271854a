#pragma once

#include "protocol/ids.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

/// How a user has a room for themselves (SEMANTICS §9).
namespace confab {

/// Of what in a room one wants to be told.
enum class notify_level : std::uint8_t { all, mentions, none };
std::string_view name(notify_level of) noexcept;

struct own_settings {
  std::optional<notify_level> notify;  // none: the deployment's default
  unix_ms notify_until;                // 0: for good
  bool marked = false;                 // unread by wish
  bool hidden = false;                 // from the inbox
  bool receipts = true;                // others are told up to where one has read, and back

  /// Whether the room counts in no sum.
  bool is_silent() const noexcept { return hidden || notify == notify_level::none; }
  /// Whether it may be otherwise soon without its owner's doing.
  bool may_lapse() const noexcept { return hidden || notify_until.value() != 0; }

  bool empty() const { return *this == own_settings{}; }
  friend bool operator==(const own_settings&, const own_settings&) = default;
};

/// A change of them, which names only what it changes.
struct own_change {
  std::optional<notify_level> notify;
  unix_ms notify_until;  // of `notify`
  std::optional<bool> marked;
  std::optional<bool> hidden;
  std::optional<bool> receipts;

  bool empty() const { return *this == own_change{}; }
  friend bool operator==(const own_change&, const own_change&) = default;
};

void apply(own_settings& settings, const own_change& change);

}  // namespace confab
