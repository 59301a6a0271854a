#pragma once

#include "transport/websocket_core.hpp"

#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/stream_traits.hpp>

#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>
#include <exception>
#include <memory>
#include <span>
#include <type_traits>

namespace confab::transport {

template <class Stream>
inline constexpr bool is_tls = false;
template <class Next>
inline constexpr bool is_tls<net::ssl::stream<Next>> = true;

/// As much as the socket takes at once.
inline ssize_t send_now(int socket, std::span<iovec> parts) noexcept {
  constexpr int flags = MSG_NOSIGNAL | MSG_DONTWAIT;
  // The usual case, and cheaper: the kernel has no list to copy.
  if (parts.size() == 1) return ::send(socket, parts[0].iov_base, parts[0].iov_len, flags);
  msghdr message{};
  message.msg_iov = parts.data();
  message.msg_iovlen = parts.size();
  return ::sendmsg(socket, &message, flags);
}

/// A WebSocket connection on its stream. A plain socket is waited for, and read into a buffer of
/// its shard; other streams need a buffer of their own while they wait.
///
/// Owner: the operation it waits for, and a write that waits for the socket; gone with the last of
/// them, or with the io_context. Thread: its shard's.
template <class Stream>
class websocket_connection final
    : public websocket_core,
      public std::enable_shared_from_this<websocket_connection<Stream>> {
 public:
  websocket_connection(Stream&& stream, std::shared_ptr<reactor_core> reactor, admission::slot slot)
      : websocket_core(std::move(reactor), std::move(slot)), stream_(std::move(stream)) {}

  void start(const agreement& agreed, std::string_view read_already) {
    step([&] { this->open(agreed, read_already); });
  }

 private:
  static constexpr std::size_t inbox_bytes = 4096;
  static constexpr std::size_t staged_bytes_max = 16 * 1024;  // one TLS record
  static constexpr bool is_socket = std::is_same_v<Stream, tcp_socket>;
  using timer = net::basic_waitable_timer<std::chrono::steady_clock,
                                          net::wait_traits<std::chrono::steady_clock>, executor>;

  void read() override;
  void read_socket();
  void wait() override;
  void wake() noexcept override {
    if (waiting_) waiting_->cancel();
  }
  void shut() override;
  void shut_socket();
  void flush() override;
  void flush_socket();
  void flush_staged();
  void when_socket_writable();
  void close_socket() noexcept override { beast::close_socket(beast::get_lowest_layer(stream_)); }
  std::string peer() const override;
  auto self() { return this->shared_from_this(); }

  /// The wall: what is thrown here is a bug, or memory that is gone, and ends this connection only.
  template <class Call>
  void step(Call call) noexcept {
    try {
      call();
    } catch (...) {
      reactor_->note_bug("connection");
      drop();
      go_on();
    }
  }

  Stream stream_;
  std::unique_ptr<timer> waiting_;
  std::string inbox_;    // of streams that are no plain sockets
  std::string staging_;  // what is being written; empty for plain sockets
  timer_wheel::tick write_started_ = 0;
  bool writing_ = false;
};

template <class Stream>
void websocket_connection<Stream>::read() {
  if constexpr (is_socket) {
    read_socket();
  } else {
    inbox_.resize(inbox_bytes);
    stream_.async_read_some(
        net::buffer(inbox_), [self = self()](const error_code& ec, std::size_t bytes) {
          self->step([&] { self->received(ec, std::span(self->inbox_).first(bytes)); });
        });
  }
}

template <class Stream>
void websocket_connection<Stream>::read_socket() {
  if constexpr (is_socket) {
    stream_.async_wait(tcp_socket::wait_read, [self = self()](const error_code& ec) {
      self->step([&] {
        if (ec) return self->received(ec, {});
        const auto inbox = self->reactor_->inbox();
        const auto bytes =
            ::recv(self->stream_.native_handle(), inbox.data(), inbox.size(), MSG_DONTWAIT);
        if (bytes > 0) return self->received({}, inbox.first(static_cast<std::size_t>(bytes)));
        if (bytes == 0) return self->received(net::error::eof, {});
        if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) return self->read();
        self->received(error_code(errno, boost::system::system_category()), {});
      });
    });
  }
}

