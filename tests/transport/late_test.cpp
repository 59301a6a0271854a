// Answers that come later: from another turn, another thread, in parts, or never.

#include "tests/transport/world.hpp"

#include <boost/asio/post.hpp>

#include <thread>

using namespace confab;
using namespace confab::transport;
using namespace confab::transport::testing;

namespace {

/// Keeps what it is asked.
struct desk {
  http_route route(std::string path = "/later") {
    http_route out;
    out.path = std::move(path);
    out.methods = "GET, HEAD, POST";
    out.answer_wait_max = 10s;
    out.respond_later = [this](std::shared_ptr<http_exchange> asked) {
      open.push_back(std::move(asked));
    };
    return out;
  }
  std::shared_ptr<http_exchange> next(world& around) {
    REQUIRE(around.until([&] { return !open.empty(); }));
    auto out = std::move(open.front());
    open.erase(open.begin());
    return out;
  }

  std::vector<std::shared_ptr<http_exchange>> open;
};

http_response body(std::string text, unsigned status = 200) {
  http_response out;
  out.status = status;
  out.body = std::move(text);
  return out;
}

void ask(client& who, std::string_view more = {}) {
  who.send("GET /later HTTP/1.1\r\nHost: here\r\n" + std::string(more) + "\r\n");
}

/// The parts of a chunked body that have come, and whether it has ended.
struct chunks {
  std::string text;
  bool ended = false;
};
chunks take_chunks(client& who) {
  chunks out;
  for (;;) {
    const auto line = who.in.find("\r\n");
    if (line == who.in.npos) return out;
    const auto size = std::stoul(who.in.substr(0, line), nullptr, 16);
    if (who.in.size() < line + 2 + size + 2) return out;
    out.text += who.in.substr(line + 2, size);
    who.in.erase(0, line + 2 + size + 2);
    if (size == 0) {
      out.ended = true;
      return out;
    }
  }
}

}  // namespace

TEST_CASE("an answer may come in a later turn; meanwhile others are served") {
  desk desk;
  http_route at_once{"/", [](const http_request&) { return body("at once"); }};
  world w({}, {}, {desk.route(), at_once});
  client patient(w, w.port());
  client other(w, w.port());

  ask(patient);
  const auto asked = desk.next(w);
  REQUIRE(other.get("/").body == "at once");
  REQUIRE(patient.in.empty());
  REQUIRE(asked->request().path == "/later");
  asked->answer(body("late"));
  asked->answer(body("twice"));

  REQUIRE(patient.read_response().body == "late");
  REQUIRE(asked->over());
  REQUIRE(patient.get("/").body == "at once");
}

TEST_CASE("an answer may come from another thread, or before the question was put down") {
  desk desk;
  http_route now;
  now.path = "/now";
  now.respond_later = [](const std::shared_ptr<http_exchange>& asked) {
    asked->answer(body(asked->request().query));
  };
  world w({}, {}, {desk.route(), now});
  client c(w, w.port());

  REQUIRE(c.get("/now?q").body == "q");
  ask(c);
  std::thread([asked = desk.next(w)] { asked->answer(body("from elsewhere")); }).join();

  REQUIRE(c.read_response().body == "from elsewhere");
}

TEST_CASE("requests behind one that is answered late are answered behind it") {
  desk desk;
  http_route at_once{"/", [](const http_request&) { return body("second"); }};
  world w({}, {}, {desk.route(), at_once});
  client c(w, w.port());

  ask(c);
  c.send("GET / HTTP/1.1\r\nHost: here\r\n\r\n");
  desk.next(w)->answer(body("first"));

  REQUIRE(c.read_response().body == "first");
  REQUIRE(c.read_response().body == "second");
}

