// Who comes in, becomes a member and ceases to be one.

#include "tests/rooms/chat.hpp"

using namespace confab;
using namespace confab::rooms;
using namespace confab::rooms::test;

namespace {

const auto invite_room = with(&room_settings::visible, visibility::invite);
const auto private_room = with(&room_settings::visible, visibility::closed);

operation opening(operation asked) {
  asked.by.opens = true;
  return asked;
}
operation by_guest(operation asked) {
  asked.by.as = principal::kind::guest;
  return asked;
}
decision invite(chat& in, const user_id& who, std::optional<std::int64_t> until = {}) {
  auto asked = make({who}, member_state::invited);
  if (until) asked.until = unix_ms{*until};
  return in.decide(change(alice, asked));
}

}  // namespace

TEST_CASE("anyone becomes a member of a public room, once, and leaves it, once", "[rooms]") {
  chat in;

  const auto made = in.decide(join(bob));
  CHECK(entries(made).size() == 1);
  CHECK(members_of(entries(made)[0]) == make({bob}, member_state::member));
  CHECK(in.row(bob).as == role::member);
  CHECK(in.view().members == 2);
  CHECK(nothing(in.decide(join(bob))));

  const auto left = in.decide(leave(bob));
  CHECK(members_of(entries(left).at(0)) == make({bob}, member_state::left));
  CHECK_FALSE(in.row(bob).is_kept());
  CHECK(in.view().members == 1);
  CHECK(nothing(in.decide(leave(bob))));
  CHECK(done(in.decide(join(bob))));
}

TEST_CASE("an invite room is entered by who is invited, and a private one is there for no other",
          "[rooms]") {
  struct kind {
    room_settings settings;
    error_code others;
  };
  for (const auto& [settings, others] :
       {kind{invite_room, error_code::forbidden}, kind{private_room, error_code::no_such_room}}) {
    chat in{settings};

    CHECK(code(in.decide(not_joined(join(bob)))) == others);
    CHECK(code(in.decide(not_joined(pin(bob, 1)))) == others);
    REQUIRE(done(invite(in, bob)));
    CHECK(code(in.decide(post("not yet", "", bob))) == error_code::not_member);
    CHECK(code(in.decide(not_joined(pin(bob, 1)))) == error_code::not_member);
    CHECK(done(in.decide(not_joined(join(bob)))));
    CHECK(done(in.decide(post("now", "", bob))));
    CHECK(done(in.decide(leave(bob))));
    CHECK(code(in.decide(not_joined(join(bob)))) == others);
  }
}

TEST_CASE("a room without visitors is not entered uninvited", "[rooms]") {
  chat in{with(&room_settings::visitors, visitor_rights::none)};

  CHECK(code(in.decide(not_joined(join(bob)))) == error_code::forbidden);
  REQUIRE(done(invite(in, bob)));
  CHECK(done(in.decide(not_joined(join(bob)))));
}

TEST_CASE("a token opens a room only where it says so, whatever role it gives by a pattern",
          "[rooms]") {
  for (const auto& settings : {invite_room, private_room}) {
    chat in{settings};
    const auto no = settings == invite_room ? error_code::forbidden : error_code::no_such_room;
    for (const auto token : {role::reader, role::member})
      CHECK(code(in.decide(with_token(not_joined(join(bob)), token))) == no);
    CHECK(done(in.decide(opening(not_joined(join(bob))))));
    CHECK(done(in.decide(as_admin(not_joined(join(carol))))));
  }
}

TEST_CASE("who has come in is judged by what the room is now", "[rooms]") {
  chat in;
  REQUIRE(done(in.decide(post("as a visitor", "", eve))));
  REQUIRE(done(in.decide(set(alice, private_room))));

  CHECK(code(in.decide(post("still here", "", eve))) == error_code::no_such_room);
  CHECK(code(in.decide(join(eve))) == error_code::no_such_room);
}

TEST_CASE("who is asked accepts or declines, until the invitation lapses by log time", "[rooms]") {
  chat in{private_room};
  REQUIRE(done(invite(in, bob, 5000)));
  REQUIRE(done(invite(in, carol, 5000)));
  CHECK(in.view().members == 1);

  SECTION("an invitation that stands is not given again") {
    CHECK(nothing(invite(in, bob)));
    CHECK(in.row(bob).until == unix_ms{5000});
    CHECK(in.row(bob).by == alice);
  }
  SECTION("accepting it") {
    CHECK(done(in.decide(not_joined(join(bob)), 4999)));
    CHECK(in.row(bob).is_member());
    CHECK(nothing(invite(in, bob)));
  }
  SECTION("declining it") {
    CHECK(done(in.decide(not_joined(leave(bob)), 4999)));
    CHECK(code(in.decide(not_joined(join(bob)), 4999)) == error_code::no_such_room);
  }
  SECTION("after it has lapsed there is nothing to accept, and it may be given anew") {
    CHECK(code(in.decide(not_joined(join(bob)), 5000)) == error_code::no_such_room);
    auto anew = make({bob}, member_state::invited);
    CHECK(done(in.decide(change(alice, anew), 5000)));
    CHECK(done(in.decide(not_joined(join(bob)), 5001)));
  }
}

