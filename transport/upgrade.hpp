#pragma once

#include "transport/late_answer.hpp"
#include "transport/port.hpp"

#include <memory>
#include <optional>
#include <string>
#include <variant>

/// The verdict over an upgrade, whatever the stream it came by.
namespace confab::transport {

struct site;

/// What an upgrade agreed on.
struct agreement {
  const websocket_route* route = nullptr;
  std::string key;                           // Sec-WebSocket-Key, as sent
  std::string subprotocol;                   // empty: none is named in the answer
  std::string extension;                     // value of Sec-WebSocket-Extensions; empty: none
  std::optional<std::string> first_message;  // that came in the request
  wire_format format;
  session_factory make_session;
};

/// Decides over an upgrade, but for a session if the route authorises later.
std::variant<agreement, http_response> judge_upgrade(const site& shared,
                                                     const http_request& request,
                                                     const websocket_route& route);
/// The same for routes that authorise later: asking, and what has come of it.
void ask(const site& shared, const websocket_route& route,
         const std::shared_ptr<upgrade_handle::slot>& slot);
std::optional<http_response> settle(const site& shared, upgrade_handle::slot& slot,
                                    agreement& into);

}  // namespace confab::transport