TEST_CASE("an answer that does not come in time is a 503, one that never can a 500") {
  desk desk;
  auto hasty = desk.route();
  hasty.answer_wait_max = 50ms;
  std::vector<std::string> bugs;
  options how;
  how.on_incident = [&](const incident& what) {
    if (what.what == incident_kind::bug) bugs.emplace_back(what.detail);
  };
  http_route failing = desk.route("/fails");
  failing.respond_later = [](const std::shared_ptr<http_exchange>&) {
    throw std::logic_error("x");
  };
  http_route forgetful = desk.route("/forgets");
  forgetful.respond_later = [](const std::shared_ptr<http_exchange>&) {};
  world w(how, {}, {hasty, failing, forgetful});
  client c(w, w.port());

  ask(c);
  const auto asked = desk.next(w);
  REQUIRE(c.read_response().status == 503);
  REQUIRE(asked->over());
  asked->answer(body("too late"));
  REQUIRE(asked->open({}, {}) == nullptr);
  REQUIRE(c.get("/fails").status == 500);
  REQUIRE(c.get("/forgets").status == 500);
  REQUIRE(bugs == std::vector<std::string>{"x", "/forgets was not answered"});
}

TEST_CASE("a late answer is a page like others: HEAD, 304, and its body's bound") {
  desk desk;
  auto route = desk.route();
  route.body_bytes_max = 3;
  world w({}, {}, {route});
  client c(w, w.port());
  auto tagged = body("text");
  tagged.headers.emplace_back("ETag", "\"v1\"");

  ask(c, "If-None-Match: \"v1\"\r\n");
  desk.next(w)->answer(tagged);
  REQUIRE(c.read_response().status == 304);
  c.send("HEAD /later HTTP/1.1\r\nHost: here\r\n\r\n");
  desk.next(w)->answer(tagged);
  REQUIRE(c.read_response(true).headers.at("content-length") == "4");
  c.send("POST /later HTTP/1.1\r\nHost: here\r\nContent-Length: 3\r\n\r\nabc");
  const auto posted = desk.next(w);
  REQUIRE(posted->request().body == "abc");
  posted->answer(body("ok"));
  REQUIRE(c.read_response().status == 200);
  c.send("POST /later HTTP/1.1\r\nHost: here\r\nContent-Length: 4\r\n\r\nabcd");
  REQUIRE(c.read_response().status == 413);
}

TEST_CASE("who waits for an answer when the server is stopped at once is let go of") {
  desk desk;
  world w({}, {}, {desk.route()});
  client c(w, w.port());
  ask(c);
  const auto asked = desk.next(w);

  w.server->abort();

  REQUIRE(w.until([&] { return c.ended && asked->over(); }));
  asked->answer(body("void"));
  REQUIRE(w.until([&] { return w.server->count().connections_open == 0; }));
}

TEST_CASE("a response stays open: its parts go out as they come, and it ends when it is told to") {
  desk desk;
  world w({}, {}, {desk.route()});
  client c(w, w.port());
  int closed = 0;
  ask(c);
  http_response head;
  head.content_type = "text/event-stream";

  const auto stream = desk.next(w)->open(head, {[] {}, [&] { ++closed; }});
  REQUIRE(stream->write("one") == push_result::accepted);
  const auto answer = c.read_response();
  REQUIRE(answer.headers.at("transfer-encoding") == "chunked");
  REQUIRE(answer.headers.at("content-type") == "text/event-stream");
  chunks seen;
  const auto shows = [&](std::string_view text) {
    return w.until([&] {
      auto more = take_chunks(c);
      seen.text += more.text;
      seen.ended = more.ended;
      return seen.text == text;
    });
  };
  REQUIRE(shows("one"));
  std::thread([&] { CHECK(stream->write("two") == push_result::accepted); }).join();
  REQUIRE(shows("onetwo"));
  REQUIRE(closed == 0);
  REQUIRE(stream->write("three") == push_result::accepted);
  stream->end();

  REQUIRE(w.until([&] {
    auto more = take_chunks(c);
    seen.text += more.text;
    return more.ended;
  }));
  REQUIRE(seen.text == "onetwothree");
  REQUIRE(closed == 1);
  REQUIRE(stream->write("x") == push_result::closed);
  ask(c);
  desk.next(w)->answer(body("the connection goes on"));
  REQUIRE(c.read_response().status == 200);
}

