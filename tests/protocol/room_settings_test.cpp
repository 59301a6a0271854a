#include "protocol/room_settings.hpp"
#include "tests/support/catch.hpp"

#include <string>

using namespace confab;
using namespace std::chrono_literals;

namespace {

/// Each setting away from its default.
room_settings all_set() {
  return {.title = "Red \"team\"",
          .topic = "Plans",
          .data = free_data{R"({"avatar":[1,{"a":null}]})"},
          .visible = visibility::closed,
          .visitors = visitor_rights::none,
          .posting = posting_rights::moderators,
          .inviting = inviting_rights::moderators,
          .slow = 30s,
          .archived = true,
          .history = history_scope::own,
          .retention = 1h,
          .receipts = true};
}

/// Each one said to be what it is anyway.
room_settings all_default() {
  return {.title = std::nullopt,
          .topic = "",
          .data = free_data{"{}"},
          .visible = visibility::everyone,
          .visitors = visitor_rights::write,
          .posting = posting_rights::all,
          .inviting = inviting_rights::members,
          .slow = 0ms,
          .archived = false,
          .history = history_scope::all,
          .retention = 0ms,
          .receipts = false};
}

room_settings topic(std::string text) {
  room_settings settings;
  settings.topic = std::move(text);
  return settings;
}

}  // namespace

TEST_CASE("a change names what it changes and leaves the rest") {
  auto settings = all_set();

  apply(settings, topic("New"));

  auto expected = all_set();
  expected.topic = "New";
  CHECK((settings == expected));
  apply(settings, all_set());
  CHECK((settings == all_set()));
}

TEST_CASE("what is set so already is no news") {
  CHECK(difference(all_set(), all_set()).empty());
  CHECK((difference({}, all_set()) == all_set()));
  CHECK((difference(topic("Old"), topic("New")) == topic("New")));
  CHECK(difference({}, all_default()).empty());
}

TEST_CASE("going back to a default is news where something else was set") {
  CHECK((difference(all_set(), all_default()) == all_default()));
}

TEST_CASE("what is at its default is left out of what is shown") {
  CHECK(without_defaults(all_default()).empty());
  CHECK((without_defaults(all_set()) == all_set()));
  auto settings = all_default();
  settings.topic = "Plans";
  CHECK((without_defaults(settings) == topic("Plans")));
}

TEST_CASE("settings are kept as the wire has them") {
  CHECK(to_json({}) == "{}");
  CHECK(to_json(all_set()) ==
        R"({"title":"Red \"team\"","topic":"Plans","data":{"avatar":[1,{"a":null}]},)"
        R"("visibility":"private","visitors":"none","posting":"moderators",)"
        R"("inviting":"moderators","slow_ms":30000,"archived":true,"history":"own",)"
        R"("retention_ms":3600000,"receipts":true})");
  CHECK((settings_from_json(to_json(all_set())) == all_set()));
  CHECK((settings_from_json(to_json(all_default())) == all_default()));
}

TEST_CASE("kept settings that nobody knows or that make no sense are left out") {
  for (const auto* text :
       {"", "{", "[]", "null", "{}", R"({"colour":"red"})", R"({"topic":7})", R"({"data":[]})",
        R"({"visibility":"secret"})", R"({"visitors":1})", R"({"slow_ms":"1"})",
        R"({"slow_ms":1.5})", R"({"archived":1})", R"({"receipts":null})"}) {
    INFO(text);
    CHECK(settings_from_json(text).empty());
  }
  CHECK((settings_from_json(R"({"colour":"red","topic":"Plans"})") == topic("Plans")));
  CHECK(settings_from_json("{\"data\":{\"a\":\"\xff\"}}").empty());
}
