// What one member may do to another: roles, removal, bans, mutes, and the room's last owner.

#include "tests/rooms/chat.hpp"

#include <array>

using namespace confab;
using namespace confab::rooms;
using namespace confab::rooms::test;

namespace {

constexpr std::array ranks{role::reader, role::member, role::moderator, role::owner};

/// Members of every role beside the owner alice: r, m, mod and own.
struct ranked : chat {
  explicit ranked(const room_settings& settings = {}) : chat(settings) {
    for (std::size_t i = 0; i < ranks.size(); ++i) add(of[i], ranks[i]);
  }
  const std::array<user_id, 4> of{user_id::trusted("r"), user_id::trusted("m"),
                                  user_id::trusted("mod"), user_id::trusted("own")};
};

const std::array all_users{eve, user_id::trusted("r"), user_id::trusted("m"),
                           user_id::trusted("mod"), user_id::trusted("own")};

}  // namespace

// --- roles ---

TEST_CASE(
    "a session's role is the higher of the log's and the token's, but a reader's is a ceiling",
    "[rooms]") {
  ranked in;
  const rules how;
  for (std::size_t own = 0; own < all_users.size(); ++own)
    for (const auto token :
         {role::none, role::visitor, role::reader, role::member, role::moderator, role::owner}) {
      auto by = author(all_users[own]);
      by.token = token;
      const auto row = in.row(by.user);
      const auto of_log = own == 0 ? role::visitor : ranks[own - 1];
      const standing who{in.view(), by, row, unix_ms{}, how};
      CHECK(role_of(who) == (token == role::reader ? role::reader : std::max(of_log, token)));
      by.admin = true;
      CHECK(role_of(who) == role::owner);
    }
}

TEST_CASE("a token makes no member, and its reader writes nothing", "[rooms]") {
  ranked in;
  const auto own = in.say("x", in.of[3]);

  CHECK(code(in.decide(with_token(post("x", "", in.of[3]), role::reader))) ==
        error_code::read_only);
  CHECK(code(in.decide(with_token(react(own, in.of[3]), role::reader))) == error_code::read_only);
  CHECK(code(in.decide(with_token(edit(own, in.of[3]), role::reader))) == error_code::read_only);
  CHECK(code(in.decide(with_token(pin(in.of[3], own), role::reader))) == error_code::forbidden);
  CHECK(done(in.decide(with_token(erase({own}, in.of[3]), role::reader))));
  CHECK(done(in.decide(
      with_token(change(eve, make({in.of[1]}, member_state::removed)), role::moderator))));
  CHECK_FALSE(in.row(eve).is_kept());
}

TEST_CASE("only lower roles of the log are removed, muted, banned and given a role", "[rooms]") {
  for (std::size_t by = 0; by < all_users.size(); ++by)
    for (std::size_t to = 0; to < all_users.size(); ++to) {
      if (by == to) continue;
      const bool may = by >= 3 && to < by;
      INFO(all_users[by].view() << " to " << all_users[to].view());
      const auto& target = all_users[to];
      for (const auto& asked : {make({target}, member_state::removed), ban(target),
                                mute({target}, 5000), make({target}, member_state::unbanned)}) {
        ranked in;
        const auto made = in.decide(change(all_users[by], asked));
        CHECK(code(made) == (may ? std::nullopt : std::optional{error_code::forbidden}));
      }
    }
}

TEST_CASE("a token's role moderates, and gives its bearer no shelter", "[rooms]") {
  ranked in;
  auto asked = with_token(change(eve, make({in.of[3]}, member_state::removed)), role::owner);
  CHECK(code(in.decide(asked)) == error_code::forbidden);
  CHECK(code(in.decide(as_admin(asked))) == error_code::forbidden);
  CHECK(done(in.decide(by_api(change(eve, make({in.of[3]}, member_state::removed))))));
  // Whom a token made a moderator is a visitor to the log.
  CHECK(done(in.decide(change(in.of[2], ban(eve)))));
}

