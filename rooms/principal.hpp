#pragma once

#include "protocol/ids.hpp"
#include "protocol/membership.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace confab::rooms {

/// The author of an operation as data: it travels with the operation, to the order and to other
/// nodes. All that the judge knows of the author beside the room's own rows.
struct principal {
  enum class kind : std::uint8_t { user, guest, server, api_key };

  user_id user;
  kind as = kind::user;
  role token = role::none;  // what the token gives in this room; `reader` is a ceiling
  bool joined = false;      // the session had joined the room, or what is done needs no joining
  bool admin = false;
  bool opens = false;   // the token lets its bearer in, whatever the room's visibility
  seq_no reads_from{};  // of who has joined: nothing before it is for this reader
  std::string api_key;  // its name, of `api_key`

  /// Of the deployment itself: bound by no right.
  bool is_unchecked() const noexcept { return as == kind::server || as == kind::api_key; }

  friend bool operator==(const principal&, const principal&) = default;
};

/// The author of what nobody did. No client can be called that (PROTOCOL §2).
inline const user_id server_user = user_id::trusted("@server");
/// Whose log holds the server's own entries; no client can name it.
inline const room_id server_room = room_id::trusted("@server");

/// How rooms are called that were deleted; no client can name one either.
inline constexpr std::string_view gone_room_prefix = "@gone:";

inline principal server_principal() {
  principal server;
  server.user = server_user;
  server.as = principal::kind::server;
  server.joined = true;
  server.admin = true;
  return server;
}

}  // namespace confab::rooms
