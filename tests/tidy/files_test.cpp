#include "tests/support/catch.hpp"
#include "tests/tidy/sources.hpp"

#include <iterator>
#include <regex>
#include <set>
#include <sstream>
#include <string>

using namespace confab::tidy;

namespace {

/// More than this is more than one thing.
constexpr std::size_t lines_max = 500;
/// Tables of cases and of declarations may be longer: they are read row by row.
constexpr std::size_t table_lines_max = 750;

std::size_t limit_of(const source& file) {
  return file.path.starts_with("tests/") || file.has_extension({".ts"}) ? table_lines_max : lines_max;
}

findings late_pragmas(const std::vector<source>& all) {
  findings out;
  for (const auto& file : all)
    if (file.is_header() && (file.lines.empty() || file.lines[0] != "#pragma once"))
      find(out, file, 0, "a header begins with #pragma once");
  return out;
}

findings long_files(const std::vector<source>& all) {
  findings out;
  for (const auto& file : all)
    if ((file.is_cpp() || file.is_javascript() || file.has_extension({".css", ".ts"})) &&
        file.lines.size() > limit_of(file))
      find(out, file, limit_of(file),
           std::to_string(file.lines.size()) + " lines, more than " + std::to_string(limit_of(file)));
  return out;
}

/// Files that a page names, in backticks, with their folder: `rooms/judge` is there as rooms/judge.cpp.
findings missing_files(const std::vector<source>& all, std::string_view page) {
  static const std::regex named{"`([a-z]+/[a-z_/]+)(?:\\.[a-z]+)?`"};
  std::set<std::string> folders, there;
  for (const auto& file : all) {
    folders.insert(file.folder());
    for (auto end = file.path.size(); end != std::string::npos && end > 0; end = file.path.find_last_of("./", end - 1))
      there.insert(file.path.substr(0, end));
  }
  findings out;
  for (const auto& file : all)
    for (std::size_t i = 0; file.path == page && i < file.lines.size(); ++i)
      for (std::sregex_iterator at{file.lines[i].begin(), file.lines[i].end(), named}; at != std::sregex_iterator{}; ++at) {
        const std::string name = (*at)[1];
        if (folders.contains(name.substr(0, name.find('/'))) && !there.contains(name))
          find(out, file, i, name + " is not there");
      }
  return out;
}

}  // namespace

TEST_CASE("the files that the architecture and the glossary name are there") {
  for (const auto* page : {"docs/architecture.md", "docs/glossary.md"}) CHECK(listed(missing_files(sources(), page)) == "");
}

TEST_CASE("every header begins with pragma once") { CHECK(listed(late_pragmas(sources())) == ""); }

TEST_CASE("no source is longer than five hundred lines, no table than seven hundred and fifty") {
  CHECK(listed(long_files(sources())) == "");
}

TEST_CASE("the rules for files notice what they are for") {
  source longest = made_up("actors/a.cpp", ""), longer = made_up("actors/b.cpp", "");
  longest.lines.resize(lines_max);
  longer.lines.resize(lines_max + 1);

  CHECK(late_pragmas({made_up("a.hpp", "// first\n#pragma once\n")}).size() == 1);
  CHECK(late_pragmas({made_up("a.hpp", ""), made_up("a.cpp", "int a;\n")}).size() == 1);
  CHECK(late_pragmas({made_up("a.hpp", "#pragma once\n")}).empty());
  CHECK(long_files({longest}).empty());
  CHECK(long_files({longer}) == findings{"actors/b.cpp:501: 501 lines, more than 500"});
  const auto page = made_up("docs/a.md", "`rooms/judge`, `rooms/judge.cpp`, `rooms/jury` and `either/or`\n");
  CHECK(missing_files({page, made_up("rooms/judge.cpp", "")}, "docs/a.md") == findings{"docs/a.md:1: rooms/jury is not there"});
}

TEST_CASE("tests/run runs every test program") {
  std::set<std::string> there, run;
  const std::regex added{R"(^ *confab_tests\((\w+))"}, named{R"(\$\(programs_of ([a-z ]+)\))"};
  for (const auto& file : sources())
    for (const auto& line : file.lines) {
      std::smatch found;
      if (file.path == "tests/CMakeLists.txt" && std::regex_search(line, found, added)) there.insert(found[1]);
      if (file.path != "tests/run" || !std::regex_search(line, found, named)) continue;
      std::istringstream names{found[1]};
      run.insert(std::istream_iterator<std::string>{names}, {});
    }

  REQUIRE(there.size() > 10);
  CHECK(run == there);
}
