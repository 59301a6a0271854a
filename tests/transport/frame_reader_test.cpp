#include "transport/frame_reader.hpp"

#include "tests/support/catch.hpp"

#include <string>
#include <vector>

using namespace confab;
using namespace confab::transport;

namespace {

using kind = frame_reader::kind;
constexpr std::size_t message_bytes_max = 70'000;

/// As a client sends it, under a mask that changes every byte.
std::string masked(unsigned first, std::string payload) {
  const std::string key = "\x37\xfa\x21\x3d";  // of RFC 6455 §5.7
  std::string out(1, static_cast<char>(first));
  if (payload.size() < 126) {
    out += static_cast<char>(0x80 | payload.size());
  } else if (payload.size() < 65536) {
    out += static_cast<char>(0x80 | 126);
    out += static_cast<char>(payload.size() >> 8);
    out += static_cast<char>(payload.size() & 0xff);
  } else {
    out += static_cast<char>(0x80 | 127);
    for (int shift = 56; shift >= 0; shift -= 8)
      out += static_cast<char>(payload.size() >> shift & 0xff);
  }
  for (std::size_t i = 0; i < payload.size(); ++i)
    payload[i] = static_cast<char>(payload[i] ^ key[i % 4]);
  return out + key + payload;
}

struct seen {
  kind what;
  std::string payload;
  frame_kind type;
  bool compressed;
  std::uint16_t code;
  bool operator==(const seen&) const = default;
};

/// All that comes out when `sent` comes in by pieces of `piece` bytes.
std::vector<seen> read_all(frame_reader reader, const std::string& sent, std::size_t piece) {
  std::vector<seen> out;
  std::string rest;
  for (std::size_t at = 0; at < sent.size(); at += piece) {
    rest += sent.substr(at, piece);
    for (;;) {
      const auto frame = reader.next(rest);
      if (frame.what == kind::incomplete) break;
      out.push_back({frame.what, std::string(frame.payload), frame.type, frame.compressed, frame.code});
      if (frame.what == kind::broken) return out;
      rest.erase(0, frame.bytes);
    }
  }
  return out;
}

kind verdict(const std::string& sent, bool deflate = false) {
  const auto all = read_all(frame_reader(message_bytes_max, deflate), sent, sent.size());
  return all.empty() ? kind::incomplete : all.back().what;
}

}  // namespace

