// What is asked first: the key, then bans and rooms that do not exist for others, then rights.

#include "tests/rooms/chat.hpp"

using namespace confab;
using namespace confab::rooms;
using namespace confab::rooms::test;

TEST_CASE("a ban comes before everything but the key", "[rooms]") {
  chat in;
  const auto kept = in.say();
  in.add(bob);
  const auto own = in.say("of bob", bob);
  auto with_key = post("once", "k", bob);
  const auto first = entries(in.decide(with_key)).back().seq;
  REQUIRE(done(in.decide(change(alice, ban(bob, 5000, "spam")))));

  auto to_nothing = post("x", "", bob);
  std::get<post_message>(to_nothing.what).where.reply_to = seq_no{99};
  for (const auto& asked :
       {post("x", "", bob), edit(own, bob), erase({own}, bob), erase({99}, bob), react(kept, bob),
        pin(bob, kept), join(bob), set(bob, with(&room_settings::topic, "x")), to_nothing,
        reply("x", 99, bob), change(bob, make({carol}, member_state::invited)),
        not_joined(post("x", "", bob))}) {
    const auto made = in.decide(asked);
    REQUIRE(code(made) == error_code::banned);
    CHECK(std::get<refused>(made).until == unix_ms{5000});
    CHECK(std::get<refused>(made).reason == "spam");
  }
  CHECK(nothing(in.decide(leave(bob))));
  CHECK(std::get<repeated>(in.decide(with_key)).seq == first);
  auto other_target = edit(own, bob);
  other_target.key = "k";
  CHECK(code(in.decide(other_target)) == error_code::conflict);
}

TEST_CASE("a ban in a private room is told as a ban, to others the room is not there", "[rooms]") {
  chat in{with(&room_settings::visible, visibility::closed)};
  in.add(bob);
  in.decide(change(alice, ban(bob)));

  CHECK(code(in.decide(not_joined(post("x", "", bob)))) == error_code::banned);
  CHECK(code(in.decide(join(bob))) == error_code::banned);
  for (const auto& asked : {post("x", "", eve), reply("x", 99, eve), erase({1}, eve), join(eve),
                            leave(eve), pin(eve, 1), set(eve, with(&room_settings::topic, "x")),
                            change(eve, make({carol}, member_state::invited))})
    CHECK(code(in.decide(not_joined(asked))) == error_code::no_such_room);
}

TEST_CASE("rights are judged before what is named is looked for", "[rooms]") {
  chat in{with(&room_settings::visitors, visitor_rights::read)};

  auto to_nothing = post("x", "", eve);
  std::get<post_message>(to_nothing.what).where.reply_to = seq_no{99};
  CHECK(code(in.decide(to_nothing)) == error_code::read_only);
  CHECK(code(in.decide(reply("x", 99, eve))) == error_code::read_only);
  CHECK(code(in.decide(not_joined(reply("x", 99)))) == error_code::not_joined);
  CHECK(code(in.decide(reply("x", 99))) == error_code::no_such_message);
}

TEST_CASE("the server's own log is the server's alone, and no room to belong to", "[rooms]") {
  chat in;
  in.from.rooms[server_room].view.room = server_room;
  const auto asked = [](principal by, room_id room, want what) {
    return operation{std::move(room), std::move(by), "", std::move(what)};
  };
  const set_user profile{{alice, "Alice", {}, false}};

  CHECK(code(in.decide(asked(author(alice), server_room, profile))) == error_code::forbidden);
  CHECK(code(in.decide(asked(server_principal(), general, profile))) == error_code::forbidden);
  CHECK(code(in.decide(asked(server_principal(), general, record_event{"a", free_data{"{}"}}))) ==
        error_code::forbidden);
  CHECK(code(in.decide(asked(server_principal(), server_room, become_member{}))) ==
        error_code::forbidden);
  CHECK(done(in.decide(asked(server_principal(), server_room, profile))));
  CHECK(nothing(in.decide(asked(server_principal(), server_room, profile))));
  auto renamed = profile;
  renamed.profile.name = "Ann";
  CHECK(done(in.decide(asked(server_principal(), server_room, renamed))));
}

