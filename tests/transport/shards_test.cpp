#include "tests/transport/world.hpp"

#include <boost/asio/executor_work_guard.hpp>

#include <atomic>
#include <mutex>
#include <set>
#include <thread>

using namespace confab;
using namespace confab::transport;
using namespace confab::transport::testing;

namespace {

class echo_port final : public session_port {
 public:
  echo_port(frame_sink_ptr sink, std::atomic<int>& alive) : sink_(std::move(sink)), alive_(alive) {
    ++alive_;
  }
  ~echo_port() override { --alive_; }
  flow on_message(frame_kind kind, std::string_view payload) override {
    (void)sink_->push(make_frame(kind, payload));
    return flow::more;
  }
  void on_drain() override { sink_->close(close_code::going_away, ""); }
  void on_close(const close_info&) override {}

 private:
  frame_sink_ptr sink_;
  std::atomic<int>& alive_;
};

/// Blocking, for a test that has threads anyway.
struct blocking_client {
  explicit blocking_client(std::uint16_t port) : fd(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_port = htons(port);
    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected = ::connect(fd, reinterpret_cast<sockaddr*>(&where), sizeof where) == 0;
    const timeval patience{10, 0};
    ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }
  ~blocking_client() { ::close(fd); }
  void send(const std::string& bytes) { (void)!::write(fd, bytes.data(), bytes.size()); }
  /// Until `end` has come, or the connection ends.
  std::string read_until(std::string_view end) {
    std::string out;
    char c;
    while (!out.ends_with(end) && ::read(fd, &c, 1) == 1) out += c;
    return out;
  }
  int fd;
  bool connected = false;
};

}  // namespace

TEST_CASE("connections are dealt to all shards, and everything ends in either order") {
  const bool drains = GENERATE(false, true);
  std::atomic<int> alive{0};
  std::mutex mutex;
  std::set<unsigned> shards_used;
  std::vector<std::unique_ptr<boost::asio::io_context>> contexts;
  for (int i = 0; i < 2; ++i) contexts.push_back(std::make_unique<boost::asio::io_context>(1));
  websocket_route route{
      "/ws",
      [&](const http_request&) -> std::variant<session_factory, upgrade_refused> {
        return session_factory([&](frame_sink_ptr sink, wire_format, unsigned shard) {
          const std::lock_guard lock(mutex);
          shards_used.insert(shard);
          return std::make_unique<echo_port>(std::move(sink), alive);
        });
      },
      {},
      true};
  options how;
  how.port = 0;
  how.connections_per_address = 100;
  auto server = listen(how, {route}, {}, {contexts[0].get(), contexts[1].get()});
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < contexts.size(); ++i)
    threads.emplace_back([&, i] {
      auto work = boost::asio::make_work_guard(*contexts[i]);
      while (contexts[i]->run_one() > 0) server->shard(i).end_turn();
    });

  std::vector<std::unique_ptr<blocking_client>> clients;
  for (int i = 0; i < 10; ++i) {
    clients.push_back(std::make_unique<blocking_client>(server->port()));
    REQUIRE(clients.back()->connected);
    clients.back()->send(
        "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n" +
        text_frame("echo!"));
    REQUIRE(clients.back()
                ->read_until("\x81\x05"
                             "echo!")
                .ends_with("echo!"));
  }
  REQUIRE(shards_used.size() == 2);
  REQUIRE(alive == 10);

  if (drains) {
    server->drain();
    for (auto& each : clients) {
      REQUIRE(each->read_until(std::string_view("\x88\x02\x03\xe9", 4)).size() == 4);
      each->send(close_frame(1001));
      REQUIRE(each->read_until("never").empty());
    }
    REQUIRE(alive == 0);
  } else {
    server->abort();
  }
  for (auto& each : contexts) each->stop();
  for (auto& each : threads) each.join();

  server.reset();
  if (drains)
    contexts.clear();
  else
    while (!contexts.empty()) contexts.pop_back();
  REQUIRE(alive == 0);
}

TEST_CASE("what is open when the io_contexts stop dies with them") {
  auto book = std::make_shared<notes>();
  {
    auto w = std::make_unique<world>();
    book = w->book;
    client open(*w, w->port());
    REQUIRE(open.upgrade().status == 101);
    client http(*w, w->port());
    http.send("GET / HT");
    REQUIRE(w->until([&] { return w->server->count().accepted == 2 && book->sink; }));
    REQUIRE(book->sink->push(make_frame(frame_kind::text, "unwritten")) == push_result::accepted);
    w->server.reset();
  }
  REQUIRE(book->destroyed == 1);
  REQUIRE(book->closes.empty());
  REQUIRE(book->sink->push(make_frame(frame_kind::text, "x")) == push_result::closed);
}
