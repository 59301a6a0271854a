// How a room is founded and set, and what its settings do to those who write.

#include "tests/rooms/chat.hpp"

using namespace confab;
using namespace confab::rooms;
using namespace confab::rooms::test;

namespace {

using std::chrono::milliseconds;

operation found(room_settings settings, std::vector<user_id> users, std::string key = "",
                const user_id& who = alice) {
  create_room wanted{
      epoch_id{"e"}, {}, create_room::founding{std::move(settings), std::move(users)}};
  return in_general(who, std::move(wanted), std::move(key));
}

std::optional<milliseconds> wait_of(const decision& made) {
  const auto* no = std::get_if<refused>(&made);
  return no && no->code == error_code::slow_mode ? no->retry_after : std::nullopt;
}

}  // namespace

// --- founding ---

TEST_CASE("a founded room begins with its settings, its owner and its invitations", "[rooms]") {
  fixture in;
  in.from.blocks.insert({carol, alice});
  const auto settings = with(&room_settings::title, std::string{"Red"},
                             with(&room_settings::visible, visibility::closed));

  const auto made = in.decide(found(settings, {bob, carol, alice}, "k"));

  const auto& all = std::get<room_created>(made).entries;
  REQUIRE(all.size() == 3);
  CHECK(all[0] == log_entry{seq_no{1}, unix_ms{1000}, alice, "k", room_set{settings}});
  CHECK(members_of(all[1]) == make({alice}, member_state::member, role::owner));
  auto invitation = make({bob}, member_state::invited);
  invitation.until = unix_ms{1000 + rules{}.invitation_life.count()};
  CHECK(members_of(all[2]) == invitation);
  CHECK(all[2].key.empty());
  const auto& view = in.from.rooms.at(general).view;
  CHECK(view.head == seq_no{3});
  CHECK(view.members == 1);
  CHECK(view.owners == 1);
  CHECK(view.rows == 2);
  CHECK(view.settings() == settings);
}

TEST_CASE("a room with nothing set and nobody asked begins with its owner alone", "[rooms]") {
  fixture in;
  const auto made = in.decide(found(with(&room_settings::archived, false), {}));
  CHECK(std::get<room_created>(made).entries.size() == 1);
}

TEST_CASE("founding a room that is there is a conflict, unless by the same key", "[rooms]") {
  fixture in;
  REQUIRE(std::holds_alternative<room_created>(in.decide(found({}, {bob}, "k"))));

  CHECK(std::get<repeated>(in.decide(found({}, {}, "k"))).seq == seq_no{2});
  CHECK(code(in.decide(found({}, {}, "l"))) == error_code::conflict);
  CHECK(code(in.decide(found({}, {}))) == error_code::conflict);
  CHECK(code(in.decide(found({}, {}, "k", bob))) == error_code::conflict);
  CHECK(std::holds_alternative<room_was_there>(in.decide(create())));
}

TEST_CASE("a key that was used in a room did not found it", "[rooms]") {
  fixture in;
  in.decide(create());
  SECTION("by a message") { in.decide(post("first", "k")); }
  SECTION("by its settings") {
    auto set = as_admin(test::set(alice, with(&room_settings::topic, "t")));
    set.key = "k";
    in.decide(set);
  }
  CHECK(code(in.decide(found({}, {}, "k"))) == error_code::conflict);
}

TEST_CASE("a room that nobody founded is public, has no owner, and joining makes no member",
          "[rooms]") {
  fixture in;
  in.decide(create());

  CHECK(done(in.decide(post("x", "", eve))));
  CHECK(done(in.decide(edit(1, eve))));
  CHECK(done(in.decide(react(1))));
  CHECK(done(in.decide(erase({1}, eve))));
  CHECK(code(in.decide(pin(alice, 1))) == error_code::no_such_message);
  in.decide(post("y", "", eve));
  CHECK(code(in.decide(pin(alice, 5))) == error_code::forbidden);
  CHECK(code(in.decide(set(alice, with(&room_settings::topic, "t")))) == error_code::forbidden);
  CHECK(in.from.rooms.at(general).view.rows == 0);
}

// --- setting ---

