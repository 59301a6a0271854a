// Answers every message with itself, on /echo: text with text, binary with binary. This is what
// WebSocket conformance suites talk to.
//
//   build/release/examples/example_echo --port 9001

#include "examples/host.hpp"

using namespace confab;
using namespace confab::server;

/// One actor per connection; its birth is the event `open`.
caf::behavior echo(socket_actor* self, socket client) {
  return {
      [=](const message_received& message) mutable { client.send(message.kind, message.payload); },
      [](const failed&) {},
      [=](const closed&) { self->quit(); },
  };
}

int main(int argc, char* argv[]) {
  runtime runtime{1};
  return examples::serve(argc, argv, runtime, {actor_route(runtime, "/echo", echo)});
}
