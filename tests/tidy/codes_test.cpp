#include "tests/support/catch.hpp"
#include "tests/tidy/sources.hpp"

#include <regex>

using namespace confab::tidy;

namespace {

/// A row of protocol/codes.hpp and how a test that reaches it would name it.
struct code {
  std::string name;
  std::size_t line_index;
  std::regex in_tests;
};

const source& codes_hpp() {
  static const auto& file = *std::ranges::find(sources(), "protocol/codes.hpp", &source::path);
  return file;
}

std::vector<code> codes_of(const source& file) {
  static const std::regex error{R"re(error_row\{error_code::(\w+), "(\w+)")re"};
  static const std::regex close{R"(^\s*(\w+) = ([0-9]{4}),)"};
  std::vector<code> out;
  for (std::size_t i = 0; i < file.lines.size(); ++i) {
    std::smatch found;
    if (std::regex_search(file.lines[i], found, error))
      out.push_back(
          {found[2], i,
           std::regex{"error_code::" + found[1].str() + "\\b|\"" + found[2].str() + "\""}});
    else if (std::regex_search(file.lines[i], found, close))
      out.push_back(
          {found[1], i,
           std::regex{"close_code::" + found[1].str() + "\\b|\\b" + found[2].str() + "\\b"}});
  }
  return out;
}

/// Lists of all codes prove nothing about any of them, golden frames only how they are written.
bool reaches_code(const source& file) {
  return file.is_under("tests/") && !file.is_under("tests/tidy/") &&
         !file.is_under("tests/golden/") && !file.is_under("tests/protocol/codes") &&
         !file.is_under("tests/sdk/codes") && (file.is_cpp() || file.is_javascript());
}

findings untested(const source& table, const std::vector<source>& all) {
  findings out;
  for (const auto& each : codes_of(table)) {
    if (table.lines[each.line_index].find("// reserved") != std::string::npos) continue;
    const bool tested = std::ranges::any_of(all, [&](const source& file) {
      return reaches_code(file) && std::ranges::any_of(file.lines, [&](const std::string& line) {
               return std::regex_search(line, each.in_tests);
             });
    });
    if (!tested) find(out, table, each.line_index, "no test reaches " + each.name);
  }
  return out;
}

}  // namespace

TEST_CASE("every error code and every close code is reached by a test") {
  CHECK(listed(untested(codes_hpp(), sources())) == "");
}

TEST_CASE("the rule for codes knows all rows and notices one that is not tested") {
  const auto table = made_up("protocol/codes.hpp",
                             "  error_row{error_code::lost, \"lost\", false},\n"
                             "  error_row{error_code::found, \"found\", true},\n"
                             "  odd = 4999,\n  even = 4998,\n");
  const std::vector<source> tests{
      made_up("tests/e2e/a.test.mjs",
              "assert.equal(code, \"found\");\nassert.equal(close, 4998);\n"),
      made_up("tests/protocol/codes_test.cpp", "\"lost\" 4999\n"),
  };

  const auto found = untested(table, tests);

  CHECK(codes_of(codes_hpp()).size() == 23 + 17);
  CHECK(found == findings{"protocol/codes.hpp:1: no test reaches lost",
                          "protocol/codes.hpp:3: no test reaches odd"});
}
