#include "protocol/frame.hpp"
#include "protocol/codec.hpp"
#include "tests/support/catch.hpp"

#include <zlib.h>

#include <random>
#include <set>

using namespace confab;

namespace {

unsigned byte(const frame& bytes, std::size_t i) {
  return static_cast<unsigned char>(bytes->at(i));
}

/// As RFC 7692 §7.2.2 has it, by zlib alone.
std::string inflated(std::string compressed) {
  compressed.append("\x00\x00\xff\xff", 4);
  z_stream stream{};
  REQUIRE(inflateInit2(&stream, -15) == Z_OK);
  std::string out(1 << 20, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(compressed.data());
  stream.avail_in = static_cast<uInt>(compressed.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  REQUIRE(inflate(&stream, Z_SYNC_FLUSH) == Z_OK);
  REQUIRE(stream.avail_in == 0);
  out.resize(stream.total_out);
  inflateEnd(&stream);
  return out;
}

std::string noise(std::size_t size) {
  std::mt19937 random{7};
  std::string bytes;
  while (bytes.size() < size) bytes += static_cast<char>(random());
  return bytes;
}

std::string prose(std::size_t size) {
  std::mt19937 random{7};
  std::string text;
  while (text.size() < size) {
    text += "{\"type\":\"message\",\"seq\":";
    text += std::to_string(random() % 1000);
    text += '}';
  }
  text.resize(size);
  return text;
}

}  // namespace

TEST_CASE("a frame's header says its length in 7, 16 or 64 bits") {
  const auto of = [](std::size_t size) {
    return make_frame(frame_kind::text, std::string(size, 'x'));
  };

  const auto empty = of(0);
  CHECK(*empty == std::string("\x81\x00", 2));
  const auto largest_7 = of(125);
  CHECK(byte(largest_7, 1) == 125);
  CHECK(largest_7->size() == 2 + 125);
  const auto smallest_16 = of(126);
  CHECK(smallest_16->substr(0, 4) == std::string("\x81\x7e\x00\x7e", 4));
  CHECK(smallest_16->size() == 4 + 126);
  const auto largest_16 = of(65535);
  CHECK(largest_16->substr(0, 4) == "\x81\x7e\xff\xff");
  CHECK(largest_16->size() == 4 + 65535);
  const auto smallest_64 = of(65536);
  CHECK(smallest_64->substr(0, 10) == std::string("\x81\x7f\0\0\0\0\0\x01\0\0", 10));
  CHECK(smallest_64->substr(10) == std::string(65536, 'x'));
}

TEST_CASE("a frame is final, of its kind, and marked when compressed") {
  CHECK(byte(make_frame(frame_kind::text, "x"), 0) == 0x81);
  CHECK(byte(make_frame(frame_kind::binary, "x"), 0) == 0x82);
  CHECK(byte(make_frame(frame_kind::text, "x", true), 0) == 0xc1);
  CHECK(byte(make_frame(frame_kind::binary, "x", true), 0) == 0xc2);
}

TEST_CASE("a compressed payload inflates to what it was, and is smaller") {
  const auto size = GENERATE(std::size_t{64}, 256u, 4096u, 65536u, 600'000u);
  const auto payload = prose(size);

  const auto compressed = deflate_payload(payload);

  REQUIRE_FALSE(compressed.empty());
  CHECK(compressed.size() < payload.size());
  CHECK((inflated(compressed) == payload));
}

TEST_CASE("what does not become smaller is not compressed") {
  CHECK(deflate_payload("").empty());
  CHECK(deflate_payload("x").empty());
  CHECK(deflate_payload(noise(1000)).empty());
  CHECK(deflate_payload(noise(100'000)).empty());
}

TEST_CASE("no payload's compression depends on another's") {
  const auto alone = deflate_payload(prose(1000));

  (void)deflate_payload(noise(5000));
  (void)deflate_payload(std::string(5000, 'x'));

  CHECK((deflate_payload(prose(1000)) == alone));
}

TEST_CASE("a frame is compressed where that was agreed on and pays") {
  const wire_format plain{codec::json, false};
  const wire_format compressed{codec::json, true};

  CHECK(byte(make_frame(plain, prose(deflate_bytes_min)), 0) == 0x81);
  CHECK(byte(make_frame(compressed, prose(deflate_bytes_min)), 0) == 0xc1);
  CHECK(byte(make_frame(compressed, prose(deflate_bytes_min - 1)), 0) == 0x81);
  CHECK(byte(make_frame(compressed, noise(1000)), 0) == 0x81);
  CHECK((make_frame(compressed, noise(1000))->substr(4) == noise(1000)));
  CHECK(byte(make_frame({codec::cbor, true}, prose(1000)), 0) == 0xc2);
  CHECK(byte(make_frame({codec::cbor, false}, "x"), 0) == 0x82);
}

TEST_CASE("the wire formats are counted without gaps") {
  std::set<std::size_t> indices;
  for (auto objects : {codec::json, codec::cbor})
    for (bool deflate : {false, true}) indices.insert(wire_format{objects, deflate}.index());

  CHECK(indices == std::set<std::size_t>{0, 1, 2, 3});
  CHECK(indices.size() == wire_formats_count);
}

TEST_CASE("an encoded frame is the header and what the codec writes") {
  const message::any what = message::left{ref_no{4}, room_id::trusted("general")};

  const auto text = encode_frame({codec::json, false}, what);
  const auto binary = encode_frame({codec::cbor, false}, what);

  CHECK(*text ==
        "\x81\x27"
        R"({"type":"left","re":4,"room":"general"})");
  CHECK(byte(binary, 0) == 0x82);
  CHECK((binary->substr(2) == encode(codec::cbor, what)));
}
