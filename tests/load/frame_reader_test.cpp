#include "load/frame_reader.hpp"
#include "protocol/codec.hpp"
#include "tests/support/catch.hpp"

using namespace confab;
using namespace confab::load;

namespace {

std::string written(codec format, const std::string& text, const std::string& key) {
  message::logged what;
  what.room = room_id::trusted("general");
  what.entry.seq = seq_no{41};
  what.entry.at = unix_ms{1763790000123};
  what.entry.from = user_id::trusted("alice");
  what.entry.key = key;
  what.entry.body = posted{{text, {}}};
  return encode(format, what);
}

}  // namespace

TEST_CASE("a message is scanned as the server writes it, in both formats, with a key and without") {
  const auto format = GENERATE(codec::json, codec::cbor);
  const auto key = GENERATE(std::string{}, std::string{"k-1"});
  const auto payload = written(format, "hello there", key);

  log_event scanned;
  REQUIRE(scan_message(format, payload, scanned));
  frame_reader reader;
  const auto& read = reader.read(format, payload);

  CHECK(scanned.room == "general");
  CHECK(scanned.seq == 41);
  CHECK(scanned.prev == 40);
  CHECK(scanned.from == "alice");
  CHECK(scanned.text == "hello there");
  REQUIRE(read.type == frame_type::message);
  CHECK(read.event.room == scanned.room);
  CHECK(read.event.seq == scanned.seq);
  CHECK(read.event.prev == scanned.prev);
  CHECK(read.event.text == scanned.text);
}

TEST_CASE("a message that is written otherwise is left to the reader") {
  log_event scanned;
  frame_reader reader;
  const auto escaped = written(codec::json, "a \"b\"", {});
  CHECK_FALSE(scan_message(codec::json, escaped, scanned));
  CHECK(reader.read(codec::json, escaped).event.text == "a \"b\"");

  const std::string with_prev =
      R"({"prev":7,"type":"message","room":"r","seq":9,"at":1,"from":"a","text":"x"})";
  CHECK_FALSE(scan_message(codec::json, with_prev, scanned));
  CHECK(reader.read(codec::json, with_prev).event.prev == 7);
}

TEST_CASE("no beginning of a message is taken for one") {
  const auto format = GENERATE(codec::json, codec::cbor);
  const auto payload = written(format, "hello there", "k");

  log_event scanned;
  for (std::size_t i = 0; i < payload.size(); ++i)
    CHECK_FALSE(scan_message(format, payload.substr(0, i), scanned));
}

TEST_CASE("what is no object of the protocol is malformed and not trusted") {
  frame_reader reader;
  for (const auto* text : {"", "[]", "{", "{}", R"({"type":7})", "\xff"})
    CHECK(reader.read(codec::json, text).type == frame_type::malformed);
  CHECK(reader.read(codec::json, R"({"type":"joined","events":[1,{"seq":-4}],"head":"x"})").head ==
        0);
  CHECK(reader.read(codec::json, R"({"type":"rooms"})").type == frame_type::other);
}

TEST_CASE("the time to come back is read from a close frame's reason") {
  CHECK(read_reconnect_after_ms(R"({"reconnect_after_ms":1234})") == 1234u);
  CHECK_FALSE(read_reconnect_after_ms("going away").has_value());
  CHECK_FALSE(read_reconnect_after_ms(R"({"reconnect_after_ms":"soon"})").has_value());
}