TEST_CASE("an invitation without an end ends when the deployment says", "[rooms]") {
  rules how;
  how.invitation_life = std::chrono::milliseconds{700};
  chat in{{}, how};

  const auto made = invite(in, bob);
  CHECK(members_of(entries(made)[0]).until == unix_ms{1700});
  CHECK(in.row(bob).until == unix_ms{1700});
}

TEST_CASE("an offered role is had by who accepts in time", "[rooms]") {
  chat in;
  auto offer = make({bob, carol}, member_state::invited, role::moderator);
  offer.until = unix_ms{2000};
  REQUIRE(done(in.decide(change(alice, offer))));

  in.decide(join(bob), 1999);
  in.decide(join(carol), 2000);
  CHECK(in.row(bob).as == role::moderator);
  CHECK(in.row(carol).as == role::member);
}

TEST_CASE("guests are members only where the deployment lets them", "[rooms]") {
  rules how;
  how.guest_members = false;
  chat closed{{}, how}, open;
  create_room wanted{epoch_id{"e"}, {}, create_room::founding{}};
  const operation found{room_id::trusted("other"), author(eve), "", wanted};

  CHECK(code(closed.decide(by_guest(join(eve)))) == error_code::forbidden);
  CHECK(code(closed.decide(by_guest(found))) == error_code::forbidden);
  CHECK(code(open.decide(with_token(found, role::reader))) == error_code::forbidden);
  CHECK(done(closed.decide(by_guest(post("x", "", eve)))));
  CHECK(done(open.decide(by_guest(join(eve)))));
  CHECK(std::holds_alternative<room_created>(open.decide(by_guest(found))));
}

// --- limits ---

TEST_CASE("a room has so many members, and not one more, however they come", "[rooms]") {
  rules how;
  how.members_max = 3;
  chat in{{}, how};
  REQUIRE(done(in.decide(join(bob))));

  const auto too_many = by_api(change(alice, make({carol, dave}, member_state::member)));
  const auto made = in.decide(too_many);
  REQUIRE(code(made) == error_code::limit);
  CHECK(std::get<refused>(made).limit == 3);
  // Who is a member already takes no place more.
  const auto promoted = make({bob, carol}, member_state::member, role::moderator);
  CHECK(done(in.decide(by_api(change(alice, promoted)))));
  CHECK(code(in.decide(join(dave))) == error_code::limit);
  CHECK(done(in.decide(change(alice, make({dave}, member_state::invited)))));
  CHECK(code(in.decide(join(dave))) == error_code::limit);
  CHECK(done(in.decide(by_api(change(alice, make({bob}, member_state::member, role::reader))))));
  in.decide(leave(carol));
  CHECK(done(in.decide(join(dave))));
}

TEST_CASE("a user belongs to so many rooms, invitations too while they last", "[rooms]") {
  rules how;
  how.memberships_max = 2;
  chat in{{}, how};
  const auto found = [&](std::string id, const user_id& who, std::vector<user_id> users = {}) {
    create_room wanted{epoch_id{"e"}, {}, create_room::founding{{}, std::move(users)}};
    return in.decide({room_id::trusted(std::move(id)), author(who), "", std::move(wanted)});
  };
  REQUIRE(std::holds_alternative<room_created>(found("b1", bob)));
  auto offer = make({bob}, member_state::invited);
  offer.until = unix_ms{5000};
  REQUIRE(done(in.decide(change(alice, offer))));

  SECTION("one more is refused to who founds, joins or is invited") {
    const auto made = found("b2", bob);
    REQUIRE(code(made) == error_code::limit);
    CHECK(std::get<refused>(made).limit == 2);
    CHECK(code(found("c1", carol, {dave, bob})) == error_code::limit);
    in.decide(create(room_id::trusted("open")));
    auto elsewhere = join(bob);
    elsewhere.room = room_id::trusted("open");
    CHECK(code(in.decide(elsewhere)) == error_code::limit);
    auto asked = by_api(change(alice, make({bob}, member_state::invited)));
    asked.room = elsewhere.room;
    CHECK(code(in.decide(asked)) == error_code::limit);
  }
  SECTION("accepting takes no place more") { CHECK(done(in.decide(join(bob)))); }
  SECTION("an invitation that has lapsed takes none") {
    in.decide(post("later"), 5000);
    CHECK(std::holds_alternative<room_created>(found("b2", bob)));
    CHECK(code(in.decide(change(alice, make({bob}, member_state::invited)), 5000)) ==
          error_code::limit);
    CHECK(code(in.decide(join(bob), 5000)) == error_code::limit);
  }
  SECTION("nor does a ban that has lapsed give one") {
    REQUIRE(done(in.decide(change(alice, ban(bob, 5000)))));
    REQUIRE(std::holds_alternative<room_created>(found("b2", bob)));
    CHECK(code(in.decide(join(bob), 5000)) == error_code::limit);
  }
}