template <class Stream>
void websocket_connection<Stream>::wait() {
  waiting_ = std::make_unique<timer>(reactor_->get_executor(), timer::time_point::max());
  waiting_->async_wait([self = self()](const error_code&) {
    self->waiting_.reset();
    self->step([&] { self->go_on(); });
  });
}

template <class Stream>
void websocket_connection<Stream>::shut() {
  if constexpr (is_tls<Stream>) {
    stream_.async_shutdown([self = self()](const error_code&) {
      self->step([&] {
        if (!self->dropped()) self->shut_socket();
      });
    });
  } else if constexpr (is_socket) {
    shut_socket();
  } else {
    drop();
  }
}

template <class Stream>
void websocket_connection<Stream>::shut_socket() {
  if constexpr (is_tls<Stream> || is_socket) {
    error_code ec;
    auto& socket = beast::get_lowest_layer(stream_);
    socket.shutdown(tcp_socket::shutdown_send, ec);
    if (ec) return drop();
    // What comes is thrown away, TLS or not.
    socket.async_wait(tcp_socket::wait_read, [self = self()](const error_code& failed) {
      self->step([&] {
        if (failed || self->dropped()) return self->drop();
        const auto ignored = self->reactor_->inbox();
        const auto bytes = ::recv(beast::get_lowest_layer(self->stream_).native_handle(),
                                  ignored.data(), ignored.size(), MSG_DONTWAIT);
        if (bytes == 0 || (bytes < 0 && errno != EAGAIN && errno != EINTR)) return self->drop();
        self->shut_socket();
      });
    });
  }
}

template <class Stream>
void websocket_connection<Stream>::flush() {
  if (writing_ || dropped()) return;
  if constexpr (is_socket)
    flush_socket();
  else
    flush_staged();
}

/// Asked for when it is closed: kept for all that time it would be memory of every connection.
template <class Stream>
std::string websocket_connection<Stream>::peer() const {
  if constexpr (is_socket || is_tls<Stream>) {
    error_code ec;
    const auto end = beast::get_lowest_layer(stream_).remote_endpoint(ec);
    if (!ec) return end.address().to_string();
  }
  return {};
}

/// Without waiting, and without Asio: this is where the time of a delivery goes.
template <class Stream>
void websocket_connection<Stream>::flush_socket() {
  std::array<iovec, 64> room;
  while (outbox_->queued_bytes() > 0) {
    const auto parts = outbox_->gather(room, reactor_->scratch());
    const auto sent = send_now(beast::get_lowest_layer(stream_).native_handle(), parts);
    if (sent < 0) {
      if (errno == EINTR) continue;
      if (errno == EAGAIN || errno == EWOULDBLOCK) return when_socket_writable();
      return fail(error_code(errno, boost::system::system_category()));
    }
    reactor_->count.writes.add();
    reactor_->count.bytes_out.add(static_cast<std::uint64_t>(sent));
    outbox_->consume(static_cast<std::size_t>(sent));
    taken();
  }
  written();
}

template <class Stream>
void websocket_connection<Stream>::when_socket_writable() {
  if constexpr (is_socket) {
    writing_ = true;
    stream_.async_wait(tcp_socket::wait_write, [self = self()](const error_code& ec) {
      self->writing_ = false;
      if (ec) return self->fail(ec);
      // The peer has acknowledged something: he lives, though his pong may be far behind.
      self->heard();
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
    return written();
  }
  writing_ = true;
  write_started_ = reactor_->ticks();
  net::async_write(stream_, net::buffer(staging_),
                   [self = self()](const error_code& ec, std::size_t bytes) {
                     self->writing_ = false;
                     if (self->dropped()) return;
                     if (ec) return self->fail(ec);
                     // It had to wait for the peer, as above.
                     if (self->reactor_->ticks() > self->write_started_) self->heard();
                     self->reactor_->count.writes.add();
                     self->reactor_->count.bytes_out.add(bytes);
                     self->outbox_->consume(bytes);
                     if (bytes > 0) self->taken();
                     self->flush();
                   });
}

}  // namespace confab::transport
