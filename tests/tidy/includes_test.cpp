#include "tests/support/catch.hpp"
#include "tests/tidy/sources.hpp"

#include <map>
#include <optional>
#include <regex>
#include <set>

using namespace confab::tidy;

namespace {

/// Who may know whom: docs/architecture.md, as a table.
struct folder_rule {
  std::vector<std::string> ours;       // folders, or single headers
  std::vector<std::string> libraries;  // beginnings of what stands in <…>
  /// Libraries of .cpp files and of headers that no other folder gets to see.
  std::vector<std::string> hidden_libraries;
};

const std::map<std::string, folder_rule>& rules() {
  static const std::map<std::string, folder_rule> all{
      {"protocol", {{"protocol/"}, {}, {"nlohmann/", "openssl/", "zlib.h"}}},
      {"rooms", {{"protocol/", "rooms/"}, {}, {}}},
      {"journal", {{"protocol/", "rooms/", "journal/"}, {}, {"sqlite3.h"}}},
      {"search",
       {{"protocol/", "rooms/", "search/", "journal/journal.hpp", "journal/sqlite_statement.hpp",
         "journal/sqlite_faults.hpp"},
        {"sqlite3.h"},
        {"sqlite3.h"}}},
      {"cluster",
       {{"protocol/", "rooms/", "cluster/", "journal/journal.hpp"}, {}, {}}},
      {"webhooks",
       {{"protocol/", "rooms/", "webhooks/", "journal/journal.hpp", "journal/sqlite_statement.hpp",
         "journal/sqlite_faults.hpp"},
        {"sqlite3.h", "nlohmann/"},
        {"sqlite3.h", "openssl/"}}},
      {"api",
       {{"protocol/", "rooms/", "journal/journal.hpp", "webhooks/", "api/"}, {"nlohmann/"}, {"openssl/"}}},
      {"actors",
       {{"protocol/", "rooms/", "actors/", "journal/journal.hpp", "search/searcher.hpp"},
        {"caf/", "boost/unordered/"},
        {}}},
      {"transport",
       {{"protocol/", "transport/"},
        {},
        {"boost/asio", "boost/beast", "boost/system", "openssl/", "zlib.h"}}},
      {"server",
       {{"protocol/", "rooms/", "journal/", "search/", "actors/", "api/", "transport/",
         "webhooks/", "server/"},
        {"boost/asio", "caf/", "nlohmann/"},
        {"nlohmann/", "openssl/", "jwt.h", "curl/", "CLI/", "toml++/"}}},
      {"examples", {{"examples/", "server/"}, {}, {}}},
      {"load",
       {{"protocol/", "load/"},
        {},
        {"nlohmann/", "openssl/", "zlib.h", "jwt.h", "CLI/", "toml++/"}}},
  };
  return all;
}

/// Folders that use whatever they measure or test.
const std::set<std::string> unbound{"tests", "bench"};

bool begins_with_any(const std::string& text, const std::vector<std::string>& beginnings) {
  return std::any_of(beginnings.begin(), beginnings.end(),
                     [&](const auto& each) { return text.starts_with(each); });
}

/// Standard C++ and what the operating system has.
bool is_of_the_system(const std::string& name) {
  static const std::regex standard{"[a-z_]+"};
  static const std::set<std::string> posix{
      "arpa/inet.h",    "errno.h",       "fcntl.h",     "netdb.h",     "netinet/in.h",
      "netinet/tcp.h",  "poll.h",        "pthread.h",   "sched.h",     "signal.h",
      "sys/epoll.h",    "sys/eventfd.h", "sys/ioctl.h", "sys/file.h",  "sys/random.h",
      "sys/resource.h", "sys/socket.h",  "sys/stat.h",  "sys/types.h", "sys/uio.h",
      "sys/un.h",       "time.h",        "unistd.h"};
  return std::regex_match(name, standard) || posix.contains(name);
}

struct include {
  std::string name;
  bool ours;
};
std::optional<include> include_in(const std::string& line) {
  static const std::regex form{R"(^\s*#\s*include\s*([<"])([^>"]+)[>"])"};
  std::smatch found;
  if (!std::regex_search(line, found, form)) return std::nullopt;
  return include{found[2], found[1] == "\""};
}

/// Libraries that `header` brings along, itself or by what it includes.
std::set<std::string> libraries_behind(const std::string& header,
                                       const std::map<std::string, const source*>& by_path,
                                       std::set<std::string>& seen) {
  std::set<std::string> out;
  const auto at = by_path.find(header);
  if (at == by_path.end() || !seen.insert(header).second) return out;
  for (const auto& line : at->second->lines) {
    const auto found = include_in(line);
    if (!found) continue;
    if (!found->ours)
      out.insert(found->name);
    else
      out.merge(libraries_behind(found->name, by_path, seen));
  }
  return out;
}