TEST_CASE("roles up to member are a moderator's to give below the own, others an owner's",
          "[rooms]") {
  for (std::size_t by = 0; by < all_users.size(); ++by)
    for (std::size_t to = 1; to < all_users.size(); ++to)
      for (const auto as : ranks) {
        if (by == to) continue;
        ranked in;
        INFO(all_users[by].view() << " makes " << all_users[to].view() << " " << name(as));
        const bool may = by == 4 || (by == 3 && to < 3 && as <= role::member);
        const auto made = in.decide(change(all_users[by], make({all_users[to]}, {}, as)));
        if (!may)
          CHECK(code(made) == error_code::forbidden);
        else if (as == ranks[to - 1])
          CHECK(nothing(made));
        else
          CHECK((done(made) && in.row(all_users[to]).as == as));
      }
}

TEST_CASE("an owner takes the role from another owner before removing them", "[rooms]") {
  ranked in;
  CHECK(code(in.decide(change(alice, make({in.of[3]}, member_state::removed)))) ==
        error_code::forbidden);
  CHECK(done(in.decide(change(alice, make({in.of[3]}, {}, role::member)))));
  CHECK(done(in.decide(change(alice, make({in.of[3]}, member_state::removed)))));
}

TEST_CASE("one's own role goes down, and never up", "[rooms]") {
  for (std::size_t own = 1; own < all_users.size(); ++own)
    for (const auto as : ranks) {
      ranked in;
      INFO(all_users[own].view() << " to " << name(as));
      const auto made = in.decide(change(all_users[own], make({all_users[own]}, {}, as)));
      if (own == 1 || as > ranks[own - 1])
        CHECK(code(made) == error_code::forbidden);
      else if (as == ranks[own - 1])
        CHECK(nothing(made));
      else
        CHECK((done(made) && in.row(all_users[own]).as == as));
    }
  ranked in;
  CHECK(code(in.decide(change(eve, make({eve}, {}, role::reader)))) == error_code::not_member);
}

TEST_CASE("one's own state is changed by join and leave alone", "[rooms]") {
  ranked in;
  for (const auto state : {member_state::invited, member_state::member, member_state::removed,
                           member_state::banned, member_state::unbanned})
    CHECK(code(in.decide(change(alice, make({alice}, state)))) == error_code::bad_request);
  CHECK(code(in.decide(change(alice, mute({in.of[1], alice}, 5000)))) == error_code::bad_request);
  CHECK(in.row(in.of[1]).mute_until == unix_ms{});
  CHECK(code(in.decide(by_api(change(bob, make({bob}, member_state::left))))) ==
        error_code::bad_request);
}

TEST_CASE("the API changes also the user in whose name it speaks", "[rooms]") {
  chat in;
  const auto as_bob = [](member_set what) {
    auto asked = by_api(change(bob, std::move(what)));
    asked.by.user = bob;
    return asked;
  };
  CHECK(done(in.decide(as_bob(make({bob}, member_state::member, role::owner)))));
  CHECK(done(in.decide(as_bob(mute({bob}, 5000)))));
  in.decide(leave(alice));
  in.add(carol);
  CHECK(entries(in.decide(as_bob(make({bob}, {}, role::member)))).size() == 2);
  CHECK(in.row(carol).is_owner());
}

TEST_CASE("without being asked one is made a member by an admin and the API only", "[rooms]") {
  chat in;
  CHECK(code(in.decide(change(alice, make({bob}, member_state::member)))) == error_code::forbidden);
  CHECK(done(in.decide(as_admin(change(eve, make({bob}, member_state::member))))));
  CHECK(done(in.decide(by_api(change(eve, make({carol}, member_state::member, role::owner))))));
  CHECK(in.row(carol).is_owner());
  in.decide(change(alice, ban(dave)));
  CHECK(code(in.decide(as_admin(change(eve, make({dave}, member_state::member))))) ==
        error_code::banned);
  CHECK(code(in.decide(by_api(change(eve, make({dave}, member_state::member))))) ==
        error_code::banned);
}

TEST_CASE("of several users all are changed, or none, in one entry of those it changes",
          "[rooms]") {
  ranked in;
  const auto& [reader, member, moderator, owner] = in.of;

  CHECK(code(in.decide(change(moderator, make({reader, owner}, member_state::removed)))) ==
        error_code::forbidden);
  CHECK(in.row(reader).is_member());

  const auto made =
      in.decide(change(alice, make({eve, reader, member, carol}, member_state::removed)));
  REQUIRE(entries(made).size() == 1);
  CHECK(members_of(entries(made)[0]).users == std::vector{reader, member});
  CHECK(nothing(in.decide(change(alice, make({reader, member}, member_state::removed)))));
}

// --- inviting ---

