#pragma once

#include "protocol/ids.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Who belongs to a room, and as what (SEMANTICS §§1, 3).
namespace confab {

/// What somebody may do in a room, rising. Stored: numbers are never reused. `none`: nothing is
/// said of it, by a token or by the log.
enum class role : std::uint8_t { none, visitor, reader, member, moderator, owner };
std::string_view name(role of) noexcept;
/// One that a room or a token can give: `reader` to `owner`.
std::optional<role> role_named(std::string_view text) noexcept;

/// What a `member_set` makes of a user. Stored: numbers are never reused.
enum class member_state : std::uint8_t { none, invited, member, left, removed, banned, unbanned };
std::string_view name(member_state of) noexcept;
std::optional<member_state> member_state_named(std::string_view text) noexcept;

/// One change of 1..100 users: it names only what it changes.
struct member_set {
  std::vector<user_id> users;
  std::optional<member_state> state;
  std::optional<role> as;             // "role"
  std::optional<unix_ms> until;       // of a ban or an invitation
  std::optional<unix_ms> mute_until;  // 0: may speak again
  std::string reason;
  friend bool operator==(const member_set&, const member_set&) = default;
};

/// State, role and times as compact JSON, as the store keeps them; the members are those of the wire.
std::string to_json(const member_set& change);
/// Takes back what `to_json` wrote; what it does not know is left out.
void read_json_into(member_set& change, std::string_view json);

}  // namespace confab
