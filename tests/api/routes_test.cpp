#include "api/answers.hpp"
#include "api/routes.hpp"
#include "tests/support/catch.hpp"

#include <set>

using namespace confab;
using namespace confab::api;

namespace {

std::string found(std::string_view method, std::string_view path) {
  const auto made = match(method, path);
  if (const auto* none = std::get_if<unmatched>(&made)) return "only " + none->other_methods;
  std::string out{std::get<matched>(made).row->id};
  for (const auto& [name, value] : std::get<matched>(made).parameters)
    out.append(" ").append(name).append("=").append(value);
  return out;
}

}  // namespace

TEST_CASE("a request is matched by method and path, and exact parts go first") {
  CHECK(found("POST", "/rooms/a/messages") == "postMessage room=a");
  CHECK(found("HEAD", "/rooms/a/messages/7") == "getMessage room=a seq=7");
  CHECK(found("POST", "/rooms/a/messages/delete") == "deleteMessages room=a");
  CHECK(found("PUT", "/rooms/a/messages/7/reactions/%F0/bob") ==
        "addReaction room=a seq=7 emoji=%F0 user=bob");
  CHECK(found("DELETE", "/rooms/a/messages") == "only POST, GET");
  CHECK(found("GET", "/rooms/") == "only ");
  CHECK(found("GET", "/rooms//messages") == "only ");
  CHECK(found("GET", "") == "only ");
}

TEST_CASE("every row names what is there, and no two are the same") {
  const auto schemas = json::parse(schemas_text());
  std::set<std::string> ids, places;
  for (const auto& row : routes()) {
    INFO(row.id);
    CHECK(ids.emplace(row.id).second);
    CHECK(places.insert(std::string{row.method} + " " + std::string{row.path}).second);
    CHECK(row.run);
    if (!row.body.empty()) CHECK(schemas.contains(row.body));
    for (const auto name : words_in(row.query)) CHECK_NOTHROW(parameter(name));
    for (const auto answer : words_in(row.answers)) {
      const auto colon = answer.find(':');
      if (colon != answer.npos && answer.substr(colon + 1) != "Document")
        CHECK(schemas.contains(std::string{answer.substr(colon + 1)}));
    }
  }
}

TEST_CASE("the document knows every kind of entry, with all that it has") {
  const auto bob = user_id::trusted("bob"), gone = user_id::trusted("gone:1");
  const free_data data{"{}"};
  const content what{"x", data, {}, {{bob}, true}};
  const placement where{seq_no{1}, seq_no{1}, true, "app.event"};
  const std::vector<entry_body> all{
      posted{what, where},
      edited{seq_no{1}, what},
      deleted{seq_no{1}, "spam"},
      reacted{seq_no{1}, "+", true},
      recorded{"report.created", data},
      member_set{{bob}, member_state::banned, role::member, unix_ms{1}, unix_ms{1}, "spam"},
      room_set{},
      pinned{seq_no{1}, true},
      user_set{bob, "Bob", data},
      trimmed{seq_no{1}},
      erased{bob, gone}};
  schema_set schemas{json::parse(schemas_text())};
  std::set<std::size_t> kinds;

  for (const auto& body : all) {
    kinds.insert(body.index());
    const log_entry entry{seq_no{2}, unix_ms{5}, bob, "key", body};
    const auto text = event_text(room_id::trusted("@server"), entry);
    INFO(text);
    CHECK(schemas.judge("Entry", json::parse(text)).empty());
  }
  CHECK(kinds.size() == std::variant_size_v<entry_body>);
}

TEST_CASE("the document has every row with its scope") {
  const auto document = json::parse(openapi_document("/api/v1"));

  for (const auto& row : routes()) {
    INFO(row.id);
    std::string method{row.method};
    for (auto& c : method) c = static_cast<char>(c | 0x20);
    const auto& operation = document["paths"][std::string{row.path}][method];
    CHECK(operation["operationId"] == row.id);
    CHECK(operation.value("x-scope", "none") == name(row.need));
    CHECK(operation.contains("requestBody") == !row.body.empty());
  }
}

TEST_CASE("a schema says all that is wrong, by pointers, and takes no word that it does not know") {
  schema_set schemas{json::parse(R"({"A":{"type":"object","additionalProperties":false,"required":["n"],
    "properties":{"n":{"type":"integer","minimum":0,"maximum":9},"l":{"type":"array","maxItems":2,"items":{"type":["string","null"],"maxLength":2}},
    "w":{"type":"string","enum":["a","b"]},"m":{"type":"object","additionalProperties":{"$ref":"#/components/schemas/B"}}}},
    "B":{"type":"boolean"}})")};
  const auto faults = [&](const char* text) {
    std::string out;
    for (const auto& fault : schemas.judge("A", json::parse(text))) out += fault.at + ": " + fault.detail + "\n";
    return out;
  };

  CHECK(faults(R"({"n":9,"l":["ää",null],"w":"b","m":{"x":true}})") == "");
  CHECK(faults(R"({})") == "/n: is missing\n");
  CHECK(faults(R"(5)") == ": must be an object\n");
  CHECK(faults(R"({"n":10,"l":["abc",5,"x"],"w":"c","m":{"x":1},"y":1})") ==
        "/n: 0..9\n/l: at most 2 elements\n/l/0: at most 2 characters\n/l/1: must be a string or null\n"
        "/w: must be one of a, b\n/m/x: must be a boolean\n/y: is not known here\n");
  CHECK(faults(R"({"n":18446744073709551615})") == "/n: 0..9\n");
  CHECK_THROWS(schema_set{json::parse(R"({"A":{"type":"object","oneOf":[]}})")});
}
