#include "server/config_file.hpp"

#include "tests/support/catch.hpp"

namespace confab::server {
namespace {

/// The entries as "key=value,value@line", the mistakes as "line: message".
std::string shown(const file_contents& what) {
  std::string out;
  for (const auto& it : what.entries) {
    out += it.key + "=";
    for (std::size_t i = 0; i < it.values.size(); ++i) out += (i ? "," : "") + it.values[i];
    out += "@" + std::to_string(it.line) + "\n";
  }
  for (const auto& it : what.mistakes) out += std::to_string(it.line) + ": " + it.message + "\n";
  return out;
}

}  // namespace

TEST_CASE("the file's values are read as TOML has them") {
  const std::vector<std::pair<std::string, std::string>> table{
      {"", ""},
      {"\n\n# only a comment\n   \n#", ""},
      {"port = 80", "port=80@1\n"},
      {"port=80", "port=80@1\n"},
      {"\xef\xbb\xbfport=80\r\nnode=\"a\"\r\n", "port=80@1\nnode=a@2\n"},
      {"\n  port\t=\t1_000   # why", "port=1000@2\n"},
      {"a = true\nb = false", "a=true@1\nb=false@2\n"},
      {"a = -5", "a=-5@1\n"},
      {"a = \"# no = comment\" # comment", "a=# no = comment@1\n"},
      {R"(a = "say \"x\" \\ \t")", "a=say \"x\" \\ \t@1\n"},
      {R"(a = 'C:\new "x"')", "a=C:\\new \"x\"@1\n"},
      {"a = \"\"", "a=@1\n"},
      {"a = []", "a=@1\n"},
      {"a = [\"x\", 'y']", "a=x,y@1\n"},
      {"a = [\n  \"x\",  # one\n\n  # none\n  \"y\",\n]\nb = 1", "a=x,y@1\nb=1@7\n"},
      {"a = [\"x\"\n]  # end", "a=x@1\n"},
      {"z = 1\na = [2, true]", "z=1@1\na=2,true@2\n"},
      {"a = 0x10", "a=16@1\n"},
      {"'a' = \"\\u0041\"", "a=A@1\n"},
      {"\na = '''\nx'''\nb = 1", "a=x@2\nb=1@4\n"},
  };

  for (const auto& [text, expected] : table) {
    INFO(text);
    CHECK(shown(read_config_file(text)) == expected);
  }
}

TEST_CASE("TOML that options have no use for is a mistake with its line, and the rest is read") {
  const std::string no_table = ": tables are not used here: write key = value\n";
  const std::string no_value = ": must be \"text\", a whole number, true, false or an array\n";
  const std::vector<std::pair<std::string, std::string>> table{
      {"a = 1.5", "1: a" + no_value},
      {"a = 1979-05-27\nb = 2", "b=2@2\n1: a" + no_value},
      {"a = [\n  1,\n  [2],\n  0.5,\n]\nb = 2", "b=2@6\n3: a" + no_value + "4: a" + no_value},
      {"z = 1.5\na = 1.5", "1: z" + no_value + "2: a" + no_value},
      {"b = 1\n[limits]\na = 1", "b=1@1\n2: limits" + no_table},
      {"b = 1\n[[limits]]\na = 1", "b=1@1\n2: limits" + no_table},
      {"b = 1\na.b = 1", "b=1@1\n2: a" + no_table},
      {"a = { b = 1 }", "1: a" + no_table},
      {"\"a\\nb\" = 1.5", "1: \"a\\nb\"" + no_value},
  };

  for (const auto& [text, expected] : table) {
    INFO(text);
    CHECK(shown(read_config_file(text)) == expected);
  }
}

TEST_CASE("what is no TOML is one mistake with its line, and nothing is read") {
  const std::vector<std::pair<std::string, std::size_t>> table{
      {"port", 1},
      {"= 80", 1},
      {"port 80\nnode = \"a\"", 1},
      {"a = \nb = 1", 1},
      {"a = # nothing", 1},
      {"b = 1\na = localhost", 2},
      {"a = 25s", 1},
      {"a = -", 1},
      {"a = 1_", 1},
      {"a = 99999999999999999999", 1},
      {"a = \"x\" y", 1},
      {"a = \"x\nb = 2", 1},
      {"a = 'x", 1},
      {"a = \"\\q\"", 1},
      {"a = \"\xff\"", 1},
      {"a = [\n1\n2]\nb = 3", 3},
      {"a = [,]", 1},
      {"a = 1\nb = 2\na = 3", 3},
  };

  for (const auto& [text, line] : table) {
    INFO(text);
    const auto contents = read_config_file(text);
    CHECK_FALSE(contents.is_toml);
    CHECK(contents.entries.empty());
    REQUIRE(contents.mistakes.size() == 1);
    CHECK(contents.mistakes[0].line == line);
    CHECK_FALSE(contents.mistakes[0].message.empty());
  }
}

}  // namespace confab::server