TEST_CASE("an entry of settings names what is new alone", "[rooms]") {
  chat in{with(&room_settings::title, std::string{"Red"})};
  auto change = with(&room_settings::title, std::string{"Red"});
  change.topic = "Plans";
  change.archived = false;

  const auto made = in.decide(set(alice, change));
  CHECK(std::get<room_set>(entries(made).at(0).body).change ==
        with(&room_settings::topic, std::string{"Plans"}));
  CHECK(nothing(in.decide(set(alice, change))));
}

TEST_CASE("moderators set a room's manner, owners who comes in", "[rooms]") {
  chat in;
  in.add(bob, role::moderator);
  in.add(carol);
  std::vector<room_settings> manner(5), access(6);
  manner[0].title = "t", manner[1].topic = "t", manner[2].data = free_data{R"({"a":1})"};
  manner[3].slow = milliseconds{1}, manner[4].posting = posting_rights::threads;
  access[0].visible = visibility::invite, access[1].visitors = visitor_rights::read;
  access[2].inviting = inviting_rights::moderators, access[3].history = history_scope::own;
  access[4].retention = milliseconds{3'600'000}, access[5].receipts = true;

  for (const auto& change : manner) {
    CHECK(code(in.decide(set(carol, change))) == error_code::forbidden);
    CHECK(code(in.decide(set(eve, change))) == error_code::forbidden);
    CHECK(done(in.decide(set(bob, change))));
  }
  for (const auto& change : access) {
    auto both = change;
    both.topic = "new";
    CHECK(code(in.decide(set(bob, change))) == error_code::forbidden);
    CHECK(code(in.decide(set(bob, both))) == error_code::forbidden);
    CHECK(done(in.decide(set(alice, change))));
  }
  CHECK(code(in.decide(set(bob, with(&room_settings::archived, true)))) == error_code::forbidden);
}

TEST_CASE("in an archived room nothing goes but un-archiving and the end of one's membership",
          "[rooms]") {
  chat in;
  const auto one = in.say();
  in.add(bob);
  in.add(carol, role::moderator);
  in.decide(change(alice, make({dave}, member_state::invited)));
  REQUIRE(done(in.decide(set(alice, with(&room_settings::archived, true)))));

  auto and_more = with(&room_settings::archived, false);
  and_more.topic = "t";
  for (const auto& asked :
       {post("x"), edit(one), react(one, alice), erase({one}), pin(alice, one), join(dave),
        join(eve), set(alice, with(&room_settings::topic, "t")), set(alice, and_more),
        change(alice, make({eve}, member_state::invited)), change(alice, ban(eve)),
        change(alice, make({bob}, member_state::removed)), change(alice, mute({bob}, 5000)),
        change(alice, make({bob}, {}, role::moderator)),
        change(carol, make({carol}, {}, role::member))})
    CHECK(code(in.decide(asked)) == error_code::read_only);
  CHECK(nothing(in.decide(set(alice, with(&room_settings::archived, true)))));
  CHECK(done(in.decide(as_admin(join(eve)))));
  CHECK(done(in.decide(by_api(change(alice, ban(eve))))));
  CHECK(done(in.decide(leave(bob))));
  CHECK(done(in.decide(leave(dave))));
  CHECK(code(in.decide(set(carol, with(&room_settings::archived, false)))) ==
        error_code::forbidden);
  CHECK(done(in.decide(set(alice, with(&room_settings::archived, false)))));
  CHECK(done(in.decide(post("x"))));
}

TEST_CASE("a room's last owner may leave its archive behind", "[rooms]") {
  chat in{with(&room_settings::archived, true)};
  in.add(bob);

  CHECK(entries(in.decide(leave(alice))).size() == 2);
  CHECK(in.row(bob).is_owner());
}

// --- who writes ---

TEST_CASE("visitors write, or read, as the room is set", "[rooms]") {
  chat in;
  const auto one = in.say(), own = in.say("own", eve);
  for (const auto visitors : {visitor_rights::read, visitor_rights::none}) {
    in.decide(set(alice, with(&room_settings::visitors, visitors)));
    const auto why = visitors == visitor_rights::read ? error_code::read_only : error_code::forbidden;
    for (const auto& asked :
         {post("x", "", eve), edit(own, eve), react(one, eve), erase({own}, eve)})
      CHECK(code(in.decide(asked)) == why);
    CHECK(done(in.decide(with_token(post("x", "", eve), role::member))));
  }
  in.decide(set(alice, with(&room_settings::visitors, visitor_rights::write)));
  CHECK(done(in.decide(react(one, eve))));
  CHECK(done(in.decide(erase({own}, eve))));
}

