// Where connections come from: sockets that others keep, and proxies that say whom they are from.

#include "transport/proxy_header.hpp"

#include "tests/transport/world.hpp"

using namespace confab::transport;
using namespace confab::transport::testing;
using namespace std::string_literals;

namespace {

http_route who_asks() {
  return {"/", [](const http_request& request) {
            http_response out;
            out.body = request.peer_address + (request.proxied ? " by a proxy" : "");
            return out;
          }};
}
options with_proxies() {
  options how;
  how.proxy_protocol = true;
  return how;
}

const std::string begins_v2 = "\r\n\r\n\0\r\nQUIT\n"s;
std::string v2(char command, char family, const std::string& addresses) {
  const auto size = addresses.size();
  return begins_v2 + command + family + static_cast<char>(size >> 8) +
         static_cast<char>(size & 255) + addresses;
}
const std::string four = "\xcb\x00\x71\x09\x7f\x00\x00\x01\x10\x00\x1f\x90"s;  // 203.0.113.9
const std::string six = "\x20\x01\x0d\xb8"s + std::string(11, '\0') + "\x07"s + std::string(20, '\1');

/// What is found: bytes and source, or a word.
std::string found_in(const std::string& bytes) {
  const auto found = read_proxy_header(bytes);
  if (const auto* header = std::get_if<proxy_header>(&found))
    return std::to_string(header->bytes) + " " + header->source.value_or("itself");
  if (std::holds_alternative<half_proxy_header>(found)) return "half";
  return std::holds_alternative<bad_proxy_header>(found) ? "bad" : "none";
}

int listening_socket() {
  const int made = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in where{};
  where.sin_family = AF_INET;
  where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  REQUIRE(::bind(made, reinterpret_cast<sockaddr*>(&where), sizeof where) == 0);
  REQUIRE(::listen(made, 16) == 0);
  return made;
}
options kept(int socket) {
  options how;
  how.inherited = ::dup(socket);
  return how;
}

}  // namespace

TEST_CASE("the PROXY protocol is read in both versions, and nothing else is taken for it") {
  CHECK(found_in("PROXY TCP4 203.0.113.9 127.0.0.1 4096 443\r\nGET /") == "43 203.0.113.9");
  CHECK(found_in("PROXY TCP6 2001:db8::7 ::1 4096 443\r\n") == "37 2001:db8::7");
  CHECK(found_in("PROXY UNKNOWN\r\n") == "15 itself");
  CHECK(found_in("PROXY UNKNOWN ffff:f:f whatever\r\n") == "33 itself");
  CHECK(found_in(v2('\x21', '\x11', four) + "GET /") == "28 203.0.113.9");
  CHECK(found_in(v2('\x21', '\x21', six)) == "52 2001:db8::7");
  CHECK(found_in(v2('\x21', '\x11', four + "\x03\x00\x04\x01\x02\x03\x04"s)) == "35 203.0.113.9");
  CHECK(found_in(v2('\x20', '\0', "")) == "16 itself");          // LOCAL: the proxy's own check
  CHECK(found_in(v2('\x21', '\x31', std::string(216, 'x'))) == "232 itself");  // of a Unix socket

  for (const auto* other : {"GET / HTTP/1.1\r\n", "POST / HTTP/1.1\r\n", "\x16\x03\x01", "\r\nGET", "PROXYX"})
    CHECK(found_in(other) == "none");

  CHECK(found_in("PROXY TCP4 2001:db8::7 ::1 1 2\r\n") == "bad");
  CHECK(found_in("PROXY TCP4 nobody 127.0.0.1 1 2\r\n") == "bad");
  CHECK(found_in("PROXY UDP4 203.0.113.9 127.0.0.1 1 2\r\n") == "bad");
  CHECK(found_in("PROXY TCP4 " + std::string(107, '1')) == "bad");
  CHECK(found_in(v2('\x11', '\x11', four)) == "bad");
  CHECK(found_in(v2('\x21', '\x11', "short")) == "bad");
  CHECK(found_in(v2('\x21', '\x11', std::string(proxy_header_bytes_max, 'x')).substr(0, 20)) == "bad");

  for (const auto& whole : {"PROXY TCP4 203.0.113.9 127.0.0.1 4096 443\r\n"s, v2('\x21', '\x11', four)})
    for (std::size_t bytes = 0; bytes < whole.size(); ++bytes)
      CHECK(found_in(whole.substr(0, bytes)) == "half");
}

TEST_CASE("whom a trusted proxy names by the PROXY protocol is the peer, in one piece or in many") {
  for (const auto& header : {"PROXY TCP4 203.0.113.9 127.0.0.1 4096 443\r\n"s, v2('\x21', '\x11', four)}) {
    world w(with_proxies(), {}, {who_asks()});
    client whole(w, w.port()), pieces(w, w.port()), none(w, w.port()), itself(w, w.port());

    whole.send(header + "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK(whole.read_response().body == "203.0.113.9 by a proxy");
    CHECK(whole.get("/").body == "203.0.113.9 by a proxy");
    // Whom he names is another of the header's matters: he is no proxy.
    CHECK(whole.get("/", "X-Forwarded-For: 198.51.100.1\r\n").body == "203.0.113.9 by a proxy");
    for (const char byte : header) {
      pieces.send({&byte, 1});
      w.turn();
    }
    CHECK(pieces.get("/").body == "203.0.113.9 by a proxy");
    CHECK(none.get("/").body == "127.0.0.1");
    itself.send(v2('\x20', '\0', ""));
    CHECK(itself.get("/").body == "127.0.0.1");
  }
}

TEST_CASE("who is no trusted proxy, or where it is not wanted, says nothing by the PROXY protocol") {
  auto strict = with_proxies();
  strict.trusted_proxies = {*network::make("192.0.2.1")};
  for (const auto& how : {strict, options{}}) {
    world w(how, {}, {who_asks()});
    client forger(w, w.port());

    forger.send("PROXY TCP4 203.0.113.9 127.0.0.1 4096 443\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");

    CHECK(forger.read_response().status == 400);
  }
}

TEST_CASE("a connection that begins with a bad header of a proxy ends") {
  world w(with_proxies(), {}, {who_asks()});
  client broken(w, w.port());

  broken.send("PROXY TCP4 nobody\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");

  REQUIRE(w.until([&] { return broken.ended; }));
  CHECK(broken.in.empty());
}

TEST_CASE("who comes to a socket that others keep, while a server ends, is served by the next") {
  const int socket = listening_socket();
  world first(kept(socket), {}, {who_asks()});
  client before(first, first.port());
  CHECK(before.get("/").status == 200);

  first.server->drain();
  CHECK(before.get("/").status == 200);  // the last answer of this connection
  const auto accepted = first.server->count().accepted;
  world second(kept(socket), {}, {who_asks()});
  REQUIRE(second.port() == first.port());
  client after(second, first.port());

  CHECK(after.get("/").status == 200);
  CHECK(first.server->count().accepted == accepted);
  CHECK(second.server->where() == "127.0.0.1:" + std::to_string(second.port()));
  ::close(socket);
}
