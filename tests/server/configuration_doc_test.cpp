#include "server/options.hpp"

#include "tests/server/temporary_directory.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/source_dir.hpp"

#include <fstream>
#include <map>
#include <sstream>

namespace confab::server {
namespace {

std::string page() {
  std::ostringstream out;
  out << std::ifstream{confab::test::source_dir() + "/docs/configuration.md"}.rdbuf();
  return out.str();
}

std::string bare(std::string cell) {
  std::erase(cell, '`');
  while (cell.starts_with(' ')) cell.erase(0, 1);
  while (cell.ends_with(' ')) cell.pop_back();
  return cell == "–" ? "" : cell;
}

struct documented {
  std::string group;
  std::vector<std::string> cells;  // flag, variable, key, default, values, meaning
};

/// The rows of the option tables, by flag.
std::map<std::string, documented> rows() {
  std::map<std::string, documented> out;
  std::istringstream lines{page()};
  std::string group;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("### ")) group = line.substr(4);
    if (!line.starts_with("| `--")) continue;
    documented row{group, {}};
    std::istringstream cells{line.substr(1)};
    for (std::string cell; std::getline(cells, cell, '|');) row.cells.push_back(bare(cell));
    REQUIRE(row.cells.size() == 6);
    REQUIRE(out.emplace(row.cells[0], row).second);
  }
  return out;
}

}  // namespace

TEST_CASE("the page on configuration and the program have the same options and defaults") {
  auto documented = rows();

  for (const auto& it : option_rows()) {
    INFO(it.flag());
    const auto at = documented.find(it.flag());
    REQUIRE(at != documented.end());
    const auto& cells = at->second.cells;
    CHECK(at->second.group == it.group);
    CHECK(cells[1] == it.variable());
    CHECK(cells[2] == it.key);
    CHECK(cells[3] == it.fallback());
    if (!it.placeholder.empty()) CHECK(cells[4].find(it.range) != std::string::npos);
    if (it.placeholder == "TIME") CHECK(cells[4].starts_with("time"));
    if (it.placeholder == "BYTES") CHECK(cells[4].starts_with("bytes"));
    CHECK(cells[5].size() > 5);
    documented.erase(at);
  }

  for (const auto& [flag, row] : documented) FAIL_CHECK(flag << " is documented, but is no option");
}

TEST_CASE("the page's example of a file is one the server takes") {
  const auto text = page();
  const auto from = text.find("```toml\n") + 8;
  REQUIRE(from > 8);
  auto example = text.substr(from, text.find("```", from) - from);
  const temporary_directory files;
  const std::map<std::string, std::string> moved{
      {"/etc/confab/cert.pem", files.write("cert.pem", "x")},
      {"/etc/confab/key.pem", files.write("key.pem", "x")},
      {"/run/secrets/confab-jwt", files.write("jwt", "a secret of at least thirty-two bytes")}};
  for (const auto& [there, here] : moved) {
    REQUIRE(example.find(there) != std::string::npos);
    example.replace(example.find(there), there.size(), here);
  }
  const auto file = files.write("confab.toml", example);
  const char* argv[] = {"confabd", "--config", file.c_str()};
  std::ostringstream out;
  std::ostringstream err;

  const auto result = parse(3, argv, nullptr, out, err);

  INFO(err.str());
  REQUIRE(std::holds_alternative<config>(result));
  CHECK(std::get<config>(result).origins.size() == 2);
  CHECK(std::get<config>(result).hello_wait == std::chrono::seconds{5});
}

}  // namespace confab::server
