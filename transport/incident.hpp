#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace confab::transport {

/// What an operator may want to know of; one row each, with the reasons it may have.
enum class incident_kind : std::uint8_t {
  accept_failed,       // no descriptor or no memory: accepting pauses
  connection_refused,  // over a limit: `all`, `address`
  tls_failed,
  request_refused,  // what is no HTTP, or not for us: `malformed`, `too_large`, `host`
  upgrade_refused,  // `origin`, `credentials`, `draining`, `malformed`, `subprotocol`, `late`
  closed_by_us,     // a WebSocket; the reason is the name of the close code
  outbound_full,    // too much waits for all readers together: the slowest are closed
  api_key_refused,  // of a call of the API: `unknown`, `expired`, `too_many`, `address`
  bug,              // an exception at one of the walls; the reason says which
};

struct incident {
  incident_kind what;
  std::string_view reason;
  std::string_view peer;    // address without port; empty where it is not known
  std::string_view detail;  // as the peer or the system has it: not to be trusted
};

}  // namespace confab::transport
