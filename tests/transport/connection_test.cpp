#include "transport/http_connection.hpp"

#include "tests/transport/world.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/beast/_experimental/test/stream.hpp>

using namespace confab;
using namespace confab::transport;
using namespace confab::transport::testing;
namespace test = boost::beast::test;

namespace {

/// One connection over Beast's in-memory stream, whose operations can be made to fail.
struct in_memory {
  explicit in_memory(std::size_t fail_at) : failures(fail_at) {
    auto shared = std::make_shared<site>();
    shared->admission = std::make_shared<admission>(10, 0);
    shared->how.close_wait = 5ms;
    shared->how.handshake_wait = 20ms;
    shared->how.idle_wait_max = 20ms;
    shared->how.ping_interval = 1h;  // no ping in between, however slow the machine is
    shared->websockets.push_back({"/ws", admit_all(book), {{"v1", codec::json}}, true, "say."});
    places = shared->admission;
    reactor = std::make_shared<reactor_core>(io, shared, 0, 1);
  }

  /// Until nothing is left to do: every deadline is disarmed when the connection has ended.
  void run(std::string_view sent) {
    test::stream ours(io, failures);
    auto theirs = test::connect(ours);
    net::write(theirs, net::buffer(sent));
    net::co_spawn(io, serve(std::move(ours), reactor, "peer", std::move(places->admit("").second)),
                  net::detached);
    while (io.run_one() > 0) reactor->end_turn();
    received = std::string(theirs.str());
  }

  net::io_context io{1};
  test::fail_count failures;
  std::shared_ptr<notes> book = std::make_shared<notes>();
  std::shared_ptr<admission> places;
  std::shared_ptr<reactor_core> reactor;
  std::string received;
};

}  // namespace

TEST_CASE(
    "whichever operation fails, a session made is closed once, destroyed, and its place free") {
  // The second has a message in it, to which there is an answer.
  const auto* headers = GENERATE("", "Sec-WebSocket-Protocol: v1, say.aGk\r\n");
  bool went_through = false;
  std::size_t fail_at = 0;
  for (; fail_at < 100 && !went_through; ++fail_at) {
    in_memory connection(fail_at);
    auto& book = *connection.book;
    book.on_message = [&](frame_kind kind, std::string_view payload) {
      (void)book.sink->push(make_frame(kind, payload));
      return session_port::flow::more;
    };

    connection.run("GET /none HTTP/1.1\r\nHost: a\r\n\r\n" + upgrade_request("/ws", headers) +
                   text_frame("hello") + client_frame(0x89, "p") + close_frame(1000));

    REQUIRE(book.made <= 1);
    REQUIRE(book.destroyed == book.made);
    REQUIRE(static_cast<int>(book.closes.size()) == book.made);
    REQUIRE(connection.places->open_count() == 0);
    REQUIRE(connection.reactor->count.websockets_open.get() == 0);
    if (book.made > 0)
      REQUIRE(book.sink->push(make_frame(frame_kind::text, "x")) == push_result::closed);
    went_through = book.made > 0 && book.closes[0].code == 1000 &&
                   connection.received.ends_with(std::string("\x88\x02\x03\xe8", 4));
  }
  REQUIRE(went_through);
  REQUIRE(fail_at > 3);
}

TEST_CASE(
    "the answer to the upgrade, the session's frames and control frames leave in their order") {
  in_memory connection(1000);
  auto& book = *connection.book;
  book.on_message = [&](frame_kind kind, std::string_view payload) {
    REQUIRE(book.sink->push(make_frame(kind, payload)) == push_result::accepted);
    return session_port::flow::more;
  };

  connection.run(upgrade_request("/ws") + text_frame("one") + client_frame(0x89, "p") +
                 text_frame("two") + close_frame(1000));

  const auto header_end = connection.received.find("\r\n\r\n");
  REQUIRE(header_end != std::string::npos);
  REQUIRE(connection.received.starts_with("HTTP/1.1 101 "));
  REQUIRE(connection.received.substr(header_end + 4) ==
          std::string("\x81\x03one\x8a\x01p\x81\x03two\x88\x02\x03\xe8", 17));
}
