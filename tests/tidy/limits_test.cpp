// docs/limits.md and the bounds in the code say the same.

#include "tests/support/catch.hpp"
#include "tests/support/source_dir.hpp"

#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;

const fs::path root{confab::test::source_dir()};

std::string text_of(const fs::path& file) {
  std::ifstream in{root / file};
  if (!in) throw std::runtime_error(file.string() + " cannot be read");
  std::ostringstream text;
  text << in.rdbuf();
  return std::move(text).str();
}

std::vector<std::string> all(const std::string& text, const char* pattern) {
  const std::regex wanted{pattern};
  std::vector<std::string> found;
  for (std::sregex_iterator at{text.begin(), text.end(), wanted}; at != std::sregex_iterator{}; ++at)
    found.push_back((*at)[1]);
  return found;
}

std::set<std::string> constants() {
  const auto found =
      all(text_of("protocol/limits.hpp"), R"(inline constexpr [a-z:_0-9]+ (\w+) =)");
  return {found.begin(), found.end()};
}

struct row {
  std::vector<std::string> constants, options;
  std::string where, test, title;
};

std::vector<row> rows() {
  const std::regex cells{R"x(\| [^|]+ \| (`[^|]+) \| (\S+) \| (\S+)(?: "([^|]+)")? \|)x"};
  std::vector<row> found;
  std::istringstream lines{text_of("docs/limits.md")};
  for (std::string line; std::getline(lines, line);) {
    std::smatch cell;
    if (!std::regex_match(line, cell, cells)) {
      const bool heading = line.find("| Where |") != line.npos || line.starts_with("|---");
      if (line.starts_with("|") && !heading) throw std::runtime_error("not a row: " + line);
      continue;
    }
    found.push_back({all(cell[1], "`([a-z_]+)`"), all(cell[1], "`--([a-z-]+)`"), cell[2], cell[3],
                     cell[4]});
  }
  return found;
}

/// The options of the section "Limits".
std::set<std::string> options() {
  const auto doc = text_of("docs/configuration.md");
  const auto begin = doc.find("\n### Limits\n");
  const auto section = doc.substr(begin, doc.find("\n### ", begin + 5) - begin);
  const auto found = all(section, R"(\| `--([a-z-]+)` \|)");
  return {found.begin(), found.end()};
}

}  // namespace

TEST_CASE("every bound of the protocol stands in docs/limits.md") {
  auto missing = constants();
  REQUIRE(missing.size() > 60);
  for (const auto& one : rows())
    for (const auto& name : one.constants) missing.erase(name);

  CHECK(missing == std::set<std::string>{});
}

TEST_CASE("every option under Limits stands in docs/limits.md, and those there are options") {
  auto missing = options();
  REQUIRE(missing.size() > 10);
  const auto configuration = text_of("docs/configuration.md");
  for (const auto& one : rows())
    for (const auto& name : one.options) {
      INFO(name);
      CHECK(configuration.find("| `--" + name + "` |") != configuration.npos);
      missing.erase(name);
    }

  CHECK(missing == std::set<std::string>{});
}

TEST_CASE("what docs/limits.md names is where it says, and reached by a test that is there") {
  const auto known = constants();
  REQUIRE(rows().size() > 40);
  for (const auto& one : rows()) {
    INFO(one.where << " " << one.test << " " << one.title);
    const auto code = text_of(one.where);
    for (const auto& name : one.constants) {
      INFO(name);
      CHECK((known.contains(name) || code.find(name) != code.npos));
    }
    CHECK(text_of(one.test).find(one.title) != std::string::npos);
  }
}
