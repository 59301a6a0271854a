#pragma once

#include "protocol/ids.hpp"

#include <compare>
#include <cstdint>
#include <string>

namespace confab::rooms {

/// What somebody may do in a room, rising (SEMANTICS §1). `none`: a token says nothing.
enum class role : std::uint8_t { none, visitor, reader, member, moderator, owner };

/// The author of an operation as data: it travels with the operation, to the order and to other
/// nodes. All that the judge knows of the author beside the room's own rows.
struct principal {
  enum class kind : std::uint8_t { user, guest, server, api_key };

  user_id user;
  kind as = kind::user;
  role token = role::none;  // what the token gives in this room
  bool joined = false;      // the session had joined the room, or what is done needs no joining
  bool admin = false;
  std::string api_key;  // its name, of `api_key`

  friend bool operator==(const principal&, const principal&) = default;
};

/// The author of what nobody did. No client can be called that (PROTOCOL §2).
inline const user_id server_user = user_id::trusted("@server");
/// Whose log holds the server's own entries; no client can name it.
inline const room_id server_room = room_id::trusted("@server");

inline principal server_principal() {
  return {server_user, principal::kind::server, role::none, true, true, {}};
}

}  // namespace confab::rooms
