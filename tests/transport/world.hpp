#pragma once

// A listener and its clients in one thread: the clients are plain non-blocking sockets, served
// between the turns of the shard, so that nothing waits for anything but an event.

#include "transport/listener.hpp"
#include "transport/port.hpp"

#include "tests/support/catch.hpp"

#include <openssl/ssl.h>

#include <boost/asio/io_context.hpp>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace confab::transport::testing {

using namespace std::chrono_literals;

/// What a session saw. Outlives it.
struct notes {
  std::vector<std::string> texts;
  std::vector<std::string> errors;
  std::vector<close_info> closes;
  wire_format format;
  frame_sink_ptr sink;
  int made = 0;
  int destroyed = 0;
  int drained = 0;
  int writable = 0;
  std::function<session_port::flow(frame_kind, std::string_view)> on_message;
  std::function<void()> on_drain;
};

class probe final : public session_port {
 public:
  explicit probe(std::shared_ptr<notes> book) : book_(std::move(book)) { ++book_->made; }
  ~probe() override { ++book_->destroyed; }
  flow on_message(frame_kind kind, std::string_view payload) override {
    book_->texts.emplace_back(payload);
    return book_->on_message ? book_->on_message(kind, payload) : flow::more;
  }
  void on_writable() override { ++book_->writable; }
  void on_error(std::string_view what) override { book_->errors.emplace_back(what); }
  void on_drain() override {
    ++book_->drained;
    if (book_->on_drain) book_->on_drain();
  }
  void on_close(const close_info& why) override { book_->closes.push_back(why); }

 private:
  std::shared_ptr<notes> book_;
};

/// Every connection's session writes into `book`.
inline authorize_upgrade admit_all(std::shared_ptr<notes> book) {
  return [book](const http_request&) -> std::variant<session_factory, upgrade_refused> {
    return session_factory([book](frame_sink_ptr sink, wire_format format, unsigned) {
      book->sink = std::move(sink);
      book->format = format;
      return std::make_unique<probe>(book);
    });
  };
}

struct ws_frame {
  bool fin = false;
  bool rsv1 = false;
  unsigned opcode = 0;
  std::string payload;
  unsigned code() const {
    return payload.size() < 2 ? 1005u
                              : static_cast<unsigned char>(payload[0]) * 256u +
                                    static_cast<unsigned char>(payload[1]);
  }
};

/// As a client sends it; the mask is zeros, which is as good as any other.
inline std::string client_frame(unsigned first, std::string_view payload) {
  std::string out(1, static_cast<char>(first));
  const auto size = payload.size();
  if (size < 126) {
    out += static_cast<char>(0x80 | size);
  } else if (size < 65536) {
    out += static_cast<char>(0x80 | 126);
    out += static_cast<char>(size >> 8);
    out += static_cast<char>(size & 0xff);
  } else {
    out += static_cast<char>(0x80 | 127);
    for (int shift = 56; shift >= 0; shift -= 8) out += static_cast<char>(size >> shift & 0xff);
  }
  return out + std::string(4, '\0') + std::string(payload);
}
inline std::string text_frame(std::string_view payload) { return client_frame(0x81, payload); }
inline std::string close_frame(unsigned code, std::string_view reason = {}) {
  std::string payload{static_cast<char>(code >> 8), static_cast<char>(code & 0xff)};
  return client_frame(0x88, payload + std::string(reason));
}

inline std::string upgrade_request(std::string_view path, std::string_view more = {}) {
  return "GET " + std::string(path) +
         " HTTP/1.1\r\nHost: here\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
         "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
         std::string(more) + "\r\n";
}

struct response {
  unsigned status = 0;
  std::map<std::string, std::string> headers;
  std::string body;
};

class world;

/// A client's socket, plain or TLS.
class client {
 public:
  client(world& around, std::uint16_t port, SSL_CTX* tls = nullptr, int receive_bytes = 0);
  client(const client&) = delete;
  ~client();

  void send(std::string_view bytes);
  /// Ends without a word, as a process that is killed does.
  void vanish() {
    const struct ::linger hard{1, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    ::close(std::exchange(fd_, -1));
  }
  void finish_sending() { ::shutdown(fd_, SHUT_WR); }

  response get(std::string_view path, std::string_view more = {}, std::string_view method = "GET");
  response read_response(bool head = false);
  response upgrade(std::string_view path = "/ws", std::string_view more = {});
  std::optional<ws_frame> take_frame();
  ws_frame read_frame();
  /// The next frame that is no ping.
  ws_frame read_data();
  bool handshake();

  /// Reads what is there.
  void pump();
  std::string in;
  bool ended = false;
  bool reading = true;

 private:
  world& world_;
  int fd_ = -1;
  SSL* ssl_ = nullptr;
};

class world {
 public:
  explicit world(options how = {}, std::vector<websocket_route> websockets = {},
                 std::vector<http_route> pages = {})
      : io(1) {
    how.port = 0;
    if (websockets.empty()) websockets.push_back({"/ws", admit_all(book), {}, true});
    server = listen(how, std::move(websockets), std::move(pages), {&io});
  }
  ~world() {
    if (!server) return;
    server->abort();
    until([&] { return server->count().connections_open == 0; });
    server.reset();
  }

  void turn() {
    io.run_one_for(2ms);
    while (io.poll_one() > 0) {
    }
    server->shard(0).end_turn();
    for (auto* each : clients) each->pump();
  }
  /// Turns until `happened`; false if it does not within the deadline.
  bool until(const std::function<bool()>& happened, std::chrono::milliseconds deadline = 10s) {
    const auto end = std::chrono::steady_clock::now() + deadline;
    while (!happened()) {
      if (std::chrono::steady_clock::now() > end) return false;
      turn();
    }
    return true;
  }
  std::uint16_t port() const { return server->port(); }

