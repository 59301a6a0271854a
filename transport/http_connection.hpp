#pragma once

#include "transport/handshake.hpp"
#include "transport/serve.hpp"
#include "transport/websocket_connection.hpp"

#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/rfc7230.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/beast/websocket/rfc6455.hpp>

#include <exception>
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace confab::transport {

namespace http = beast::http;
namespace websocket = beast::websocket;

http_request to_request(const http::request<http::string_body>& from, std::string peer_address,
                        bool secure);
http::response<http::string_body> to_response(http_response&& from, const http_request& to,
                                              bool keep_alive);
/// The answer to any request that is no upgrade of a WebSocket path.
http_response respond(const site& shared, const http_request& request);
/// Decides over an upgrade.
std::variant<agreement, http_response> judge_upgrade(const site& shared,
                                                     const http_request& request,
                                                     const websocket_route& route);
/// What to answer to a request that could not be read; 0: nothing, it is not HTTP's fault.
unsigned status_for(const error_code& ec);

/// A connection in its HTTP phase. Lives in the frame of its coroutine.
template <class Stream>
class http_connection final : public live_connection, private timer_wheel::entry {
 public:
  http_connection(Stream&& stream, std::shared_ptr<reactor_core> reactor, std::string peer_address,
                  admission::slot slot)
      : stream_(std::move(stream)),
        reactor_(std::move(reactor)),
        peer_address_(std::move(peer_address)),
        slot_(std::move(slot)),
        buffer_(reactor_->how().header_bytes_max + read_bytes) {
    reactor_->add(*this);
  }
  ~http_connection() { reactor_->disarm(*this); }

  task<> run();

  void drain() override {}  // answers once more, then ends: see `keep_alive`
  void abort() noexcept override {
    if (!moved_) beast::close_socket(beast::get_lowest_layer(stream_));
  }

 private:
  static constexpr std::size_t read_bytes = 4096;
  using parser = http::request_parser<http::string_body>;

  void expired() override { abort(); }
  void limit(std::chrono::milliseconds wait) { reactor_->arm(*this, wait); }
  task<> wait_for_request(error_code& ec);
  task<> read_request(parser& into_parser, error_code& ec);
  // By reference: GCC 12 destroys temporaries in the arguments of an awaited call twice.
  task<> answer(http_response& what, const http_request& to, bool keep_alive, error_code& ec);
  task<> close();

  Stream stream_;
  std::shared_ptr<reactor_core> reactor_;
  std::string peer_address_;
  admission::slot slot_;
  beast::flat_buffer buffer_;
  bool moved_ = false;
};

template <class Stream>
task<> http_connection<Stream>::run() {
  const auto& how = reactor_->how();
  const auto& shared = reactor_->shared();
  error_code ec;
  limit(how.handshake_wait_max);
  if constexpr (is_tls<Stream>) {
    co_await stream_.async_handshake(net::ssl::stream_base::server, into(ec));
    if (ec) {
      reactor_->log("tls_failed", "peer=" + peer_address_ + " what=" + ec.message());
      co_return;
    }
  }
  for (bool keep_alive = true; keep_alive;) {
    std::optional<parser> message(std::in_place);
    message->header_limit(static_cast<std::uint32_t>(how.header_bytes_max));
    message->body_limit(how.body_bytes_max);
    co_await read_request(*message, ec);
    if (ec) {
      const auto status = status_for(ec);
      if (status == 0) co_return;
      auto refusal = refuse(status, ec.message());
      const http_request unreadable;
      co_await answer(refusal, unreadable, false, ec);
      if (!ec) co_await close();
      co_return;
    }
    auto request = to_request(message->get(), peer_address_, is_tls<Stream>);
    keep_alive = message->keep_alive() && !shared.draining;

    const auto* route = find_route(shared.websockets, request.path);
    if (route && websocket::is_upgrade(message->get())) {
      auto verdict = judge_upgrade(shared, request, *route);
      if (auto* agreed = std::get_if<agreement>(&verdict)) {
        reactor_->disarm(*this);
        live_connection::unlink();
        moved_ = true;
        std::make_shared<websocket_connection<Stream>>(std::move(stream_), reactor_,
                                                       std::move(slot_))
            ->start(*agreed, beast::buffers_to_string(buffer_.data()));
        co_return;
      }
      co_await answer(std::get<http_response>(verdict), request, keep_alive, ec);
    } else {
      auto page = respond(shared, request);
      co_await answer(page, request, keep_alive, ec);
    }
    if (ec) co_return;
    message.reset();
    keep_alive = keep_alive && !shared.draining;
    if (keep_alive) co_await wait_for_request(ec);
    if (ec) co_return;
  }
  co_await close();
}

template <class Stream>
task<> http_connection<Stream>::wait_for_request(error_code& ec) {
  if (buffer_.size() == 0) {
    buffer_.shrink_to_fit();
    limit(reactor_->how().idle_wait_max);
    const auto bytes = co_await stream_.async_read_some(buffer_.prepare(read_bytes), into(ec));
    buffer_.commit(bytes);
  }
  limit(reactor_->how().handshake_wait_max);
}

template <class Stream>
task<> http_connection<Stream>::read_request(parser& into_parser, error_code& ec) {
  const auto bytes = co_await http::async_read_header(stream_, buffer_, into_parser, into(ec));
  // Beast's own limit leaves out the request line.
  if (!ec && bytes > reactor_->how().header_bytes_max) ec = http::error::header_limit;
  if (ec) co_return;
  const auto expect = into_parser.get()[http::field::expect];
  if (beast::iequals(expect, "100-continue") && !into_parser.is_done()) {
    http::response<http::empty_body> go_on(http::status::continue_, 11);
    co_await http::async_write(stream_, go_on, into(ec));
    if (ec) co_return;
  }
  if (!into_parser.is_done()) co_await http::async_read(stream_, buffer_, into_parser, into(ec));
}

template <class Stream>
task<> http_connection<Stream>::answer(http_response& what, const http_request& to, bool keep_alive,
                                       error_code& ec) {
  // Long enough for a page over a bad line.
  limit(reactor_->how().idle_wait_max);
  auto message = to_response(std::move(what), to, keep_alive);
  ec = {};
  const auto bytes = co_await http::async_write(stream_, message, into(ec));
  reactor_->count.bytes_out.add(bytes);
}

/// The peer gets all of the answer: with bytes of his unread, closing at once would reset it.
template <class Stream>
task<> http_connection<Stream>::close() {
  error_code ec;
  limit(reactor_->how().close_wait_max);
  if constexpr (is_tls<Stream>) co_await stream_.async_shutdown(into(ec));
  if constexpr (is_tls<Stream> || std::is_same_v<Stream, tcp_socket>) {
    auto& socket = beast::get_lowest_layer(stream_);
    socket.shutdown(tcp_socket::shutdown_send, ec);
    std::array<char, 1024> ignored;
    while (!ec) co_await socket.async_read_some(net::buffer(ignored), into(ec));
  }
}

template <class Stream>
task<> serve(Stream stream, std::shared_ptr<reactor_core> reactor, std::string peer_address,
             admission::slot slot) {
  // The wall: what is thrown here is a bug, or memory that is gone, and ends this connection only.
  try {
    if (reactor->shared().aborted) co_return;
    http_connection<Stream> connection(std::move(stream), reactor, std::move(peer_address),
                                       std::move(slot));
    co_await connection.run();
  } catch (const std::exception& e) {
    reactor->log("connection_failed", std::string("what=") + e.what());
  }
}

}  // namespace confab::transport
