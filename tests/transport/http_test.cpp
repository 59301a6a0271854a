#include "tests/transport/world.hpp"

#include <netinet/tcp.h>

#include <sys/resource.h>

using namespace confab;
using namespace confab::transport;
using namespace confab::transport::testing;

namespace {

http_route page(std::string path, std::string body, std::string etag = {}) {
  http_route out;
  out.path = std::move(path);
  out.respond = [body, etag](const http_request&) {
    http_response answer;
    answer.content_type = "text/html";
    answer.body = body;
    if (!etag.empty()) answer.headers.emplace_back("ETag", etag);
    return answer;
  };
  return out;
}

}  // namespace

TEST_CASE("one connection serves several requests, pipelined ones too") {
  world w({}, {}, {page("/", "<p>hi</p>")});
  client c(w, w.port());

  const auto first = c.get("/");
  REQUIRE(first.status == 200);
  REQUIRE(first.body == "<p>hi</p>");
  REQUIRE(first.headers.at("content-type") == "text/html");
  REQUIRE(c.get("/?q=1").status == 200);

  c.send("GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /no HTTP/1.1\r\nHost: a\r\n\r\n");
  REQUIRE(c.read_response().status == 200);
  REQUIRE(c.read_response().status == 404);
  REQUIRE(w.server->count().accepted == 1);
  REQUIRE_FALSE(c.ended);
}

TEST_CASE("a client that asks for it, or speaks HTTP/1.0, has its connection closed") {
  world w({}, {}, {page("/", "x")});
  client polite(w, w.port());
  client old(w, w.port());

  REQUIRE(polite.get("/", "Connection: close\r\n").headers.at("connection") == "close");
  REQUIRE(w.until([&] { return polite.ended; }));
  old.send("GET / HTTP/1.0\r\n\r\n");
  REQUIRE(old.read_response().status == 200);
  REQUIRE(w.until([&] { return old.ended; }));
}

TEST_CASE("HEAD has the length of the page and no body, and the next answer follows at once") {
  world w({}, {}, {page("/", "12345")});
  client c(w, w.port());

  const auto head = c.get("/", "", "HEAD");

  REQUIRE(head.status == 200);
  REQUIRE(head.headers.at("content-length") == "5");
  REQUIRE(c.get("/").body == "12345");
}

TEST_CASE("a page that has not changed is answered with 304") {
  world w({}, {}, {page("/", "x", "\"v1\"")});
  client c(w, w.port());

  REQUIRE(c.get("/").headers.at("etag") == "\"v1\"");
  const auto unchanged = c.get("/", "If-None-Match: \"v0\", W/\"v1\"\r\n");

  REQUIRE(unchanged.status == 304);
  REQUIRE(unchanged.headers.count("content-length") == 0);
  REQUIRE(c.get("/", "If-None-Match: \"v0\"\r\n").status == 200);
}

TEST_CASE("other methods are answered 405, unknown paths 404, failing pages 500") {
  http_route failing;
  failing.path = "/fails";
  failing.respond = [](const http_request&) -> http_response { throw std::runtime_error("x"); };
  http_route api = page("/api", "done");
  api.methods = "POST";
  world w({}, {}, {page("/", "x"), failing, api});
  client c(w, w.port());

  const auto refused = c.get("/", "Content-Length: 0\r\n", "DELETE");
  REQUIRE(refused.status == 405);
  REQUIRE(refused.headers.at("allow") == "GET, HEAD");
  REQUIRE(c.get("/none").status == 404);
  REQUIRE(c.get("/fails").status == 500);
  REQUIRE(c.get("/api").status == 405);
  REQUIRE(c.get("/api", "Content-Length: 0\r\n", "POST").body == "done");
  REQUIRE(c.get("/ws", "Content-Length: 0\r\n", "POST").status == 405);
}

TEST_CASE("a page sees the request as it was sent") {
  http_request seen;
  http_route route;
  route.path = "/api/*";
  route.methods = "POST";
  route.respond = [&](const http_request& request) {
    seen = request;
    return http_response{};
  };
  world w({}, {}, {route});
  client c(w, w.port());

  c.send(
      "POST /api/x?a=b HTTP/1.1\r\nHost: h\r\nX-Thing: 1\r\nContent-Length: 3\r\n"
      "Expect: 100-continue\r\n\r\n");
  REQUIRE(c.read_response().status == 100);
  c.send("abc");
  REQUIRE(c.read_response().status == 200);

  REQUIRE(seen.method == "POST");
  REQUIRE(seen.path == "/api/x");
  REQUIRE(seen.query == "a=b");
  REQUIRE(seen.header("x-thing") == "1");
  REQUIRE(seen.peer_address == "127.0.0.1");
  REQUIRE(seen.body == "abc");
  REQUIRE_FALSE(seen.secure);
}

TEST_CASE("a header is taken up to its bound and refused above, and so is a body") {
  options how;
  how.header_bytes_max = 2000;
  how.body_bytes_max = 100;
  http_route api = page("/", "ok");
  api.methods = "POST";
  world w(how, {}, {api});
  const auto request = [](std::size_t header_bytes) {
    std::string out = "POST / HTTP/1.1\r\nContent-Length: 0\r\nX: ";
    return out + std::string(header_bytes - out.size() - 4, 'x') + "\r\n\r\n";
  };

  client fits(w, w.port());
  fits.send(request(2000));
  REQUIRE(fits.read_response().status == 200);
  client too_long(w, w.port());
  too_long.send(request(2001));
  REQUIRE(too_long.read_response().status == 431);
  REQUIRE(w.until([&] { return too_long.ended; }));

  client body(w, w.port());
  body.send("POST / HTTP/1.1\r\nContent-Length: 100\r\n\r\n" + std::string(100, 'b'));
  REQUIRE(body.read_response().status == 200);
  body.send("POST / HTTP/1.1\r\nContent-Length: 101\r\n\r\n" + std::string(101, 'b'));
  REQUIRE(body.read_response().status == 413);
}

