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
  };

  for (const auto& [text, expected] : table) {
    INFO(text);
    CHECK(shown(read_config_file(text)) == expected);
  }
}

TEST_CASE("what is no such file is a mistake with its line, and the rest is still read") {
  const std::vector<std::pair<std::string, std::string>> table{
      {"port", "1: expected = after port\n"},
      {"= 80", "1: expected key = value\n"},
      {"port 80\nnode = \"a\"", "node=a@2\n1: expected = after port\n"},
      {"a = \nb = 1", "b=1@2\n1: expected a value\n"},
      {"a = # nothing", "1: expected a value\n"},
      {"a = localhost",
       "1: expected \"text\", a whole number, true, false or [ ]: text stands in quotes\n"},
      {"a = 25s",
       "1: expected \"text\", a whole number, true, false or [ ]: text stands in quotes\n"},
      {"a = -",
       "1: expected \"text\", a whole number, true, false or [ ]: text stands in quotes\n"},
      {"a = 1_",
       "1: expected \"text\", a whole number, true, false or [ ]: text stands in quotes\n"},
      {"a = 1.5", "1: expected the end of the line after the value of a\n"},
      {"a = \"x\" y", "1: expected the end of the line after the value of a\n"},
      {"a = \"x\nb = 2", "b=2@2\n1: the string does not end\n"},
      {"a = 'x", "1: the string does not end\n"},
      {"a = \"x\\", "1: unknown escape in the string; '…' takes everything as it is\n"},
      {"a = \"\\u0041\"", "1: unknown escape in the string; '…' takes everything as it is\n"},
      {"a = \"\"\"x\"\"\"", "1: strings of several lines are not used here\n"},
      {"[limits]\na = 1", "a=1@2\n1: tables are not used here: write key = value\n"},
      {"a = [1", "1: expected , or ] in the array\n"},
      {"a = [\n1\n2]\nb = 3", "b=3@4\n3: expected , or ] in the array\n"},
      {"a = [,]",
       "1: expected \"text\", a whole number, true, false or [ ]: text stands in quotes\n"},
      {"a.b = 1", "1: expected = after a\n"},
      {"a = 1\nb = 2\na = 3", "a=1@1\nb=2@2\n3: a: stands already in line 1\n"},
  };

  for (const auto& [text, expected] : table) {
    INFO(text);
    CHECK(shown(read_config_file(text)) == expected);
  }
}

}  // namespace confab::server
