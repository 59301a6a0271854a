#pragma once

#include "protocol/codes.hpp"
#include "protocol/frame.hpp"
#include "protocol/frame_sink.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

/// What the transport calls: the ports through which a connection speaks to the inside, and the
/// tables that say which path leads where. No Asio or Beast here.
namespace confab::transport {

/// The HTTP request that asks for an upgrade, or any other: at hand for whoever authorises it.
struct http_request {
  std::string method;
  std::string path;                                          // as sent, without the query
  std::string query;                                         // without "?"
  std::vector<std::pair<std::string, std::string>> headers;  // as sent, in order
  std::string peer_address;                                  // without port
  bool secure = false;                                       // came over TLS
  std::string body;

  /// The first header of that name (case-insensitive), or nothing.
  std::optional<std::string_view> header(std::string_view name) const noexcept;
  /// All values of a list header, as one list (RFC 9110 §5.3).
  std::string list(std::string_view name) const;
  /// A cookie's value as sent (RFC 6265 §4.2), or nothing.
  std::optional<std::string_view> cookie(std::string_view name) const noexcept;
  /// A query parameter, percent-decoded; nothing if it is not there or is malformed.
  std::optional<std::string> parameter(std::string_view name) const;
  /// The token of `Authorization: Bearer` (RFC 6750 §2.1), or nothing.
  std::optional<std::string_view> bearer() const noexcept;
};

struct http_response {
  unsigned status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
};

/// Why a connection ended: the peer's code, ours, or 1006 if there was no close frame.
struct close_info {
  std::uint16_t code = 1006;
  std::string reason;
  bool by_peer = false;
  std::string error;  // of the socket, for the log; empty: none
};

/// Speaks for one connection's user. Called on the shard's thread, in this order: messages and
/// the others in any order, on_close once and last; then it is destroyed. Must not block.
class session_port {
 public:
  enum class flow : std::uint8_t { more, enough };

  virtual ~session_port() = default;
  /// One complete message, valid UTF-8 if `text`. After `enough` the connection reads no more
  /// until `frame_sink::resume_reading()`.
  virtual flow on_message(frame_kind kind, std::string_view payload) = 0;
  /// Asked for by `frame_sink::notify_when_low()`.
  virtual void on_writable() {}
  /// The socket failed (the `error` of browsers); on_close follows.
  virtual void on_error(std::string_view) {}
  /// The server stops: no more messages come. The port closes its sink when what is in flight is
  /// answered; after the drain deadline the transport does.
  virtual void on_drain() = 0;
  virtual void on_close(const close_info& why) = 0;
};

/// Makes the port for an upgraded connection, on the shard it will live on. `shard` is its index.
using session_factory = std::function<std::unique_ptr<session_port>(
    frame_sink_ptr sink, wire_format format, unsigned shard)>;

struct upgrade_refused {
  http_response response;
};
/// Decides over an upgrade before it is answered; runs on the shard's thread.
using authorize_upgrade =
    std::function<std::variant<session_factory, upgrade_refused>(const http_request&)>;

/// A subprotocol a path speaks, and the kind of frame it takes.
struct subprotocol {
  std::string name;
  codec objects = codec::json;
};

/// One row of the route table. `path` is exact, or a prefix if it ends in "/*".
struct websocket_route {
  std::string path;
  authorize_upgrade authorize;
  std::vector<subprotocol> subprotocols;  // empty: whatever is offered is ignored
  bool any_kind = false;  // text and binary alike (an echo); otherwise the codec's kind, else 1003
  /// Begins the name of an offered subprotocol whose rest is the client's first message, in
  /// base64url: it is taken as if it had come right behind the request, and the answer to the
  /// upgrade waits for what the session says to it. Empty: there is no such thing.
  std::string first_message_prefix = {};
};
/// An answer with an `ETag` header is turned into 304 where the request has it already.
struct http_route {
  std::string path;
  std::function<http_response(const http_request&)> respond;  // any shard's thread
  std::string methods = "GET, HEAD";                          // others are answered 405
};

}  // namespace confab::transport