TEST_CASE("frames come out the same wherever their bytes are cut") {
  const std::string big(300, 'b');
  const std::string huge(66'000, 'h');
  const auto sent = masked(0x81, "Hello") + masked(0x82, "") + masked(0x01, "one ") +
                    masked(0x89, "ping") + masked(0x00, big) + masked(0x8a, "") +
                    masked(0x80, " end") + masked(0xc2, huge) + masked(0x88, "\x03\xe9gone");
  const std::vector<seen> expected{
      {kind::message, "Hello", frame_kind::text, false, 0},
      {kind::message, "", frame_kind::binary, false, 0},
      {kind::fragment, "one ", frame_kind::text, false, 0},
      {kind::ping, "ping", frame_kind::text, false, 0},
      {kind::fragment, "one " + big, frame_kind::text, false, 0},
      {kind::pong, "", frame_kind::text, false, 0},
      {kind::message, "one " + big + " end", frame_kind::text, false, 0},
      {kind::message, huge, frame_kind::binary, true, 0},
      {kind::close, "gone", frame_kind::text, false, 1001}};

  for (const std::size_t piece : {std::size_t{1}, std::size_t{2}, std::size_t{7}, std::size_t{1000}, sent.size()}) {
    auto all = read_all(frame_reader(message_bytes_max, true), sent, piece);
    REQUIRE(all.size() == expected.size());
    for (std::size_t i = 0; i < all.size(); ++i) {
      INFO(piece << " bytes at a time, frame " << i);
      // What a fragment holds so far is nobody's business.
      if (all[i].what == kind::fragment) all[i].payload = expected[i].payload;
      CHECK((all[i] == expected[i]));
    }
  }
}

TEST_CASE("the mask is taken off at every length and place") {
  for (std::size_t size = 0; size < 40; ++size) {
    std::string text;
    for (std::size_t i = 0; i < size; ++i) text += static_cast<char>('a' + i % 26);
    auto sent = std::string(size % 8, '\0') + masked(0x81, text);

    const auto frame = frame_reader(message_bytes_max).next(std::span(sent).subspan(size % 8));

    REQUIRE(frame.payload == text);
  }
}

TEST_CASE("a frame that breaks RFC 6455 is refused by its first bytes") {
  const std::string key(4, '\0');
  struct row {
    const char* why;
    std::string bytes;
  };
  const auto bad = GENERATE_COPY(
      row{"no mask", std::string("\x81\x00", 2)}, row{"reserved opcode", masked(0x83, "")},
      row{"reserved control opcode", masked(0x8b, "")}, row{"RSV1 without deflate", masked(0xc1, "")},
      row{"RSV2", masked(0xa1, "")}, row{"RSV3", masked(0x91, "")},
      row{"a ping in fragments", masked(0x09, "")}, row{"a continuation of nothing", masked(0x80, "")},
      row{"a message within a message", masked(0x01, "a") + masked(0x81, "b")},
      row{"a ping of 126 bytes", masked(0x89, std::string(126, 'x'))},
      row{"a length of two bytes for 125", std::string("\x82\xfe\x00\x7d", 4) + key},
      row{"a length of eight bytes for 65535", std::string("\x82\xff\x00\x00\x00\x00\x00\x00\xff\xff", 10) + key},
      row{"a length with a sign", std::string("\x82\xff\x80\x00\x00\x00\x00\x00\x00\x00", 10) + key},
      row{"a close of one byte", masked(0x88, "x")}, row{"close 1005", masked(0x88, "\x03\xed")},
      row{"close 1006", masked(0x88, "\x03\xee")}, row{"close 1015", masked(0x88, "\x03\xf7")},
      row{"close 999", masked(0x88, "\x03\xe7")}, row{"close 2999", masked(0x88, "\x0b\xb7")},
      row{"close 5000", masked(0x88, "\x13\x88")},
      row{"a reason that is no UTF-8", masked(0x88, "\x03\xe8\xff")});

  INFO(bad.why);
  REQUIRE(verdict(bad.bytes) == kind::broken);
}

TEST_CASE("RSV1 is allowed at the start of a message once deflate was agreed on, nowhere else") {
  REQUIRE(verdict(masked(0xc1, "x"), true) == kind::message);
  REQUIRE(verdict(masked(0x41, "x") + masked(0x80, "y"), true) == kind::message);
  REQUIRE(verdict(masked(0x01, "x") + masked(0xc0, "y"), true) == kind::broken);
  REQUIRE(verdict(masked(0xc9, "x"), true) == kind::broken);
}

TEST_CASE("a message of the largest size is taken, a larger one refused before it has come") {
  REQUIRE(verdict(masked(0x82, std::string(message_bytes_max, 'x'))) == kind::message);

  const auto header = masked(0x82, std::string(message_bytes_max + 1, 'x')).substr(0, 10);
  const auto alone = read_all(frame_reader(message_bytes_max), header, header.size());
  REQUIRE(alone.at(0).what == kind::broken);
  REQUIRE(alone[0].code == 1009);

  const auto first = masked(0x02, std::string(message_bytes_max, 'x'));
  REQUIRE(verdict(first + masked(0x80, "")) == kind::message);
  REQUIRE(verdict(first + masked(0x80, "x")) == kind::broken);
  // A message after one in fragments has the whole bound for itself.
  REQUIRE(verdict(first + masked(0x80, "") + masked(0x82, "x")) == kind::message);
}
