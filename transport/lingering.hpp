#pragma once

#include "transport/net.hpp"

#include <boost/asio/buffer.hpp>

#include <array>

namespace confab::transport {

/// Shuts our side and waits until the peer has shut his, so that he gets all of the answer: with
/// bytes of his unread, closing at once would reset it. Whoever calls limits the wait.
template <class Socket>
task<> linger(Socket& socket) {
  error_code ec;
  socket.shutdown(Socket::shutdown_send, ec);
  std::array<char, 1024> ignored;
  while (!ec) co_await socket.async_read_some(net::buffer(ignored), into(ec));
}

}  // namespace confab::transport
