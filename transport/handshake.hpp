#pragma once

#include "transport/port.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// The rules of PROTOCOL §1 for an upgrade, without I/O.
namespace confab::transport {

/// True if a page from `request`'s `Origin` may connect: there is none, it names the host the
/// request went to (port included), or it is on the list.
bool origin_allowed(const http_request& request, const std::vector<std::string>& allowed);

struct negotiated {
  std::string subprotocol;  // empty: none is named in the answer
  codec objects = codec::json;
  std::optional<std::string> first_message;  // as sent, see `websocket_route`
};
/// The first one offered that the route speaks; nothing if only others were offered.
std::optional<negotiated> choose_subprotocol(const http_request& request,
                                             const websocket_route& route);

/// The row for `path`: an exact one, or the longest prefix ("/*").
const websocket_route* find_route(const std::vector<websocket_route>& routes,
                                  std::string_view path);
const http_route* find_route(const std::vector<http_route>& routes, std::string_view path);

/// True if `list` ("GET, HEAD") has `item`; case counts, as it does for methods and subprotocols.
bool list_has(std::string_view list, std::string_view item);

/// True if an entity tag of `header` (`If-None-Match`) is `etag`, compared weakly (RFC 9110
/// §13.1.2).
bool etag_matches(std::string_view header, std::string_view etag);

/// True if `key` is sixteen bytes in base64 (RFC 6455 §4.2.1).
bool is_websocket_key(std::string_view key);

/// The 101 answer to a client that sent `key` (RFC 6455 §4.2.2), headers and all. `subprotocol` and
/// `extension` are left out if empty.
std::string upgrade_answer(std::string_view key, std::string_view subprotocol,
                           std::string_view extension);

/// Answers of the transport itself.
http_response refuse(unsigned status, std::string text);
http_response refuse_subprotocols(const websocket_route& route);
http_response upgrade_required();

}  // namespace confab::transport
