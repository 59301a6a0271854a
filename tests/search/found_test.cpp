// What is found, and by whom.

#include "protocol/wire_size.hpp"
#include "tests/search/found.hpp"

using namespace confab;
using namespace confab::search;
using namespace confab::search::test;

namespace {

const room_id other = room("other");

/// Alice and Bob are members of `general`.
struct two_members : searched_journal {
  two_members() { say({create(general), create(other), join(general, alice), join(general, bob)}); }
};

}  // namespace

TEST_CASE_METHOD(two_members, "words are found in the rooms of who asks, latest first") {
  say({post(general, "A plan."), post(other, "a plan elsewhere"), post(general, "no such thing"),
       post(general, "the PLAN again")});

  CHECK(found(bob, "plan") == places{"general/5", "general/3"});
  CHECK(found(bob, "pl") == places{"general/5", "general/3"});
  CHECK(found(bob, "again plan") == places{"general/5"});
  CHECK(found(bob, "draft").empty());
  CHECK(found(user("eve"), "plan").empty());
}

TEST_CASE_METHOD(two_members,
                 "a hit is the message in its present form, with the names of nobody else") {
  say({post(general, "a plan", "k1"), react(general, 3, "+")});

  const auto page = ask(asked(bob, "plan"));

  REQUIRE(page.hits.size() == 1);
  const auto& one = page.hits[0].message;
  CHECK(one.from == alice);
  CHECK(one.key == "k1");
  CHECK(one.reactions.at("+").mine);
  CHECK(page.next == 0);
}

TEST_CASE_METHOD(two_members, "an edited message is found by its present text") {
  say({post(general, "first words"), post(general, "untouched words")});
  say({edit(general, 3, "second thoughts")});

  CHECK(found(bob, "thoughts") == places{"general/3"});
  CHECK(found(bob, "words") == places{"general/4"});
  say({edit(general, 3, "third words")});
  CHECK(found(bob, "words") == places{"general/4", "general/3"});
  CHECK(found(bob, "thoughts").empty());
}

TEST_CASE_METHOD(two_members,
                 "what is said, edited and deleted within one page of the feed is as it is then") {
  of.commit({post(general, "aa one"), post(general, "aa two"), edit(general, 3, "bb one"),
             edit(general, 3, "cc one"), erase(general, 4)});
  feed();

  CHECK(found(bob, "one") == places{"general/3"});
  CHECK(found(bob, "cc") == places{"general/3"});
  CHECK(found(bob, "aa").empty());
  CHECK(found(bob, "two").empty());
}

TEST_CASE_METHOD(
    two_members,
    "what is deleted or edited is not found by its old words, also before the index knows") {
  say({post(general, "a slip of the tongue"), post(general, "another slip")});

  of.commit({erase(general, 3), edit(general, 4, "better")});

  CHECK(found(bob, "slip").empty());
  feed();
  CHECK(found(bob, "slip").empty());
  CHECK(found(bob, "better") == places{"general/4"});
}

