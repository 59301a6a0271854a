#include "protocol/codec.hpp"
#include "tests/protocol/decoding.hpp"
#include "tests/protocol/golden_files.hpp"
#include "tests/support/catch.hpp"

#include <nlohmann/json.hpp>

using namespace confab;
using nlohmann::ordered_json;

namespace {

std::vector<bad_command> bad_commands() {
  constexpr auto too_long = error_code::too_long;
  constexpr auto unknown_type = error_code::unknown_type;
  return {
      {"", "", unknown_type},
      {"nope", "", unknown_type},
      {"Ping", "", unknown_type},
      {"message", room, unknown_type},
      {"welcome", "", unknown_type},

      {"hello", R"("token":1)"},
      {"hello", R"("token":"a\u0000b")"},
      {"hello", R"("token":["a"])"},
      {"hello", R"("token":")" + chars(8193) + "\"", too_long},
      {"hello", R"("guest":"")"},
      {"hello", R"("guest":"a b")"},
      {"hello", R"("guest":"-a")"},
      {"hello", R"("guest":7)"},
      {"hello", R"("guest":"@server")"},
      {"hello", R"("guest":"guest:x")"},
      {"hello", R"("guest":"p:x")"},
      {"hello", R"("guest":"gone:x")"},
      {"hello", R"("guest":")" + chars(129) + "\""},
      {"hello", R"("guest":"alice","name":7)"},
      {"hello", R"("guest":"alice","name":"a\nb")"},
      {"hello", R"("guest":"alice","name":"  ")"},
      {"hello", R"("guest":"alice","name":"\u200b\u3164")"},
      {"hello", R"("guest":"alice","name":"a\u202eb")"},
      {"hello", R"("guest":"alice","name":"a\u2066b")"},
      {"hello", R"("guest":"alice","name":")" + chars(129) + "\"", too_long},
      {"hello", R"("guest":"alice","device":"")"},
      {"hello", R"("guest":"alice","device":"a/b")"},
      {"hello", R"("guest":"alice","device":true)"},
      {"hello", R"("resume":{"room":"general"})"},
      {"hello", R"("resume":"general")"},
      {"hello", R"("resume":["general"])"},
      {"hello", R"("resume":[null])"},
      {"hello", R"("resume":[{"since":1}])"},
      {"hello", R"("resume":[{"room":"general"},{"room":"a b"}])"},
      {"hello", R"("resume":[{"room":"general","since":-1}])"},
      {"hello", R"("resume":[{"room":"general","epoch":1}])"},
      {"hello", R"("resume":[{"room":"general","epoch":")" + chars(65) + "\"}]", too_long},
      {"hello", R"("resume":[{"room":"a"})" + repeat(200, R"(,{"room":"a"})") + "]", too_long},

      {"refresh", ""},
      {"refresh", R"("token":null)"},
      {"refresh", R"("token":7)"},
      {"refresh", R"("token":")" + chars(8193) + "\"", too_long},

      {"join", ""},
      {"join", R"("room":null)"},
      {"join", R"("room":7)"},
      {"join", R"("room":"")"},
      {"join", R"("room":".general")"},
      {"join", R"("room":"gen eral")"},
      {"join", R"("room":"g\u00fcnther")"},
      {"join", R"("room":"gen\u0000eral")"},
      {"join", R"("room":")" + chars(65) + "\""},
      {"join", room + R"(,"since":-1)"},
      {"join", room + R"(,"since":1.0)"},
      {"join", room + R"(,"since":"1")"},
      {"join", room + R"(,"since":true)"},
      {"join", room + R"(,"since":9007199254740992)"},
      {"join", room + R"(,"since":18446744073709551616)"},
      {"join", room + R"(,"epoch":[])"},
      {"join", room + R"(,"epoch":"a\nb")"},
      {"join", room + R"(,"epoch":")" + chars(65) + "\"", too_long},

      {"leave", ""},
      {"leave", R"("room":{})"},

      {"send", room},
      {"send", R"("text":"hi")"},
      {"send", room + R"(,"text":"")"},
      {"send", room + R"(,"text":null)"},
      {"send", room + R"(,"text":"","data":null)"},
      {"send", room + R"(,"text":7)"},
      {"send", room + R"(,"text":["hi"])"},
      {"send", room + R"(,"text":"a\u0000b")"},
      {"send", room + R"(,"text":"a\u001bb")"},
      {"send", room + R"(,"text":"a\rb")"},
      {"send", room + R"(,"text":"a\u007fb")"},
      {"send", room + R"(,"text":"a\u0080b")"},
      {"send", room + R"(,"text":"a\u009fb")"},
      {"send", room + R"(,"text":")" + chars(4097) + "\"", too_long},
      {"send", room + R"(,"text":")" + repeat(2048, "\u00fc") + "x\"", too_long},
      {"send", room + R"(,"text":"hi","key":"")"},
      {"send", room + R"(,"text":"hi","key":7)"},
      {"send", room + R"(,"text":"hi","key":"a\tb")"},
      {"send", room + R"(,"text":"hi","key":")" + chars(65) + "\"", too_long},
      {"send", room + R"(,"text":"hi","after":"")"},
      {"send", room + R"(,"text":"hi","after":")" + chars(65) + "\"", too_long},
      {"send", room + R"(,"data":")" + chars(10'239) + "\"", too_long},
      {"send", room + R"(,"data":[0)" + repeat(1499, ",0") + "]", too_long},
      {"send", room + "," + data_of(10'241), too_long},

      {"edit", room + R"(,"text":"hi")"},
      {"edit", room + "," + target},
      {"edit", room + R"(,"text":"hi","target":"1")"},
      {"edit", room + R"(,"text":"hi","target":-1)"},
      {"edit", room + R"(,"text":"hi","target":1.5)"},
      {"edit", target + R"(,"text":"hi")"},
      {"edit", room + "," + target + R"(,"text":")" + chars(4097) + "\"", too_long},
      {"edit", room + "," + target + R"(,"text":"hi","key":")" + chars(65) + "\"", too_long},

      {"delete", room},
      {"delete", target},
      {"delete", room + R"(,"target":null)"},
      {"delete", room + "," + target + R"(,"key":"")"},

      {"react", room + "," + target},
      {"react", room + R"(,"emoji":"+1")"},
      {"react", room + "," + target + R"(,"emoji":"")"},
      {"react", room + "," + target + R"(,"emoji":7)"},
      {"react", room + "," + target + R"(,"emoji":"a\nb")"},
      {"react", room + "," + target + R"(,"emoji":"\ufe0f")"},
      {"react", room + "," + target + R"(,"emoji":")" + chars(65) + "\"", too_long},
      {"unreact", room + "," + target},
      {"unreact", room + R"(,"emoji":"+1")"},

      {"history", ""},
      {"history", room + R"(,"before":-1)"},
      {"history", room + R"(,"after":9007199254740992)"},
      {"history", room + R"(,"limit":"10")"},
      {"history", room + R"(,"limit":1.5)"},
      {"history", room + R"(,"limit":true)"},

      {"rooms", R"("after":"")"},
      {"rooms", R"("after":5)"},

      {"typing", room},
      {"typing", R"("on":true)"},
      {"typing", room + R"(,"on":1)"},
      {"typing", room + R"(,"on":"true")"},
      {"typing", room + R"(,"on":null)"},

      {"reactions", room + R"(,"emoji":"x")"},
      {"reactions", room + "," + target},
      {"reactions", room + "," + target + R"(,"emoji":"\ufe0f")"},
      {"reactions", room + "," + target + R"(,"emoji":"x","after":62)"},
      {"reactions", room + "," + target + R"(,"emoji":"x","after":"62x")"},
      {"reactions", room + "," + target + R"(,"emoji":"x","after":"-1")"},
      {"reactions", room + "," + target + R"(,"emoji":"x","after":"9007199254740992")"},
      {"reactions", room + "," + target + R"(,"emoji":"x","after":")" + chars(129) + "\"",
       too_long},

      {"signal", to},
      {"signal", R"("data":{})"},
      {"signal", to + R"(,"to_session":"s-aabirgnkxpgn33qhb4pc2pclljuxq","data":{})"},
      {"signal", to + R"(,"data":null)"},
      {"signal", to + "," + data_of(10'241), too_long},
      {"signal", R"("to":"b b","data":{})"},
      {"signal", R"("to_session":"12","data":{})"},
      {"signal", R"("to_session":"s-","data":{})"},
      {"signal", R"("to_session":"s-7f3a","data":{})"},
      {"signal", R"("to_session":"s-AABIRGNKXPGN33QHB4PC2PCLLJUXQ","data":{})"},
      {"signal", R"("to_session":"s-aabirgnkxpgn33qhb4pc2pclljuxqa","data":{})"},
      {"signal", R"("to_session":12,"data":{})"},

      {"direct", R"("text":"psst")"},
      {"direct", to},
      {"direct", R"("to":"","text":"psst")"},
      {"direct", R"("to":["bob"],"text":"psst")"},
      {"direct", to + R"(,"text":"psst","key":"")"},
      {"direct", to + R"(,"text":")" + chars(4097) + "\"", too_long},
  };
}