TEST_CASE("members write where posting lets them, and react and delete their own in any case",
          "[rooms]") {
  chat in;
  in.add(bob);
  const auto root = in.say();
  const auto main = in.say("main", bob);
  const auto answered = in.decide(reply("x", root, bob));
  const auto replied = entries(answered).at(0).seq.value();

  in.decide(set(alice, with(&room_settings::posting, posting_rights::threads)));
  CHECK(code(in.decide(post("x", "", bob))) == error_code::read_only);
  CHECK(code(in.decide(post("x", "", eve))) == error_code::read_only);
  CHECK(code(in.decide(edit(main, bob))) == error_code::read_only);
  CHECK(done(in.decide(reply("x", root, bob))));
  CHECK(done(in.decide(reply("x", root, eve))));
  CHECK(done(in.decide(edit(replied, bob))));
  CHECK(done(in.decide(post("x"))));

  in.decide(set(alice, with(&room_settings::posting, posting_rights::moderators)));
  CHECK(code(in.decide(reply("x", root, bob))) == error_code::read_only);
  CHECK(code(in.decide(edit(replied, bob))) == error_code::read_only);
  CHECK(done(in.decide(react(root, bob))));
  CHECK(done(in.decide(erase({main}, bob))));
  CHECK(done(in.decide(with_token(post("x", "", bob), role::moderator))));
}

// --- slow mode ---

TEST_CASE("slow mode counts from the user's last message there, threads included", "[rooms]") {
  chat in{with(&room_settings::slow, milliseconds{1000})};
  in.add(bob);
  in.add(carol, role::moderator);
  const auto root = entries(in.decide(post("1", "", bob), 10'000)).at(0).seq.value();

  CHECK(wait_of(in.decide(post("x", "", bob), 10'999)) == milliseconds{1});
  CHECK(wait_of(in.decide(reply("x", root, bob), 10'600)) == milliseconds{400});
  CHECK(done(in.decide(reply("2", root, bob), 11'000)));
  CHECK(wait_of(in.decide(post("x", "", bob), 11'500)) == milliseconds{500});
  CHECK(done(in.decide(post("visitor", "", eve), 11'500)));
  CHECK(wait_of(in.decide(post("visitor", "", eve), 11'501)) == milliseconds{999});
  for (int i = 0; i < 2; ++i) {
    CHECK(done(in.decide(post("x", "", carol), 11'501)));
    CHECK(done(in.decide(post("x", "", alice), 11'501)));
    CHECK(done(in.decide(with_token(post("x", "", dave), role::moderator), 11'501)));
  }
}

TEST_CASE("slow mode counts no edits, and a duplicate is answered as ever", "[rooms]") {
  chat in{with(&room_settings::slow, milliseconds{1000})};
  in.add(bob);
  const auto first = in.decide(post("1", "k", bob), 10'000);
  const auto seq = entries(first).at(0).seq;

  CHECK(done(in.decide(edit(seq.value(), bob), 10'900)));
  CHECK(std::get<repeated>(in.decide(post("1", "k", bob), 10'950)).seq == seq);
  CHECK(done(in.decide(post("2", "", bob), 11'000)));
  // A message that is deleted was said all the same.
  const auto second = in.view().head.value();
  CHECK(done(in.decide(erase({second}, bob), 11'001)));
  CHECK(wait_of(in.decide(post("3", "", bob), 11'001)) == milliseconds{999});
}

TEST_CASE("slow mode holds across a restart", "[rooms]") {
  chat in{with(&room_settings::slow, milliseconds{1000})};
  in.decide(post("1", "", eve), 10'000);

  sequencer fresh{key_window{}, {}};
  fresh.set_log_time(in.order.log_time());
  in.order = fresh;

  CHECK(wait_of(in.decide(post("2", "", eve), 10'400)) == milliseconds{600});
  CHECK(done(in.decide(post("2", "", eve), 11'000)));
}

TEST_CASE("a clock that fell far back makes nobody wait for it", "[rooms]") {
  chat in{with(&room_settings::slow, milliseconds{1000})};
  in.decide(post("1", "", eve), 10'000'000);

  CHECK(done(in.decide(post("2", "", eve), 5'000)));
}