TEST_CASE("members invite where the room lets them, as members; more is an owner's to offer",
          "[rooms]") {
  ranked in;
  const auto& [reader, member, moderator, owner] = in.of;
  const auto invites = [&](const user_id& who, role as) {
    return in.decide(change(who, make({carol}, member_state::invited, as)));
  };

  CHECK(code(invites(eve, role::member)) == error_code::forbidden);
  CHECK(code(invites(reader, role::member)) == error_code::forbidden);
  CHECK(code(invites(member, role::moderator)) == error_code::forbidden);
  CHECK(code(invites(member, role::reader)) == error_code::forbidden);
  CHECK(code(invites(moderator, role::moderator)) == error_code::forbidden);
  CHECK(done(invites(member, role::member)));
  CHECK(nothing(invites(owner, role::owner)));  // asked already
  CHECK(in.row(carol).as == role::member);

  in.decide(set(alice, with(&room_settings::inviting, inviting_rights::moderators)));
  in.decide(leave(carol));
  CHECK(code(invites(member, role::member)) == error_code::forbidden);
  CHECK(done(invites(moderator, role::reader)));
  in.decide(leave(carol));
  CHECK(done(invites(owner, role::owner)));
}

TEST_CASE("what an owner offers is not a moderator's to take back", "[rooms]") {
  ranked in;
  const auto& [reader, member, moderator, owner] = in.of;
  REQUIRE(done(in.decide(change(owner, make({carol}, member_state::invited, role::owner)))));
  REQUIRE(done(in.decide(change(member, make({eve}, member_state::invited)))));

  CHECK(code(in.decide(change(moderator, make({carol}, member_state::removed)))) ==
        error_code::forbidden);
  CHECK(done(in.decide(change(moderator, make({eve}, member_state::removed)))));
  CHECK(done(in.decide(change(owner, make({carol}, member_state::removed)))));
}

TEST_CASE("a banned user is not invited, until the ban has lapsed", "[rooms]") {
  chat in;
  in.decide(change(alice, ban(bob, 5000, "spam")));

  const auto made = in.decide(change(alice, make({carol, bob}, member_state::invited)), 4999);
  REQUIRE(code(made) == error_code::banned);
  CHECK(std::get<refused>(made).until == unix_ms{5000});
  CHECK(std::get<refused>(made).reason == "spam");
  CHECK_FALSE(in.row(carol).is_kept());
  CHECK(done(in.decide(change(alice, make({carol, bob}, member_state::invited)), 5000)));
}

TEST_CASE("who has blocked the inviter is passed over in silence", "[rooms]") {
  chat in;
  in.from.blocks.insert({bob, alice});

  CHECK(nothing(in.decide(change(alice, make({bob}, member_state::invited)))));
  const auto made = in.decide(change(alice, make({bob, carol}, member_state::invited)));
  CHECK(members_of(entries(made).at(0)).users == std::vector{carol});
  // A block keeps nobody from being moderated.
  CHECK(done(in.decide(change(alice, ban(bob)))));
}

// --- bans and mutes ---

TEST_CASE("a removed user may come back, a banned one not until the ban lapses by log time",
          "[rooms]") {
  chat in;
  in.add(bob, role::moderator);
  in.decide(change(alice, make({bob}, member_state::removed)));
  CHECK(done(in.decide(join(bob))));
  CHECK(in.row(bob).as == role::member);

  REQUIRE(done(in.decide(change(alice, ban(bob, 5000, "spam")))));
  CHECK(in.view().members == 1);
  CHECK(nothing(in.decide(change(alice, ban(bob, 5000, "spam")))));
  CHECK(code(in.decide(join(bob), 4999)) == error_code::banned);
  CHECK(done(in.decide(join(bob), 5000)));
  CHECK(in.row(bob).reason.empty());
}