/// Each with the largest that is allowed of something.
std::vector<std::pair<std::string, std::string>> full_commands() {
  return {
      {"hello", R"("guest":")" + chars(128) + "\""},
      {"hello", R"("guest":"auth0|65f1@x")"},
      {"hello", R"("guest":"alice","name":"\u05d0\u200f \ud83d\udc69\u200d\ud83d\udcbb")"},
      {"hello", R"("guest":"alice","name":")" + chars(128) + "\""},
      {"hello", R"("guest":"alice","name":"")"},
      {"hello", R"("guest":"alice","device":")" + chars(64) + "\""},
      {"hello", R"("token":")" + chars(8192) + "\""},
      {"hello", R"("resume":[{"room":"a"})" + repeat(199, R"(,{"room":"a"})") + "]"},
      {"hello", R"("resume":[{"room":"a","epoch":")" + chars(64) + "\"}]"},
      {"join", R"("room":")" + chars(64) + "\""},
      {"join", room + R"(,"since":9007199254740991)"},
      {"send", room + R"(,"text":")" + chars(4096) + "\""},
      {"send", room + R"(,"text":")" + repeat(2048, "\u00fc") + "\""},
      {"send", room + R"(,"text":"a\n\tb\u00a0c")"},
      {"send", room + R"(,"text":"hi","key":")" + chars(64) + "\""},
      {"send", room + "," + data_of(10'240)},
      {"send", room + R"(,"data":{})"},
      {"send", room + R"(,"data":"")"},
      {"send", room + R"(,"data":0)"},
      {"send", room + R"(,"text":"hi","data":false)"},
      {"send", room + R"(,"data":")" + chars(10'238) + "\""},
      {"send", room + R"(,"data":[0)" + repeat(1498, ",0") + "]"},
      {"edit", room + "," + target + R"(,"text":")" + chars(4096) + "\""},
      {"react", room + "," + target + R"(,"emoji":")" + chars(64) + "\""},
      {"react", room + R"(,"target":9007199254740991,"emoji":"x")"},
      {"history", room + R"(,"limit":18446744073709551615)"},
      {"history", room + R"(,"limit":-9223372036854775808)"},
      {"reactions", room + "," + target + R"(,"emoji":"x","after":"9007199254740991")"},
      {"signal", to + "," + data_of(10'240)},
      {"signal", to + R"(,"data":"text")"},
      {"direct", R"("to":")" + chars(128) + R"(","text":"psst")"},
  };
}

