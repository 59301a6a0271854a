// Pushes the time to every connected browser each 200 ms, and serves the page that shows it.
//
//   build/release/examples/example_clock      and open http://127.0.0.1:8080

#include "examples/host.hpp"
#include "server/assets.hpp"
#include "server/log.hpp"

#include <chrono>
#include <ctime>

using namespace confab;
using namespace confab::server;
using namespace std::chrono_literals;

struct tick {};
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tick)

std::string time_of_day() {
  const auto now = std::chrono::system_clock::now();
  const auto seconds = std::chrono::system_clock::to_time_t(now);
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()) % 1s;
  char text[32];
  const auto size = std::strftime(text, sizeof text, "%FT%T", std::gmtime(&seconds));
  return std::string(text, size) + '.' + std::to_string(1000 + ms.count()).substr(1) + 'Z';
}

caf::behavior clock_session(socket_actor* self, socket client) {
  log::info("clock-open", "peer={}", client.request().peer_address);
  self->send(self, tick{});
  return {
      [=](const tick&) mutable {
        client.send_text(time_of_day());
        self->delayed_send(self, 200ms, tick{});  // ends with the actor: nobody is left to hear it
      },
      [=](const message_received& message) mutable { client.send(message.kind, message.payload); },
      [](const failed& why) { log::info("clock-error", "error={}", why.error); },
      [=](const closed& event) {
        log::info("clock-close", "code={}", event.why.code);
        self->quit();
      },
  };
}

int main(int argc, char* argv[]) {
  runtime runtime{1};
  return examples::serve(argc, argv, runtime, {actor_route(runtime, "/ws", clock_session)},
                         http_routes(assets()));
}
