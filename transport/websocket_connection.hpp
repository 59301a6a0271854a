#pragma once

#include "transport/websocket_core.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/websocket/stream.hpp>

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <exception>
#include <memory>
#include <type_traits>

namespace confab::transport {

namespace http = beast::http;
namespace websocket = beast::websocket;

template <class Stream>
inline constexpr bool is_tls = false;
template <class Next>
inline constexpr bool is_tls<net::ssl::stream<Next>> = true;

/// A WebSocket connection on its stream: Beast reads, the outbox is written.
///
/// Owner: shared by its reading coroutine and by a write that waits for the socket; gone with the
/// last of them, or with the io_context. Thread: its shard's.
template <class Stream>
class websocket_connection final
    : public websocket_core,
      public std::enable_shared_from_this<websocket_connection<Stream>> {
 public:
  websocket_connection(Stream&& stream, std::shared_ptr<reactor_core> reactor, admission::slot slot)
      : websocket_core(std::move(reactor), std::move(slot)),
        ws_(gate<Stream>(std::move(stream), link_)) {}

  /// Answers the upgrade and starts to read. `read_already` came behind the request.
  task<> run(const http::request<http::string_body>& request, const agreement& agreed,
             const std::string& read_already);

 private:
  static constexpr std::size_t inbox_bytes = 512;  // of an idle connection
  static constexpr std::size_t inbox_bytes_grown = 8 * 1024;
  static constexpr std::size_t staged_bytes_max = 16 * 1024;  // one TLS record
  using timer = net::basic_waitable_timer<std::chrono::steady_clock,
                                          net::wait_traits<std::chrono::steady_clock>, executor>;

  task<> read(std::shared_ptr<websocket_connection> self);
  task<> linger();
  task<> wait();
  void flush() override;
  void flush_socket();
  void flush_staged();
  void when_socket_writable();
  void close_socket() noexcept override { beast::close_socket(beast::get_lowest_layer(ws_)); }
  void wake() noexcept override {
    if (waiting_) waiting_->cancel();
  }
  Stream& next() noexcept { return ws_.next_layer().next_layer(); }

  websocket::stream<gate<Stream>, false> ws_;
  std::string inbox_;    // its size is the room there is
  std::string staging_;  // what is being written; empty for plain sockets
  timer* waiting_ = nullptr;
  timer_wheel::tick write_started_ = 0;
  bool writing_ = false;
};

template <class Stream>
task<> websocket_connection<Stream>::run(const http::request<http::string_body>& request,
                                         const agreement& agreed, const std::string& read_already) {
  error_code ec;
  link_.read_already = read_already;
  ws_.set_option(websocket::stream_base::decorator([&agreed](websocket::response_type& answer) {
    answer.set(http::field::server, "confab");
    if (answer.result() != http::status::switching_protocols) return;
    if (!agreed.subprotocol.empty())
      answer.set(http::field::sec_websocket_protocol, agreed.subprotocol);
    if (!agreed.extension.empty())
      answer.set(http::field::sec_websocket_extensions, agreed.extension);
  }));
  co_await ws_.async_accept(request, into(ec));
  if (ec || dropped()) {
    limit_closing();
    co_await linger();
    co_return;
  }
  ws_.set_option(websocket::stream_base::decorator([](websocket::response_type&) {}));
  ws_.control_callback([this](websocket::frame_type, beast::string_view) { link_.heard = true; });
  // Deflate may make a message longer, by five bytes for each 16 KiB at worst (RFC 1951 §3.2.4).
  link_.scans = agreed.format.deflate;
  ws_.read_message_max(frame_bytes_max() + (link_.scans ? frame_bytes_max() / 1024 + 64 : 0));
  open(agreed);
  // A coroutine of its own, so that nothing of the HTTP phase stays.
  net::co_spawn(reactor_->get_executor(), read(this->shared_from_this()), net::detached);
}

template <class Stream>
task<> websocket_connection<Stream>::read(std::shared_ptr<websocket_connection> self) {
  (void)self;
  error_code ec;
  try {
    inbox_.resize(inbox_bytes);
    std::size_t used = 0;
    bool starts = true;
    frame_scanner::mark what;
    for (;;) {
      if (used == inbox_.size()) inbox_.resize(std::max(used * 2, inbox_bytes_grown));
      const auto bytes = co_await ws_.async_read_some(
          net::buffer(inbox_.data() + used, inbox_.size() - used), into(ec));
      if (ec) break;
      if (std::exchange(starts, false)) {
        if (link_.scans)
          what = link_.scanner.next_message();
        else
          what.kind = ws_.got_text() ? frame_kind::text : frame_kind::binary;
      }
      used += bytes;
      if (!ws_.is_message_done()) continue;
      deliver(what, {inbox_.data(), used});
      used = 0;
      starts = true;
      if (inbox_.size() > inbox_bytes) std::string(inbox_bytes, '\0').swap(inbox_);
      while (paused()) co_await wait();
      if (dropped()) {
        ec = net::error::operation_aborted;
        break;
      }
    }
    std::string().swap(inbox_);
    const bool by_frame = ec == websocket::error::closed;
    const auto& reason = ws_.reason();
    if (finish(ec, by_frame, by_frame ? reason.code : 0, reason.reason.c_str())) co_await linger();
  } catch (const std::exception& e) {
    reactor_->log("connection_failed", std::string("what=") + e.what());
  }
  drop();
}

/// Gets the close frame to the peer: written, then our side shut, then read until the peer shuts
/// his. Closing with bytes unread would send a reset, which may overtake it.
template <class Stream>
task<> websocket_connection<Stream>::linger() {
  error_code ec;
  limit_closing();
  while (outbox_->queued_bytes() > 0 && !dropped()) co_await wait();
  if constexpr (is_tls<Stream>) {
    if (!dropped()) co_await next().async_shutdown(into(ec));
  }
  if constexpr (is_tls<Stream> || std::is_same_v<Stream, tcp_socket>) {
    auto& socket = beast::get_lowest_layer(ws_);
    socket.shutdown(tcp_socket::shutdown_send, ec);
    std::array<char, 1024> ignored;
    while (!ec && !dropped()) co_await socket.async_read_some(net::buffer(ignored), into(ec));
  }
  drop();
}

/// Until `wake()`.
template <class Stream>
task<> websocket_connection<Stream>::wait() {
  error_code ec;
  timer forever(reactor_->get_executor(), timer::time_point::max());
  waiting_ = &forever;
  co_await forever.async_wait(into(ec));
  waiting_ = nullptr;
}

template <class Stream>
void websocket_connection<Stream>::flush() {
  if (writing_ || dropped()) return;
  if constexpr (std::is_same_v<Stream, tcp_socket>)
    flush_socket();
  else
    flush_staged();
}

/// Without waiting, and without Asio: this is where the time of a delivery goes.
template <class Stream>
void websocket_connection<Stream>::flush_socket() {
  std::array<iovec, 64> room;
  while (outbox_->queued_bytes() > 0) {
    const auto parts = outbox_->gather(room, reactor_->scratch());
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = parts.size();
    const auto sent = ::sendmsg(beast::get_lowest_layer(ws_).native_handle(), &message,
                                MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0) {
      if (errno == EINTR) continue;
      if (errno == EAGAIN || errno == EWOULDBLOCK) return when_socket_writable();
      return fail(error_code(errno, boost::system::system_category()));
    }
    reactor_->count.writes.add();
    reactor_->count.bytes_out.add(static_cast<std::uint64_t>(sent));
    outbox_->consume(static_cast<std::size_t>(sent));
  }
  wake();
}

template <class Stream>
void websocket_connection<Stream>::when_socket_writable() {
  if constexpr (std::is_same_v<Stream, tcp_socket>) {
    writing_ = true;
    beast::get_lowest_layer(ws_).async_wait(
        tcp_socket::wait_write, [self = this->shared_from_this()](const error_code& ec) {
          self->writing_ = false;
          if (ec) return self->fail(ec);
          // The peer has acknowledged something: he lives, though his pong may be far behind.
          self->link_.heard = true;
          self->flush();
        });
  }
}

template <class Stream>
void websocket_connection<Stream>::flush_staged() {
  staging_.clear();
  outbox_->stage(staging_, staged_bytes_max);
  if (staging_.empty()) {
    std::string().swap(staging_);
    return wake();
  }
  writing_ = true;
  write_started_ = reactor_->ticks();
  net::async_write(next(), net::buffer(staging_),
                   [self = this->shared_from_this()](const error_code& ec, std::size_t bytes) {
                     self->writing_ = false;
                     if (self->dropped()) return;
                     if (ec) return self->fail(ec);
                     // It had to wait for the peer, as above.
                     if (self->reactor_->ticks() > self->write_started_) self->link_.heard = true;
                     self->reactor_->count.writes.add();
                     self->reactor_->count.bytes_out.add(bytes);
                     self->outbox_->consume(bytes);
                     self->flush();
                   });
}

}  // namespace confab::transport
