#include "tests/api/fake_backend.hpp"
#include "tests/support/catch.hpp"

using namespace confab;
using namespace confab::test;

namespace {

/// What was recorded of calls, with the key's name.
std::vector<std::string> notes_in(const fake_backend& chat) {
  std::vector<std::string> out;
  for (const auto& one : chat.asked)
    if (const auto* event = std::get_if<rooms::record_event>(&one.what); event && event->type == "api.call")
      out.push_back(one.by.api_key + " " + event->data.value());
  return out;
}

}  // namespace

TEST_CASE("a call about users is recorded with its answer, by its key") {
  api_world world;

  world.call("PUT", "/users/bob", R"({"name":"Bob"})");
  CHECK(notes_in(world.chat).empty());  // it has no answer yet
  world.chat.settle({rooms::kept{seq_no{1}, unix_ms{1}, 1, {}, {}}});

  CHECK(notes_in(world.chat) == std::vector<std::string>{R"(shop {"call":"putUser","user":"bob","status":200})"});
}

TEST_CASE("what only reads, or is about messages, is not recorded") {
  api_world world;

  world.call("GET", "/node");
  world.call("POST", "/rooms/general/messages", R"({"from":"bot","text":"x"})");
  world.chat.settle({rooms::kept{seq_no{1}, unix_ms{1}, 1, {}, {}}});

  CHECK(notes_in(world.chat).empty());
}

TEST_CASE("of a key's calls that it has no scope for one in a second is recorded") {
  api_world world{"read"};
  const std::string note = R"(shop {"call":"deactivate","user":"eve","status":403})";

  for (int i = 0; i < 3; ++i) world.call("POST", "/users/eve/deactivate");
  CHECK(notes_in(world.chat) == std::vector{note});
  world.chat.clock += std::chrono::seconds{1};
  world.call("POST", "/users/eve/deactivate");
  CHECK(notes_in(world.chat) == std::vector{note, note});

  world.call("POST", "/rooms/general/messages", R"({"from":"bot","text":"x"})");
  CHECK(notes_in(world.chat).size() == 2);
}

TEST_CASE("a user is kept out before it is stored, and let in again where it is not") {
  api_world world;
  const auto eve = user_id::trusted("eve");

  const auto heard = world.call("POST", "/users/eve/deactivate");
  CHECK(world.chat.bar_of(eve).deactivated);
  REQUIRE(world.chat.asked.size() == 2);
  CHECK(std::holds_alternative<rooms::set_marks>(world.chat.asked[0].what));
  CHECK(std::get<rooms::record_event>(world.chat.asked[1].what).type == "user.deactivated");
  world.chat.settle({rooms::not_kept{false}, rooms::not_kept{false}});

  CHECK(api_world::told(*heard) == std::pair<unsigned, std::string>{503, "unavailable"});
  CHECK_FALSE(world.chat.bar_of(eve).deactivated);
}