TEST_CASE("what is not HTTP is answered 400 and closed") {
  world w;
  client c(w, w.port());

  c.send("\x16\x03\x01 hello\r\n\r\n");

  REQUIRE(c.read_response().status == 400);
  REQUIRE(w.until([&] { return c.ended; }));
}

TEST_CASE("a header that drips in is cut off, and nobody else notices") {
  options how;
  how.handshake_wait_max = 60ms;
  world w(how, {}, {page("/", "x")});
  client slow(w, w.port());
  client silent(w, w.port());
  client other(w, w.port());
  slow.send("GET / HTTP/1.1\r\n");
  REQUIRE(other.get("/").status == 200);

  REQUIRE(w.until([&] {
    if (!slow.ended) slow.send("X");
    return slow.ended && silent.ended;
  }));

  REQUIRE(other.get("/").status == 200);
  REQUIRE(w.until([&] { return w.server->count().connections_open == 1; }));
}

TEST_CASE("a kept connection that is idle for too long is closed") {
  options how;
  how.idle_wait_max = 50ms;
  world w(how, {}, {page("/", "x")});
  client c(w, w.port());
  REQUIRE(c.get("/").status == 200);

  REQUIRE(w.until([&] { return c.ended; }));
  REQUIRE(w.until([&] { return w.server->count().connections_open == 0; }));
}

TEST_CASE("one connection more than allowed is answered 503, and its place is free again later") {
  options how;
  how.connections_max = 2;
  world w(how, {}, {page("/", "x")});
  auto first = std::make_unique<client>(w, w.port());
  client second(w, w.port());
  REQUIRE(first->get("/").status == 200);
  REQUIRE(second.get("/").status == 200);

  client third(w, w.port());
  const auto answer = third.read_response();
  REQUIRE(answer.status == 503);
  REQUIRE(answer.headers.at("connection") == "close");
  REQUIRE(w.until([&] { return third.ended; }));
  REQUIRE(w.server->count().refused == 1);

  first.reset();
  REQUIRE(w.until([&] { return w.server->count().connections_open == 1; }));
  client fourth(w, w.port());
  REQUIRE(fourth.get("/").status == 200);
}

TEST_CASE("one connection more than allowed per address is answered 429") {
  options how;
  how.connections_per_address_max = 1;
  world w(how, {}, {page("/", "x")});
  client first(w, w.port());
  REQUIRE(first.get("/").status == 200);

  client second(w, w.port());

  REQUIRE(second.read_response().status == 429);
}

TEST_CASE("while draining plain requests are answered, each as the last of its connection") {
  world w({}, {}, {page("/", "x")});
  client idle(w, w.port());
  REQUIRE(idle.get("/").status == 200);

  w.server->drain();
  client fresh(w, w.port());
  for (auto* asker : {&idle, &fresh}) {
    asker->send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    const auto last = asker->read_response();

    REQUIRE(last.status == 200);
    REQUIRE(last.headers.at("connection") == "close");
    REQUIRE(w.until([&] { return asker->ended; }));
  }
}

TEST_CASE("what is accepted does not wait for more to send (RFC 9293 §3.7.4)") {
  world around;
  client visitor(around, around.port());
  REQUIRE(visitor.get("/ws").status == 426);

  int accepted = 0;
  for (int fd = 3; fd < 1024; ++fd) {
    sockaddr_in own{}, peer{};
    socklen_t size = sizeof own;
    if (::getsockname(fd, reinterpret_cast<sockaddr*>(&own), &size) != 0) continue;
    if (::getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &(size = sizeof peer)) != 0) continue;
    if (ntohs(own.sin_port) != around.port()) continue;
    int no_delay = 0;
    ::getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &no_delay, &(size = sizeof no_delay));
    CHECK(no_delay == 1);
    ++accepted;
  }
  CHECK(accepted == 1);
}

TEST_CASE("an address that is taken cannot be listened on, and the error says which") {
  world w;
  options how;
  how.port = w.port();

  try {
    listen(how, {}, {}, {&w.io});
    FAIL("it listened");
  } catch (const std::system_error& e) {
    REQUIRE(e.code() == std::errc::address_in_use);
    REQUIRE(std::string(e.what()).find(std::to_string(how.port)) != std::string::npos);
  }
}

TEST_CASE("without file descriptors accepting pauses instead of spinning, and goes on later") {
  std::vector<std::chrono::steady_clock::time_point> failures;
  options how;
  how.log = [&](std::string_view event, std::string_view) {
    if (event == "accept_failed") failures.push_back(std::chrono::steady_clock::now());
  };
  world w(how, {}, {page("/", "x")});
  client c(w, w.port());
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
  const int first_free = ::dup(0);
  ::close(first_free);
  const rlimit none{static_cast<rlim_t>(first_free), before.rlim_max};
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);

  const bool failed_twice = w.until([&] { return failures.size() == 2; });
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);

  REQUIRE(failed_twice);
  REQUIRE(failures[1] - failures[0] >= 90ms);
  REQUIRE(c.get("/").status == 200);
}
