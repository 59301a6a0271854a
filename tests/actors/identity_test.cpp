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

TEST_CASE("the exact id's role counts, else the longest prefix's, and none in direct rooms") {
  identity who;
  who.roles = {{"team-*", role::moderator}, {"team-a", role::reader}, {"*", role::member}};

  CHECK(who.role_in(room("team-a")) == role::reader);
  CHECK(who.role_in(room("team-b")) == role::moderator);
  CHECK(who.role_in(room("general")) == role::member);
  CHECK(who.role_in(room("dm:alice:bob")) == role::none);
  who.roles.erase("*");
  CHECK(who.role_in(room("general")) == role::none);
}

TEST_CASE("an exact id, a moderator's role and an admin's token open a room, but no direct one") {
  identity who;
  who.roles = {{"team-*", role::moderator}, {"club", role::member}, {"open-*", role::member}};

  CHECK(who.opens(room("team-b")));
  CHECK(who.opens(room("club")));
  CHECK_FALSE(who.opens(room("open-air")));
  CHECK_FALSE(who.opens(room("general")));
  who.admin = true;
  CHECK(who.opens(room("general")));
  CHECK_FALSE(who.opens(room("dm:alice:bob")));
}