TEST_CASE("a reader that stops fills what may wait, and says when there is room again") {
  options how;
  how.stream_bytes_max = 64 * 1024;
  desk desk;
  world w(how, {}, {desk.route()});
  client c(w, w.port(), nullptr, 4096);
  int writable = 0;
  ask(c);
  const auto stream = desk.next(w)->open({}, {[&] { ++writable; }, [] {}});
  REQUIRE(c.read_response().status == 200);
  c.reading = false;
  const std::string part(1000, 'x');

  std::size_t taken = 0;
  auto result = push_result::accepted;
  REQUIRE(w.until([&] {
    result = stream->write(part);
    if (result == push_result::accepted) taken += part.size();
    return result == push_result::overflow;
  }));
  REQUIRE(writable == 0);
  c.reading = true;

  std::size_t seen = 0;
  REQUIRE(w.until([&] {
    seen += take_chunks(c).text.size();
    return seen == taken;
  }));
  REQUIRE(writable == 1);
  REQUIRE(stream->write(part) == push_result::accepted);
}

TEST_CASE("a response that stays open ends with its reader, and with the server") {
  desk desk;
  world w({}, {}, {desk.route()});
  client gone(w, w.port());
  client there(w, w.port());
  int closed = 0;
  ask(gone);
  const auto first = desk.next(w)->open({}, {[] {}, [&] { ++closed; }});
  ask(there);
  const auto second = desk.next(w)->open({}, {[] {}, [&] { ++closed; }});
  REQUIRE(gone.read_response().status == 200);
  REQUIRE(there.read_response().status == 200);

  gone.vanish();
  REQUIRE(w.until([&] { return first->write("x") == push_result::closed; }));
  REQUIRE(closed == 1);

  w.server->drain();
  bool ended = false;
  REQUIRE(w.until([&] { return ended = ended || take_chunks(there).ended; }));
  REQUIRE(w.until([&] { return closed == 2; }));
  REQUIRE(second->write("x") == push_result::closed);
}

TEST_CASE("without chunks the end of the connection is the end of the body") {
  desk desk;
  world w({}, {}, {desk.route()});
  client c(w, w.port());
  c.send("GET /later HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  const auto stream = desk.next(w)->open({}, {});

  REQUIRE(stream->write("all of it") == push_result::accepted);
  stream->end();

  REQUIRE_FALSE(c.read_response().headers.contains("transfer-encoding"));
  REQUIRE(w.until([&] { return c.ended; }));
  REQUIRE(c.in == "all of it");
}

TEST_CASE("an upgrade may be decided later, either way, or not at all") {
  std::vector<std::shared_ptr<upgrade_question>> open;
  auto book = std::make_shared<notes>();
  websocket_route route{"/ws", {}, {}, true};
  route.authorize_later = [&](std::shared_ptr<upgrade_question> asked) {
    open.push_back(std::move(asked));
  };
  route.answer_wait_max = 200ms;
  world w({}, {route});
  const auto next = [&] {
    REQUIRE(w.until([&] { return !open.empty(); }));
    auto out = std::move(open.front());
    open.clear();
    return out;
  };
  client c(w, w.port());

  c.send(upgrade_request("/ws?refuse"));
  next()->answer(upgrade_refused{body("no", 401), "no"});
  REQUIRE(c.read_response().status == 401);
  c.send(upgrade_request("/ws"));
  next().reset();
  REQUIRE(c.read_response().status == 500);
  c.send(upgrade_request("/ws"));
  const auto late = next();
  REQUIRE(c.read_response().status == 503);
  late->answer(upgrade_refused{body("too late", 401), "no"});

  // What comes behind the request waits for the verdict too.
  c.send(upgrade_request("/ws") + text_frame("hello"));
  const auto asked = next();
  REQUIRE(book->made == 0);
  std::thread([&] {
    asked->answer(session_factory([book](frame_sink_ptr sink, wire_format, unsigned) {
      book->sink = std::move(sink);
      return std::make_unique<probe>(book);
    }));
  }).join();
  REQUIRE(c.read_response().status == 101);
  REQUIRE(w.until([&] { return book->texts == std::vector<std::string>{"hello"}; }));
}
