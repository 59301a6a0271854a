#include "protocol/codes.hpp"
#include "tests/protocol/golden_files.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/source_dir.hpp"

#include <fstream>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

using namespace confab;

namespace {

std::vector<std::string> lines_of_doc() {
  std::ifstream in{confab::test::source_dir() + "/docs/protocol.md"};
  if (!in) throw std::runtime_error("docs/protocol.md cannot be read");
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

/// All lines between ```json and ```.
std::vector<std::string> examples() {
  std::vector<std::string> found;
  bool inside = false;
  for (const auto& line : lines_of_doc()) {
    if (line.rfind("```", 0) == 0)
      inside = !inside && line == "```json";
    else if (inside)
      found.push_back(line);
  }
  if (inside) throw std::runtime_error("a block of examples is not closed");
  return found;
}

std::string trimmed(const std::string& text) {
  const auto first = text.find_first_not_of(' ');
  return first == std::string::npos ? "" : text.substr(first, text.find_last_not_of(' ') - first + 1);
}

/// The first two cells of each row of the table under `heading`, without its head.
std::vector<std::string> table_under(std::string_view heading) {
  std::vector<std::string> rows;
  bool below = false;
  std::size_t row = 0;
  for (const auto& line : lines_of_doc()) {
    if (line.rfind('#', 0) == 0) below = line == heading;
    if (!below || line.rfind('|', 0) != 0) continue;
    constexpr std::size_t head_rows = 2;
    if (row++ < head_rows) continue;
    std::istringstream cells{line.substr(1)};
    std::string first, second;
    std::getline(cells, first, '|');
    std::getline(cells, second, '|');
    rows.push_back(trimmed(first) + " | " + trimmed(second));
  }
  return rows;
}

/// Some types are a command's and a message's of the server.
std::string kind_of(const golden::file& frame) {
  const auto type = nlohmann::ordered_json::parse(frame.json).at("type").get<std::string>();
  return frame.direction + " " + type;
}

}  // namespace

TEST_CASE("every example of the protocol's page is a golden frame") {
  std::set<std::string> golden_frames;
  for (const auto& [name, frame] : golden::files()) golden_frames.insert(frame.json);

  for (const auto& line : examples()) {
    INFO(line);
    CHECK(golden_frames.count(line) == 1);
  }
}

TEST_CASE("every type of command, reply and event has an example on the protocol's page") {
  std::set<std::string> shown;
  for (const auto& line : examples()) shown.insert(line);
  std::set<std::string> kinds, kinds_shown;
  for (const auto& [name, frame] : golden::files()) {
    kinds.insert(kind_of(frame));
    if (shown.count(frame.json) == 1) kinds_shown.insert(kind_of(frame));
  }

  CHECK(kinds_shown == kinds);
}

TEST_CASE("the protocol's page has the table of error codes") {
  std::vector<std::string> expected;
  for (const auto& row : error_rows)
    expected.push_back("`" + std::string{row.name} + "` | " + (row.retry ? "yes" : "no"));

  CHECK(table_under("### Error codes") == expected);
}

TEST_CASE("the protocol's page has the table of close codes") {
  std::vector<std::string> expected;
  for (const auto& row : close_rows)
    expected.push_back(std::to_string(static_cast<unsigned>(row.code)) + " | " +
                       std::string{row.name});

  CHECK(table_under("### Close codes") == expected);
}
