#pragma once

#include "actors/environment.hpp"
#include "actors/session.hpp"
#include "protocol/codec.hpp"
#include "server/runtime.hpp"
#include "transport/port.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

/// Where the two runtimes meet: a connection of the transport becomes messages to an actor. The
/// actor never learns of the connection, only of its sink.
namespace confab::server {

/// The chat: decodes frames at the border and speaks for one connection to one session actor.
/// `known` is who the upgrade request's credentials say it is, `counted_as` what the address it
/// came from is counted by (`transport::counted_as`).
transport::session_factory chat_session(runtime& on, const actors::environment& env,
                                        decode_limits limits, std::string_view counted_as,
                                        std::optional<actors::identity> known,
                                        actors::connection_origin from);

// --- any other actor on a socket: see examples/ --------------------------------------------------

/// The upgraded connection as a plain actor sees it. Copies speak to the same connection.
class socket {
 public:
  socket(frame_sink_ptr sink, transport::http_request request)
      : sink_(std::move(sink)),
        request_(std::make_shared<transport::http_request>(std::move(request))) {}

  /// The request that asked for the upgrade: headers, query, cookies, peer.
  const transport::http_request& request() const noexcept { return *request_; }
  /// Whole messages; what can't be delivered any more is dropped, `closed` follows.
  void send_text(std::string_view text) { send(frame_kind::text, text); }
  void send(frame_kind kind, std::string_view payload) {
    static_cast<void>(sink_->push(make_frame(kind, payload)));
  }
  void close(close_code code = close_code::normal, std::string reason = {}) {
    sink_->close(code, std::move(reason));
  }

 private:
  frame_sink_ptr sink_;
  std::shared_ptr<const transport::http_request> request_;
};

// The four events, as messages. `open` is the actor's birth.
struct message_received {
  frame_kind kind = frame_kind::text;
  std::string payload;
};
struct failed {
  std::string error;
};
struct closed {
  transport::close_info why;
};

/// What a socket's actor is: spawned on the socket's shard for each connection. Handles
/// `message_received`, `failed` and `closed`; quits with `closed`. A stopping server closes it.
using socket_actor = actors::pinned<caf::event_based_actor>;
using socket_behavior = std::function<caf::behavior(socket_actor* self, socket client)>;

/// A route whose connections are actors of `behavior`, for anybody who asks.
transport::websocket_route actor_route(runtime& on, std::string path, socket_behavior behavior);

}  // namespace confab::server

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(confab::server::message_received)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(confab::server::failed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(confab::server::closed)
