#include "protocol/membership.hpp"
#include "tests/support/catch.hpp"

#include <string>

using namespace confab;

TEST_CASE("a role has its name, and only one that can be given is found by it") {
  CHECK(name(role::visitor) == "visitor");
  for (const auto given : {role::reader, role::member, role::moderator, role::owner})
    CHECK(role_named(name(given)) == given);
  for (const auto* other : {"none", "visitor", "admin", "Owner", ""})
    CHECK_FALSE(role_named(other));
  CHECK(name(static_cast<role>(99)).empty());
}

TEST_CASE("roles rise") {
  CHECK(role::none < role::visitor);
  CHECK(role::visitor < role::reader);
  CHECK(role::reader < role::member);
  CHECK(role::member < role::moderator);
  CHECK(role::moderator < role::owner);
}

TEST_CASE("a state has its name and is found by it") {
  for (const auto state : {member_state::invited, member_state::member, member_state::left,
                           member_state::removed, member_state::banned, member_state::unbanned}) {
    CHECK_FALSE(name(state).empty());
    CHECK(member_state_named(name(state)) == state);
  }
  CHECK(name(member_state::unbanned) == "unbanned");
  for (const auto* other : {"none", "gone", "Banned", ""}) CHECK_FALSE(member_state_named(other));
  CHECK(name(static_cast<member_state>(99)).empty());
}
