#include "tests/transport/world.hpp"

#include <netinet/tcp.h>

#include <sys/resource.h>

using namespace confab;
using namespace confab::transport;
using namespace confab::transport::testing;

namespace {

http_response refuse_with(unsigned status) {
  http_response out;
  out.status = status;
  return out;
}

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
  REQUIRE(refused.headers.at("allow") == "GET, HEAD, OPTIONS");
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
  http_route api = page("/", "ok");
  api.body_bytes_max = 100;
  api.methods = "POST";
  world w(how, {}, {api});
  const auto request = [](std::size_t header_bytes) {
    std::string out = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nX: ";
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
  body.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n" + std::string(100, 'b'));
  REQUIRE(body.read_response().status == 200);
  body.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 101\r\n\r\n" + std::string(101, 'b'));
  REQUIRE(body.read_response().status == 413);
}

TEST_CASE("a row may refuse a request before its body is read, and says itself that one is too large") {
  http_route api = page("/", "ok");
  api.body_bytes_max = 100;
  api.methods = "POST";
  api.refuse_early = [](const http_request& request) -> std::optional<http_response> {
    if (request.header("x-key")) return std::nullopt;
    return http_response{401, "text/plain", "who are you?", {}};
  };
  api.too_large = [](const http_request&) { return http_response{413, "text/plain", "so much?", {}}; };
  world w({}, {}, {api});
  const auto head = [](const std::string& more, int bytes) {
    return "POST / HTTP/1.1\r\nHost: a\r\n" + more + "Content-Length: " + std::to_string(bytes) + "\r\n\r\n";
  };

  client stranger(w, w.port());
  stranger.send(head("", 50));  // and nothing of the body
  REQUIRE(stranger.read_response().status == 401);
  REQUIRE(w.until([&] { return stranger.ended; }));
  client known(w, w.port());
  known.send(head("X-Key: a\r\n", 50) + std::string(50, 'b'));
  REQUIRE(known.read_response().status == 200);
  known.send(head("X-Key: a\r\n", 101));
  REQUIRE(known.read_response().body == "so much?");
  client empty(w, w.port());
  empty.send(head("", 0));  // there is nothing to read: the row answers
  REQUIRE(empty.read_response().status == 200);
}

TEST_CASE("a request that a proxy may read in another way is answered 400 and closed") {
  world w({}, {}, {page("/", "x")});
  const auto* const hidden = "GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n";
  const auto* const head = GENERATE(
      "GET / HTTP/1.1\r\n", "GET / HTTP/1.1\r\nHost: a\r\nhost: b\r\n",
      "GET / HTTP/1.1\r\nHost: a, b\r\n", "GET / HTTP/1.1\r\nHost: a/b\r\n",
      "GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n", "GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n c\r\n",
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n",
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n",
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n",
      "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n");
  client c(w, w.port());
  INFO(head);

  c.send(std::string(head) + "\r\n" + hidden);

  REQUIRE(c.read_response().status == 400);
  REQUIRE(w.until([&] { return c.ended; }));
  REQUIRE(c.in.empty());
}

TEST_CASE("a chunked body is read, and what comes behind it is the next request") {
  std::string seen;
  http_route api = page("/api", "done");
  api.methods = "POST";
  api.respond = [&](const http_request& request) {
    seen = request.body;
    return http_response{};
  };
  world w({}, {}, {api, page("/", "next")});
  client c(w, w.port());

  c.send(
      "POST /api HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n"
      "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");

  REQUIRE(c.read_response().status == 200);
  REQUIRE(seen == "abcde");
  REQUIRE(c.read_response().body == "next");
}

TEST_CASE("a request for a host that is not served is answered 421, one for its health is not") {
  options how;
  how.hosts = {"chat.example", "*.chat.example"};
  auto health = page("/readyz", "ready");
  health.health = true;
  world w(how, {}, {page("/", "x"), health});
  client c(w, w.port());
  const auto status = [&](std::string_view path, std::string_view host) {
    c.send("GET " + std::string(path) + " HTTP/1.1\r\nHost: " + std::string(host) + "\r\n\r\n");
    return c.read_response().status;
  };

  REQUIRE(status("/", "chat.example") == 200);
  REQUIRE(status("/", "www.chat.example:8443") == 200);
  REQUIRE(status("/", "evil.example") == 421);
  REQUIRE(status("/", "127.0.0.1") == 421);
  REQUIRE(status("/ws", "evil.example") == 421);
  REQUIRE(status("/readyz", "10.0.0.7:8080") == 200);
  REQUIRE(status("http://chat.example/", "evil.example") == 200);  // RFC 9112 §3.2.2
  REQUIRE(status("http://evil.example/", "chat.example") == 421);
}

TEST_CASE("rows of one path differ in their methods, and parts of a path are taken from it") {
  const auto shows = [](std::string path, std::string methods) {
    http_route out;
    out.path = std::move(path);
    out.methods = std::move(methods);
    out.respond = [at = out.methods](const http_request& request) {
      http_response answer;
      answer.body = at + " " + std::string(request.path_parameter("room").value_or("-")) + " " +
                    std::string(request.path_parameter("seq").value_or("-"));
      return answer;
    };
    return out;
  };
  world w({}, {},
          {shows("/rooms/{room}/messages", "GET, HEAD"), shows("/rooms/{room}/messages", "POST"),
           shows("/rooms/{room}/messages/{seq}", "DELETE"), shows("/rooms/lobby/messages", "GET"),
           shows("/rooms/*", "GET")});
  client c(w, w.port());

  REQUIRE(c.get("/rooms/a%20b/messages?x=1").body == "GET, HEAD a b -");
  REQUIRE(c.get("/rooms/a/messages", "Content-Length: 0\r\n", "POST").body == "POST a -");
  REQUIRE(c.get("/rooms/a+b/messages/7", "", "DELETE").body == "DELETE a+b 7");
  REQUIRE(c.get("/rooms/lobby/messages").body == "GET - -");
  REQUIRE(c.get("/rooms//messages").body == "GET - -");
  REQUIRE(c.get("/rooms/a/messages/7/8").body == "GET - -");
  const auto refused = c.get("/rooms/a/messages", "", "DELETE");
  REQUIRE(refused.status == 405);
  REQUIRE(refused.headers.at("allow") == "GET, HEAD, POST, OPTIONS");
  const auto options = c.get("/rooms/a/messages", "", "OPTIONS");
  REQUIRE(options.status == 204);
  REQUIRE(options.headers.at("allow") == "GET, HEAD, POST, OPTIONS");
}

TEST_CASE("what is refused, fails or is closed is told, with its reason and from where") {
  std::vector<std::string> told;
  options how;
  how.hosts = {"here"};
  how.on_incident = [&](const incident& what) {
    told.push_back(std::to_string(static_cast<int>(what.what)) + " " + std::string(what.reason) +
                   " " + std::string(what.peer) + " " + std::string(what.detail));
  };
  http_route failing = page("/fails", "");
  failing.respond = [](const http_request&) -> http_response { throw 1; };
  auto book = std::make_shared<notes>();
  websocket_route closed{"/closed", {}, {}, true};
  closed.authorize = [](const http_request&) {
    return upgrade_refused{refuse_with(401), "no token"};
  };
  websocket_route broken{"/broken", {}, {}, true};
  broken.authorize = [](const http_request&) -> upgrade_verdict { throw std::logic_error("x"); };
  world w(how, {{"/ws", admit_all(book), {}, true}, closed, broken}, {failing});
  const auto kind = [](incident_kind what) { return std::to_string(static_cast<int>(what)) + " "; };

  client c(w, w.port());
  REQUIRE(c.get("/fails").status == 500);
  REQUIRE(c.get("/", "Host: b\r\n").status == 400);
  client d(w, w.port());
  REQUIRE(d.upgrade("/ws", "Origin: http://evil.example\r\n").status == 403);
  REQUIRE(d.upgrade("/closed").status == 401);
  REQUIRE(d.upgrade("/broken").status == 500);
  REQUIRE(d.upgrade().status == 101);
  REQUIRE(w.until([&] { return book->sink != nullptr; }));
  book->sink->close(close_code::rate_abuse, "x");
  REQUIRE(d.read_data().code() == 4003);
  d.send(close_frame(4003));
  REQUIRE(w.until([&] { return w.server->count().connections_open == 0; }));

  REQUIRE(told ==
          std::vector<std::string>{
              kind(incident_kind::bug) + "page /fails  an exception that is no std::exception",
              kind(incident_kind::request_refused) + "malformed 127.0.0.1 there must be one Host",
              kind(incident_kind::upgrade_refused) + "origin 127.0.0.1 http://evil.example",
              kind(incident_kind::upgrade_refused) + "credentials 127.0.0.1 no token",
              kind(incident_kind::bug) + "authorize  x",
              kind(incident_kind::closed_by_us) + "rate abuse 127.0.0.1 4003"});
  const auto closes = w.server->count().closes;
  for (std::size_t i = 0; i < close_rows.size(); ++i)
    CHECK(closes[i] == (close_rows[i].code == close_code::rate_abuse ? 1 : 0));
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
  how.handshake_wait = 60ms;
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
  REQUIRE(first->upgrade().status == 101);
  REQUIRE(second.upgrade().status == 101);

  for (const auto* path : {"/", "/ws"}) {
    client third(w, w.port());
    const auto answer = third.get(path);
    REQUIRE(answer.status == 503);
    REQUIRE(answer.headers.at("connection") == "close");
    REQUIRE(answer.headers.at("retry-after") == "1");
    REQUIRE(w.until([&] { return third.ended; }));
  }
  REQUIRE(w.server->count().refused == 2);

  first->vanish();
  REQUIRE(w.until([&] { return w.server->count().connections_open == 1; }));
  client fourth(w, w.port());
  REQUIRE(fourth.get("/").status == 200);
}

TEST_CASE("one connection more than allowed per address is answered 429") {
  options how;
  how.connections_per_address = 1;
  how.trusted_proxies.clear();
  world w(how, {}, {page("/", "x")});
  client first(w, w.port());
  REQUIRE(first.get("/").status == 200);

  client second(w, w.port());

  REQUIRE(second.read_response().status == 429);
}

TEST_CASE("connections of a trusted proxy, as of this machine, are not counted per address") {
  options how;
  how.connections_per_address = 1;
  world w(how, {}, {page("/", "x")});
  client first(w, w.port());
  client second(w, w.port());

  REQUIRE(first.get("/").status == 200);
  REQUIRE(second.get("/").status == 200);
}

TEST_CASE("questions for the server's health are answered when all places are taken") {
  options how;
  how.connections_max = 1;
  auto health = page("/healthz", "ok");
  health.health = true;
  world w(how, {}, {health, page("/", "x")});
  client only(w, w.port());
  REQUIRE(only.upgrade().status == 101);
  // Those who say nothing do not take the reserve from those who ask.
  std::vector<std::unique_ptr<client>> silent;
  for (int i = 0; i < 40; ++i) silent.push_back(std::make_unique<client>(w, w.port()));

  client probe(w, w.port());
  const auto answer = probe.get("/healthz");

  REQUIRE(answer.status == 200);
  REQUIRE(answer.headers.at("connection") == "close");
  REQUIRE(w.until([&] { return silent.front()->ended; }));
  REQUIRE(w.server->count().connections_open == 1);
}

TEST_CASE("a kept connection gives its place up when few are left, and after its time") {
  options how;
  how.connections_max = 2;
  how.http_wait_max = 60ms;
  world w(how, {}, {page("/", "x")});
  client kept(w, w.port());
  REQUIRE_FALSE(kept.get("/").headers.contains("connection"));
  REQUIRE(w.until([&] { return kept.ended || kept.get("/").headers.contains("connection"); }));
  REQUIRE(w.until([&] { return w.server->count().connections_open == 0; }));

  client another(w, w.port());
  client websocket(w, w.port());
  REQUIRE(websocket.upgrade().status == 101);
  REQUIRE(w.until([&] { return w.server->count().connections_open == 2; }));
  REQUIRE(another.get("/").headers.at("connection") == "close");
  REQUIRE(w.until([&] { return another.ended; }));
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
  how.on_incident = [&](const incident& what) {
    if (what.what == incident_kind::accept_failed)
      failures.push_back(std::chrono::steady_clock::now());
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
