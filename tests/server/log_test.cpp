#include "server/log.hpp"

#include "protocol/ids.hpp"
#include "tests/support/catch.hpp"

#include <limits>
#include <sstream>

namespace confab::server {
namespace {

/// Lines into a string for the time of a test.
class captured {
 public:
  explicit captured(log::options how = {}) { log::open(how, out_); }
  ~captured() { log::open({}); }

  /// Without the time in front, which is checked apart.
  std::string text() const {
    const auto all = out_.str();
    return all.substr(std::min(all.size(), all.find(' ') + 1));
  }
  std::string whole() const { return out_.str(); }

 private:
  std::ostringstream out_;
};

}  // namespace

TEST_CASE("a line is its time, level, event id and keys with values") {
  const captured lines;

  log::info("room-idle-closed", "room={} age_s={}", room_id::trusted("general"), 31);

  CHECK(lines.text() == "info room-idle-closed room=general age_s=31\n");
  const auto time = lines.whole().substr(0, 25);
  CHECK(time[4] == '-');
  CHECK(time[10] == 'T');
  CHECK(time[19] == '.');
  CHECK(time.substr(23) == "Z ");
}

TEST_CASE("an event may come alone") {
  const captured lines;

  log::warn("server-draining");

  CHECK(lines.text() == "warn server-draining\n");
}

TEST_CASE("every kind of value has its form") {
  const captured lines;

  log::error("kinds", "a={} b={} c={} d={} e={} f={} g={} h={} i={}", true, -5,
             std::uint64_t{18'446'744'073'709'551'615u}, 1.5, "literal", std::string{"text"},
             seq_no{7}, std::chrono::seconds{2}, session_name{1, session_id{2}, 3});

  CHECK(lines.text() ==
        "error kinds a=true b=-5 c=18446744073709551615 d=1.5 e=literal f=text g=7 h=2000 i=" +
            session_name{1, session_id{2}, 3}.text() + "\n");
}

TEST_CASE("a value cannot break out of its place") {
  const std::vector<std::pair<std::string, std::string>> table{
      {"plain", "plain"},
      {"with-dash_and.dot:colon/slash", "with-dash_and.dot:colon/slash"},
      {"größe", "größe"},
      {"", R"("")"},
      {"two words", R"("two words")"},
      {"a=b", R"("a=b")"},
      {"say \"hi\"", R"("say \"hi\"")"},
      {"back\\slash", R"("back\\slash")"},
      {"line\nbreak", R"("line\nbreak")"},
      {"carriage\rreturn", R"("carriage\u000dreturn")"},
      {"tab\t", R"("tab\t")"},
      {std::string("nul\0", 4), R"("nul\u0000")"},
      {"\x1b[2J", R"("\u001b[2J")"},
      {"\x7f", R"("\u007f")"},
      {"c1 \xc2\x9b", R"("c1 \u009b")"},
      {"\xff", R"("\u00ff")"},
      {"cut \xe2\x82", R"("cut \u00e2\u0082")"},
      {"\xed\xa0\x80", R"("\u00ed\u00a0\u0080")"},
  };

  for (const auto& [value, expected] : table) CHECK(log::quoted(value) == expected);
}

TEST_CASE("what is below the level is not written") {
  const captured lines{{log::level::warn, log::format::text}};

  log::debug("below");
  log::info("below", "key={}", 1);
  log::info("below", std::vector<log::field>{{"key", "1"}});
  CHECK(lines.whole().empty());
  CHECK_FALSE(log::enabled(log::level::info));

  log::warn("at");
  CHECK(lines.text() == "warn at\n");
}

TEST_CASE("off is silent") {
  const captured lines{{log::level::off, log::format::text}};

  log::error("anything");

  CHECK(lines.whole().empty());
}

TEST_CASE("in JSON a line is one object") {
  const captured lines{{log::level::info, log::format::json}};

  log::info("message-refused", "room={} count={} ok={} text={} ratio={}", "a b", 3, false,
            "\"\n\xff", std::numeric_limits<double>::infinity());

  const auto whole = lines.whole();
  CHECK(whole.substr(0, 7) == R"({"at":")");
  CHECK(
      whole.substr(whole.find("\"level\"")) ==
      "\"level\":\"info\",\"event\":\"message-refused\",\"room\":\"a b\",\"count\":3,\"ok\":false,"
      "\"text\":\"\\\"\\n\\u00ff\",\"ratio\":\"inf\"}\n");
}

TEST_CASE("a line of fields has them in order") {
  const captured lines;

  log::info("server-config", std::vector<log::field>{{"host", "::1"}, {"origins", "a, b"}});

  CHECK(lines.text() == "info server-config host=::1 origins=\"a, b\"\n");
}

TEST_CASE("braces and percent signs of a value stay what they are") {
  const captured lines;

  log::info("odd", "value={} next={}", "{}%v", 1);

  CHECK(lines.text() == "info odd value={}%v next=1\n");
}

}  // namespace confab::server
