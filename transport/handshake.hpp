#pragma once

#include "transport/port.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The rules of PROTOCOL §1 for an upgrade, without I/O.
namespace confab::transport {

/// True if a page from `request`'s `Origin` may connect: there is none, it names the host the
/// request went to (port included), or it is on the list.
bool origin_allowed(const http_request& request, const std::vector<std::string>& allowed);

/// RFC 6455 §4.2.1, as far as it makes a request one for a WebSocket.
bool asks_for_websocket(const http_request& request, unsigned version);

struct negotiated {
  std::string subprotocol;  // empty: none is named in the answer
  codec objects = codec::json;
  std::optional<std::string> first_message;  // as sent, see `websocket_route`
};
/// The first one offered that the route speaks; nothing if only others were offered.
std::optional<negotiated> choose_subprotocol(const http_request& request,
                                             const websocket_route& route);

/// True if `key` is sixteen bytes in base64 (RFC 6455 §4.2.1).
bool is_websocket_key(std::string_view key);

/// The 101 answer to a client that sent `key` (RFC 6455 §4.2.2), headers and all. `subprotocol` and
/// `extension` are left out if empty.
std::string upgrade_answer(std::string_view key, std::string_view subprotocol,
                           std::string_view extension);

}  // namespace confab::transport
