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

TEST_CASE("a user's id may be what identity providers give") {
  for (const auto* good :
       {"a", "_a", "0", "auth0|65f1a0", "kim@example.com", "kim+work@example.com", "a=b~c",
        "oidc:x-1", "2.5", "__", "123456789012345678901"}) {
    INFO(good);
    CHECK(is_valid_user_id(good));
    CHECK(user_id::make(good)->view() == good);
  }
  for (const auto* bad : {"", "-a", "|a", "@server", "+a", "~", "a b", "a/b", "a\n", "\xC3\xBC",
                          "a*", "a,b", "a\"b", "a%"}) {
    INFO(bad);
    CHECK_FALSE(is_valid_user_id(bad));
    CHECK_FALSE(user_id::make(bad).has_value());
  }
  CHECK(is_valid_user_id(std::string(128, 'a')));
  CHECK_FALSE(is_valid_user_id(std::string(129, 'a')));
}

TEST_CASE("some ids are the server's to make") {
  for (const auto* reserved : {"dm:a:b", "dm::0", "r:1", "f:x"})
    CHECK(is_reserved(room_id::trusted(reserved)));
  for (const auto* free : {"dm", "r", "room:r:1", "ff:x", "guest:a"})
    CHECK_FALSE(is_reserved(room_id::trusted(free)));
  for (const auto* reserved : {"guest:a", "p:bot", "gone:7"}) CHECK(is_reserved(user(reserved)));
  for (const auto* free : {"guest", "pp:x", "Guest:a", "dm:a:b", "x-gone:7"})
    CHECK_FALSE(is_reserved(user(free)));
}

TEST_CASE("a session id names its shard") {
  const auto session = session_id::make(1000, 7);

  CHECK(session.shard() == 7);
  CHECK(session.value() == 1000 * 256 + 7);
  CHECK(session_id::make(1000, 255).shard() == 255);
}

TEST_CASE("a session's name is read back from its text") {
  const auto node = GENERATE(std::uint16_t{0}, std::uint16_t{1}, std::uint16_t{65535});
  const auto id = GENERATE(std::uint64_t{0}, 1u, std::numeric_limits<std::uint64_t>::max());
  const auto tag = GENERATE(std::uint64_t{0}, 1u, std::uint64_t{1} << 63);
  const session_name name{node, session_id{id}, tag};

  CHECK(session_name::parse(name.text()) == name);
}

TEST_CASE("a session's name is s- and base 32 of its node, its id and its tag") {
  CHECK(session_name{}.text() == "s-" + std::string(29, 'a'));
  CHECK(session_name{1, session_id{0x0123456789abcdef}, 0xfedcba9876543210}.text() ==
        "s-aaaqci2fm6e2xtpp73olvgdwkqzba");
}

TEST_CASE("what is no session's own text is no session") {
  const auto good = session_name{1, session_id{2}, 3}.text();
  REQUIRE(session_name::parse(good));
  auto filled = good;
  filled.back() = 'h';  // of its last digit four bits count: "g" is the same with a fifth of 0
  auto capital = good, foreign = good, prefix = good;
  capital[4] = 'A';
  foreign[4] = '1';
  prefix[0] = 'S';
  for (const auto& bad : {std::string{}, std::string{"s-"}, good.substr(2), good + "a",
                          good.substr(0, good.size() - 1), filled, capital, foreign, prefix}) {
    INFO(bad);
    CHECK_FALSE(session_name::parse(bad).has_value());
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

TEST_CASE("a direct room of ids with characters that rooms' ids lack is named by a hash, too") {
  // sha256("auth0|65f1\nbob")
  CHECK(direct("bob", "auth0|65f1") ==
        "dm::8e92af4f76ecd3e411f14f17768fa453ac18f725d5c9fc1296c9e4b95965");
  for (const auto* id : {"kim@example.com", "a+b", "a=b", "a~b", "auth0|1"}) {
    INFO(id);
    CHECK(direct(id, "bob").starts_with("dm::"));
    CHECK(is_valid_id(direct(id, "bob")));
    CHECK(direct(id, "bob") != direct(id, "bobby"));
  }
  CHECK(direct("_a", "bob") == "dm:_a:bob");
}

TEST_CASE("a room that is made without an id is named by a hash of user and key") {
  const auto made = [](const char* user, const char* key) {
    return made_room_of(user_id::trusted(user), key).value();
  };

  // base32(sha256("alice\nk1")), base32(sha256("bob\nk1"))
  CHECK(made("alice", "k1") == "r:bcdem3cozlwlvbn3gt474ypz5bdqbxjsffhpmcqeyc6ik5xzjgda");
  CHECK(made("bob", "k1") == "r:rr7h6dujwzriznwx34xgfifnsvqexeoqet6igknik74z73xtllfq");
  CHECK(made("alice", "k2") != made("alice", "k1"));
}

TEST_CASE("a direct room's id is valid however long the users' are") {
  const std::string longest(64, 'u');
  const std::string fits(29, 'a');  // "dm:" 29 ":" 31 are 64
  const std::string beside_it(31, 'b');

  CHECK(direct(fits, beside_it) == "dm:" + fits + ":" + beside_it);
  for (const auto& room :
       {direct(fits, beside_it + "b"), direct(longest, longest), direct(longest, "a"),
        direct("a:b", longest), direct(std::string(128, 'u'), "a")}) {
    INFO(room);
    CHECK(room.size() == 64);
    CHECK(room.starts_with("dm::"));
    CHECK(is_valid_id(room));
  }
  CHECK(direct(longest, "a") != direct(longest, "b"));
}
