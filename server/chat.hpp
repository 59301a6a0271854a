#pragma once

#include "actors/environment.hpp"
#include "journal/journal.hpp"
#include "protocol/codec.hpp"
#include "server/config.hpp"
#include "server/runtime.hpp"
#include "transport/listener.hpp"
#include "transport/port.hpp"

#include <atomic>
#include <memory>
#include <string>
#include <vector>

namespace confab::server {

/// The chat service on a runtime: its journal, its actors, and the routes that lead to them.
/// Must outlive the runtime's connections; ended by `end_actors`, after the last of them.
class chat {
 public:
  /// Opens the journal. Throws std::runtime_error with what to tell the operator.
  chat(runtime& on, const config& how);

  std::vector<transport::websocket_route> websockets();
  /// /healthz, /readyz, /metrics, the page and the client library.
  std::vector<transport::http_route> pages();

  void set_ready(bool ready) noexcept { ready_ = ready; }
  /// Everything asked of the journal is committed or failed, then the actors end.
  void end_actors();

 private:
  void spawn_actors();
  std::string metrics() const;

  runtime& on_;
  std::unique_ptr<journal::journal> journal_;
  std::unique_ptr<actors::authenticator> authenticator_;
  actors::environment env_;
  decode_limits limits_;
  std::atomic<bool> ready_{false};
  std::atomic<bool> journal_healthy_{true};
};

/// What the transport needs of the configuration.
transport::options transport_options(const config& from);

}  // namespace confab::server
