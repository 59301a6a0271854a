#include "transport/http_answers.hpp"
#include "transport/http_rules.hpp"
#include "transport/lingering.hpp"
#include "transport/serve.hpp"

#include <boost/beast/core/stream_traits.hpp>
#include <boost/beast/http/write.hpp>

namespace confab::transport {

namespace {

/// Ends the wait of `turn_away` for a peer that does not close.
class hang_up final : public live_connection, private timer_wheel::entry {
 public:
  hang_up(tcp_socket& socket, reactor_core& reactor) : socket_(socket) {
    reactor.add(*this);
    reactor.arm(*this, reactor.how().close_wait);
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
    auto answer = to_response(refuse_for_now(429, "too many connections"), {}, false);
    co_await http::async_write(socket, answer, into(ec));
    if (!ec) co_await linger(socket);
  } catch (...) {
    reactor->note_bug("connection");
  }
}

}  // namespace confab::transport
