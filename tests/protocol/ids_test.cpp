#include "protocol/ids.hpp"
#include "tests/support/catch.hpp"

#include <limits>
#include <set>

using namespace confab;

namespace {

user_id user(std::string text) { return user_id::trusted(std::move(text)); }

std::string direct(std::string one, std::string other) {
  return direct_room_of(user(std::move(one)), user(std::move(other))).value();
}

}  // namespace

TEST_CASE("an id is 1 to 64 letters, digits, dots, underscores, colons and hyphens") {
  for (const auto* good : {"a", "Z", "0", "alice", "team-red_2.old:x", "dm:alice:bob", "9-"}) {
    INFO(good);
    CHECK(is_valid_id(good));
    CHECK(room_id::make(good)->view() == good);
  }
  for (const auto* bad :
       {"", "-a", ".a", "_a", ":a", "a b", "a/b", "a\n", "\xC3\xBC", "a@b", "*"}) {
    INFO(bad);
    CHECK_FALSE(is_valid_id(bad));
    CHECK_FALSE(room_id::make(bad).has_value());
  }
  CHECK(is_valid_id(std::string(64, 'a')));
  CHECK_FALSE(is_valid_id(std::string(65, 'a')));
  CHECK_FALSE(is_valid_id(std::string_view("a\0b", 3)));
}

TEST_CASE("a session id names its shard") {
  const auto session = session_id::make(1000, 7);

  CHECK(session.shard() == 7);
  CHECK(session.value() == 1000 * 256 + 7);
  CHECK(session_id::make(1000, 255).shard() == 255);
}

TEST_CASE("a session id is read back from its text") {
  const auto value = GENERATE(std::uint64_t{0}, 1u, 35u, 36u, 0x7f3au, (std::uint64_t{1} << 53) - 1,
                              std::numeric_limits<std::uint64_t>::max());

  CHECK(session_id::parse(session_id{value}.text()) == session_id{value});
}

TEST_CASE("a session's text is s- and base 36") {
  CHECK(session_id{0}.text() == "s-0");
  CHECK(session_id{38}.text() == "s-12");
  CHECK(session_id{std::numeric_limits<std::uint64_t>::max()}.text() == "s-3w5e11264sgsf");
}

TEST_CASE("what is no session's own text is no session") {
  for (const auto* bad : {"", "s", "s-", "12", "S-12", "s-1A", "s-01", "s-00", "s--1", "s-+1",
                          "s- 1", "s-1 ", "s-3w5e11264sgsg", "s-10000000000000"}) {
    INFO(bad);
    CHECK_FALSE(session_id::parse(bad).has_value());
  }
}

TEST_CASE("two users have one direct room, whoever asks") {
  CHECK(direct("alice", "bob") == "dm:alice:bob");
  CHECK(direct("bob", "alice") == "dm:alice:bob");
  CHECK(direct("alice", "alice") == "dm:alice:alice");
  CHECK(is_direct(direct_room_of(user("a"), user("b"))));
}

TEST_CASE("a direct room of ids with colons is named by a hash of both") {
  // sha256("a:b\nc")
  CHECK(direct("a:b", "c") == "dm::af48efebd01d334bf450f00585e3acd62f5c85e2b5478aafee628e55c673");
  CHECK(direct("c", "a:b") == direct("a:b", "c"));

  CHECK(direct("a:b", "c") != direct("a", "b:c"));
  CHECK(direct("a:a", "a") != direct("a", "a"));
}

TEST_CASE("a direct room's id is valid however long the users' are") {
  const std::string longest(64, 'u');
  const std::string fits(29, 'a');  // "dm:" 29 ":" 31 are 64
  const std::string beside_it(31, 'b');

  CHECK(direct(fits, beside_it) == "dm:" + fits + ":" + beside_it);
  for (const auto& room : {direct(fits, beside_it + "b"), direct(longest, longest),
                           direct(longest, "a"), direct("a:b", longest)}) {
    INFO(room);
    CHECK(room.size() == 64);
    CHECK(room.starts_with("dm::"));
    CHECK(is_valid_id(room));
  }
  CHECK(direct(longest, "a") != direct(longest, "b"));
}
