#include "protocol/codes.hpp"
#include "tests/support/catch.hpp"

#include <set>
#include <string>
#include <vector>

using namespace confab;

TEST_CASE("the error codes are those of PROTOCOL section 7, each in its place") {
  const std::vector<std::string> names{
      "bad_request",  "unknown_type", "unauthorized",    "forbidden", "not_joined",
      "no_such_room", "no_such_user", "no_such_message", "too_long",  "too_many_rooms",
      "rate_limited", "unavailable",  "already",         "conflict",  "internal",
      "limit",        "banned",       "muted",           "read_only", "slow_mode",
      "not_member",   "rejected",     "out_of_order"};
  const std::set<std::string> retried{"rate_limited", "unavailable", "internal", "out_of_order"};

  REQUIRE(error_rows.size() == names.size());
  for (std::size_t i = 0; i < names.size(); ++i) {
    CHECK(error_rows[i].name == names[i]);
    CHECK(error_rows[i].retry == (retried.count(names[i]) == 1));
    CHECK(row(error_rows[i].code).name == names[i]);
  }
}

TEST_CASE("the close codes are those of PROTOCOL section 7") {
  const std::vector<int> numbers{1000, 1001, 1003, 1007, 1009, 1011, 1012, 4000,
                                 4001, 4002, 4003, 4004, 4500, 4501, 4502, 4503, 4504};

  REQUIRE(close_rows.size() == numbers.size());
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    CHECK(static_cast<int>(close_rows[i].code) == numbers[i]);
    CHECK_FALSE(name(close_rows[i].code).empty());
    CHECK(name(close_rows[i].code).size() <= 123);  // RFC 6455 §5.5: a control frame's room
  }
}

TEST_CASE("a close code that is not in the table has no name") {
  CHECK(name(static_cast<close_code>(4999)).empty());
}
