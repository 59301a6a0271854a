#include "tests/transport/world.hpp"

#include <stdexcept>

using namespace confab;
using namespace confab::transport;
using namespace confab::transport::testing;

TEST_CASE("who does not answer a ping is closed with 4001, and dropped later") {
  options how;
  how.ping_interval = 40ms;
  how.pong_wait = 40ms;
  how.close_wait = 40ms;
  world w(how);
  client c(w, w.port());
  REQUIRE(c.upgrade().status == 101);

  REQUIRE(c.read_frame().opcode == 9);
  const auto closed = c.read_frame();

  REQUIRE(closed.opcode == 8);
  REQUIRE(closed.code() == 4001);
  REQUIRE(w.until([&] { return c.ended && w.book->destroyed == 1; }));
  REQUIRE(w.book->closes.at(0).code == 4001);
}

TEST_CASE("who sends, and reads nothing of what waits for it, is closed with 4000") {
  options how;
  how.ping_interval = 300ms;
  how.pong_wait = 250ms;
  world w(how);
  client c(w, w.port(), nullptr, 4096);
  REQUIRE(c.upgrade().status == 101);
  REQUIRE(w.until([&] { return w.book->sink != nullptr; }));
  c.reading = false;
  const auto sink = w.book->sink;
  // More than the kernel takes; on a slow machine it is closed meanwhile.
  while (sink->queued_bytes() < 200'000 &&
         sink->push(make_frame(frame_kind::text, std::string(10'000, '.'))) == push_result::accepted) {
    c.send(text_frame("x"));
    w.turn();
  }

  REQUIRE(w.until([&] {
    c.send(text_frame("x"));
    return w.server->count().slow_consumers == 1;
  }));
}

TEST_CASE("any frame is a sign of life") {
  options how;
  how.ping_interval = 20ms;
  how.pong_wait = 200ms;
  world w(how);
  client c(w, w.port());
  REQUIRE(c.upgrade().status == 101);

  for (int i = 0; i < 6; ++i) {
    REQUIRE(c.read_frame().opcode == 9);
    c.send(i % 2 == 0 ? client_frame(0x8a, "") : text_frame("x"));
  }
  REQUIRE(w.book->closes.empty());
}

TEST_CASE("a session that has enough is not read for until it resumes, and stays connected") {
  options how;
  how.ping_interval = 20ms;
  how.pong_wait = 20ms;
  world w(how);
  w.book->on_message = [&](frame_kind, std::string_view) {
    return w.book->texts.size() == 1 ? session_port::flow::enough : session_port::flow::more;
  };
  client c(w, w.port());
  REQUIRE(c.upgrade().status == 101);

  c.send(text_frame("one") + text_frame("two") + text_frame("three"));
  for (int pings = 0; pings < 4; ++pings) REQUIRE(c.read_frame().opcode == 9);
  REQUIRE(w.book->texts.size() == 1);

  w.book->sink->resume_reading();
  REQUIRE(w.until([&] { return w.book->texts.size() == 3; }));
  REQUIRE(w.book->closes.empty());
}

TEST_CASE("resuming within the message that was enough is not lost") {
  world w;
  w.book->on_message = [&](frame_kind, std::string_view) {
    w.book->sink->resume_reading();
    return session_port::flow::enough;
  };
  client c(w, w.port());
  REQUIRE(c.upgrade().status == 101);

  c.send(text_frame("one") + text_frame("two"));

  REQUIRE(w.until([&] { return w.book->texts.size() == 2; }));
}

TEST_CASE("a session that is closed while it is not read for ends in order") {
  world w;
  w.book->on_message = [](frame_kind, std::string_view) { return session_port::flow::enough; };
  client c(w, w.port());
  REQUIRE(c.upgrade().status == 101);
  c.send(text_frame("one") + text_frame("two"));
  REQUIRE(w.until([&] { return w.book->texts.size() == 1; }));

  w.book->sink->close(close_code::normal, "");
  REQUIRE(c.read_data().code() == 1000);
  c.send(close_frame(1000));

  REQUIRE(w.until([&] { return c.ended && w.book->destroyed == 1; }));
  REQUIRE(w.book->texts.size() == 1);
}

TEST_CASE("where too much waits for all readers, he for whom the most waits is closed with 4000") {
  constexpr std::size_t portion = 10'000;
  std::vector<std::string> incidents;
  options how;
  how.outbound_bytes_max = 30 * portion;
  how.on_incident = [&](const incident& what) {
    if (what.what == incident_kind::outbound_full) incidents.emplace_back(what.detail);
  };
  world w(how);
  const auto stopped = [&](client& who, std::size_t waiting) {
    w.book->sink = nullptr;
    REQUIRE(who.upgrade().status == 101);
    REQUIRE(w.until([&] { return w.book->sink != nullptr; }));
    who.reading = false;
    auto sink = w.book->sink;
    while (sink->queued_bytes() < waiting) {
      REQUIRE(sink->push(make_frame(frame_kind::text, std::string(portion, '.'))) ==
              push_result::accepted);
      w.turn();
    }
    return sink;
  };
  client most(w, w.port(), nullptr, 4096);
  client less(w, w.port(), nullptr, 4096);
  const auto to_most = stopped(most, 17 * portion);
  const auto to_less = stopped(less, 9 * portion);
  REQUIRE(incidents.empty());
  REQUIRE(w.server->count().outbound_bytes ==
          to_most->queued_bytes() + to_less->queued_bytes());
  REQUIRE(w.server->count().outbox_highest == to_most->queued_bytes());

  while (w.server->count().slow_consumers == 0) {
    REQUIRE(to_less->push(make_frame(frame_kind::text, std::string(portion, '.'))) ==
            push_result::accepted);
    REQUIRE(to_less->queued_bytes() < 15 * portion);
    w.turn();
  }

  REQUIRE(incidents == std::vector<std::string>{"1"});
  REQUIRE(to_most->queued_bytes() < 2 * portion);
  REQUIRE(to_less->push(make_frame(frame_kind::text, "x")) == push_result::accepted);
  REQUIRE(w.server->count().outbound_bytes < 30 * portion);
}

TEST_CASE("what an answer of HTTP has to have written counts among what waits for all readers") {
  constexpr std::size_t large = 8 * 1024 * 1024;  // more than the kernel takes
  options how;
  how.outbound_bytes_max = large + large / 2;
  http_route page;
  page.path = "/large";
  int asked = 0;
  page.respond = [&asked](const auto&) {
    ++asked;
    http_response out;
    out.body.assign(large, '.');
    return out;
  };
  world w(how, {}, {page});
  client other(w, w.port());
  {
    client stopped(w, w.port(), nullptr, 4096);
    stopped.reading = false;
    stopped.send("GET /large HTTP/1.1\r\nHost: here\r\n\r\n");
    REQUIRE(w.until([&] { return asked == 1; }));
    REQUIRE(w.until([&] { return other.get("/large").status == 503; }));
  }
  REQUIRE(w.until([&] { return other.get("/large").status == 200; }));
}

TEST_CASE("where memory is short half of what waits is let go of, and nobody is let in") {
  constexpr std::size_t portion = 10'000;
  world w;
  const auto stopped = [&](client& who, std::size_t waiting) {
    w.book->sink = nullptr;
    REQUIRE(who.upgrade().status == 101);
    REQUIRE(w.until([&] { return w.book->sink != nullptr; }));
    who.reading = false;
    auto sink = w.book->sink;
    while (sink->queued_bytes() < waiting) {
      REQUIRE(sink->push(make_frame(frame_kind::text, std::string(portion, '.'))) ==
              push_result::accepted);
      w.turn();
    }
    return sink;
  };
  client most(w, w.port(), nullptr, 4096), less(w, w.port(), nullptr, 4096);
  const auto to_most = stopped(most, 17 * portion);
  const auto to_less = stopped(less, 9 * portion);
  client kept(w, w.port());
  CHECK(kept.get("/").status == 404);

  w.server->spare_memory(true);

  CHECK(kept.get("/").status == 503);

  REQUIRE(w.until([&] { return w.server->count().slow_consumers == 1; }));
  CHECK(to_most->queued_bytes() < 2 * portion);
  CHECK(to_less->queued_bytes() >= 9 * portion);
  client late(w, w.port());
  CHECK(late.upgrade().status == 503);

  w.server->spare_memory(false);
  client later(w, w.port());
  CHECK(later.upgrade().status == 101);
}

TEST_CASE("a reader that stops is closed with 4000, having got everything before it in order") {
  options how;
  how.outbox_bytes = 256 * 1024;
  how.frame_bytes = 64 * 1024;
  world w(how);
  client other(w, w.port());
  REQUIRE(other.upgrade().status == 101);
  REQUIRE(w.until([&] { return w.book->sink != nullptr; }));
  w.book->sink = nullptr;
  client c(w, w.port(), nullptr, 4096);
  REQUIRE(c.upgrade().status == 101);
  REQUIRE(w.until([&] { return w.book->sink != nullptr; }));
  c.reading = false;

  auto result = push_result::accepted;
  int pushed = 0;
  for (; result == push_result::accepted && pushed < 10'000; ++pushed) {
    result = w.book->sink->push(
        make_frame(frame_kind::text, std::to_string(pushed) + ":" + std::string(10'000, '.')));
    w.turn();
  }
  REQUIRE(result == push_result::overflow);
  REQUIRE(w.book->sink->push(make_frame(frame_kind::text, "x")) == push_result::closed);
  REQUIRE(w.book->sink->queued_bytes() < 11'000);

  c.reading = true;
  int next = 0;
  for (;; ++next) {
    const auto frame = c.read_data();
    if (frame.opcode == 8) {
      REQUIRE(frame.code() == 4000);
      break;
    }
    REQUIRE(frame.payload.starts_with(std::to_string(next) + ":"));
    REQUIRE(frame.payload.size() > 10'000);
  }
  REQUIRE(next > 0);
  c.send(close_frame(4000));
  REQUIRE(w.until([&] { return w.book->closes.size() == 1; }));
  REQUIRE(w.book->closes[0].code == 4000);
  REQUIRE(w.server->count().slow_consumers == 1);
  other.send(client_frame(0x89, "x"));
  REQUIRE(other.read_data().opcode == 10);
}

TEST_CASE("a slow reader that goes on in time gets everything, and the session hears of it") {
  world w;
  client c(w, w.port(), nullptr, 4096);
  REQUIRE(c.upgrade().status == 101);
  REQUIRE(w.until([&] { return w.book->sink != nullptr; }));
  c.reading = false;
  int pushed = 0;
  while (w.book->sink->queued_bytes() < 300'000) {
    REQUIRE(w.book->sink->push(make_frame(frame_kind::text,
                                          std::to_string(pushed++) + std::string(20'000, '.'))) ==
            push_result::accepted);
    w.turn();
  }
  w.book->sink->notify_when_low();
  w.turn();
  REQUIRE(w.book->writable == 0);

  c.reading = true;
  for (int i = 0; i < pushed; ++i)
    REQUIRE(c.read_data().payload.starts_with(std::to_string(i) + "."));

  REQUIRE(w.until([&] { return w.book->writable == 1; }));
  REQUIRE(w.book->sink->queued_bytes() == 0);
}

TEST_CASE("a flood of pings by a client that does not read ends the connection") {
  options how;
  how.outbox_bytes = 20'000;
  how.close_wait = 50ms;
  world w(how);
  client c(w, w.port(), nullptr, 4096);
  REQUIRE(c.upgrade().status == 101);
  c.reading = false;
  std::string flood;
  for (int i = 0; i < 500; ++i) flood += client_frame(0x89, std::string(125, 'p'));

  for (int i = 0; i < 3; ++i) c.send(flood);

  REQUIRE(w.until([&] { return !w.book->closes.empty(); }));
  const auto code = w.book->closes.at(0).code;
  REQUIRE((code == 4000 || code == 4003));
}

TEST_CASE("frames pushed in one turn leave in one write") {
  world w;
  client c(w, w.port());
  REQUIRE(c.upgrade().status == 101);
  REQUIRE(w.until([&] { return w.book->sink != nullptr; }));
  w.turn();
  const auto before = w.server->count();

  for (int i = 0; i < 8; ++i)
    REQUIRE(w.book->sink->push(make_frame(frame_kind::text, "x")) == push_result::accepted);
  w.turn();

  REQUIRE(w.server->count().writes == before.writes + 1);
  REQUIRE(w.server->count().frames_out == before.frames_out + 8);
}

TEST_CASE("draining tells each session once, takes no more messages, and refuses upgrades") {
  world w;
  w.book->on_drain = [&] {
    REQUIRE(w.book->sink->push(make_frame(frame_kind::text, "answer")) == push_result::accepted);
  };
  client c(w, w.port());
  REQUIRE(c.upgrade().status == 101);
  client late(w, w.port());
  late.send("GET /ws HTTP/1.1\r\n");
  REQUIRE(w.until([&] { return w.server->count().accepted == 2 && w.book->sink; }));

  w.server->drain();
  w.server->drain();
  REQUIRE(c.read_data().payload == "answer");
  REQUIRE(w.book->drained == 1);
  late.send(
      "Host: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
  REQUIRE(late.read_response().status == 503);

  c.send(text_frame("ignored"));
  w.book->sink->close(close_code::restart, R"({"reconnect_after_ms":5})");
  REQUIRE(c.read_data().code() == 1012);
  c.send(close_frame(1012));
  REQUIRE(w.until([&] { return w.book->destroyed == 1; }));
  REQUIRE(w.book->texts.empty());
}

TEST_CASE("a session that throws is closed with 1011, and so is one that cannot be made") {
  world w;
  w.book->on_message = [](frame_kind, std::string_view) -> session_port::flow {
    throw std::runtime_error("bug");
  };
  client c(w, w.port());
  REQUIRE(c.upgrade().status == 101);
  c.send(text_frame("x"));
  REQUIRE(c.read_data().code() == 1011);

  websocket_route broken{"/ws",
                         [](const http_request&) -> std::variant<session_factory, upgrade_refused> {
                           return session_factory([](frame_sink_ptr, wire_format, unsigned) {
                             return std::unique_ptr<session_port>();
                           });
                         },
                         {},
                         true};
  world v({}, {broken});
  client d(v, v.port());
  REQUIRE(d.upgrade().status == 101);
  REQUIRE(d.read_data().code() == 1011);
}
