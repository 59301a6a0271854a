// What entries make of a member's row, and that what is no step from there changes nothing.

#include "tests/rooms/chat.hpp"

using namespace confab;
using namespace confab::rooms;
using namespace confab::rooms::test;

namespace {

member_row after(member_row row, member_set change, std::int64_t at = 1000) {
  return apply(std::move(row), {seq_no{9}, unix_ms{at}, alice, {}, std::move(change)});
}
member_row row_of(member_state state, role as = role::none,
                  std::optional<std::int64_t> until = {}) {
  member_row row;
  row.state = state;
  row.as = as;
  row.since = seq_no{3};
  if (until) row.until = unix_ms{*until};
  return row;
}

const auto nobody = row_of(member_state::none);
const auto invited = row_of(member_state::invited, role::moderator, 2000);
const auto member = row_of(member_state::member, role::moderator);
const auto banned = row_of(member_state::banned, role::none, 2000);

}  // namespace

TEST_CASE("a state is entered from where the rules let it, and from elsewhere changes nothing",
          "[rooms]") {
  struct step {
    member_state state;
    std::vector<const member_row*> from, not_from;
  };
  const step steps[] = {
      {member_state::invited, {&nobody}, {&invited, &member, &banned}},
      {member_state::member, {&nobody, &invited}, {&member, &banned}},
      {member_state::left, {&invited, &member}, {&nobody, &banned}},
      {member_state::removed, {&invited, &member}, {&nobody, &banned}},
      {member_state::banned, {&nobody, &invited, &member, &banned}, {}},
      {member_state::unbanned, {&banned}, {&nobody, &invited, &member}},
      {member_state::none, {}, {&nobody, &invited, &member, &banned}},
  };
  for (const auto& [state, from, not_from] : steps) {
    INFO(name(state));
    for (const auto* row : from) CHECK(after(*row, make({bob}, state)) != *row);
    for (const auto* row : not_from) {
      CHECK(after(*row, make({bob}, state)) == *row);
      auto and_muted = *row;
      and_muted.mute_until = unix_ms{5000};
      auto change = make({bob}, state);
      change.mute_until = unix_ms{5000};
      CHECK(after(*row, change) == and_muted);
    }
  }
}

TEST_CASE("a member's row has what gave the state, and nothing of the state before", "[rooms]") {
  auto change = ban(bob, 5000, "spam");
  const auto thrown_out = after(member, change);
  CHECK(thrown_out ==
        member_row{member_state::banned, role::none, seq_no{9}, unix_ms{5000}, {}, {}, "spam"});

  const auto asked = after(nobody, make({bob}, member_state::invited));
  CHECK(asked.by == alice);
  CHECK(asked.as == role::member);
  CHECK(after(asked, make({bob}, member_state::member)) ==
        member_row{member_state::member, role::member, seq_no{9}, {}, {}, {}, ""});
  CHECK_FALSE(after(member, make({bob}, member_state::left)).is_kept());
}

TEST_CASE("a mute outlives every change of state", "[rooms]") {
  auto row = member;
  row.mute_until = unix_ms{5000};
  for (const auto state : {member_state::left, member_state::removed, member_state::banned})
    CHECK(after(row, make({bob}, state)).is_muted(unix_ms{4999}));
  CHECK_FALSE(row.is_muted(unix_ms{5000}));
  CHECK(after(row, make({bob}, member_state::left)).is_kept());
}

TEST_CASE("who accepts gets the role that was offered, unless the offer has lapsed", "[rooms]") {
  CHECK(after(invited, make({bob}, member_state::member), 1999).as == role::moderator);
  CHECK(after(invited, make({bob}, member_state::member), 2000).as == role::member);
}

TEST_CASE("a role is of who belongs to the room, and an invitation gives none to who does",
          "[rooms]") {
  CHECK(after(member, make({bob}, {}, role::reader)).as == role::reader);
  CHECK(after(member, make({bob}, {}, role::reader)).since == member.since);
  CHECK(after(invited, make({bob}, {}, role::reader)).as == role::reader);
  CHECK(after(nobody, make({bob}, {}, role::reader)) == nobody);
  CHECK(after(banned, make({bob}, {}, role::reader)) == banned);
  CHECK(after(member, make({bob}, member_state::member, role::reader)).as == role::reader);
  CHECK(after(member, make({bob}, member_state::invited, role::reader)) == member);
  CHECK(after(nobody, make({bob}, member_state::invited, role::owner)).as == role::owner);
}

TEST_CASE("invitations and bans lapse by log time, at their time", "[rooms]") {
  CHECK(invited.is_invited(unix_ms{1999}));
  CHECK_FALSE(invited.is_invited(unix_ms{2000}));
  CHECK(banned.is_banned(unix_ms{1999}));
  CHECK_FALSE(banned.is_banned(unix_ms{2000}));
  CHECK(after(banned, make({bob}, member_state::member), 2000).is_member());
  CHECK(after(banned, make({bob}, member_state::invited), 2000).is_invited(unix_ms{2000}));
  CHECK(row_of(member_state::banned).is_banned(unix_ms{1'000'000}));
}
