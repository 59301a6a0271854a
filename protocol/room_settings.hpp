#pragma once

#include "protocol/free_data.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// How a room is set up (SEMANTICS §4).
namespace confab {

/// `everyone` is "public" on the wire: listed, anyone may visit and become a member.
enum class visibility : std::uint8_t { everyone, invite, closed };
/// What visitors may do in a public room.
enum class visitor_rights : std::uint8_t { write, read, none };
enum class posting_rights : std::uint8_t { all, threads, moderators };
enum class inviting_rights : std::uint8_t { members, moderators };
/// What members may read: all, or from the entry that made them members on.
enum class history_scope : std::uint8_t { all, own };

/// What was set; all the rest is at its default. Also a change of it: then it names only what it
/// changes, and `apply` is the last writer.
struct room_settings {
  std::optional<std::string> title;  // default: the room's id
  std::optional<std::string> topic;
  std::optional<free_data> data;  // an object of the application's own, replaced whole
  std::optional<visibility> visible;
  std::optional<visitor_rights> visitors;
  std::optional<posting_rights> posting;
  std::optional<inviting_rights> inviting;
  std::optional<std::chrono::milliseconds> slow;       // "slow_ms"
  std::optional<bool> archived;
  std::optional<history_scope> history;
  std::optional<std::chrono::milliseconds> retention;  // "retention_ms"
  std::optional<bool> receipts;

  bool is_public() const { return visible.value_or(visibility::everyone) == visibility::everyone; }
  bool is_private() const { return visible.value_or(visibility::everyone) == visibility::closed; }
  visitor_rights of_visitors() const { return visitors.value_or(visitor_rights::write); }
  posting_rights who_posts() const { return posting.value_or(posting_rights::all); }
  inviting_rights who_invites() const { return inviting.value_or(inviting_rights::members); }
  std::chrono::milliseconds slow_mode() const { return slow.value_or(std::chrono::milliseconds{0}); }
  bool is_archived() const { return archived.value_or(false); }

  bool empty() const { return *this == room_settings{}; }
  friend bool operator==(const room_settings&, const room_settings&) = default;
};

/// Takes a change in.
void apply(room_settings& settings, const room_settings& change);
/// What of `change` is new: what is set so already, or is the default and was never set, is left
/// out.
room_settings difference(const room_settings& settings, const room_settings& change);
/// Without what is set to its default.
room_settings without_defaults(room_settings settings);

/// Compact JSON, as the store keeps it; the members are those of the wire.
std::string to_json(const room_settings& settings);
/// Of `to_json`; what it does not know is left out.
room_settings settings_from_json(std::string_view json);

std::string_view name(visibility of) noexcept;
std::string_view name(visitor_rights of) noexcept;
std::string_view name(posting_rights of) noexcept;
std::string_view name(inviting_rights of) noexcept;
std::string_view name(history_scope of) noexcept;

}  // namespace confab