TEST_CASE("a guest's name is told again once it has not been for a day", "[rooms]") {
  chat in;
  in.from.rooms[server_room].view.room = server_room;
  const auto tell = [&](user_set profile, std::int64_t hour) {
    return in.decide({server_room, server_principal(), "", set_user{std::move(profile)}},
                     hour * 3'600'000);
  };
  const user_set guest{bob, "Bob", {}, true}, user{alice, "Alice", {}, false};
  REQUIRE(done(tell(guest, 1)));
  REQUIRE(done(tell(user, 1)));

  CHECK(nothing(tell(guest, 24)));
  CHECK(done(tell(guest, 25)));
  CHECK(nothing(tell(guest, 48)));
  CHECK(done(tell(guest, 49)));
  CHECK(nothing(tell(user, 1'000)));
}

// --- keys ---

TEST_CASE("a key that was used for another kind of entry, or target, is a conflict", "[rooms]") {
  chat in;
  const auto one = in.say(), two = in.say();
  const auto keyed = [](operation asked, std::string key) {
    asked.key = std::move(key);
    return asked;
  };
  const std::vector<operation> uses{
      keyed(post("x"), "a"),
      keyed(edit(one), "b"),
      keyed(react(one, alice), "c"),
      keyed(react(one, alice, false), "d"),
      keyed(pin(alice, one), "e"),
      keyed(pin(alice, one, false), "f"),
      keyed(change(alice, make({bob}, member_state::invited)), "g"),
      keyed(set(alice, with(&room_settings::topic, "t")), "h"),
      keyed(erase({two}), "i"),
  };
  for (const auto& use : uses) REQUIRE(done(in.decide(use)));

  for (const auto& use : uses)
    for (const auto& other : uses) {
      INFO(use.key << " as " << other.key);
      const auto made = in.decide(keyed(other, use.key));
      if (use.key == other.key)
        CHECK(std::holds_alternative<repeated>(made));
      else
        CHECK(code(made) == error_code::conflict);
    }
  CHECK(code(in.decide(keyed(edit(two), "b"))) == error_code::conflict);
  CHECK(code(in.decide(keyed(react(two, alice), "c"))) == error_code::conflict);
  CHECK(code(in.decide(keyed(pin(alice, two), "e"))) == error_code::conflict);
  CHECK(code(in.decide(keyed(erase({one}), "i"))) == error_code::conflict);
  CHECK(code(in.decide(keyed(erase({two, one}), "i"))) == error_code::conflict);
  for (const auto& other : {make({carol}, member_state::invited), make({bob}, member_state::banned),
                            make({bob}, member_state::invited, role::moderator)})
    CHECK(code(in.decide(keyed(change(alice, other), "g"))) == error_code::conflict);
}

TEST_CASE("the repeat of a ban names whom it has banned, and nobody else", "[rooms]") {
  chat in;
  const auto ban = [&](std::vector<user_id> users) {
    auto asked = change(alice, make(std::move(users), member_state::banned));
    asked.key = "k";
    return in.decide(asked);
  };
  REQUIRE(done(in.decide(change(alice, make({bob}, member_state::banned)))));
  REQUIRE(done(ban({bob, eve})));

  CHECK(std::holds_alternative<repeated>(ban({bob, eve})));
  CHECK(code(ban({bob, eve, carol})) == error_code::conflict);
  CHECK(code(ban({bob})) == error_code::conflict);
  REQUIRE(done(in.decide(change(alice, make({eve}, member_state::unbanned)))));
  CHECK(std::holds_alternative<repeated>(ban({bob, eve})));  // whatever has happened since
}

TEST_CASE("a key is of one user in one room", "[rooms]") {
  chat in;
  in.decide(create(room_id::trusted("other")));
  REQUIRE(done(in.decide(post("x", "k"))));
  auto elsewhere = post("x", "k");
  elsewhere.room = room_id::trusted("other");

  CHECK(done(in.decide(post("x", "k", bob))));
  CHECK(done(in.decide(elsewhere)));
  CHECK(std::holds_alternative<repeated>(in.decide(post("x", "k"))));
}

TEST_CASE("what was refused, or changed nothing, leaves its key free", "[rooms]") {
  chat in;
  const auto one = in.say();
  auto again = react(one, bob, false);
  again.key = "k";
  REQUIRE(nothing(in.decide(again)));
  REQUIRE(code(in.decide(post("x", "l", bob), 1000)) == std::nullopt);
  auto no = pin(bob, one);
  no.key = "m";
  REQUIRE(code(in.decide(no)) == error_code::forbidden);

  CHECK(done(in.decide(post("x", "k", bob))));
  CHECK(done(in.decide(post("x", "m", bob))));
}
