#pragma once

// What Asio and Beast are to this folder. Included by few .cpp files: it takes seconds.
#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/error.hpp>

namespace confab::transport {

namespace net = boost::asio;
namespace beast = boost::beast;
using beast::error_code;

/// The concrete executor: the type-erased one costs an allocation and a virtual call per step.
using executor = net::io_context::executor_type;
using tcp_socket = net::basic_stream_socket<net::ip::tcp, executor>;

template <class T = void>
using task = net::awaitable<T, executor>;

/// Completion by error code: what a peer does is no exception.
inline auto into(error_code& ec) {
  return net::redirect_error(net::use_awaitable_t<executor>{}, ec);
}

}  // namespace confab::transport
