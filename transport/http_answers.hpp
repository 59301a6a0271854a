#pragma once

#include "transport/port.hpp"

#include <string>

/// Answers of the transport itself.
namespace confab::transport {

http_response refuse(unsigned status, std::string text);
/// The same, and that it may be another time in a second.
http_response refuse_for_now(unsigned status, std::string text);
/// `methods` as in an `Allow` header.
http_response wrong_method(std::string methods);
http_response internal_error();
http_response refuse_subprotocols(const websocket_route& route);
http_response upgrade_required();

}  // namespace confab::transport
