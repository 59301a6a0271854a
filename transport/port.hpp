#pragma once

#include "protocol/codes.hpp"
#include "protocol/frame.hpp"
#include "protocol/frame_sink.hpp"

#include <chrono>
#include <cstddef>
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
/// With a target in absolute form `Host` is its authority, whatever was sent (RFC 9112 §3.2.2).
struct http_request {
  std::string method;
  std::string path;                                          // as sent, without the query
  std::string query;                                         // without "?"
  std::vector<std::pair<std::string, std::string>> headers;  // as sent, in order
  std::string peer_address;  // without port; behind trusted proxies that of whom they name
  bool secure = false;       // came over TLS
  bool proxied = false;      // its connection began with the PROXY protocol
  std::string body;
  /// What stands in the path for the `{name}`s of its route.
  std::vector<std::pair<std::string, std::string>> path_parameters = {};

  /// The first header of that name (case-insensitive), or nothing.
  std::optional<std::string_view> header(std::string_view name) const noexcept;
  /// How many headers of that name there are.
  std::size_t count(std::string_view name) const noexcept;
  /// All values of a list header, as one list (RFC 9110 §5.3).
  std::string list(std::string_view name) const;
  /// A cookie's value as sent (RFC 6265 §4.2), or nothing.
  std::optional<std::string_view> cookie(std::string_view name) const noexcept;
  /// A query parameter, percent-decoded; nothing if it is not there or is malformed.
  std::optional<std::string> parameter(std::string_view name) const;
  /// The token of `Authorization: Bearer` (RFC 6750 §2.1), or nothing.
  std::optional<std::string_view> bearer() const noexcept;
  /// Whether one of the lists in headers of that name has `token`; neither's case counts.
  bool has_token(std::string_view name, std::string_view token) const noexcept;
  /// What stands in the path for `{name}`, percent-decoded; nothing if the route has no such part.
  std::optional<std::string_view> path_parameter(std::string_view name) const noexcept;
};

/// Nothing where a "%" is not followed by two hexadecimal digits. `plus_is_space`: as in a query.
std::optional<std::string> percent_decoded(std::string_view text, bool plus_is_space);

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
  std::string detail = {};  // for the log
};
using upgrade_verdict = std::variant<session_factory, upgrade_refused>;
/// Decides over an upgrade before it is answered; runs on the shard's thread.
using authorize_upgrade = std::function<upgrade_verdict(const http_request&)>;

/// A question that may be answered later, by any thread. Only the first answer counts, and only
/// until the route's `answer_wait_max` has passed or the peer is gone. Who lets go of the question
/// without an answer has answered that there will be none (500).
template <class Answer>
class open_question {
 public:
  virtual ~open_question() = default;
  virtual const http_request& request() const noexcept = 0;
  virtual void answer(Answer what) = 0;
  /// Nobody waits for the answer any more; any thread.
  virtual bool over() const noexcept = 0;
};
using upgrade_question = open_question<upgrade_verdict>;

/// The body of a response that stays open: what is written goes out at once, in order, as fast as
/// the peer reads. Any thread.
class response_stream {
 public:
  virtual ~response_stream() = default;
  /// `overflow`: it does not fit what may wait (`stream_bytes_max`) and was not taken;
  /// `on_writable` says when half of that is free again. `closed`: it will never be sent.
  [[nodiscard]] virtual push_result write(std::string_view bytes) = 0;
  /// The end of the response, behind what was written.
  virtual void end() = 0;
};
/// What a response that stays open is told, on its shard's thread.
struct stream_events {
  std::function<void()> on_writable = [] {};
  /// Last, and once: it was ended and sent, the server stops, or the peer is gone, which is noticed
  /// at the next write.
  std::function<void()> on_closed = [] {};
};

/// A request that is answered later, at once, or by a response that stays open.
class http_exchange : public open_question<http_response> {
 public:
  /// Answers with the head of `head` and a body that is written from now on. Null where `answer`
  /// would be void. Its `body` must be empty.
  virtual std::shared_ptr<response_stream> open(http_response head, stream_events events) = 0;
};

/// A subprotocol a path speaks, and the kind of frame it takes.
struct subprotocol {
  std::string name;
  codec objects = codec::json;
};

/// How long whoever answers later may take.
inline constexpr std::chrono::milliseconds answer_wait_max{10'000};

/// One row of the route table. `path` is exact, or a prefix if it ends in "/*", or has parts in
/// braces (`/rooms/{room}`) that stand for anything but "/". Exact paths go before those with parts
/// in braces, and these before prefixes, of which the longest counts.
struct websocket_route {
  std::string path;
  authorize_upgrade authorize;
  std::vector<subprotocol> subprotocols;  // empty: whatever is offered is ignored
  bool any_kind = false;  // text and binary alike (an echo); otherwise the codec's kind, else 1003
  /// Begins the name of an offered subprotocol whose rest is the client's first message, in
  /// base64url: it is taken as if it had come right behind the request, and the answer to the
  /// upgrade waits for what the session says to it. Empty: there is no such thing.
  std::string first_message_prefix = {};
  /// Instead of `authorize`, where the verdict has to be waited for. On the shard's thread.
  std::function<void(std::shared_ptr<upgrade_question>)> authorize_later = {};
  std::chrono::milliseconds answer_wait_max = transport::answer_wait_max;
};
/// A path may have several rows with different methods. An answer with an `ETag` header is turned
/// into 304 where the request has it already.
struct http_route {
  std::string path;
  std::function<http_response(const http_request&)> respond;  // any shard's thread
  std::string methods = "GET, HEAD";                          // others are answered 405
  /// Instead of `respond`, where the answer has to be waited for. On the shard's thread.
  std::function<void(std::shared_ptr<http_exchange>)> respond_later = {};
  std::chrono::milliseconds answer_wait_max = transport::answer_wait_max;
  std::size_t body_bytes_max = 64 * 1024;  // larger ones are answered 413
  /// Asked of a request that has a body before that is read: an answer refuses it.
  std::function<std::optional<http_response>(const http_request&)> refuse_early = {};
  /// How larger bodies are answered; none: in plain text.
  std::function<http_response(const http_request&)> too_large = {};
  /// A question for the server's health: answered whatever the request says its host is, and
  /// also when all places for connections are taken.
  bool health = false;
};

}  // namespace confab::transport