TEST_CASE("a ban may be changed, also who never came is banned, and for ever without an end",
          "[rooms]") {
  chat in;
  CHECK(done(in.decide(change(alice, ban(eve, 5000, "spam")))));
  CHECK(done(in.decide(change(alice, ban(eve, 9000, "spam")))));
  CHECK(in.row(eve).until == unix_ms{9000});
  CHECK(done(in.decide(change(alice, ban(eve, 9000, "more spam")))));
  CHECK(in.row(eve).reason == "more spam");
  CHECK(done(in.decide(change(alice, ban(eve)))));
  CHECK(code(in.decide(join(eve), 1'000'000'000)) == error_code::banned);
}

TEST_CASE("a ban that has ended when it comes removes, and keeps nobody out", "[rooms]") {
  chat in;
  in.add(bob);

  CHECK(done(in.decide(change(alice, ban(bob, 999)))));
  CHECK_FALSE(in.row(bob).is_member());
  CHECK(done(in.decide(post("x", "", bob))));
  CHECK(done(in.decide(join(bob))));
}

TEST_CASE("who is unbanned is nobody again, and who was never banned stays as they are",
          "[rooms]") {
  chat in;
  in.add(bob, role::moderator);
  in.decide(change(alice, ban(bob)));
  in.add(carol, role::moderator);

  const auto made = in.decide(change(alice, make({bob, carol, eve}, member_state::unbanned)));
  CHECK(members_of(entries(made).at(0)).users == std::vector{bob});
  CHECK_FALSE(in.row(bob).is_kept());
  CHECK(in.row(carol).as == role::moderator);
  CHECK(nothing(in.decide(change(alice, make({bob, eve}, member_state::unbanned)))));
}

TEST_CASE("a mute beside a state takes no membership and no ban away", "[rooms]") {
  chat in;
  in.add(bob, role::moderator);
  in.decide(change(alice, ban(carol)));
  for (const auto state : {member_state::invited, member_state::unbanned}) {
    auto asked = make({bob}, state);
    asked.mute_until = unix_ms{5000 + static_cast<int>(state)};
    CHECK(done(in.decide(change(alice, asked))));
    CHECK(in.row(bob).as == role::moderator);
    CHECK(in.view().members == 2);
  }
  auto removed = make({carol}, member_state::removed);
  removed.mute_until = unix_ms{5000};
  CHECK(done(in.decide(change(alice, removed))));
  CHECK(in.row(carol).is_banned(unix_ms{1000}));
}

TEST_CASE("bans and messages of one batch stand in their order", "[rooms]") {
  chat in;
  in.add(bob);

  CHECK(done(in.decide(post("before", "", bob))));
  CHECK(done(in.decide(change(alice, ban(bob)))));
  CHECK(code(in.decide(post("behind", "", bob))) == error_code::banned);
  CHECK(done(in.decide(change(alice, make({bob}, member_state::unbanned)))));
  CHECK(done(in.decide(post("a visitor's", "", bob))));
}

TEST_CASE("the muted write nothing and edit nothing, but react and delete their own", "[rooms]") {
  chat in;
  in.add(bob);
  const auto own = in.say("own", bob), other = in.say();
  REQUIRE(done(in.decide(change(alice, mute({bob}, 5000)))));
  CHECK(nothing(in.decide(change(alice, mute({bob}, 5000)))));

  for (const auto& asked : {post("x", "", bob), edit(own, bob), reply("x", other, bob)}) {
    const auto made = in.decide(asked, 4999);
    REQUIRE(code(made) == error_code::muted);
    CHECK(std::get<refused>(made).until == unix_ms{5000});
  }
  CHECK(done(in.decide(react(other, bob), 4999)));
  CHECK(done(in.decide(erase({own}, bob), 4999)));
  CHECK(done(in.decide(post("x", "", bob), 5000)));
}

TEST_CASE("a mute holds for visitors, outlives leaving, and is lifted by 0", "[rooms]") {
  chat in;
  REQUIRE(done(in.decide(change(alice, mute({eve}, 5000)))));
  CHECK(code(in.decide(post("x", "", eve))) == error_code::muted);
  CHECK(in.view().rows == 2);
  CHECK(done(in.decide(join(eve))));
  CHECK(code(in.decide(post("x", "", eve))) == error_code::muted);
  CHECK(done(in.decide(leave(eve))));
  CHECK(code(in.decide(post("x", "", eve))) == error_code::muted);
  CHECK(done(in.decide(as_admin(post("x", "", eve)))));

  CHECK(done(in.decide(change(alice, mute({eve}, 0)))));
  CHECK(done(in.decide(post("x", "", eve))));
  CHECK(in.view().rows == 1);
}

TEST_CASE("an admin is bound by no ban, mute, slow mode or setting", "[rooms]") {
  room_settings strict = with(&room_settings::visible, visibility::closed);
  strict.posting = posting_rights::moderators;
  strict.archived = true;
  strict.slow = std::chrono::milliseconds{10'000};
  chat in;
  in.decide(change(alice, ban(eve)));
  in.decide(change(alice, mute({eve}, 5000)));
  in.decide(set(alice, strict));

  CHECK(done(in.decide(as_admin(post("1", "", eve)))));
  CHECK(done(in.decide(as_admin(post("2", "", eve)))));
  CHECK(done(in.decide(as_admin(set(eve, with(&room_settings::archived, false))))));
}

// --- the last owner ---

namespace {

/// Who became owner by the entry behind the change.
std::optional<user_id> heir_of(const decision& made) {
  const auto& all = entries(made);
  if (all.size() != 2) return std::nullopt;
  CHECK(all[1].from == server_user);
  CHECK(all[1].key.empty());
  CHECK(members_of(all[1]) == make(members_of(all[1]).users, {}, role::owner));
  return members_of(all[1]).users.at(0);
}

}  // namespace

TEST_CASE(
    "where the last owner leaves the longest-standing moderator is owner, else member, else "
    "reader",
    "[rooms]") {
  chat in;
  for (const auto& [who, as] : {std::pair{"r2", role::reader},
                                {"r1", role::reader},
                                {"m", role::member},
                                {"z", role::moderator},
                                {"a", role::moderator}})
    in.add(user_id::trusted(who), as);
  in.decide(change(alice, make({bob}, member_state::invited, role::moderator)));
  in.add(carol);
  in.decide(change(alice, ban(carol)));

  auto last = alice;
  for (const auto* next : {"z", "a", "m", "r2", "r1"}) {
    const auto made = in.decide(leave(last));
    REQUIRE(heir_of(made) == user_id::trusted(next));
    CHECK(in.view().owners == 1);
    last = user_id::trusted(next);
  }
  const auto made = in.decide(leave(last));
  CHECK(entries(made).size() == 1);
  CHECK(in.view().members == 0);
  CHECK(in.view().owners == 0);
}

TEST_CASE("of those who came by one entry the first by id is owner", "[rooms]") {
  chat in;
  in.decide(by_api(change(alice, make({dave, bob, carol}, member_state::member))));

  CHECK(heir_of(in.decide(leave(alice))) == bob);
}

TEST_CASE("while there is another owner nobody follows", "[rooms]") {
  chat in;
  in.add(bob, role::owner);
  in.add(carol);

  CHECK(entries(in.decide(leave(alice))).size() == 1);
  CHECK(heir_of(in.decide(leave(bob))) == carol);
}

TEST_CASE("two last owners who leave at once leave one owner behind", "[rooms]") {
  chat in;
  in.add(bob, role::owner);
  in.add(carol);
  in.add(dave);

  CHECK_FALSE(heir_of(in.decide(leave(bob))));
  CHECK(heir_of(in.decide(leave(alice))) == carol);
  CHECK(nothing(in.decide(leave(alice))));
  CHECK(in.view().owners == 1);
}

TEST_CASE("of two owners who demote each other at once the first in the log wins", "[rooms]") {
  chat in;
  in.add(bob, role::owner);

  CHECK(done(in.decide(change(alice, make({bob}, {}, role::member)))));
  CHECK(code(in.decide(change(bob, make({alice}, {}, role::member)))) == error_code::forbidden);
  CHECK(in.view().owners == 1);
}

TEST_CASE("the last owner does not step down, but the API may take the role", "[rooms]") {
  chat in;
  in.add(bob);
  CHECK(code(in.decide(change(alice, make({alice}, {}, role::member)))) == error_code::conflict);
  CHECK(heir_of(in.decide(by_api(change(bob, make({alice}, {}, role::member))))) == bob);
  CHECK(in.row(alice).as == role::member);

  in.add(alice, role::owner);
  CHECK(done(in.decide(change(alice, make({alice}, {}, role::member)))));
  CHECK(in.view().owners == 1);
}

TEST_CASE("an owner who is removed or banned by the API is followed, too", "[rooms]") {
  for (const auto state : {member_state::removed, member_state::banned}) {
    chat in;
    in.add(bob);
    CHECK(heir_of(in.decide(by_api(change(eve, make({alice}, state))))) == bob);
  }
}

TEST_CASE("a room that never had an owner gets none", "[rooms]") {
  fixture in;
  in.decide(create());
  in.decide(join(alice));
  in.decide(join(bob));

  const auto made = in.decide(leave(alice));
  CHECK(entries(made).size() == 1);
  CHECK(in.from.rooms.at(general).view.owners == 0);
}

// --- what a second attack found ---

TEST_CASE("one command does not take the role from all owners", "[rooms]") {
  chat in;
  in.add(bob, role::owner);
  CHECK(code(in.decide(change(alice, make({alice, bob}, {}, role::member)))) ==
        error_code::conflict);
  CHECK(code(in.decide(change(alice, make({bob, alice}, {}, role::member)))) ==
        error_code::conflict);
  CHECK(code(in.decide(by_api(change(alice, make({alice, bob}, {}, role::member))))) ==
        error_code::conflict);
  in.add(carol);
  CHECK(code(in.decide(change(alice, make({alice, bob}, {}, role::member)))) ==
        error_code::conflict);

  // The deployment may, where somebody follows.
  REQUIRE(done(in.decide(by_api(change(alice, make({alice, bob}, {}, role::member))))));
  CHECK(in.row(carol).is_owner());
  CHECK(code(in.decide(as_admin(change(eve, make({carol}, {}, role::reader))))) == std::nullopt);
  CHECK(in.view().owners == 1);
}

TEST_CASE("one's own role goes down only, whatever the token gives", "[rooms]") {
  chat in;
  in.add(bob);
  const auto up = with_token(change(bob, make({bob}, {}, role::owner)), role::owner);
  CHECK(code(in.decide(up)) == error_code::forbidden);
}

TEST_CASE("guests are no members where they can't be, whoever asks", "[rooms]") {
  rules how;
  how.guest_members = false;
  chat in{{}, how};
  const auto guest = user_id::trusted("guest:abc");
  CHECK(code(in.decide(change(alice, make({guest}, member_state::invited)))) ==
        error_code::forbidden);
  CHECK(code(in.decide(as_admin(change(eve, make({guest}, member_state::member))))) ==
        error_code::forbidden);
  create_room::founding with_guest{{}, {bob, guest}};
  const operation founding{room_id::trusted("made"), author(alice), "",
                           create_room{epoch_id{"e"}, {}, with_guest}};
  CHECK(code(in.decide(founding)) == error_code::forbidden);
  chat there;
  CHECK(done(there.decide(change(alice, make({guest}, member_state::invited)))));
  CHECK(std::holds_alternative<room_created>(there.decide(founding)));
}

TEST_CASE("where no members are left an invitation leads nowhere", "[rooms]") {
  chat in{with(&room_settings::visible, visibility::closed)};
  in.decide(change(alice, make({bob}, member_state::invited)));
  in.decide(leave(alice));
  CHECK(code(in.decide(not_joined(join(bob)))) == error_code::no_such_room);
}

TEST_CASE("a key that names more users than its first use is no repeat", "[rooms]") {
  chat in;
  auto first = change(alice, make({bob}, member_state::invited), "k1");
  REQUIRE(done(in.decide(first)));
  CHECK(std::holds_alternative<repeated>(in.decide(first)));
  const auto more = change(alice, make({bob, carol}, member_state::invited), "k1");
  CHECK(code(in.decide(more)) == error_code::conflict);
  in.add(carol);
  CHECK(std::holds_alternative<repeated>(in.decide(more)));
}

TEST_CASE("who has spent too much is answered when it is a repeat", "[rooms]") {
  chat in;
  auto asked = change(alice, make({bob}, member_state::invited), "k1");
  asked.overdrawn = std::chrono::seconds{7};
  const auto made = in.decide(asked);
  REQUIRE(code(made) == error_code::rate_limited);
  CHECK(std::get<refused>(made).retry_after == std::chrono::seconds{7});
  asked.overdrawn.reset();
  REQUIRE(done(in.decide(asked)));
  asked.overdrawn = std::chrono::seconds{7};
  CHECK(std::holds_alternative<repeated>(in.decide(asked)));
}

TEST_CASE("what the archive is set to already changes nothing", "[rooms]") {
  chat in{with(&room_settings::archived, true)};
  CHECK(nothing(in.decide(set(alice, with(&room_settings::archived, true)))));
  CHECK(code(in.decide(set(bob, with(&room_settings::archived, true)))) == error_code::read_only);
  CHECK(code(in.decide(set(alice, with(&room_settings::topic, "x")))) == error_code::read_only);
}
