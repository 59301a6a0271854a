#include "examples/host.hpp"

#include "server/log.hpp"

#include <charconv>
#include <chrono>
#include <csignal>
#include <exception>
#include <string_view>

namespace confab::examples {

int serve(int argc, const char* const* argv, server::runtime& on,
          std::vector<transport::websocket_route> websockets,
          std::vector<transport::http_route> pages) {
  std::signal(SIGPIPE, SIG_IGN);
  transport::options how;
  how.frame_bytes = 16 * 1024 * 1024;  // what conformance suites send
  how.outbox_bytes = 64 * 1024 * 1024;
  if (argc == 3 && std::string_view{argv[1]} == "--port") {
    const std::string_view port{argv[2]};
    std::from_chars(port.begin(), port.end(), how.port);
  }
  try {
    on.listen(how, std::move(websockets), std::move(pages));
  } catch (const std::exception& error) {
    server::log::error("server-failed", "detail={}", error.what());
    static_cast<void>(server::log::flush(std::chrono::seconds{1}));
    return 1;
  }
  server::log::info("listening", "url={}",
                    "http://127.0.0.1:" + std::to_string(on.listener().port()));
  on.run_until_signal({});
  static_cast<void>(server::log::flush(std::chrono::seconds{1}));
  return 0;
}

}  // namespace confab::examples
