// How much of a frame is read, and what that costs.

#include "protocol/codec.hpp"
#include "tests/protocol/decoding.hpp"
#include "tests/support/catch.hpp"

using namespace confab;

TEST_CASE("a frame may hold 2000 values, and what holds more is read no further") {
  // The object itself, its type, its id and the list are four.
  const auto with = [](std::size_t count, const std::string& value) {
    return command_text("ping", R"("x":[)" + value + repeat(count - 5, "," + value) + "]");
  };
  const auto bad = described(error_code::bad_request, 7);
  for (const std::string value : {"{}", "[]", "1", "\"\"", "null", "true", "-0.5"}) {
    INFO(value);
    for (const auto& [format, written] :
         {std::pair{codec::json, with(2000, value)}, {codec::cbor, in_cbor(with(2000, value))}})
      CHECK(describe(decode(format, written)) == "accepted");
    for (const auto& [format, written] :
         {std::pair{codec::json, with(2001, value)}, {codec::cbor, in_cbor(with(2001, value))}})
      CHECK(describe(decode(format, written)) == bad);
  }

  const auto behind = R"({"x":[0)" + repeat(2000, ",0") + R"(],"type":"ping","id":7})";
  CHECK(describe(decode(codec::json, behind)) == described(error_code::bad_request, {}));
  CHECK(std::get<rejected>(decode(codec::json, behind)).message == "too many values");
}

TEST_CASE("what a frame used is told whatever came of it, and no more than it may use") {
  const auto nodes_of = [](codec format, const std::string& payload) {
    decode_cost cost;
    static_cast<void>(decode(format, payload, {}, &cost));
    return cost.nodes;
  };
  CHECK(nodes_of(codec::json, R"({"type":"ping","id":7})") == 3);
  CHECK(nodes_of(codec::json, R"({"type":"nope","a":{"b":[1,{},"x"],"b":null}})") == 8);
  CHECK(nodes_of(codec::json, R"([1,2,3)") == 4);
  CHECK(nodes_of(codec::json, "") == 0);
  CHECK(nodes_of(codec::json, repeat(65'536, "[")) == 2000);
  CHECK(nodes_of(codec::json, "[" + repeat(20'000, "{},")) == 2000);

  CHECK(nodes_of(codec::cbor, in_cbor(R"({"type":"nope","a":{"b":[1,{},"x"]}})")) == 7);
  CHECK(nodes_of(codec::cbor, std::string("\x99\xff\xff", 3) + std::string(65'535, '\xa0')) ==
        2000);
  // What is no value of JSON takes as long to read.
  CHECK(nodes_of(codec::cbor, repeat(65'536, "\xc1")) == 2000);
  CHECK(nodes_of(codec::cbor, "\x7f" + repeat(65'536, "\x60")) == 2000);
  CHECK(nodes_of(codec::cbor, "\xc1\xbf" + repeat(65'536, "\x60")) == 2000);
}

TEST_CASE("free data may hold 1500 values") {
  const auto list_of = [](std::size_t values) {  // the object and the list are two
    return room + R"(,"data":{"a":[0)" + repeat(values - 3, ",0") + "]}";
  };
  for (const std::string type : {"send", "signal"}) {
    const auto members = [&](std::size_t values) {
      return list_of(values) + (type == "signal" ? "," + to : "");
    };
    for (const auto format : {codec::json, codec::cbor}) {
      const auto written = [&](std::size_t values) {
        const auto text = command_text(type, members(values));
        return format == codec::json ? text : in_cbor(text);
      };
      CHECK(describe(decode(format, written(1500))) == "accepted");
      CHECK(describe(decode(format, written(1501))) == described(error_code::too_long, 7));
    }
  }
}
