#include "server/metrics.hpp"

#include "tests/server/temporary_directory.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/source_dir.hpp"

#include <fstream>
#include <map>
#include <regex>
#include <sstream>

using namespace confab;
using namespace confab::server;

namespace {

/// Rows of the page's table: name to type, label and meaning.
std::map<std::string, std::vector<std::string>> documented() {
  std::map<std::string, std::vector<std::string>> out;
  std::ifstream in{confab::test::source_dir() + "/docs/metrics.md"};
  const std::regex row{R"(^\| `(\w+)` \| (\w+) \| (.*) \| (.*) \|$)"};
  for (std::string line; std::getline(in, line);)
    if (std::smatch found; std::regex_match(line, found, row))
      out[found[1]] = {found[2], found[3], found[4]};
  return out;
}

}  // namespace

TEST_CASE("the page on metrics has the rows that the server shows") {
  auto page = documented();

  for (const auto& row : metric_rows()) {
    INFO(row.name);
    const auto at = page.find(std::string{row.name});
    REQUIRE(at != page.end());
    auto label = row.label.empty() ? "–" : "`" + std::string{row.label} + "`";
    if (!row.second_label.empty()) label += ", `" + std::string{row.second_label} + "`";
    CHECK(at->second ==
          std::vector<std::string>{std::string{row.type}, label, std::string{row.help}});
    page.erase(at);
  }
  for (const auto& [name, row] : page) FAIL_CHECK(name << " is documented, but is no metric");
}

TEST_CASE("metrics have a form that Prometheus reads") {
  metric_sources from;
  from.transport.connections_open = 3;
  from.transport.closes[0] = 2;
  from.transport.closes.back() = 1;
  from.taken[static_cast<std::size_t>(actors::price::bytes_in)] = 4711;
  from.happened = {{transport::incident_kind::api_key_refused, "unknown", 5},
                    {transport::incident_kind::upgrade_refused, "origin", 7},
                    {transport::incident_kind::bug, "page \"x\"", 1},
                    {transport::incident_kind::tls_failed, "handshake", 4}};

  const auto text = metrics_text(from);

  const auto has = [&](const std::string& line) {
    return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
  };
  CHECK(has("confab_connections 3"));
  CHECK(has("confab_closes_total{code=\"1000\"} 2"));
  CHECK(has("confab_closes_total{code=\"other\"} 1"));
  CHECK(has("confab_upgrades_refused_total{reason=\"origin\"} 7"));
  CHECK(has(R"(confab_bugs_total{where="page \"x\""} 1)"));
  CHECK(has("confab_tls_failed_total 4"));
  CHECK(has("confab_charged_total{price=\"bytes_in\"} 4711"));
  CHECK(has("confab_charged_total{price=\"wrong_keys\"} 0"));
  CHECK(has("confab_api_keys_refused_total{reason=\"unknown\"} 5"));
  CHECK(has("confab_journal_healthy 1"));
  CHECK(has("confab_build_info{version=\"" CONFAB_VERSION "\"} 1"));
  CHECK(text.find("\nconfab_journal_bytes") == std::string::npos);  // there is no database
  const std::regex form{R"re(# (HELP|TYPE) \w+ .+|\w+(\{\w+=".*"\})? [0-9.e+-]+)re"};
  std::istringstream lines{text};
  for (std::string line; std::getline(lines, line);) CHECK(std::regex_match(line, form));
}

TEST_CASE("what shards and the journal's writer count is added up") {
  actors::shard_counts one, other;
  actors::writer_counts writer;
  one.commands[5].add();
  other.commands[5].add(2);
  one.failed(5, error_code::muted);
  other.failed(5, error_code::muted);
  other.failed(actors::no_command, error_code::unknown_type);
  one.users.set(3);
  other.users.set(4);
  using namespace std::chrono_literals;
  for (const auto span : {10us, 11us, 20s / 1us * 1us}) one.storing.add(span);
  other.storing.add(-5ns);
  writer.commit_operations.add(std::uint64_t{3});

  metric_sources from;
  from.actors.add(one);
  from.actors.add(other);
  from.actors.add(writer);
  const auto text = metrics_text(from);

  for (const std::string line :
       {"confab_commands_total{type=\"send\"} 3", "confab_errors_total{type=\"send\",code=\"muted\"} 2",
        "confab_errors_total{type=\"none\",code=\"unknown_type\"} 1",
        "confab_users 7", "confab_storing_seconds_bucket{le=\"1e-05\"} 2",
        "confab_storing_seconds_bucket{le=\"5e-05\"} 3",
        "confab_storing_seconds_bucket{le=\"10\"} 3",
        "confab_storing_seconds_bucket{le=\"+Inf\"} 4", "confab_storing_seconds_count 4",
        "confab_commit_operations_bucket{le=\"2\"} 0", "confab_commit_operations_bucket{le=\"4\"} 1",
        "confab_commit_operations_sum 3"}) {
    INFO(line);
    CHECK(("\n" + text).find("\n" + line + "\n") != std::string::npos);
  }
}

TEST_CASE("the database's files are measured, and none are nothing") {
  temporary_directory directory;
  directory.write("confab.db", std::string(5000, 'x'));
  directory.write("confab.db-wal", std::string(70, 'x'));

  const auto use = disk_use_of(directory.path());

  CHECK(use.database_bytes == 5000);
  CHECK(use.wal_bytes == 70);
  CHECK(use.free_bytes > 0);
  CHECK(disk_use_of(directory.path() + "/none").free_bytes == 0);
}