std::string data_in(codec format, const std::string& payload) {
  const auto what = decode(format, payload);
  if (std::holds_alternative<rejected>(what)) return describe(what);
  return std::get<command::send>(std::get<request>(what).what).what.data.value().value();
}

/// The free data of a `send` whose data is written `written`.
std::string kept(const std::string& written) {
  return data_in(codec::json, command_text("send", room + R"(,"data":)" + written));
}

/// A map with "type", "id" 7 and the item `hex` as third member.
std::string ping_with(const std::string& hex) {
  return golden::from_hex(
      "a3"
      "64747970656470696e67"
      "62696407"
      "6178" +
      hex);
}

}  // namespace

TEST_CASE("a bad command is answered with its id and closes nothing") {
  check_refused(bad_commands());
}

TEST_CASE("every limit itself is allowed") { check_accepted(full_commands()); }

TEST_CASE("a deployment may allow longer or only shorter texts") {
  const auto of = [](std::size_t size) {
    return command_text("send", room + R"(,"text":")" + chars(size) + "\"");
  };
  const decode_limits limits{.text_bytes_max = 10};

  CHECK(describe(decode(codec::json, of(10), limits)) == "accepted");
  CHECK(describe(decode(codec::json, of(11), limits)) == described(error_code::too_long, 7));
  CHECK(describe(decode(codec::json, of(5000), {.text_bytes_max = 5000})) == "accepted");
}