TEST_CASE_METHOD(two_members,
                 "replies in threads are found, and messages without a text when they get one") {
  operation picture = post(general, "");
  std::get<rooms::post_message>(picture.what).what.attachments =
      attachment_list{R"([{"url":"https://e.example/p"}])"};
  say({post(general, "root"), post(general, "the reply", "", bob, {seq_no{3}, seq_no{3}, false, {}}),
       picture});
  say({edit(general, 5, "now with words")});

  CHECK(found(bob, "reply") == places{"general/4"});
  CHECK(found(bob, "words") == places{"general/5"});
}

// --- rights ------------------------------------------------------------------------------------

TEST_CASE_METHOD(two_members,
                 "who left, was removed or banned finds nothing there any more, at once") {
  say({post(general, "plan"), join(general, user("carol")), join(general, user("dan"))});
  member_set ban, removal;
  ban.users = {bob};
  ban.state = member_state::banned;
  removal.users = {user("dan")};
  removal.state = member_state::removed;

  for (const bool fed : {false, true}) {
    INFO(fed);
    if (fed)
      feed();
    else
      of.commit({as_admin(change_members(general, ban)), as_admin(change_members(general, removal)),
                 leave(general, user("carol"))});
    CHECK(found(bob, "plan").empty());
    CHECK(found(user("carol"), "plan").empty());
    CHECK(found(user("dan"), "plan").empty());
    CHECK(found(alice, "plan") == places{"general/3"});
  }
  auto named = asked(bob, "plan");
  named.rooms = {general};
  CHECK(found(named).empty());
}

TEST_CASE_METHOD(two_members,
                 "who joined a room without being a member finds what is there, from his coming on "
                 "where it is so") {
  say({post(other, "old plan"), post(other, "new plan")});
  auto what = asked(bob, "plan");

  CHECK(found(what).empty());
  joined_room here{other, by(bob)};
  what.joined = {here};
  CHECK(found(what) == places{"other/2", "other/1"});
  what.joined[0].by.reads_from = seq_no{2};
  CHECK(found(what) == places{"other/2"});
  what.rooms = {general};
  CHECK(found(what).empty());
}

TEST_CASE_METHOD(two_members,
                 "where members read from their own coming on they find from there on") {
  room_settings own;
  own.history = history_scope::own;
  say({post(general, "before plan"), settle(general, own), join(general, user("carol")),
       post(general, "after plan")});

  CHECK(found(user("carol"), "plan") == places{"general/6"});
  CHECK(found(bob, "plan") == places{"general/6", "general/3"});
}

TEST_CASE_METHOD(two_members,
                 "a direct room is found in by its two, and by nobody else, admin or not") {
  const auto direct = direct_room_of(alice, bob);
  say({create_direct(alice, bob), post(direct, "a secret plan")});

  CHECK(found(alice, "secret") == places{direct.value() + "/1"});
  CHECK(found(bob, "secret") == places{direct.value() + "/1"});
  auto what = asked(user("eve"), "secret");
  what.rooms = {direct};
  what.by.admin = true;
  CHECK(found(what).empty());
  what.by.user = bob;
  CHECK(found(what) == places{direct.value() + "/1"});
}

TEST_CASE_METHOD(two_members, "a token that is for some rooms finds in those, and in direct ones") {
  const auto direct = direct_room_of(alice, bob);
  say({join(other, bob), create_direct(alice, bob), post(general, "plan"), post(other, "plan"),
       post(direct, "plan")});
  auto what = asked(bob, "plan");

  what.allowed = std::vector<std::string>{"oth*"};
  CHECK(found(what) == places{direct.value() + "/1", "other/2"});
  what.allowed = std::vector<std::string>{};
  CHECK(found(what) == places{direct.value() + "/1"});
  what.rooms = {general};
  CHECK(found(what).empty());
}

// --- filters -----------------------------------------------------------------------------------

TEST_CASE_METHOD(two_members, "author, time, attachments and rooms narrow it down") {
  auto with_picture = post(general, "plan C", "", bob);
  std::get<rooms::post_message>(with_picture.what).what.attachments =
      attachment_list{R"([{"url":"https://e.example/p"}])"};
  say({join(other, bob)});
  say({post(general, "plan A")}, 2000);
  say({post(general, "plan B", "", bob)}, 3000);
  say({with_picture}, 4000);
  say({post(other, "plan D")}, 5000);
  const auto all = found(bob, "plan");
  REQUIRE(all == places{"other/2", "general/5", "general/4", "general/3"});

  auto what = asked(bob, "plan");
  what.from = bob;
  CHECK(found(what) == places{"general/5", "general/4"});
  what.has_attachment = true;
  CHECK(found(what) == places{"general/5"});
  what = asked(bob, "plan");
  what.after_at = unix_ms{3000};
  what.before_at = unix_ms{5000};
  CHECK(found(what) == places{"general/5", "general/4"});
  what = asked(bob, "plan");
  what.rooms = {other, room("never-seen")};
  CHECK(found(what) == places{"other/2"});
  what.from = user("b");
  CHECK(found(what).empty());
}

TEST_CASE_METHOD(two_members, "an edit takes an attachment away or brings one") {
  auto what = asked(bob, "plan");
  what.has_attachment = true;
  auto bring = edit(general, 3, "plan");
  std::get<rooms::edit_message>(bring.what).what.attachments =
      attachment_list{R"([{"url":"https://e.example/p"}])"};
  say({post(general, "plan")});
  CHECK(found(what).empty());

  say({bring});
  CHECK(found(what) == places{"general/3"});
  say({edit(general, 3, "plan")});
  CHECK(found(what).empty());
}

// --- pages -------------------------------------------------------------------------------------

TEST_CASE_METHOD(two_members,
                 "pages go on where the one before ended, and say when nothing follows") {
  std::vector<operation> many;
  for (int i = 0; i < 45; ++i) many.push_back(post(general, "plan " + std::to_string(i)));
  say(many);
  auto what = asked(bob, "plan");

  const auto first = ask(what);
  CHECK(first.hits.size() == 20);
  what.before = first.next;
  const auto second = ask(what);
  CHECK(second.hits.size() == 20);
  what.before = second.next;
  const auto third = ask(what);
  CHECK(third.hits.size() == 5);
  CHECK(third.next == 0);
  CHECK(second.hits.front().message.seq.value() + 1 == first.hits.back().message.seq.value());
  CHECK(third.hits.front().message.seq.value() + 1 == second.hits.back().message.seq.value());
  what.before = 0;
  what.count = 45;
  CHECK(ask(what).next == 0);
}

TEST_CASE_METHOD(two_members, "a page ends early by its bytes") {
  std::vector<operation> many;
  for (int i = 0; i < 100; ++i) many.push_back(post(general, "plan " + std::string(4'000, 'x')));
  say(many);
  auto what = asked(bob, "plan");
  what.count = 100;

  const auto page = ask(what);

  std::size_t bytes = 0;
  for (const auto& [room, message] : page.hits) bytes += wire_size(room, message);
  CHECK(bytes <= limits::page_bytes_max);
  CHECK(bytes + 5'000 > limits::page_bytes_max);
  CHECK(page.next != 0);
  CHECK(found(what).size() == 100);
}

TEST_CASE_METHOD(two_members, "any cursor is a place, of this index or not") {
  say({post(general, "plan")});
  auto what = asked(bob, "plan");

  what.before = 1;
  CHECK(ask(what).hits.empty());
  what.before = ~std::uint64_t{0};
  CHECK(ask(what).hits.size() == 1);
}

TEST_CASE_METHOD(two_members,
                 "a query looks at twenty thousand candidates and says where it goes on") {
  // More rooms than the index is asked for by name.
  std::vector<operation> rooms;
  for (int i = 0; i < 12; ++i) {
    rooms.push_back(create(room("r" + std::to_string(i))));
    rooms.push_back(join(room("r" + std::to_string(i)), bob));
  }
  say(rooms);
  say({post(general, "a plan")});
  for (int i = 0; i < 210; ++i) of.commit(std::vector(100, post(other, "a plan of others")));
  feed();
  auto what = asked(bob, "plan");

  const auto page = ask(what);

  CHECK(page.hits.empty());
  CHECK(page.candidates == candidates_max);
  REQUIRE(page.next != 0);
  what.before = page.next;
  const auto second = ask(what);
  CHECK(second.hits.size() == 1);
  CHECK(second.next == 0);
  // Nor does it look at more for one character of all of them.
  auto one_character = asked(bob, "p");
  CHECK(ask(one_character).candidates == candidates_max);
  one_character.before = page.next;
  CHECK(ask(one_character).hits.size() == 1);
  // By name it does not look at others' at all.
  what.before = 0;
  what.rooms = {general};
  CHECK(ask(what).candidates == 1);
}

TEST_CASE_METHOD(two_members,
                 "a query that is late answers with what it has, and goes on from there") {
  say({post(general, "a plan")});
  for (int i = 0; i < 270; ++i) of.commit(std::vector(100, post(other, "said elsewhere")));
  feed();
  is_late = true;
  auto what = asked(bob, "plan");

  const auto page = ask(what);

  CHECK(page.hits.empty());
  REQUIRE(page.next != 0);
  CHECK(found(what) == places{"general/3"});
}

// --- queries -----------------------------------------------------------------------------------

TEST_CASE_METHOD(two_members, "what means something to the engine is words here") {
  say({post(general, "near and or not body tags")});

  for (const auto* query : {"near and", "NEAR AND", "not body", "NOT near", "body tags", "tags",
                            "or", "\"near\"", "near*", "ne*ar OR", "^near", "(near", "near)",
                            "{near}", "body:near", "-near", "near:", "NEAR(near and, 2)"}) {
    INFO(query);
    CHECK_NOTHROW(found(bob, query));
  }
  CHECK(found(bob, "and near").size() == 1);
  CHECK(found(bob, "\"near\"").size() == 1);
  CHECK(found(bob, "tags:r1").empty());
  CHECK(found(bob, "ualice").empty());
  CHECK(found(bob, "* \" -").empty());
}

TEST_CASE_METHOD(two_members, "twenty words, and words of twenty scripts") {
  std::string many;
  for (char c = 'a'; c < 'u'; ++c) many += std::string(3, c) + ' ';
  say({post(general, many), post(general, "我们明天讨论计划"), post(general, "ใครอยู่ที่นี่"),
       post(general, "プランを見せて")});

  CHECK(found(bob, many) == places{"general/3"});
  CHECK(found(bob, "讨论计划") == places{"general/4"});
  CHECK(found(bob, "划") == places{"general/4"});
  CHECK(found(bob, "อยู่") == places{"general/5"});
  CHECK(found(bob, "ﾌﾟﾗﾝ") == places{"general/6"});
}

TEST_CASE_METHOD(two_members, "it says how far the index has come") {
  say({post(general, "plan")}, 5000);
  CHECK(ask(asked(bob, "plan")).upto_at == unix_ms{now});

  of.commit({post(general, "plan")}, 6000);
  const auto behind = ask(asked(bob, "plan"));
  CHECK(behind.upto_at == unix_ms{5000});
  CHECK(behind.hits.size() == 1);
  feed();
  CHECK(ask(asked(bob, "plan")).hits.size() == 2);
}

TEST_CASE_METHOD(two_members, "who is no user finds what is in the rooms that are for him, whoever is a member") {
  say({post(general, "a plan"), post(other, "a plan elsewhere")});
  auto what = asked(user_id{}, "plan");
  what.sees = [](const room_id&) { return true; };
  CHECK(found(what) == places{"other/1", "general/3"});

  what.sees = [](const room_id& room) { return room == other; };
  CHECK(found(what) == places{"other/1"});
  what.rooms = {general, other};
  CHECK(found(what) == places{"other/1"});
  what.sees = [](const room_id&) { return false; };
  CHECK(found(what).empty());
}
