#pragma once

#include "transport/port.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

/// The rules of PROTOCOL §1 for an upgrade, without I/O.
namespace confab::transport {

/// True if a page from `request`'s `Origin` may connect: there is none, it names the host the
/// request went to (port included), or it is on the list.
bool origin_allowed(const http_request& request, const std::vector<std::string>& allowed);

/// True if the server answers for the `Host` of `request`: it is one of `hosts`, or nobody said
/// which there are. `local_only`: a local name or an address is needed, or one of `hosts`; a page
/// of elsewhere, whose name its owner makes resolve to us ("DNS rebinding"), has neither.
bool host_served(const http_request& request, const std::vector<std::string>& hosts,
                 bool local_only);

/// What of a request's head would be read by us and by a proxy in different ways, or is no HTTP: a
/// sentence; nothing if all is well. `version` is 10 or 11.
std::optional<std::string> head_fault(const http_request& request, unsigned version);

/// Whether a line of the head at the start of `bytes`, which may not be whole yet, begins with a
/// blank: then it goes on with the line before (RFC 9112 §5.2), or is a header of its own, depending
/// on who reads it.
bool has_folded_line(std::string_view bytes);

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

/// The row for `path`: see `websocket_route`. Of several for one path that with `method`, or one of
/// them if none has it.
const websocket_route* find_route(const std::vector<websocket_route>& routes,
                                  std::string_view path);
const http_route* find_route(const std::vector<http_route>& routes, std::string_view path,
                             std::string_view method);
/// Of all rows with the path of `found`.
std::string methods_of(const std::vector<http_route>& routes, const http_route& found);
/// What stands for the parts in braces of a `pattern` that `path` fits; decoded if it can be.
std::vector<std::pair<std::string, std::string>> path_parameters(std::string_view pattern,
                                                                 std::string_view path);

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