TEST_CASE("a frame that is no command is answered and closes nothing") {
  const auto bad = described(error_code::bad_request, {});
  for (const auto* text :
       {"[]", "\"ping\"", "7", "1.5", "null", "true", "[{\"type\":\"ping\",\"id\":7}]", "{}",
        R"({"type":null})", R"({"type":7})", R"({"type":["ping"]})", R"({"Type":"ping"})"}) {
    INFO(text);
    CHECK(describe(decode(codec::json, text)) == bad);
    CHECK(describe(decode(codec::cbor, in_cbor(text))) == bad);
  }
  CHECK(describe(decode(codec::json, R"({"id":7})")) == described(error_code::bad_request, 7));
  CHECK(describe(decode(codec::json, R"({"id":7,"type":{}})")) ==
        described(error_code::bad_request, 7));
}

TEST_CASE("an id is an integer from 1 to 2^53-1") {
  for (const auto* bad : {"0", "-0", "-1", "1.5", "3.0", "1e3", "\"1\"", "null", "true", "[]",
                          "[1]", "{}", "9007199254740992", "18446744073709551615",
                          "18446744073709551616", "-9223372036854775808"}) {
    for (const std::string type : {"ping", "nope"}) {
      const auto text = R"({"type":")" + type + R"(","id":)" + bad + "}";
      INFO(text);
      CHECK(describe(decode(codec::json, text)) == described(error_code::bad_request, {}));
      CHECK(describe(decode(codec::cbor, in_cbor(text))) == described(error_code::bad_request, {}));
    }
  }
  for (const auto* good : {"1", "9007199254740991"}) {
    const auto text = R"({"type":"ping","id":)" + std::string{good} + "}";
    CHECK(describe(decode(codec::json, text)) == "accepted");
    CHECK(describe(decode(codec::cbor, in_cbor(text))) == "accepted");
  }
}

TEST_CASE("nesting may be 32 deep, and what is deeper is answered wherever the id stands") {
  const auto pairs = [](std::size_t count) {  // of an object and an array, two levels each
    return R"("x":)" + repeat(count, "{\"a\":[") + repeat(count, "]}");
  };
  const auto arrays = [](std::size_t depth) {  // the command itself is the first level
    return R"("x":)" + repeat(depth - 1, "[") + repeat(depth - 1, "]");
  };
  const auto bad = described(error_code::bad_request, 7);

  for (std::size_t depth : {2, 31, 32}) {
    const auto text = command_text("ping", arrays(depth));
    CHECK(describe(decode(codec::json, text)) == "accepted");
    CHECK(describe(decode(codec::cbor, in_cbor(text))) == "accepted");
  }
  for (std::size_t depth : {33, 34, 1000, 1990}) {
    const auto after = command_text("ping", arrays(depth));
    const auto before = "{" + arrays(depth) + R"(,"type":"ping","id":7})";
    CHECK(describe(decode(codec::json, after)) == bad);
    CHECK(describe(decode(codec::json, before)) == bad);
    const auto deep = repeat(depth - 1, "\x81");
    const auto cbor = golden::from_hex(
                          "a3"
                          "6178") +
                      deep.substr(1) + "\x80" +
                      golden::from_hex(
                          "64747970656470696e67"
                          "62696407");
    CHECK(describe(decode(codec::cbor, cbor)) == bad);
  }
  CHECK(describe(decode(codec::json, command_text("ping", pairs(15)))) == "accepted");
  CHECK(describe(decode(codec::json, command_text("ping", pairs(16)))) == bad);
  CHECK(kept(repeat(30, R"({"a":)") + "{}" + repeat(30, "}")) ==
        repeat(30, R"({"a":)") + "{}" + repeat(30, "}"));
  CHECK(kept(repeat(31, R"({"a":)") + "{}" + repeat(31, "}")) == bad);
}

