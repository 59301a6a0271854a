#include "server/assets.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/source_dir.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

namespace confab::server {
namespace {

const std::string root = confab::test::source_dir();

std::string content_of(const std::filesystem::path& file) {
  std::ostringstream out;
  out << std::ifstream{file, std::ios::binary}.rdbuf();
  return out.str();
}

/// What should be served, found out without the build's help.
std::map<std::string, std::filesystem::path> expected_files() {
  std::map<std::string, std::filesystem::path> out;
  for (const auto& it : std::filesystem::recursive_directory_iterator{root + "/web"}) {
    const auto name = it.path().lexically_relative(root + "/web").string();
    if (!it.is_regular_file() || it.path().extension() == ".md") continue;
    const bool is_index = it.path().filename() == "index.html";
    out["/" + (is_index ? name.substr(0, name.size() - std::string{"index.html"}.size()) : name)] =
        it.path();
  }
  for (const auto& it : std::filesystem::recursive_directory_iterator{root + "/sdk"}) {
    const auto name = it.path().lexically_relative(root + "/sdk").string();
    if (name.starts_with("dist/") || name.starts_with("node_modules/")) continue;
    if (name.ends_with(".js") || name.ends_with(".d.ts")) out["/sdk/" + name] = it.path();
  }
  return out;
}

transport::http_response get(const transport::http_route& route,
                             std::vector<std::pair<std::string, std::string>> headers = {}) {
  transport::http_request request;
  request.method = "GET";
  request.path = route.path;
  request.headers = std::move(headers);
  return route.respond(request);
}

std::string header(const transport::http_response& response, std::string_view name) {
  for (const auto& [key, value] : response.headers)
    if (key == name) return value;
  return "";
}

}  // namespace

TEST_CASE("the program serves the files of web and sdk, byte by byte") {
  const auto expected = expected_files();
  REQUIRE(expected.contains("/"));
  REQUIRE(expected.contains("/admin/"));
  REQUIRE(expected.contains("/sdk/confab.d.ts"));

  std::set<std::string> served;
  for (const auto& it : assets()) {
    INFO(it.path);
    CHECK(served.insert(it.path).second);
    if (it.path == "/sdk/confab.tgz") continue;  // tests/e2e/package.test.mjs looks into it
    REQUIRE(expected.contains(it.path));
    CHECK(it.bytes == content_of(expected.at(it.path)));
  }

  CHECK(served.contains("/sdk/confab.tgz"));
  CHECK(served.size() == expected.size() + 1);
}

TEST_CASE("the type follows from the name") {
  const std::vector<std::pair<std::string, std::string>> table{
      {"/", "text/html; charset=utf-8"},
      {"/app.js", "text/javascript; charset=utf-8"},
      {"/style.css", "text/css; charset=utf-8"},
      {"/sdk/confab.d.ts", "text/plain; charset=utf-8"},
      {"/sdk/confab.tgz", "application/gzip"},
      {"/icon.svg", "image/svg+xml"},
      {"/icon.png", "image/png"},
      {"/app.webmanifest", "application/manifest+json"},
      {"/what", "application/octet-stream"},
      {"/js", "application/octet-stream"},
  };

  for (const auto& [path, type] : table) CHECK(content_type_of(path) == type);
}

TEST_CASE("a page is served with its policy, everything with nosniff") {
  const std::vector<asset> files{detail::make_asset("/", "<!doctype html>"),
                                 detail::make_asset("/app.js", "1")};
  const auto routes = http_routes(files);

  const auto page = get(routes.at(0));
  CHECK(page.status == 200);
  CHECK(page.body == "<!doctype html>");
  CHECK(page.content_type == "text/html; charset=utf-8");
  CHECK(header(page, "Content-Security-Policy") ==
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: https:; "
        "connect-src 'self' https:; manifest-src 'self'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'");

  const auto script = get(routes.at(1));
  CHECK(header(script, "Content-Security-Policy").empty());
  for (const auto& it : {page, script}) {
    CHECK(header(it, "X-Content-Type-Options") == "nosniff");
    CHECK(header(it, "Referrer-Policy") == "no-referrer");
    CHECK(header(it, "Cache-Control") == "no-cache");
  }
}

TEST_CASE("pages of other origins may load the client library, and nothing else") {
  const std::vector<asset> files{detail::make_asset("/sdk/confab.js", "1"),
                                 detail::make_asset("/app.js", "1"),
                                 detail::make_asset("/", "<!doctype html>")};
  const auto routes = http_routes(files);

  CHECK(header(get(routes.at(0)), "Access-Control-Allow-Origin") == "*");
  CHECK(header(get(routes.at(1)), "Access-Control-Allow-Origin").empty());
  CHECK(header(get(routes.at(2)), "Access-Control-Allow-Origin").empty());
}

TEST_CASE("who has the bytes already gets 304, who has others gets them") {
  const std::vector<asset> files{detail::make_asset("/a.js", "one"),
                                 detail::make_asset("/b.js", "two")};
  const auto routes = http_routes(files);
  const auto etag = header(get(routes.at(0)), "ETag");
  REQUIRE(etag.size() == 34);
  REQUIRE(etag.front() == '"');
  REQUIRE(etag != header(get(routes.at(1)), "ETag"));

  for (const auto& known :
       {etag, "W/" + etag, "\"x\", " + etag, etag + " ,\"x\"", std::string{"*"}}) {
    INFO(known);
    const auto response = get(routes.at(0), {{"if-none-match", known}});
    CHECK(response.status == 304);
    CHECK(response.body.empty());
    CHECK(header(response, "ETag") == etag);
  }
  for (const auto& known : {std::string{}, std::string{"\"x\""}, etag.substr(1), files[1].etag}) {
    INFO(known);
    const auto response = get(routes.at(0), {{"if-none-match", known}});
    CHECK(response.status == 200);
    CHECK(response.body == "one");
  }
}

TEST_CASE("the page is told from where it shows pictures at once") {
  CHECK(page_config({}) == "export const IMAGE_ORIGINS = [];\n");
  const std::vector<std::string> origins{"https://a.example", "https://b.example:8443"};
  const auto config = page_config(origins);

  const auto page = assets_with(config);

  const auto file = std::find_if(page.begin(), page.end(),
                                 [](const auto& it) { return it.path == "/config.js"; });
  REQUIRE(file != page.end());
  CHECK(file->bytes ==
        "export const IMAGE_ORIGINS = [\"https://a.example\", \"https://b.example:8443\"];\n");
  CHECK(file->etag == detail::make_asset("/config.js", config).etag);
  CHECK(page.size() == assets().size());
}

TEST_CASE("the page has nothing that its own policy forbids") {
  for (const auto& it : assets()) {
    if (!it.content_type.starts_with("text/html")) continue;
    INFO(it.path);
    for (const auto* forbidden :
         {"<style", " style=", " onclick=", " onload=", "javascript:", "<base"})
      CHECK(it.bytes.find(forbidden) == std::string_view::npos);
    for (auto at = it.bytes.find("<script"); at != std::string_view::npos;
         at = it.bytes.find("<script", at + 1)) {
      const auto tag = it.bytes.substr(at, it.bytes.find('>', at) - at);
      CHECK(tag.find(" src=") != std::string_view::npos);
    }
  }
}

}  // namespace confab::server
