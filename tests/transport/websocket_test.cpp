#include "tests/transport/world.hpp"

#include "transport/deflate.hpp"

#include <random>

using namespace confab;
using namespace confab::transport;
using namespace confab::transport::testing;

namespace {

constexpr auto offer = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n";

/// Sends back what it gets, compressed where that was agreed on.
void echo(const std::shared_ptr<notes>& book) {
  book->on_message = [book = book.get()](frame_kind kind, std::string_view payload) {
    const auto packed = book->format.deflate && payload.size() >= deflate_bytes_min
                            ? deflate_payload(payload)
                            : std::string();
    const auto answer = packed.empty() ? make_frame(kind, payload) : make_frame(kind, packed, true);
    REQUIRE(book->sink->push(answer) == push_result::accepted);
    return session_port::flow::more;
  };
}

websocket_route chat_route(const std::shared_ptr<notes>& book) {
  return {"/chat", admit_all(book), {{"v1.json", codec::json}, {"v1.cbor", codec::cbor}}, false};
}

std::string noise(std::size_t bytes) {
  std::mt19937 random(1);
  std::string out(bytes, '\0');
  for (auto& c : out) c = static_cast<char>('0' + random() % 64);
  return out;
}

}  // namespace

TEST_CASE("messages of both kinds come back, in order, whatever their size") {
  world w;
  echo(w.book);
  client c(w, w.port());
  const auto answer = c.upgrade();
  REQUIRE(answer.status == 101);
  REQUIRE(answer.headers.at("sec-websocket-accept") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  REQUIRE(answer.headers.count("sec-websocket-extensions") == 0);

  for (const std::size_t size : {0, 1, 125, 126, 511, 512, 513, 1535, 1536, 1537, 65535, 65536}) {
    const auto text = noise(size);
    c.send(text_frame(text) + client_frame(0x82, text));
    const auto first = c.read_data();
    REQUIRE(first.opcode == 1);
    REQUIRE(first.payload == text);
    const auto second = c.read_data();
    REQUIRE(second.opcode == 2);
    REQUIRE(second.payload == text);
  }
  REQUIRE(w.server->count().messages_in == 24);
  REQUIRE(w.server->count().websockets_open == 1);
}

TEST_CASE("a message of the largest size is taken and one byte more closes with 1009") {
  options how;
  how.frame_bytes = 5000;
  const bool deflate = GENERATE(false, true);
  world w(how);
  client c(w, w.port());
  REQUIRE(c.upgrade("/ws", deflate ? offer : "").status == 101);

  c.send(text_frame(noise(5000)));
  REQUIRE(w.until([&] { return w.book->texts.size() == 1; }));
  c.send(text_frame(noise(5001)));
  const auto closed = c.read_data();

  REQUIRE(closed.opcode == 8);
  REQUIRE(closed.code() == 1009);
  c.send(close_frame(1009));
  REQUIRE(w.until([&] { return c.ended && w.book->destroyed == 1; }));
  REQUIRE(w.book->texts.size() == 1);
  REQUIRE(w.book->closes.at(0).code == 1009);
  REQUIRE_FALSE(w.book->closes[0].by_peer);
}

TEST_CASE("fragments make one message, and those that never end are closed with 1009") {
  options how;
  how.frame_bytes = 1000;
  world w(how);
  client c(w, w.port());
  REQUIRE(c.upgrade().status == 101);

  c.send(client_frame(0x01, "Hel") + client_frame(0x89, "ping") + client_frame(0x00, "") +
         client_frame(0x80, "lo"));
  const auto pong = c.read_data();
  REQUIRE(pong.opcode == 10);
  REQUIRE(pong.payload == "ping");
  REQUIRE(w.until([&] { return w.book->texts.size() == 1; }));
  REQUIRE(w.book->texts[0] == "Hello");

  c.send(client_frame(0x01, "x"));
  for (int i = 0; i < 10; ++i) c.send(client_frame(0x00, std::string(100, 'x')));
  REQUIRE(c.read_data().code() == 1009);
}

TEST_CASE("pings and pongs are answered and taken up to their bound, and one more closes with 4003") {
  world w;
  client c(w, w.port());
  REQUIRE(c.upgrade().status == 101);
  const auto half = limits::control_frames_max / 2;

  for (unsigned i = 0; i < half; ++i) c.send(client_frame(0x89, "x") + client_frame(0x8a, "x"));
  for (unsigned i = 0; i < half; ++i) REQUIRE(c.read_data().opcode == 10);
  c.send(client_frame(0x8a, ""));

  REQUIRE(c.read_data().code() == 4003);
}

TEST_CASE("who is closed with 4003 is not read any more, and dropped later") {
  options how;
  how.close_wait = 300ms;
  world w(how);
  client c(w, w.port());
  REQUIRE(c.upgrade().status == 101);
  w.book->sink->close(close_code::rate_abuse, "");
  REQUIRE(c.read_data().code() == 4003);
  const auto before = w.server->count().bytes_in;

  c.send(std::string(200'000, 'x'));

  REQUIRE(w.until([&] { return c.ended && w.book->destroyed == 1; }));
  REQUIRE(w.server->count().bytes_in - before <= 16 * 1024);  // of the read that was under way
}

TEST_CASE("what breaks the protocol is closed with the code of the RFC") {
  struct row {
    std::string bytes;
    unsigned code;
  };
  const auto bad = GENERATE(
      row{text_frame("\xc3\x28"), 1007}, row{client_frame(0xc1, "compressed?"), 1002},
      row{client_frame(0x83, "reserved"), 1002}, row{client_frame(0x80, "nothing began"), 1002},
      row{std::string("\x81\x02hi", 4), 1002},  // unmasked
      row{client_frame(0x09, "fragmented ping"), 1002}, row{client_frame(0x88, "x"), 1002},
      row{close_frame(1005), 1002}, row{client_frame(0x89, std::string(126, 'p')), 1002},
      row{client_frame(0x88, {"\x03\xe8\xff", 3}), 1002});
  world w;
  client other(w, w.port());
  REQUIRE(other.upgrade().status == 101);
  w.book = std::make_shared<notes>();
  client c(w, w.port());
  REQUIRE(c.upgrade().status == 101);

  c.send(bad.bytes);

  const auto closed = c.read_data();
  REQUIRE(closed.opcode == 8);
  REQUIRE(closed.code() == bad.code);
  c.send(close_frame(bad.code));
  REQUIRE(w.until([&] { return c.ended; }));
  other.send(client_frame(0x89, "still there"));
  REQUIRE(other.read_data().payload == "still there");
}

TEST_CASE("a frame of the other kind closes with 1003, the right kind does not") {
  const auto book = std::make_shared<notes>();
  world w({}, {chat_route(book)});
  client json(w, w.port());
  const auto answer = json.upgrade("/chat", "Sec-WebSocket-Protocol: v1.json\r\n");
  REQUIRE(answer.headers.at("sec-websocket-protocol") == "v1.json");
  json.send(text_frame("{}"));
  json.send(client_frame(0x82, "binary"));
  REQUIRE(json.read_data().code() == 1003);
  REQUIRE(book->texts == std::vector<std::string>{"{}"});

  client cbor(w, w.port());
  REQUIRE(cbor.upgrade("/chat", "Sec-WebSocket-Protocol: v1.cbor\r\n").status == 101);
  REQUIRE(book->format.objects == codec::cbor);
  cbor.send(client_frame(0x82, "\xa0"));
  cbor.send(text_frame("{}"));
  REQUIRE(cbor.read_data().code() == 1003);
  REQUIRE(book->texts.size() == 2);
}

TEST_CASE("upgrades are refused with the status that says why") {
  const auto book = std::make_shared<notes>();
  auto guarded = chat_route(book);
  http_request seen;
  guarded.authorize =
      [&](const http_request& request) -> std::variant<session_factory, upgrade_refused> {
    seen = request;
    http_response no;
    no.status = 401;
    no.body = "who are you";
    return upgrade_refused{no};
  };
  world w({}, {guarded});
  client c(w, w.port());

  const auto plain = c.get("/chat");
  REQUIRE(plain.status == 426);
  REQUIRE(plain.headers.at("upgrade") == "websocket");
  REQUIRE(c.upgrade("/chat", "Origin: http://elsewhere\r\n").status == 403);
  const auto unknown = c.upgrade("/chat", "Sec-WebSocket-Protocol: v2, v3\r\n");
  REQUIRE(unknown.status == 400);
  REQUIRE(unknown.body ==
          "{\"error\":\"unknown_subprotocol\",\"known\":[\"v1.json\",\"v1.cbor\"]}\n");
  REQUIRE(c.upgrade("/nowhere").status == 404);
  REQUIRE(seen.path.empty());

  const auto refused = c.upgrade("/chat?x=1", "Origin: http://here\r\nCookie: sid=7\r\n");
  REQUIRE(refused.status == 401);
  REQUIRE(refused.body == "who are you");
  REQUIRE(seen.cookie("sid") == "7");
  REQUIRE(seen.parameter("x") == "1");
  REQUIRE(book->made == 0);

  c.send(
      "GET /chat HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: short\r\n\r\n");
  REQUIRE(c.read_response().status == 400);
}

TEST_CASE("an upgrade to another version of WebSocket is told which one is spoken") {
  world w;
  client c(w, w.port());

  c.send(
      "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"
      "Sec-WebSocket-Version: 12\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");

  const auto answer = c.read_response();
  REQUIRE(answer.status == 426);
  REQUIRE(answer.headers.at("sec-websocket-version") == "13");
  REQUIRE(w.book->made == 0);
  REQUIRE(c.upgrade().status == 101);
}

TEST_CASE("frames sent right behind the upgrade are not lost") {
  world w;
  client c(w, w.port());

  c.send(
      "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n" +
      text_frame("early") + text_frame("bird"));

  REQUIRE(w.until([&] { return w.book->texts.size() == 2; }));
  REQUIRE(w.book->texts == std::vector<std::string>{"early", "bird"});
}

TEST_CASE("a message in the request is answered in one write with the upgrade") {
  const auto book = std::make_shared<notes>();
  auto route = chat_route(book);
  route.first_message_prefix = "say.";
  world w({}, {route});
  client c(w, w.port());

  c.send(upgrade_request("/chat", "Sec-WebSocket-Protocol: v1.json, say.aGk\r\n"));
  REQUIRE(w.until([&] { return book->texts.size() == 1; }));
  for (int i = 0; i < 3; ++i) w.turn();
  REQUIRE(book->texts.front() == "hi");
  REQUIRE(c.in.empty());

  REQUIRE(book->sink->push(make_frame(frame_kind::text, "welcome")) == push_result::accepted);
  const auto answer = c.read_response();
  REQUIRE(answer.status == 101);
  REQUIRE(answer.headers.at("sec-websocket-protocol") == "v1.json");
  REQUIRE(c.read_data().payload == "welcome");
  REQUIRE(w.server->count().writes == 1);
}

TEST_CASE("a message in the request is judged like any other") {
  const auto book = std::make_shared<notes>();
  auto route = chat_route(book);
  route.first_message_prefix = "say.";
  world w({}, {route});
  client malformed(w, w.port()), no_text(w, w.port()), binary(w, w.port());

  REQUIRE(malformed.upgrade("/chat", "Sec-WebSocket-Protocol: v1.json, say.a+b\r\n").status == 400);
  REQUIRE(book->made == 0);

  REQUIRE(no_text.upgrade("/chat", "Sec-WebSocket-Protocol: v1.json, say._w\r\n").status == 101);
  REQUIRE(no_text.read_data().code() == 1007);

  book->on_message = [&](frame_kind kind, std::string_view) {
    book->sink->close(kind == frame_kind::binary ? close_code::normal : close_code::internal, "");
    return session_port::flow::more;
  };
  REQUIRE(binary.upgrade("/chat", "Sec-WebSocket-Protocol: say._w, v1.cbor\r\n").status == 101);
  REQUIRE(binary.read_data().code() == 1000);
  REQUIRE(book->texts == std::vector<std::string>{"\xff"});
}

TEST_CASE(
    "a session that says nothing to the message in the request is upgraded by the first ping") {
  options how;
  how.ping_interval = 50ms;
  const auto book = std::make_shared<notes>();
  auto route = chat_route(book);
  route.first_message_prefix = "say.";
  world w(how, {route});
  client c(w, w.port());

  REQUIRE(c.upgrade("/chat", "Sec-WebSocket-Protocol: v1.json, say.aGk\r\n").status == 101);
  REQUIRE(c.read_frame().opcode == 9);
}

TEST_CASE("compressed messages are inflated, and one compressed frame serves every receiver") {
  world w;
  client a(w, w.port());
  const auto answer = a.upgrade("/ws", offer);
  REQUIRE(answer.headers.at("sec-websocket-extensions") ==
          "permessage-deflate; server_no_context_takeover; client_no_context_takeover");
  REQUIRE(w.book->format.deflate);
  const auto sink_a = w.book->sink;
  client b(w, w.port());
  REQUIRE(b.upgrade("/ws", offer).status == 101);
  const auto sink_b = w.book->sink;
  const std::string text(3000, 't');
  const auto packed = deflate_payload(text);
  inflater stream;

  // Whole, in fragments, and between others that are not compressed; several in one packet.
  a.send(client_frame(0xc1, packed) + text_frame("plain") +
         client_frame(0x41, packed.substr(0, 5)) + client_frame(0x80, packed.substr(5)) +
         client_frame(0xc2, packed) + client_frame(0x82, "bin"));
  REQUIRE(w.until([&] { return w.book->texts.size() == 5; }));
  REQUIRE(w.book->texts == std::vector<std::string>{text, "plain", text, text, "bin"});

  const auto shared = make_frame(wire_format{codec::json, true}, text);
  REQUIRE(sink_a->push(shared) == push_result::accepted);
  REQUIRE(sink_b->push(shared) == push_result::accepted);
  REQUIRE(shared.use_count() == 3);
  const auto at_b = b.read_data();
  REQUIRE(at_b.rsv1);
  REQUIRE(stream.run(at_b.payload, 10'000).payload == text);
  REQUIRE(shared.use_count() == 1);
}

TEST_CASE("compressed messages keep the bound of what they hold, and their UTF-8 is checked") {
  struct row {
    unsigned first;
    std::string text;
    unsigned code;  // 0: taken
  };
  const auto each =
      GENERATE(row{0xc1, std::string(5000, 'a'), 0}, row{0xc1, std::string(5001, 'a'), 1009},
               row{0xc1, std::string(5'000'000, 'a'), 1009},
               row{0xc1, std::string(300, '\xff'), 1007}, row{0xc2, std::string(300, '\xff'), 0});
  options how;
  how.frame_bytes = 5000;
  world w(how);
  client c(w, w.port());
  REQUIRE(c.upgrade("/ws", offer).status == 101);

  c.send(client_frame(each.first, deflate_payload(each.text)));

  if (each.code == 0) {
    REQUIRE(w.until([&] { return w.book->texts.size() == 1; }));
    REQUIRE(w.book->texts[0] == each.text);
  } else {
    REQUIRE(c.read_data().code() == each.code);
    REQUIRE(w.book->texts.empty());
  }
}

TEST_CASE("what is no deflate stream closes, and compression that is switched off is refused") {
  options how;
  world on(how);
  client c(on, on.port());
  REQUIRE(c.upgrade("/ws", offer).status == 101);
  c.send(client_frame(0xc1, "\xff\xff\xff"));
  REQUIRE(c.read_data().code() == 1007);

  how.compression = false;
  world off(how);
  client d(off, off.port());
  REQUIRE(d.upgrade("/ws", offer).headers.count("sec-websocket-extensions") == 0);
  REQUIRE_FALSE(off.book->format.deflate);
  d.send(client_frame(0xc1, deflate_payload(std::string(100, 'a'))));
  REQUIRE(d.read_data().code() == 1002);
}

TEST_CASE("the peer's close is answered with its code and told to the session") {
  struct row {
    std::string bytes;
    unsigned answer;
    std::uint16_t told;
    std::string reason;
  };
  const auto each =
      GENERATE(row{close_frame(1001, "gone"), 1001, 1001, "gone"},
               row{close_frame(4321), 4321, 4321, ""}, row{client_frame(0x88, ""), 1000, 1005, ""});
  world w;
  client c(w, w.port());
  REQUIRE(c.upgrade().status == 101);

  c.send(each.bytes);

  const auto closed = c.read_data();
  REQUIRE(closed.opcode == 8);
  REQUIRE(closed.code() == each.answer);
  REQUIRE(w.until([&] { return c.ended && w.book->destroyed == 1; }));
  REQUIRE(w.book->closes.size() == 1);
  REQUIRE(w.book->closes[0].code == each.told);
  REQUIRE(w.book->closes[0].reason == each.reason);
  REQUIRE(w.book->closes[0].by_peer);
  REQUIRE(w.book->errors.empty());
  REQUIRE(w.book->sink->push(make_frame(frame_kind::text, "x")) == push_result::closed);
}

TEST_CASE("our close comes behind what was queued, and nothing is delivered after it") {
  world w;
  client c(w, w.port());
  REQUIRE(c.upgrade().status == 101);
  REQUIRE(w.until([&] { return w.book->sink != nullptr; }));

  REQUIRE(w.book->sink->push(make_frame(frame_kind::text, "last words")) == push_result::accepted);
  w.book->sink->close(close_code::token_expired, "expired");
  REQUIRE(c.read_data().payload == "last words");
  const auto closed = c.read_data();
  REQUIRE(closed.code() == 4501);
  REQUIRE(closed.payload.substr(2) == "expired");
  c.send(text_frame("too late") + close_frame(4501));

  REQUIRE(w.until([&] { return c.ended && w.book->destroyed == 1; }));
  REQUIRE(c.in.empty());
  REQUIRE(w.book->texts.empty());
  REQUIRE(w.book->closes.at(0).code == 4501);
  REQUIRE_FALSE(w.book->closes[0].by_peer);
}

TEST_CASE("a peer that does not answer our close is dropped") {
  options how;
  how.close_wait = 50ms;
  world w(how);
  client c(w, w.port());
  REQUIRE(c.upgrade().status == 101);
  REQUIRE(w.until([&] { return w.book->sink != nullptr; }));

  w.book->sink->close(close_code::normal, "");

  REQUIRE(w.until([&] { return c.ended; }));
  REQUIRE(w.book->closes.at(0).code == 1000);
}

TEST_CASE("a client that vanishes, in the middle of a frame or not, is an error and 1006") {
  const bool within_frame = GENERATE(false, true);
  const bool without_reset = GENERATE(false, true);
  world w;
  client c(w, w.port());
  REQUIRE(c.upgrade().status == 101);
  REQUIRE(w.until([&] { return w.book->sink != nullptr; }));
  if (within_frame) {
    c.send(text_frame(std::string(1000, 'x')).substr(0, 500));
    REQUIRE(w.until([&] { return w.server->count().bytes_in == 500; }));
  }

  if (without_reset)
    c.finish_sending();
  else
    c.vanish();

  REQUIRE(w.until([&] { return w.book->destroyed == 1; }));
  REQUIRE(w.book->errors.size() == 1);
  REQUIRE(w.book->closes.size() == 1);
  REQUIRE(w.book->closes[0].code == 1006);
  REQUIRE_FALSE(w.book->closes[0].error.empty());
  REQUIRE(w.until([&] { return w.server->count().connections_open == 0; }));
}