TEST_CASE("unfinished nesting is no JSON") {
  CHECK(describe(decode(codec::json, repeat(1000, "["))) == not_well_formed);
  CHECK(describe(decode(codec::json, repeat(1000, "{\"a\":"))) == not_well_formed);
  CHECK(describe(decode(codec::json, repeat(40, "[") + repeat(39, "]"))) == not_well_formed);
  for (const auto* opener :
       {"\x81", "\x9f", "\xa1", "\xbf", "\xc1", "\xa1\x61\x61", "\x7f", "\x5f"})
    CHECK(describe(decode(codec::cbor, repeat(1000, opener))) == not_well_formed);
}

TEST_CASE("nesting without an end is read as far as a frame's values go") {
  const auto too_many = described(error_code::bad_request, {});
  CHECK(describe(decode(codec::json, repeat(65'536, "["))) == too_many);
  CHECK(describe(decode(codec::json, repeat(10'000, "{\"a\":"))) == too_many);
  for (const auto* opener : {"\x81", "\x9f", "\xa1", "\xbf", "\xc1", "\xa1\x61\x61"})
    CHECK(describe(decode(codec::cbor, repeat(65'536, opener))) == too_many);
}

TEST_CASE("numbers no double can hold and lone surrogates are answered wherever the id stands") {
  for (const std::string& value :
       {std::string{"1e400"}, std::string{"-1E+999"}, std::string{"[1,{\"a\":1e309}]"},
        std::string{"0.001e400"}, std::string{"1e99999999999"}, std::string(400, '9'),
        std::string(400, '9') + ".5", std::string{R"("\ud800")"}, std::string{R"("\uDFFF")"},
        std::string{R"("\ud83d\ud83d\udc4d")"}, std::string{R"("\udc4d\ud83d")"},
        std::string{R"("\ud800\\u1234")"}, std::string{R"({"\ud800":1})"},
        std::string{R"(["\\\"\ud800"])"}}) {
    INFO(value);
    const auto bad = described(error_code::bad_request, 7);
    CHECK(describe(decode(codec::json, command_text("ping", R"("x":)" + value))) == bad);
    CHECK(describe(decode(codec::json, R"({"x":)" + value + R"(,"type":"ping","id":7})")) == bad);
    CHECK(describe(decode(codec::json, R"({"x":)" + value)) == not_well_formed);
    CHECK(describe(decode(codec::json, R"({"x":)" + value + "} x")) == not_well_formed);
  }
  const auto id_itself = R"({"type":"ping","id":1e400})";
  CHECK(describe(decode(codec::json, id_itself)) == described(error_code::bad_request, {}));
}

TEST_CASE("what a double can hold and whole surrogate pairs are taken") {
  for (const auto* value : {"1e308", "1e-400", "-1e-400", "1e-99999999999", "0e99999999999",
                            "0.00000000000000001e-320", "123456789012345678901234567890", "-0.0",
                            R"("\ud83d\udc4d")", R"("\\ud800")", R"("\uD83D\uDC4D\\")"}) {
    INFO(value);
    CHECK(describe(decode(codec::json, command_text("ping", R"("x":)" + std::string{value}))) ==
          "accepted");
  }
}

TEST_CASE("a byte order mark says nothing") {
  CHECK((decode(codec::json, "\xef\xbb\xbf{\"type\":\"ping\",\"id\":7}") ==
         decode(codec::json, R"({"type":"ping","id":7})")));
}

TEST_CASE("what is not JSON closes the connection") {
  const std::string nul(1, '\0');
  const std::vector<std::string> broken{"",
                                        " ",
                                        "{",
                                        "}",
                                        "[",
                                        "]",
                                        "{]",
                                        "{}}",
                                        "nul",
                                        "ping",
                                        "'a'",
                                        R"({"type":"ping")",
                                        R"({"type":"ping",})",
                                        R"({"type":"ping"} x)",
                                        R"({"type":"ping"}{"type":"ping"})",
                                        R"({"type":"ping"})" + nul,
                                        R"({"type":"ping"})" + nul + "x",
                                        R"({type:"ping"})",
                                        R"({'type':'ping'})",
                                        R"({"type" "ping"})",
                                        R"({"type":"ping" "id":7})",
                                        R"({"id":01})",
                                        R"({"id":+1})",
                                        R"({"id":.5})",
                                        R"({"id":1.})",
                                        R"({"id":1e})",
                                        R"({"id":1e+})",
                                        R"({"id":-})",
                                        R"({"id":NaN})",
                                        R"({"id":Infinity})",
                                        R"({"id":0x10})",
                                        R"({"id":True})",
                                        R"({"a":"\x"})",
                                        R"({"a":"\u12"})",
                                        R"({"a":"\u12g4"})",
                                        R"({"a":"\ud800\u12"})",
                                        "{\"a\":\"\n\"}",
                                        "{\"a\":\"\x01\"}",
                                        "{} // comment",
                                        "/* comment */ {}",
                                        R"({"a":"b)",
                                        R"({"a":"\)",
                                        R"({7:1})",
                                        "{\"a\":\"\xff\"}",
                                        "{\"a\":\"\xed\xa0\x80\"}",
                                        "{\"a\":\"\xc0\x80\"}",
                                        "\xff\xfe{}",
                                        R"({"a":[1,]})",
                                        R"({"a":[,1]})",
                                        R"({"a":[1 2]})",
                                        R"({"a":[}]})",
                                        R"({"a":{"b"}})",
                                        R"({"a":[[1}]})",
                                        R"({"a":1,,"b":2})",
                                        R"({,"a":1})",
                                        R"({"a"::1})",
                                        R"({"a":"\ud800\q"})",
                                        R"({"a":-01})",
                                        R"([1e400)",
                                        R"([1e400,)",
                                        R"([1e400 01])",
                                        R"(["\ud800)",
                                        "\xa1\x64type\x64ping"};
  for (const auto& text : broken) {
    INFO(text);
    CHECK(describe(decode(codec::json, text)) == not_well_formed);
  }
}

TEST_CASE("what is not CBOR closes the connection") {
  for (const auto* hex : {
           "",  // nothing
           "a1",
           "a16161",  // less than declared
           "82f6",
           "6261",
           "4261",
           "a0a0",
           "f6f6",  // more than one item
           "18",
           "19ff",
           "1affff",
           "1bffffffff",
           "fb",
           "f9ff",
           "1c",
           "1d",
           "1e",
           "3c",
           "5c",
           "7e",
           "9d",
           "be",
           "dc",
           "fc",
           "fd",
           "fe",  // reserved
           "1f",
           "3f",
           "df",  // no indefinite form
           "ff",
           "82ff",
           "a1ff",
           "a161ff",
           "c1ff",
           "d8ff",  // a break where there is none to end
           "9f",
           "bf",
           "5f",
           "7f",
           "7f6161",
           "bf6161ff",  // a key without its value
           "5f00ff",
           "5f6161ff",
           "7f4161ff",
           "7fa0ff",
           "7ff6ff",  // chunks of another kind
           "7f7f6161ffff",
           "7f7f61616161616161616161616161616161616161616161616161616161616161ff",
           "5f5f4161ffff",  // chunks in chunks
           "c0",
           "d818",
           "a1c0",  // a tag without its item
           "f800",
           "f818",
           "f81f",  // simple values that have a shorter form only
           "5bffffffffffffffff",
           "7bffffffffffffffff",
           "7b7fffffffffffffff",
           "9bffffffffffffffff",
           "bbffffffffffffffff",
           "bb8000000000000000",
           "ba80000000",
           "9a00100000f6",
           "7a00100000",
       }) {
    INFO(hex);
    CHECK(describe(decode(codec::cbor, golden::from_hex(hex))) == not_well_formed);
  }
  CHECK(describe(decode(codec::cbor, R"({"type":"ping","id":7})")) == not_well_formed);
}

TEST_CASE("CBOR that JSON cannot say is answered with the id") {
  for (const auto* hex : {
           "40",
           "4161",
           "5f4161ff",
           "5fff",
           "824100f6",  // byte strings
           "c000",
           "c11a514b67b0",
           "d8208101",
           "d9d9f7a0",
           "c1c1c100",  // tags
           "c249010000000000000000",
           "c1bf6161f6ff",
           "f7",
           "e0",
           "f0",
           "f3",
           "f820",
           "f8ff",  // undefined and other simple values
           "f97c00",
           "f9fc00",
           "f97e00",
           "fa7f800000",
           "faff800000",
           "fa7fc00000",
           "fb7ff0000000000000",
           "fbfff0000000000000",
           "fb7ff8000000000000",  // not finite
           "a10102",
           "a12002",
           "a1f602",
           "a1f402",
           "a1fb3ff000000000000002",  // keys but texts
           "a1416102",
           "a1810102",
           "a1a0f6",
           "a1c0616102",
           "bf0102ff",
           "a15f4161ff02",
           "61ff",
           "62c080",
           "63eda080",
           "61c3",
           "7f61c361bcff",  // not UTF-8
           "a161fff6",
           "a17f61c361bcfff6",
       }) {
    INFO(hex);
    CHECK(describe(decode(codec::cbor, ping_with(hex))) == described(error_code::bad_request, 7));
  }
  const auto root = described(error_code::bad_request, {});
  for (const auto* hex : {"40", "f7", "61ff", "f97c00",
                          "d9d9f7a26474797065647069"
                          "6e6762696407"})
    CHECK(describe(decode(codec::cbor, golden::from_hex(hex))) == root);
}

TEST_CASE("CBOR may be written in more than one way") {
  const auto expected = decode(codec::json, R"({"type":"ping","id":7})");
  for (const auto* hex : {
           "a264747970656470696e6762696407",
           "bf64747970656470696e6762696407ff",    // indefinite map
           "b80264747970656470696e676269641807",  // longer heads
           "bb0000000000000002"
           "7804"
           "74797065"
           "790004"
           "70696e67"
           "626964"
           "1b0000000000000007",
           "a27f627479627065ff7f6470696e6760ff62696407",  // texts in chunks
           "a362696463626164"
           "64747970656470696e67"
           "62696407",  // a duplicate key: the last
           "a364747970656470696e6762696407"
           "617882f93c009f01ff",  // half float, indefinite array
       }) {
    INFO(hex);
    CHECK((decode(codec::cbor, golden::from_hex(hex)) == expected));
  }
}

TEST_CASE("of a duplicate key the last counts") {
  CHECK((decode(codec::json, R"({"id":1,"type":"nope","id":"x","type":"ping","id":7})") ==
         decode(codec::json, R"({"type":"ping","id":7})")));
  CHECK((decode(codec::json, R"({"id":7,"type":"ping","id":null})") ==
         decode(codec::json, R"({"type":"ping","id":null})")));
  CHECK(kept(R"({"a":1,"b":2,"a":3})") == R"({"b":2,"a":3})");
  CHECK(kept(R"({"a":{"x":1e3,"x":[]},"a":{"y":1,"y":2}})") == R"({"a":{"y":2}})");

  std::string many = "{";
  for (int i = 0; i < 500; ++i)
    many += "\"k" + std::to_string(i % 20) + "\":" + std::to_string(i) + ",";
  const auto last = ordered_json::parse(kept(many + "\"end\":0}"));
  CHECK(last.size() == 21);
  CHECK(last["k19"] == 499);
  CHECK(last["k0"] == 480);
}

TEST_CASE("a frame full of members is read to its end") {
  std::string members;
  for (int i = 0; i < 1990; ++i) members += "\"" + std::to_string(i) + "\":0,";

  CHECK(describe(decode(codec::json, "{" + members + R"("type":"ping","id":7})")) == "accepted");
  CHECK(describe(decode(codec::json, "{" + members + R"("id":1,"id":7})")) ==
        described(error_code::bad_request, 7));
}

TEST_CASE("free data is kept as compact JSON with its members in their order") {
  CHECK(kept(R"( { "z" : [ 1 , 2.50, -3 ] , "a" : { } , "m" : null } )") ==
        R"({"z":[1,2.5,-3],"a":{},"m":null})");
  CHECK(kept(R"({"a":"\u0041\u00fc\ud83d\udc4d\/\n\u0007\u007f"})") ==
        "{\"a\":\"A\u00fc\U0001F44D/\\n\\u0007\x7f\"}");
  CHECK(kept(R"({"a":"\b\f\r\t\"\\\u0800\uffff\uDBFF\uDFFF"})") ==
        "{\"a\":\"\\b\\f\\r\\t\\\"\\\\\u0800\uffff\U0010FFFF\"}");
  CHECK(kept(R"({"":0,"dm:x":true})") == R"({"":0,"dm:x":true})");
}

TEST_CASE("numbers in free data keep their value") {
  CHECK(kept(R"({"a":[18446744073709551615,-9223372036854775808,9007199254740993]})") ==
        R"({"a":[18446744073709551615,-9223372036854775808,9007199254740993]})");
  CHECK(kept(R"({"a":[18446744073709551616,-9223372036854775809]})") ==
        R"({"a":[1.8446744073709552e+19,-9.223372036854776e+18]})");
  CHECK(kept(R"({"a":[0.1,1e2,-0.0,5e-324]})") == R"({"a":[0.1,100.0,-0.0,5e-324]})");
}

TEST_CASE("free data is the same text whatever codec it came in") {
  const auto from_cbor = [](const std::string& hex) {
    return data_in(codec::cbor, golden::from_hex("a4"
                                                 "6474797065"
                                                 "6473656e64"
                                                 "62696407"
                                                 "64726f6f6d"
                                                 "6161"
                                                 "6464617461") +
                                    golden::from_hex(hex));
  };
  CHECK(from_cbor("a2617a820102616120") == R"({"z":[1,2],"a":-1})");
  CHECK(from_cbor("a161613bffffffffffffffff") == R"({"a":-1.8446744073709552e+19})");
  CHECK(from_cbor("a161613b7fffffffffffffff") == R"({"a":-9223372036854775808})");
  CHECK(from_cbor("a161613b8000000000000000") == R"({"a":-9.223372036854776e+18})");
  CHECK(from_cbor("a161611bffffffffffffffff") == R"({"a":18446744073709551615})");
  CHECK(from_cbor("a16161f93e00") == R"({"a":1.5})");
  CHECK(from_cbor("a16161f90001") == R"({"a":5.960464477539063e-08})");
  CHECK(from_cbor("a16161f97bff") == R"({"a":65504.0})");
  CHECK(from_cbor("a16161f98000") == R"({"a":-0.0})");
  CHECK(from_cbor("a16161fa3fc00000") == R"({"a":1.5})");
  CHECK(from_cbor("a16161fb3fb999999999999a") == R"({"a":0.1})");
  CHECK(from_cbor("a161619ff4f5f6ff") == R"({"a":[false,true,null]})");
}

TEST_CASE("an emoji is the same with and without the selector that asks for a picture") {
  const auto emoji_of = [](const std::string& written) {
    const auto text = command_text("react", room + "," + target + R"(,"emoji":")" + written + "\"");
    return std::get<command::react>(std::get<request>(decode(codec::json, text)).what).emoji;
  };
  CHECK(emoji_of("\u2764\uFE0F") == "\u2764");
  CHECK(emoji_of("\u2764") == "\u2764");
  CHECK(emoji_of("1\uFE0F\u20E3") == "1\u20E3");
  // A kiss of two with different tones has 35 bytes.
  const std::string kiss =
      "\U0001F9D1\U0001F3FB\u200D\u2764\uFE0F\u200D\U0001F48B\u200D\U0001F9D1\U0001F3FF";
  CHECK(kiss.size() == 35);
  CHECK(emoji_of(kiss).size() == 32);
}

TEST_CASE("of several faults the first in the order of reading is told") {
  const auto both = command_text("send", R"("room":"a b","text":")" + chars(5000) + "\"");

  const auto why = std::get<rejected>(decode(codec::json, both));

  CHECK(why.code == error_code::bad_request);
  CHECK(why.message == "room must be a valid id");
}

TEST_CASE("a rejected hello is known for one wherever its type could be read") {
  const auto is_hello = [](const std::string& text) {
    return std::get<rejected>(decode(codec::json, text)).hello;
  };
  CHECK(is_hello(R"({"type":"hello","id":1,"guest":"a b"})"));
  CHECK(is_hello(R"({"type":"hello","id":0,"guest":"alice"})"));
  CHECK(is_hello(R"({"type":"hello","guest":"\ud800"})"));
  CHECK(is_hello(R"({"guest":1e400,"type":"hello"})"));

  CHECK_FALSE(is_hello(R"({"type":"join","room":"a b"})"));
  CHECK_FALSE(is_hello(R"({"type":"nope","room":"hello"})"));
  CHECK_FALSE(is_hello(R"({"type":["hello"]})"));
  CHECK_FALSE(is_hello(R"({"type":"hello")"));
}
