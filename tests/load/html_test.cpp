#include "load/html.hpp"

#include "tests/load/sample_report.hpp"
#include "tests/support/catch.hpp"

#include <nlohmann/json.hpp>

#include <regex>
#include <string>

using namespace confab::load;
using Catch::Matchers::ContainsSubstring;

namespace {

std::size_t count_of(const std::string& text, const std::string& what) {
  std::size_t out = 0;
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++out;
  return out;
}

/// What the script element with that id holds, up to where a browser ends it.
std::string script(const std::string& page, const std::string& id) {
  const auto begin = "id=\"" + id + "\">";
  const auto at = page.find(begin) + begin.size();
  return page.substr(at, page.find("</script", at) - at);
}

}  // namespace

TEST_CASE("a page holds the whole report") {
  const auto page = to_html(sample_report());

  CHECK(script(page, "report") == to_json(sample_report()));
  CHECK(nlohmann::json::parse(script(page, "words")).contains("tiles"));
  CHECK_THAT(page, Catch::Matchers::StartsWith("<!doctype html>") &&
                       !ContainsSubstring("@REPORT@") && !ContainsSubstring("@WORDS@"));
}

TEST_CASE("a page loads nothing") {
  const auto page = to_html(sample_report());
  static const std::regex loading{
      R"((\s(src|href|srcset|action)\s*=)|@import|url\(|fetch\(|import\()"};

  CHECK_FALSE(std::regex_search(page, loading));
  CHECK_THAT(page, ContainsSubstring("default-src 'none'"));
}

TEST_CASE("data cannot leave the script element it stands in") {
  auto evil = sample_report();
  const std::string attack = "</script><script>alert(1)</script><!--<script>@WORDS@ ]]> & \" \\";
  evil.run.scenario = evil.run.url = evil.run.reason = attack;
  evil.warnings = {attack};
  evil.totals.errors[attack] = 1;
  evil.objectives = {{attack, false, {}, attack}};
  const auto safe = to_html(sample_report()), page = to_html(evil);

  CHECK(count_of(page, "<script") == count_of(safe, "<script"));
  CHECK(count_of(page, "</script") == count_of(safe, "</script"));
  CHECK_THAT(page, !ContainsSubstring("<!--"));
  const auto back = nlohmann::json::parse(script(page, "report"));
  CHECK(back["run"]["reason"] == attack);
  CHECK(back["warnings"][0] == attack);
  CHECK_NOTHROW(nlohmann::json::parse(script(page, "words")));
}

TEST_CASE("an empty report makes a page too") {
  const auto page = to_html(report{});

  CHECK(nlohmann::json::parse(script(page, "report"))["format"] == 1);
  CHECK_NOTHROW(nlohmann::json::parse(script(page, "words")));
}
