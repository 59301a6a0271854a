// What is left of a user who is erased, and who may say so.

#include "tests/rooms/chat.hpp"

using namespace confab;
using namespace confab::rooms;
using namespace confab::rooms::test;

namespace {

const auto gone = user_id::trusted("gone:x");

operation erase_user_of(const user_id& who, std::uint64_t seen) {
  return {general, server_principal(), "", erase_user{who, gone, seq_no{seen}}};
}

}  // namespace

TEST_CASE("users are erased by the deployment, and by nobody else") {
  chat in;
  auto asked = in_general(alice, erase_user{bob, gone, seq_no{100}});
  CHECK(code(in.decide(asked)) == error_code::forbidden);
  CHECK(code(in.decide(as_admin(asked))) == error_code::forbidden);

  const auto made = in.decide(erase_user_of(bob, 100));

  REQUIRE(done(made));
  CHECK(entries(made).at(0) == log_entry{seq_no{2}, unix_ms{1000}, server_user, "", erased{bob, gone}});
}

TEST_CASE("membership, role, mute and ban end with a user, and the last owner has an heir") {
  chat in;
  in.add(bob, role::moderator);
  in.add(carol);
  REQUIRE(done(in.decide(change(alice, mute({carol}, 9'000)))));
  REQUIRE(done(in.decide(change(alice, ban(eve)))));
  REQUIRE(in.view().members == 3);
  REQUIRE(in.view().rows == 4);

  REQUIRE(done(in.decide(erase_user_of(carol, 100))));
  REQUIRE(done(in.decide(erase_user_of(eve, 100))));
  CHECK(in.row(carol) == member_row{});
  CHECK(in.row(eve) == member_row{});
  CHECK(in.view().members == 2);
  CHECK(in.view().rows == 2);
  CHECK(done(in.decide(join(eve))));

  const auto made = in.decide(erase_user_of(alice, 100));
  REQUIRE(entries(made).size() == 2);
  CHECK(in.view().owners == 1);
  CHECK(in.row(bob).is_owner());
}

TEST_CASE("who has said something since is looked for again") {
  chat in;
  const auto first = in.say("first", bob);
  const auto second = in.say("second", bob);
  CHECK(code(in.decide(erase_user_of(bob, first))) == error_code::conflict);
  REQUIRE(done(in.decide(by_api(erase({second})))));
  CHECK(done(in.decide(erase_user_of(bob, first))));
}

TEST_CASE("where too much has been said since it is looked for again") {
  chat in;
  for (int i = 0; i < 1'001; ++i) in.say();
  CHECK(code(in.decide(erase_user_of(bob, 1))) == error_code::conflict);
  CHECK(done(in.decide(erase_user_of(bob, 2))));
}
