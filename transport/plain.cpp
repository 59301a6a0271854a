#include "transport/http_connection.hpp"

namespace confab::transport {

template task<> serve(tcp_socket, std::shared_ptr<reactor_core>, std::string, admission::slot);

namespace {

/// Ends the wait of `turn_away` for a peer that does not close.
class hang_up final : public live_connection, private timer_wheel::entry {
 public:
  hang_up(tcp_socket& socket, reactor_core& reactor) : socket_(socket) {
    reactor.add(*this);
    reactor.arm(*this, reactor.how().close_wait_max);
  }
  void drain() override {}
  void abort() noexcept override { beast::close_socket(socket_); }

 private:
  void expired() override { abort(); }
  tcp_socket& socket_;
};

}  // namespace

task<> turn_away(tcp_socket socket, std::shared_ptr<reactor_core> reactor) {
  try {
    const hang_up deadline(socket, *reactor);
    error_code ec;
    auto answer = to_response(refuse(429, "too many connections"), {}, false);
    answer.set(http::field::retry_after, "1");
    co_await http::async_write(socket, answer, into(ec));
    if (!ec) socket.shutdown(tcp_socket::shutdown_send, ec);
    std::array<char, 1024> ignored;
    while (!ec) co_await socket.async_read_some(net::buffer(ignored), into(ec));
  } catch (...) {
    reactor->note_bug("connection");
  }
}

}  // namespace confab::transport