findings wrong_includes(const std::vector<source>& all) {
  findings out;
  std::map<std::string, const source*> by_path;
  for (const auto& each : all) by_path[each.path] = &each;

  for (const auto& file : all) {
    if (!file.is_cpp() || unbound.contains(file.folder())) continue;
    const auto rule = rules().find(file.folder());
    if (rule == rules().end()) {
      find(out, file, 0, "no rule says what " + file.folder() + "/ may include");
      continue;
    }
    const auto& [ours, libraries, hidden] = rule->second;
    for (std::size_t i = 0; i < file.lines.size(); ++i) {
      const auto found = include_in(file.lines[i]);
      if (!found) continue;
      if (!found->ours) {
        if (!is_of_the_system(found->name) && !begins_with_any(found->name, libraries) &&
            !begins_with_any(found->name, hidden))
          find(out, file, i, file.folder() + "/ may not use <" + found->name + ">");
        continue;
      }
      if (!begins_with_any(found->name, ours)) {
        find(out, file, i, file.folder() + "/ may not include \"" + found->name + "\"");
        continue;
      }
      const auto owner = rules().find(found->name.substr(0, found->name.find('/')));
      if (owner == rules().end() || owner->first == file.folder()) continue;
      std::set<std::string> seen;
      for (const auto& library : libraries_behind(found->name, by_path, seen))
        if (begins_with_any(library, owner->second.hidden_libraries) &&
            !begins_with_any(library, libraries))
          find(out, file, i,
               "\"" + found->name + "\" brings <" + library + "> along, which is " + owner->first +
                   "'s own affair");
    }
  }
  return out;
}

/// The client library knows nothing but itself, the page and the elements nothing but its surface; the admin page knows the page.
findings wrong_imports(const std::vector<source>& all) {
  static const std::regex form{
      R"re(^\s*(?:import|export)\b.*?\bfrom\s+["']([^"']+)["'])re"
      R"re(|^\s*import\s+["']([^"']+)["']|\bimport\(\s*["']([^"']+)["']\s*\))re"};
  findings out;
  for (const auto& file : all) {
    if (!file.is_javascript() || (file.folder() != "sdk" && file.folder() != "web")) continue;
    for (std::size_t i = 0; i < file.lines.size(); ++i) {
      std::smatch found;
      if (!std::regex_search(file.lines[i], found, form)) continue;
      const std::string name = found[1].matched ? found[1] : found[2].matched ? found[2] : found[3];
      const bool own = name.starts_with("./") && name.find("..") == std::string::npos;
      const bool surface = file.folder() == "web" &&
                           (name == "/sdk/confab.js" || name == "/sdk/store.js" || name == "/sdk/format.js");
      const bool elements = file.is_under("sdk/elements/") &&
                            (name == "../confab.js" || name == "../store.js" || name == "../format.js");
      const bool admin = file.is_under("web/admin/") && name.starts_with("../") &&
                         name.find('/', 3) == std::string::npos;
      const bool hooks = file.path == "sdk/react.js" && name == "react";
      if (!own && !surface && !elements && !admin && !hooks) find(out, file, i, file.folder() + "/ may not import " + name);
    }
  }
  return out;
}

}  // namespace

TEST_CASE("every folder includes only what the architecture lets it know") {
  CHECK(listed(wrong_includes(sources())) == "");
}

TEST_CASE("the rule for includes notices what it is for") {
  const std::vector<source> all{
      made_up("actors/a.cpp",
              "#include \"transport/port.hpp\"\n#include \"journal/journal.hpp\"\n"
              "#include \"journal/page.hpp\"\n#include <boost/asio/post.hpp>\n"),
      made_up("protocol/codec.hpp", "#pragma once\n#include \"protocol/private.hpp\"\n"),
      made_up("protocol/private.hpp", "#include <nlohmann/json.hpp>\n"),
      made_up("journal/b.cpp", "#include <vector>\n#include \"protocol/codec.hpp\"\n"),
      made_up("fresh/c.cpp", "int c;\n"),
      made_up("server/d.cpp", "#include \"actors/a.hpp\"\n#include <unknown/lib.h>\n"),
  };

  const auto found = wrong_includes(all);

  REQUIRE(found.size() == 6);
  CHECK(found[0] == "actors/a.cpp:1: actors/ may not include \"transport/port.hpp\"");
  CHECK(found[1] == "actors/a.cpp:3: actors/ may not include \"journal/page.hpp\"");
  CHECK(found[2] == "actors/a.cpp:4: actors/ may not use <boost/asio/post.hpp>");
  CHECK(found[3] ==
        "journal/b.cpp:2: \"protocol/codec.hpp\" brings <nlohmann/json.hpp> along, "
        "which is protocol's own affair");
  CHECK(found[4] == "fresh/c.cpp:1: no rule says what fresh/ may include");
  CHECK(found[5] == "server/d.cpp:2: server/ may not use <unknown/lib.h>");
}

TEST_CASE("the client library imports nothing, and the page only its surface") {
  CHECK(listed(wrong_imports(sources())) == "");
}

TEST_CASE("the rule for imports notices what it is for") {
  const std::vector<source> all{
      made_up("sdk/a.js", "import { b } from \"./b.js\";\nimport ws from \"ws\";\n"),
      made_up("sdk/elements/c.js",
              "import { s } from \"../store.js\";\nimport { q } from \"../queue.js\";\n"),
      made_up("web/b.js",
              "import { C } from \"/sdk/confab.js\";\nimport { d } from \"/sdk/queue.js\";\n"
              "const e = await import(\"https://cdn.example/e.js\");\n"),
      made_up("web/admin/f.js",
              "import { g } from \"../g.js\";\nimport { h } from \"../sdk/h.js\";\n"),
  };

  const auto found = wrong_imports(all);

  REQUIRE(found.size() == 5);
  CHECK(found[0] == "sdk/a.js:2: sdk/ may not import ws");
  CHECK(found[1] == "sdk/elements/c.js:2: sdk/ may not import ../queue.js");
  CHECK(found[2] == "web/b.js:2: web/ may not import /sdk/queue.js");
  CHECK(found[3] == "web/b.js:3: web/ may not import https://cdn.example/e.js");
  CHECK(found[4] == "web/admin/f.js:2: web/ may not import ../sdk/h.js");
}

TEST_CASE("the repository was found") { CHECK(sources().size() > 100); }
