#include "actors/identity.hpp"
#include "tests/support/catch.hpp"

using namespace confab;
using namespace confab::actors;

namespace {

room_id room(const char* id) { return room_id::trusted(id); }

}  // namespace

TEST_CASE("a pattern is an id or a prefix that ends in a star") {
  CHECK(matches("general", "general"));
  CHECK_FALSE(matches("general", "general2"));
  CHECK_FALSE(matches("general2", "general"));
  CHECK(matches("team-*", "team-a"));
  CHECK(matches("team-*", "team-"));
  CHECK_FALSE(matches("team-*", "team"));
  CHECK(matches("*", "anything"));
}

TEST_CASE("without a claim of rooms every room may be joined") {
  identity who;

  CHECK(who.may_join(room("general")));
}

TEST_CASE("a claim of rooms admits what it names and direct rooms, an admin everywhere") {
  identity who;
  who.rooms = {"general", "team-*"};

  CHECK(who.may_join(room("general")));
  CHECK(who.may_join(room("team-x")));
  CHECK(who.may_join(room("dm:alice:bob")));
  CHECK_FALSE(who.may_join(room("secret")));

  who.admin = true;
  CHECK(who.may_join(room("secret")));
}

TEST_CASE("an empty claim of rooms admits to none") {
  identity who;
  who.rooms.emplace();

  CHECK_FALSE(who.may_join(room("general")));
}

TEST_CASE("the highest role that matches counts, and none in direct rooms") {
  identity who;
  who.roles = {{"team-*", role::moderator}, {"team-a", role::member}};

  CHECK(who.role_in(room("team-a")) == role::moderator);
  CHECK(who.role_in(room("general")) == role::member);

  who.admin = true;
  CHECK(who.role_in(room("general")) == role::moderator);
  CHECK(who.role_in(room("dm:alice:bob")) == role::member);
}

TEST_CASE("roles have the names of the wire") {
  CHECK(name(role::member) == "member");
  CHECK(name(role::moderator) == "moderator");
}
