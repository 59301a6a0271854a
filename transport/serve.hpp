#pragma once

#include "transport/reactor.hpp"

#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>

#include <memory>
#include <string>

namespace confab::transport {

using tls_stream = net::ssl::stream<tcp_socket>;

/// One accepted connection: TLS handshake where there is TLS, then HTTP/1.1 requests until one of
/// them becomes a WebSocket or the connection ends. Runs on the reactor's io_context. Defined in
/// http_connection.hpp; instantiated in plain.cpp and tls.cpp (and by a test on Beast's in-memory
/// stream).
template <class Stream>
task<> serve(Stream stream, std::shared_ptr<reactor_core> reactor, std::string peer_address,
             admission::slot slot);

extern template task<> serve(tcp_socket, std::shared_ptr<reactor_core>, std::string,
                             admission::slot);
extern template task<> serve(tls_stream, std::shared_ptr<reactor_core>, std::string,
                             admission::slot);

/// Answers 429 without reading, and closes: for whom has enough connections.
task<> turn_away(tcp_socket socket, std::shared_ptr<reactor_core> reactor);

}  // namespace confab::transport
