#pragma once

#include "protocol/ids.hpp"
#include "protocol/membership.hpp"

#include <map>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// Who speaks on a connection, and the port that finds it out.
namespace confab::actors {

/// What a token (or a guest's `hello`) says of its bearer (PROTOCOL §3).
struct identity {
  user_id user;
  std::string name;
  std::optional<unix_ms> expires_at;
  /// The claim `confab.rooms`: ids and prefixes ending in `*`; absent: every room. Direct rooms
  /// do not depend on it.
  std::optional<std::vector<std::string>> rooms;
  /// The claim `confab.roles`: the same patterns, to a role.
  std::map<std::string, role> roles;
  bool admin = false;
  bool guest = false;  // whom the server gave an id, and a token to come back with

  bool may_join(const room_id& room) const noexcept;
  /// What it gives in this room: of the exact id, else of the longest prefix; else `none`.
  role role_in(const room_id& room) const noexcept;
  /// Whether it lets its bearer in, whatever the room's visibility (SEMANTICS §1).
  bool opens(const room_id& room) const noexcept;
};

/// `pattern` is an id or a prefix ending in `*`.
bool matches(std::string_view pattern, std::string_view id) noexcept;

struct unauthorized {
  std::string reason;  // for the client: never says more than it knows already
  bool expired = false;
};

/// Checks tokens. Implemented by server/; pure computation, called on shards' threads.
class authenticator {
 public:
  virtual ~authenticator() = default;
  virtual std::variant<identity, unauthorized> verify(std::string_view token,
                                                      unix_ms now) const = 0;
  virtual bool guests_allowed() const noexcept = 0;
  /// Whether there are users with tokens. If not, a guest is whom it says it is; if so, it must not
  /// be taken for one of them.
  virtual bool has_key() const noexcept = 0;
};

/// Whose signals reach a user: of those who have joined one room with him, or with whom he has
/// written in their direct room; or everybody's.
enum class signal_senders : std::uint8_t { shared, all };

}  // namespace confab::actors
