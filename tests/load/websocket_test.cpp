#include "load/websocket.hpp"
#include "load/inflater.hpp"
#include "protocol/frame.hpp"
#include "tests/support/catch.hpp"

#include <string>

using namespace confab;
using namespace confab::load;
using namespace confab::load::websocket;

namespace {

/// As a server reads it.
std::string unmasked(std::string_view frame, std::size_t header) {
  std::string out{frame.substr(header)};
  for (std::size_t i = 0; i < out.size(); ++i)
    out[i] = static_cast<char>(out[i] ^ frame[header - 4 + i % 4]);
  return out;
}

constexpr std::string_view accepted =
    "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: "
    "confab.v1.json\r\n\r\n";

}  // namespace

TEST_CASE("a client's frame is masked, and has the shortest header for its size") {
  const auto [size, header] = GENERATE(
      table<std::size_t, std::size_t>({{0, 6}, {125, 6}, {126, 8}, {65535, 8}, {65536, 14}}));
  const std::string payload(size, 'p');

  std::string out = "before";
  append_frame(out, opcode::text, payload, 0x01020304);
  const auto frame = out.substr(6);

  REQUIRE(frame.size() == header + size);
  CHECK(static_cast<unsigned char>(frame[0]) == 0x81);
  CHECK((static_cast<unsigned char>(frame[1]) & 0x80) != 0);
  CHECK(unmasked(frame, header) == payload);
  if (size > 0) CHECK(frame.substr(header) != payload);
}

TEST_CASE("a server's frame is read once it is complete, at every length") {
  const auto size =
      GENERATE(std::size_t{0}, std::size_t{125}, std::size_t{126}, std::size_t{70000});
  const auto bytes = *make_frame(frame_kind::text, std::string(size, 'x'));

  websocket::frame read{};
  for (const auto cut : {std::size_t{1}, std::size_t{2}, bytes.size() - 1})
    if (cut < bytes.size())
      CHECK(first_frame(std::string_view{bytes}.substr(0, cut), read) == parsed::incomplete);
  REQUIRE(first_frame(bytes + "next", read) == parsed::frame);
  CHECK(read.size == bytes.size());
  CHECK(read.payload.size() == size);
  CHECK(read.kind == opcode::text);
  CHECK(read.last);
}

TEST_CASE("frames that no server may write are broken") {
  websocket::frame read{};
  CHECK(first_frame(std::string{"\x81\x80\0\0\0\0", 6}, read) == parsed::broken);  // masked
  CHECK(first_frame(std::string{"\xa1\0", 2}, read) == parsed::broken);            // RSV2
  CHECK(first_frame(std::string{"\x83\0", 2}, read) == parsed::broken);            // no such opcode
  CHECK(first_frame(std::string{"\x09\0", 2}, read) == parsed::broken);          // fragmented ping
  CHECK(first_frame(std::string{"\x89\x7e\0\x7e", 4}, read) == parsed::broken);  // long ping
  CHECK(first_frame(std::string{"\x81\x7f\x7f\xff\xff\xff\xff\xff\xff\xff", 10}, read) ==
        parsed::broken);
}

TEST_CASE("the upgrade is accepted only with the right hash and subprotocol") {
  const std::string right{accepted};
  const auto without = [&](const std::string& part, const std::string& instead) {
    auto out = right;
    return out.replace(out.find(part), part.size(), instead);
  };
  const auto what_of = [](const std::string& text) {
    return read_upgrade_answer(text, "confab.v1.json").what;
  };

  const auto whole = read_upgrade_answer(right + "\x81", "confab.v1.json");
  CHECK(whole.what == answer::accepted);
  CHECK(whole.size == right.size());
  CHECK_FALSE(whole.deflate);
  CHECK(what_of(right.substr(0, right.size() - 1)) == answer::incomplete);
  CHECK(what_of("HTTP/1.1 403 Forbidden\r\n\r\n") == answer::refused);
  CHECK(what_of(without("s3pP", "xxxx")) == answer::not_websocket);
  CHECK(what_of(without("v1.json", "v1.cbor")) == answer::not_websocket);
  CHECK(what_of("SSH-2.0-OpenSSH_9.2\r\n") == answer::not_http);
  CHECK(what_of(std::string(20000, 'H')) == answer::not_http);
}

TEST_CASE("compressed messages are inflated, the same one twice as well, and others are refused") {
  const std::string payload = R"({"type":"message","text":")" + std::string(500, 'a') + R"("})";
  const auto compressed = deflate_payload(payload);
  REQUIRE_FALSE(compressed.empty());
  inflater one;

  CHECK(one.inflate(compressed) == payload);
  CHECK(one.inflate(compressed) == payload);
  CHECK_FALSE(one.inflate("\xff\xff garbage").has_value());
  CHECK(one.inflate(compressed) == payload);
}
