// docs/limits.md and the bounds in the code say the same, and tests that docs name are there.

#include "tests/support/catch.hpp"
#include "tests/support/source_dir.hpp"
#include "tests/tidy/sources.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <iterator>
#include <regex>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
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
  const std::regex cells{R"x(\| [^|]+ \| (`[^|]+) \| (\S+) \| (\S+) "([^|]+)" \|)x"};
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

/// A bound that is not one of `protocol/limits.hpp`.
struct bound {
  std::string file, name;
  std::string folder() const { return file.substr(0, file.find('/')); }
};

std::vector<bound> bounds() {
  // "constexpr TYPE NAME_max", where the type may have spaces, colons and template arguments.
  const std::regex one{R"(constexpr [\w:<>, ]*?[ >](\w+_max)\b)"};
  std::vector<bound> found;
  for (const auto& each : confab::tidy::sources()) {
    const bool is_servers = std::ranges::any_of(
        std::initializer_list<std::string_view>{"actors/", "api/", "journal/", "protocol/", "rooms/",
                                                "search/", "server/", "transport/", "webhooks/"},
        [&](std::string_view folder) { return each.is_under(folder); });
    if (!is_servers || !each.is_cpp() || each.path == "protocol/limits.hpp") continue;
    for (const auto& line : each.lines) {
      std::smatch match;
      if (std::regex_search(line, match, one)) found.push_back({each.path, match[1]});
    }
  }
  return found;
}

/// What bounds no client's input, or is told in words on the page.
struct exempt {
  std::string_view name;
  std::string_view folder;
  std::string_view why;
};
constexpr exempt exempts[] = {
    // Work of one turn, after which it is the turn of others; what is left over is done in the next.
    {"pages_max", "api", "one turn"},
    {"piece_bytes_max", "api", "one turn"},
    {"users_shown_max", "api", "one turn"},
    {"users_listed_max", "server", "one turn"},
    {"handlers_per_turn_max", "server", "one turn"},
    {"actors_per_turn_max", "server", "one turn"},
    {"messages_per_actor_max", "server", "one turn"},
    {"write_time_max", "server", "one turn"},
    {"accepted_at_once_max", "transport", "one turn"},
    {"writes_per_turn_max", "transport", "one turn"},
    {"bulk_bytes_per_turn_max", "transport", "one turn"},
    {"copied_bytes_max", "transport", "one turn"},
    {"kept_frames_max", "transport", "one turn"},
    {"staged_bytes_max", "transport", "one turn"},
    {"deleted_looked_at_max", "journal", "one turn"},
    {"looked_at_max", "rooms", "one turn"},
    {"rooms_in_expression_max", "search", "one turn"},
    {"calm_max", "actors", "one turn"},
    // Pacing by the clock.
    {"lag_max", "actors", "pacing"},
    {"gap_max", "actors", "pacing"},
    {"skip_max", "actors", "pacing"},
    {"moved_max", "actors", "a clock that is not believed"},
    {"ahead_max", "actors", "a clock that is not believed"},
    {"cost_max", "actors", "a number that stays finite"},
    {"token_timer_max", "actors", "a timer that is set again"},
    // Waits of the server for itself.
    {"read_wait_max", "actors", "for the journal"},
    {"introduction_wait_max", "actors", "for rooms"},
    {"flush_wait_max", "server", "at the end"},
    {"log_wait_max", "server", "at the end"},
    {"actors_end_wait_max", "server", "at the end"},
    {"foreign_lock_wait_max", "journal", "for other programs"},
    // Of the format.
    {"key_bytes_max", "api", "what is longer is no key"},
    {"name_bytes_max", "api", "of a file of the operator's"},
    {"faults_max", "api", "of one answer"},
    {"control_payload_bytes_max", "transport", "RFC 6455"},
    {"close_reason_bytes_max", "transport", "RFC 6455"},
    {"line_bytes_max", "transport", "the PROXY protocol"},
    {"length_7bit_max", "protocol", "RFC 6455"},
    {"length_16bit_max", "protocol", "RFC 6455"},
    {"header_bytes_max", "protocol", "RFC 6455"},
    {"id_bytes_max", "protocol", "PROTOCOL 2"},
    {"user_id_bytes_max", "protocol", "PROTOCOL 2"},
    {"beginning_characters_max", "search", "of a word"},
    {"word_characters_max", "search", "of a word"},
    // Of the operator's own questions, and of the log.
    {"request_wait_max", "server", "the operator's socket"},
    {"answer_wait_max", "server", "the operator's socket, and the API's, which is on the page"},
    {"request_bytes_max", "server", "the operator's socket"},
    {"answer_bytes_max", "server", "the operator's socket"},
    {"listed_max", "server", "the operator's socket"},
    {"erasures_shown_max", "server", "the operator's socket"},
    {"answer_time_max", "actors", "whether there is who is to be erased; then it is taken for granted"},
    {"age_max", "server", "of token keys that were fetched"},
    // Of what webhooks wait for and keep, whoever calls.
    {"feed_wait_max", "server", "then it is asked again"},
    {"idle_connections_max", "server", "others are closed"},
    {"rest_max", "webhooks", "then it looks again"},
    {"cut_max", "webhooks", "of a character"},
    {"id_bytes_max", "webhooks", "of its form"},
    {"lines_max", "server", "the operator's socket"},
    {"file_bytes_max", "server", "the operator's files"},
    {"lines_per_second_max", "server", "the log"},
    {"detail_bytes_max", "server", "the log"},
    {"sign_ins_per_second_max", "server", "the log"},
    {"rooms_told_max", "journal", "confab check"},
};

}  // namespace

TEST_CASE("every bound of the server stands in docs/limits.md, or bounds no client") {
  const auto all_rows = rows();
  const auto page = text_of("docs/limits.md");
  const auto found = bounds();
  REQUIRE(found.size() > 80);
  std::set<std::string> missing;
  std::set<std::string_view> needed;
  for (const auto& one : found) {
    const bool is_row = std::ranges::any_of(all_rows, [&](const row& each) {
      return each.where.starts_with(one.folder() + "/") &&
             std::ranges::find(each.constants, one.name) != each.constants.end();
    });
    // In the words below a table.
    const bool is_told = page.find("(`" + one.name + "`)") != page.npos;
    const auto own = std::ranges::find_if(exempts, [&](const exempt& each) {
      return each.name == one.name && each.folder == one.folder();
    });
    if (own != std::end(exempts)) needed.insert(own->name);
    if (!is_row && !is_told && own == std::end(exempts)) missing.insert(one.file + " " + one.name);
  }

  CHECK(missing == std::set<std::string>{});
  for (const auto& each : exempts) {
    INFO(each.name << ": " << each.why);
    CHECK(needed.contains(each.name));
  }
}

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
    CHECK(text_of(one.test).find('"' + one.title + '"') != std::string::npos);
  }
}

TEST_CASE("the tests that docs/architecture.md names are there") {
  const auto doc = text_of("docs/architecture.md");
  const std::regex one{R"x((tests/[a-z_/]+\.cpp) "([^"]+)")x"};
  int found = 0;
  for (std::sregex_iterator at{doc.begin(), doc.end(), one}; at != std::sregex_iterator{}; ++at) {
    const std::string file = (*at)[1], title = (*at)[2];
    INFO(file << " " << title);
    CHECK(text_of(file).find('"' + title + '"') != std::string::npos);
    ++found;
  }
  CHECK(found > 15);
}
