#pragma once

#include "server/bridge.hpp"
#include "server/runtime.hpp"

#include <vector>

namespace confab::examples {

/// Serves `websockets` and `pages` on `--port N` (default 8080; 0: any free one) of 127.0.0.1
/// until SIGTERM or SIGINT. Returns the process's exit code.
int serve(int argc, const char* const* argv, server::runtime& on,
          std::vector<transport::websocket_route> websockets,
          std::vector<transport::http_route> pages = {});

}  // namespace confab::examples