  boost::asio::io_context io;
  std::shared_ptr<notes> book = std::make_shared<notes>();
  std::vector<client*> clients;
  std::unique_ptr<listener> server;
};

inline client::client(world& around, std::uint16_t port, SSL_CTX* tls, int receive_bytes)
    : world_(around) {
  fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (receive_bytes > 0)
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof receive_bytes);
  sockaddr_in where{};
  where.sin_family = AF_INET;
  where.sin_port = htons(port);
  where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  REQUIRE(::connect(fd_, reinterpret_cast<sockaddr*>(&where), sizeof where) == 0);
  if (tls) {
    const int flags = ::fcntl(fd_, F_GETFL);
    ::fcntl(fd_, F_SETFL, flags | O_NONBLOCK);
    ssl_ = SSL_new(tls);
    SSL_set_fd(ssl_, fd_);
  }
  world_.clients.push_back(this);
}

inline client::~client() {
  std::erase(world_.clients, this);
  if (ssl_) SSL_free(ssl_);
  if (fd_ >= 0) ::close(fd_);
}

inline bool client::handshake() {
  bool done = false;
  world_.until([&] {
    const int result = SSL_connect(ssl_);
    done = result == 1;
    return done || (SSL_get_error(ssl_, result) != SSL_ERROR_WANT_READ &&
                    SSL_get_error(ssl_, result) != SSL_ERROR_WANT_WRITE);
  });
  return done;
}

inline void client::send(std::string_view bytes) {
  const bool sent = world_.until([&] {
    if (bytes.empty() || ended) return true;
    const auto count = ssl_ ? SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size()))
                            : ::send(fd_, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count > 0) bytes.remove_prefix(static_cast<std::size_t>(count));
    if (count < 0 && !ssl_ && errno != EAGAIN) return true;  // the server has hung up
    return bytes.empty();
  });
  REQUIRE(sent);
}

inline void client::pump() {
  if (!reading || ended || fd_ < 0 || (ssl_ && !SSL_is_init_finished(ssl_))) return;
  char room[16384];
  for (;;) {
    const auto count =
        ssl_ ? SSL_read(ssl_, room, sizeof room) : ::recv(fd_, room, sizeof room, MSG_DONTWAIT);
    if (count > 0) {
      in.append(room, static_cast<std::size_t>(count));
      continue;
    }
    if (ssl_)
      ended = SSL_get_error(ssl_, static_cast<int>(count)) != SSL_ERROR_WANT_READ;
    else
      ended = count == 0 || errno != EAGAIN;
    return;
  }
}

inline response client::read_response(bool head) {
  REQUIRE(world_.until([&] { return in.find("\r\n\r\n") != in.npos || ended; }));
  const auto end = in.find("\r\n\r\n");
  REQUIRE(end != in.npos);
  response out;
  const auto text = in.substr(0, end + 2);
  in.erase(0, end + 4);
  REQUIRE(text.starts_with("HTTP/1.1 "));
  out.status = static_cast<unsigned>(std::stoi(text.substr(9, 3)));
  for (auto at = text.find("\r\n") + 2; at < text.size();) {
    const auto line_end = text.find("\r\n", at);
    const auto colon = text.find(':', at);
    auto name = text.substr(at, colon - at);
    for (auto& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    out.headers[name] = text.substr(colon + 2, line_end - colon - 2);
    at = line_end + 2;
  }
  const auto length = out.headers.find("content-length");
  if (!head && length != out.headers.end()) {
    const auto size = static_cast<std::size_t>(std::stoul(length->second));
    REQUIRE(world_.until([&] { return in.size() >= size || ended; }));
    out.body = in.substr(0, size);
    in.erase(0, size);
  }
  return out;
}

inline response client::get(std::string_view path, std::string_view more, std::string_view method) {
  send(std::string(method) + " " + std::string(path) + " HTTP/1.1\r\nHost: here\r\n" +
       std::string(more) + "\r\n");
  return read_response(method == "HEAD");
}

inline response client::upgrade(std::string_view path, std::string_view more) {
  send(upgrade_request(path, more));
  return read_response();
}

inline std::optional<ws_frame> client::take_frame() {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(in[i]); };
  if (in.size() < 2) return std::nullopt;
  std::uint64_t size = byte(1);
  std::size_t header = 2;
  const unsigned more = size == 126 ? 2 : size == 127 ? 8 : 0;
  if (in.size() < header + more) return std::nullopt;
  if (more > 0) {
    size = 0;
    for (unsigned i = 0; i < more; ++i) size = size << 8 | byte(2 + i);
    header += more;
  }
  if (in.size() < header + size) return std::nullopt;
  ws_frame out{(byte(0) & 0x80) != 0, (byte(0) & 0x40) != 0, byte(0) & 0x0fu,
               in.substr(header, size)};
  in.erase(0, header + size);
  return out;
}

inline ws_frame client::read_frame() {
  std::optional<ws_frame> out;
  REQUIRE(world_.until([&] { return (out = take_frame()).has_value() || ended; }));
  REQUIRE(out);
  return *out;
}

inline ws_frame client::read_data() {
  for (;;) {
    auto out = read_frame();
    if (out.opcode != 9) return out;
  }
}

}  // namespace confab::transport::testing
