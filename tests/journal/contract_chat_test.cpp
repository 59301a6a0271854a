// What journal.hpp promises of members, pins, threads and users, over every journal, and that a
// restart changes none of it.

#include "protocol/wire_size.hpp"
#include "tests/journal/stores.hpp"

using namespace confab;
using namespace confab::journal;
using namespace confab::journal::test;

#define JOURNAL_TEST(name) TEMPLATE_TEST_CASE(name, "[journal]", memory_store, sqlite_store)

namespace {

operation founded(const room_id& id, room_settings settings = {}) {
  return {id, by(alice), "",
          rooms::create_room{epoch_id{"e"}, {}, rooms::create_room::founding{settings, {}}}};
}
operation by_api(operation asked) {
  asked.by.as = rooms::principal::kind::api_key;
  return asked;
}
member_set make(std::vector<user_id> users, std::optional<member_state> state,
                std::optional<role> as = {}) {
  member_set change;
  change.users = std::move(users);
  change.state = state;
  change.as = as;
  return change;
}
operation added(std::vector<user_id> users, role as = role::member) {
  return by_api(change_members(general, make(std::move(users), member_state::member, as),
                               rooms::server_user));
}
operation own(const user_id& who, rooms::want what) {
  return {general, by(who), "", std::move(what)};
}
operation reply(std::uint64_t root, std::string text = "r", const user_id& from = bob) {
  return post(general, std::move(text), "", from, {{}, seq_no{root}, false, ""});
}
operation mentioning(operation asked, mention_list mentions) {
  auto& what = std::get<rooms::post_message>(asked.what).what;
  what.mentions = std::move(mentions);
  return asked;
}

names users_of(const member_page& page) {
  names found;
  for (const auto& one : page.members) found.push_back(one.user.value());
  return found;
}
numbers roots_of(const thread_page& page) {
  numbers found;
  for (const auto& one : page.roots) found.push_back(one.seq.value());
  return found;
}
numbers pins_of(const pin_page& page) {
  numbers found;
  for (const auto& one : page.pins) found.push_back(one.message.seq.value());
  return found;
}
numbers messages_of(const message_page& page) {
  numbers found;
  for (const auto& one : page.messages) found.push_back(one.seq.value());
  return found;
}
numbers values(const std::vector<seq_no>& seqs) {
  numbers found;
  for (const auto seq : seqs) found.push_back(seq.value());
  return found;
}

}  // namespace

// --- members ---

JOURNAL_TEST("a room keeps of a user what the entries say, and of others nothing") {
  TestType store;
  auto invitation = make({bob}, member_state::invited, role::moderator);
  invitation.until = unix_ms{9000};
  auto ban = make({user("eve")}, member_state::banned);
  ban.until = unix_ms{8000}, ban.reason = "spam";
  member_set mute;
  mute.users = {user("carol")}, mute.mute_until = unix_ms{7000};
  store.of.commit({founded(general), change_members(general, invitation),
                   change_members(general, ban), change_members(general, mute)});
  restart(store);

  const auto row = [&](const user_id& who) { return store.of.read->member(general, who)->row; };
  CHECK(row(alice) ==
        rooms::member_row{member_state::member, role::owner, seq_no{1}, {}, {}, {}, ""});
  CHECK(row(bob) ==
        rooms::member_row{
            member_state::invited, role::moderator, seq_no{2}, unix_ms{9000}, {}, alice, ""});
  CHECK(row(user("eve")) ==
        rooms::member_row{
            member_state::banned, role::none, seq_no{3}, unix_ms{8000}, {}, {}, "spam"});
  CHECK(row(user("carol")).mute_until == unix_ms{7000});
  CHECK(row(user("dave")) == rooms::member_row{});
  CHECK(store.of.read->member(general, bob)->head == seq_no{4});
  CHECK(store.of.read->member(room("none"), bob).why() == fault::no_such_room);
  const auto info = *store.of.read->room(general);
  CHECK(info.members == 1);
  CHECK(info.rows == 4);
}

JOURNAL_TEST("members are listed by state in order of id, page by page") {
  TestType store;
  std::vector<user_id> many;
  for (const auto* id : {"u5", "u1", "u3", "u2", "u4"}) many.push_back(user(id));
  store.of.commit({founded(general), added(many), founded(room("other")),
                   change_members(general, make({user("u6"), bob}, member_state::invited)),
                   change_members(general, make({user("u2")}, member_state::banned))});
  restart(store);

  const auto page = [&](member_state state, std::optional<user_id> after, std::size_t count) {
    return *store.of.read->members(general, state, after, count);
  };
  const auto first = page(member_state::member, {}, 2);
  CHECK(users_of(first) == names{"alice", "u1"});
  CHECK(first.more);
  CHECK(first.head == seq_no{4});
  CHECK(users_of(page(member_state::member, user("u1"), 2)) == names{"u3", "u4"});
  const auto last = page(member_state::member, user("u4"), 2);
  CHECK(users_of(last) == names{"u5"});
  CHECK_FALSE(last.more);
  CHECK_FALSE(page(member_state::member, user("u1"), 3).more);
  CHECK(users_of(page(member_state::member, user("u2"), 1)) == names{"u3"});  // gone meanwhile
  CHECK(users_of(page(member_state::invited, {}, 9)) == names{"bob", "u6"});
  CHECK(users_of(page(member_state::banned, {}, 9)) == names{"u2"});
  CHECK(store.of.read->members(room("none"), member_state::member, {}, 9).why() ==
        fault::no_such_room);
}

JOURNAL_TEST("what becomes of a member depends on rows that a restart does not lose") {
  TestType store;
  store.of.commit({founded(general), added({bob}, role::moderator), added({user("z")}),
                   added({user("b"), user("a")})});
  restart(store);

  const auto done = store.of.commit({own(alice, rooms::cease_membership{})});
  CHECK(std::get<rooms::appended>(done[0]).entries.size() == 2);
  CHECK(store.of.read->member(general, bob)->row.is_owner());
  restart(store);
  store.of.commit({own(bob, rooms::cease_membership{})});
  CHECK(store.of.read->member(general, user("z"))->row.is_owner());
  store.of.commit({own(user("z"), rooms::cease_membership{})});
  CHECK(store.of.read->member(general, user("a"))->row.is_owner());
  CHECK(store.of.read->room(general)->members == 2);
}

JOURNAL_TEST("memberships and invitations are counted over all rooms, while they last") {
  rooms::rules how;
  how.memberships_max = 2;
  const auto run = [&](session of) {
    auto offer = make({bob}, member_state::invited);
    offer.until = unix_ms{5000};
    of.commit({founded(general), founded(room("a")), founded(room("b"))});
    const auto into = [&](std::string id, operation asked) {
      asked.room = room(std::move(id));
      return asked;
    };
    CHECK_FALSE(of.read->room(room("b")));  // one too many for alice
    auto done = of.commit({change_members(general, offer),
                           into("a", own(bob, rooms::become_member{})), founded(room("d"))});
    CHECK(seq_of(done[0]) == 2);
    CHECK(seq_of(done[1]) == 2);
    CHECK(refusal_of(done[2]) == error_code::limit);
    auto more = founded(room("e"));
    more.by.user = bob;
    CHECK(refusal_of(of.commit({more}, 4999)[0]) == error_code::limit);
    CHECK(std::holds_alternative<room_made>(of.commit({more}, 5000)[0]));
  };
  if constexpr (std::is_same_v<TestType, memory_store>) {
    run(session{open_memory({}, how)});
  } else {
    temporary_directory directory;
    auto opened = open_sqlite(directory.path(), {}, {}, {}, how);
    run(session{std::get<std::unique_ptr<journal::journal>>(std::move(opened))});
  }
}

JOURNAL_TEST("a block keeps from inviting and from writing to who blocked, until it is lifted") {
  TestType store;
  const auto blocks = [](std::int64_t on) {
    return operation{
        {}, by(bob), "", rooms::set_marks{{{bob, "alice", rooms::mark::kind::block, on, ""}}}};
  };
  const auto asked = [] { return change_members(general, make({bob}, member_state::invited)); };
  const auto direct = direct_room_of(alice, bob);
  store.of.commit({founded(general), create_direct(alice, bob), blocks(1)});
  restart(store);

  auto done = store.of.commit({asked(), post(direct, "x"), post(direct, "y", "", bob)});
  CHECK(std::holds_alternative<rooms::unchanged>(done[0]));
  CHECK(refusal_of(done[1]) == error_code::forbidden);
  CHECK(seq_of(done[2]) == 1);
  done = store.of.commit({blocks(0), asked(), post(direct, "x")});
  CHECK(seq_of(done[1]) == 2);
  CHECK(seq_of(done[2]) == 2);
}

JOURNAL_TEST("slow mode remembers the last message of a user across a restart") {
  TestType store;
  room_settings slow;
  slow.slow = std::chrono::milliseconds{1000};
  store.of.commit({founded(general, slow), added({bob})}, 1000);
  store.of.commit({post(general, "1", "", bob), reply(4, "2")}, 1000);
  restart(store);

  CHECK(refusal_of(store.of.commit({reply(4)}, 1999)[0]) == error_code::slow_mode);
  CHECK(seq_of(store.of.commit({reply(4)}, 2000)[0]) == 5);
}

// --- settings ---

JOURNAL_TEST("a room is told with what was set, and its title") {
  TestType store;
  room_settings settings;
  settings.title = "Red", settings.topic = "t", settings.data = free_data{R"({"a":1})"};
  settings.visible = visibility::closed, settings.archived = true;
  room_settings by_invitation;
  by_invitation.visible = visibility::invite;
  store.of.commit({founded(general, settings), founded(room("other"), by_invitation)});
  restart(store);

  const auto info = *store.of.read->room(general);
  REQUIRE(info.settings);
  CHECK(*info.settings == settings);
  CHECK(info.title() == "Red");
  CHECK(store.of.read->room(room("other"))->title() == "other");
  // A private one is its members' to see; one by invitation is listed for all.
  const auto of_strangers = *store.of.read->rooms({}, {}, 9);
  REQUIRE(of_strangers.size() == 1);
  CHECK(of_strangers[0].room == room("other"));
  room_filter of_owner;
  of_owner.asker = alice;
  const auto listed = *store.of.read->rooms({}, of_owner, 9);
  REQUIRE(listed.size() == 2);
  CHECK(listed[0].title() == "Red");
  CHECK(listed[0].members == 1);
}

JOURNAL_TEST("where slow mode is turned on who spoke last is looked for among ten thousand messages") {
  TestType store;
  const auto carol = user("carol");
  std::vector<operation> batch{create(general), post(general, "too long ago", "", carol),
                               post(general, "just so", "", bob)};
  for (std::size_t i = 1; i < limits::slow_mode_messages_max; ++i) batch.push_back(post(general, "x"));
  room_settings slow;
  slow.slow = std::chrono::minutes{1};
  auto admin = by(alice);
  admin.admin = true;
  batch.push_back({general, admin, "", rooms::set_room{slow}});
  store.of.commit(std::move(batch), 1000);

  const auto said = store.of.commit({post(general, "again", "", carol), post(general, "again", "", bob)}, 2000);

  CHECK(std::holds_alternative<rooms::appended>(said[0]));
  REQUIRE(std::holds_alternative<rooms::refused>(said[1]));
  CHECK(std::get<rooms::refused>(said[1]).code == error_code::slow_mode);
}

// --- pins ---

JOURNAL_TEST("pins come in order of pinning, and end early by bytes") {
  TestType store;
  const std::string text(95, '"');
  store.of.commit({founded(general), post(general, text), post(general, text), post(general, text),
                   post(general, text), set_pin(general, 4), set_pin(general, 2),
                   set_pin(general, 5), set_pin(general, 3), set_pin(general, 2, false),
                   erase(general, 5), set_pin(general, 2)});
  restart(store);

  const auto page = [&](std::optional<std::uint64_t> after, std::size_t bytes) {
    const auto from = after ? std::optional{seq_no{*after}} : std::nullopt;
    return pins_of(*store.of.read->pins(general, bob, from, bytes));
  };
  CHECK(page({}, plenty) == numbers{4, 3, 2});
  const auto each =
      wire_size(general, store.of.read->pins(general, bob, {}, plenty)->pins.front().message);
  REQUIRE(each > 2 * text.size());
  CHECK(page({}, 2 * each) == numbers{4, 3});
  CHECK(page({}, 2 * each - 1) == numbers{4});
  CHECK(page({}, 0) == numbers{4});
  CHECK(page(6, plenty) == numbers{3, 2});
  CHECK(page(12, plenty).empty());
  // A page goes on where its last pin stood, also when that is gone, or has come to the end.
  const auto first = *store.of.read->pins(general, bob, {}, 2 * each);
  CHECK(first.next == seq_no{9});
  store.of.commit({set_pin(general, 3, false), set_pin(general, 4, false), set_pin(general, 4)});
  const auto rest = *store.of.read->pins(general, bob, first.next, plenty);
  CHECK(pins_of(rest) == numbers{2, 4});
  CHECK_FALSE(rest.next);
  store.of.commit({set_pin(general, 4, false), set_pin(general, 3), set_pin(general, 4)});
  CHECK(store.of.read->room(general)->pins == std::vector{seq_no{2}, seq_no{3}, seq_no{4}});
  CHECK(store.of.read->pins(room("none"), bob, {}, plenty).why() == fault::no_such_room);
}

JOURNAL_TEST("a pin is told with who pinned when, and the message in its present form") {
  TestType store;
  store.of.commit({founded(general), post(general, "old"), react(general, 2, "+")}, 1000);
  auto pinned = set_pin(general, 2, true, user("mod"));
  pinned.by.token = role::moderator;
  store.of.commit({pinned, edit(general, 2, "new")}, 2000);
  restart(store);

  const auto pins = store.of.read->pins(general, bob, {}, plenty)->pins;
  REQUIRE(pins.size() == 1);
  CHECK(pins[0].by == user("mod"));
  CHECK(pins[0].at == unix_ms{2000});
  CHECK(pins[0].message.what.text == "new");
  CHECK(pins[0].message.reactions.at("+").mine);
}

// --- threads ---

JOURNAL_TEST("a root tells how many replies are left, and the last of them") {
  TestType store;
  store.of.commit({founded(general), post(general, "root")}, 1000);
  for (int i = 0; i < 3; ++i) store.of.commit({reply(2)}, 2000 + i);  // 3, 4, 5
  const auto root = [&] {
    restart(store);
    return store.of.read->messages(general, bob, seq_no{3}, {}, 1, plenty)->messages.at(0);
  };
  CHECK(root().replies == 3);
  CHECK(root().last_reply == seq_no{5});
  CHECK(root().last_reply_at == unix_ms{2002});

  store.of.commit({erase(general, {5}, bob)}, 3000);
  CHECK(root().replies == 2);
  CHECK(root().last_reply == seq_no{4});
  CHECK(root().last_reply_at == unix_ms{2001});

  store.of.commit({erase(general, {3, 4}, bob), erase(general, 2)}, 3000);
  CHECK(root().replies == 0);
  CHECK_FALSE(root().last_reply);
  CHECK(store.of.read->threads(general, bob, false, {}, 9, plenty)->roots.empty());

  store.of.commit({reply(2)}, 4000);  // a thread outlives its root
  CHECK(root().deleted);
  CHECK(root().replies == 1);
}

JOURNAL_TEST("threads are listed by their latest reply, page by page, also one's own alone") {
  TestType store;
  const auto carol = user("carol");
  store.of.commit({founded(general), post(general, "a"), post(general, "b", "", bob),
                   post(general, "c"), post(general, "d"), post(general, "none"),  // 2..6
                   reply(2, "r", carol), reply(3, "r", carol), reply(4, "r", bob),
                   reply(5, "r", carol), reply(2, "r", bob), reply(5, "r", bob)});  // 7..12
  store.of.commit({erase(general, {12}, bob)});
  restart(store);

  const auto page = [&](bool mine, std::optional<seq_no> before, std::size_t count,
                        std::size_t bytes = plenty) {
    return *store.of.read->threads(general, bob, mine, before, count, bytes);
  };
  const auto first = page(false, {}, 2);
  CHECK(roots_of(first) == numbers{2, 5});
  REQUIRE(first.next);
  const auto second = page(false, first.next, 2);
  CHECK(roots_of(second) == numbers{4, 3});
  CHECK_FALSE(second.next);
  CHECK(roots_of(page(false, {}, 9, 0)) == numbers{2});
  CHECK(page(false, {}, 9, 0).next == seq_no{11});

  // bob began 3 and wrote in 2 and 4; what he wrote in 5 is deleted.
  const auto own = page(true, {}, 2);
  CHECK(roots_of(own) == numbers{2, 4});
  REQUIRE(own.next);
  CHECK(roots_of(page(true, own.next, 2)) == numbers{3});
  CHECK(roots_of(page(true, {}, 9)) == numbers{2, 4, 3});
  CHECK(store.of.read->threads(room("none"), bob, false, {}, 9, plenty).why() ==
        fault::no_such_room);
}

JOURNAL_TEST("one's own threads are found behind any number of others', page by page") {
  TestType store;
  std::vector<operation> batch{founded(general)};
  batch.push_back(post(general, "mine", "", bob));
  batch.push_back(reply(2, "r", alice));
  for (std::uint64_t i = 0; i < 1'002; ++i) {
    batch.push_back(post(general, "other"));
    batch.push_back(reply(4 + 2 * i, "r", alice));
  }
  store.of.commit(batch);

  numbers found;
  std::optional<seq_no> before;
  for (int pages = 0; pages < 5; ++pages) {
    const auto page = *store.of.read->threads(general, bob, true, before, 10, plenty);
    for (const auto& root : page.roots) found.push_back(root.seq.value());
    before = page.next;
    if (!before) break;
  }
  CHECK_FALSE(before);
  CHECK(found == numbers{2});
}

JOURNAL_TEST("history is read of a thread, of the main line, or of all") {
  TestType store;
  store.of.commit({founded(general), post(general, "root"), reply(2), post(general, "main"),
                   reply(2), reply(4), react(general, 2, "+"), post(general, "main"), reply(2)});
  restart(store);

  const auto read = [&](std::optional<std::uint64_t> thread, std::optional<std::uint64_t> before,
                        std::optional<std::uint64_t> after, std::size_t count = 9) {
    const auto seq = [](std::optional<std::uint64_t> number) {
      return number ? std::optional{seq_no{*number}} : std::nullopt;
    };
    const auto page =
        *store.of.read->messages(general, bob, seq(before), seq(after), count, plenty, seq(thread));
    return std::pair{messages_of(page), page.more};
  };
  using found = std::pair<numbers, bool>;
  CHECK(read(2, {}, {}) == found{{2, 3, 5, 9}, false});
  CHECK(read(2, {}, {}, 2) == found{{5, 9}, true});
  CHECK(read(2, 5, {}) == found{{2, 3}, false});
  CHECK(read(2, {}, 2, 2) == found{{3, 5}, true});
  CHECK(read(2, 9, 3) == found{{5}, false});
  CHECK(read(4, {}, {}) == found{{4, 6}, false});
  CHECK(read(3, {}, {}) == found{{}, false});  // a reply begins no thread
  CHECK(read(99, {}, {}) == found{{}, false});
  CHECK(read(8, {}, {}) == found{{8}, false});  // nobody has replied
  CHECK(read(0, {}, {}) == found{{2, 4, 8}, false});
  CHECK(read(0, {}, {}, 2) == found{{4, 8}, true});
  CHECK(read(0, {}, 2) == found{{4, 8}, false});
  CHECK(read({}, {}, {}) == found{{2, 3, 4, 5, 6, 8, 9}, false});
  CHECK(read({}, 6, {}, 2) == found{{4, 5}, true});
  CHECK(read({}, {}, 3, 2) == found{{4, 5}, true});
}

JOURNAL_TEST("a message is read back as it was sent, in the log and in its present form") {
  TestType store;
  auto asked = mentioning(post(general, "x", "k"), {{bob, user("z@room")}, true});
  auto& sent = std::get<rooms::post_message>(asked.what);
  sent.what.attachments = attachment_list{R"([{"url":"https://e.example/p"}])"};
  sent.where = {seq_no{2}, {}, true, "poll"};
  store.of.commit({founded(general), post(general, "before"), asked});
  restart(store);

  const auto page = *store.of.read->messages(general, bob, {}, {}, 1, plenty);
  CHECK(page.messages.at(0).what == sent.what);
  CHECK(page.messages.at(0).where == sent.where);
  CHECK(log_of(store.of, general).at(2).body == entry_body{posted{sent.what, sent.where}});

  store.of.commit({erase(general, 3)});
  const auto gone = store.of.read->messages(general, bob, {}, {}, 1, plenty)->messages.at(0);
  CHECK(gone.what == content{});
  CHECK(gone.where == sent.where);
}

JOURNAL_TEST("an edit cannot add @room, also where a user's id looks like it") {
  TestType store;
  store.of.commit({founded(general), mentioning(post(general, "x"), {{user("z@room")}, false}),
                   mentioning(post(general, "y"), {{}, true})});
  restart(store);
  const auto everybody = [](std::uint64_t target) {
    auto asked = edit(general, target, "new");
    std::get<rooms::edit_message>(asked.what).what.mentions = {{user("z@room")}, true};
    return asked;
  };

  const auto done = store.of.commit({everybody(2), everybody(2), everybody(3), everybody(3)});
  const bool lost[] = {true, true, false, false};
  for (std::size_t i = 0; i < 4; ++i)
    CHECK(std::get<rooms::appended>(done[i]).unreached.room == lost[i]);
}

// --- users ---

JOURNAL_TEST("the latest messages of a user are found, as far back as asked") {
  TestType store;
  store.of.commit({founded(general), post(general, "1", "", bob), post(general, "x")}, 1000);
  store.of.commit({reply(2), post(general, "3", "", bob)}, 2000);
  store.of.commit({edit(general, 2, "new", bob), reply(3), erase(general, {5}, bob)}, 3000);
  restart(store);

  const std::vector bobs{bob};
  const auto of_bob = [&](std::int64_t since, std::size_t count) {
    return values(*store.of.read->messages_of(general, bobs, unix_ms{since}, count));
  };
  CHECK(of_bob(0, 9) == numbers{7, 4, 2});
  CHECK(of_bob(1001, 9) == numbers{7, 4});
  CHECK(of_bob(3000, 9) == numbers{7});
  CHECK(of_bob(3001, 9).empty());
  CHECK(of_bob(0, 1) == numbers{7});
  const std::vector both{bob, alice}, eve{user("eve")};
  CHECK(values(*store.of.read->messages_of(general, both, unix_ms{0}, 9)) == numbers{7, 4, 3, 2});
  CHECK(values(*store.of.read->messages_of(general, both, unix_ms{0}, 1)) == numbers{7, 3});
  CHECK(values(*store.of.read->messages_of(general, eve, unix_ms{0}, 9)).empty());
  CHECK(store.of.read->messages_of(room("none"), eve, unix_ms{0}, 9).why() == fault::no_such_room);
}

JOURNAL_TEST("users are told as they were set last, and the unknown are left out") {
  TestType store;
  const auto set = [](user_set profile) {
    return operation{rooms::server_room, rooms::server_principal(), "",
                     rooms::set_user{std::move(profile)}};
  };
  const user_set bobby{bob, "Bobby", free_data{R"({"a":1})"}, true};
  store.of.commit({set({bob, "Bob", {}, false}), set({alice, "Alice", {}, false}), set(bobby)});
  restart(store);

  const auto found = *store.of.read->profiles(std::vector{user("eve"), bob, alice});
  CHECK(found == std::vector{bobby, user_set{alice, "Alice", {}, false}});
  const auto again = store.of.commit({set(bobby), founded(general), post(general, "x", "", bob)});
  CHECK(std::holds_alternative<rooms::unchanged>(again[0]));
  CHECK(std::get<rooms::appended>(again[2]).name == "Bobby");
}

JOURNAL_TEST("what the API says of a user stays, whatever a sign-in says") {
  TestType store;
  const auto set = [](user_set profile) {
    return operation{rooms::server_room, rooms::server_principal(), "",
                     rooms::set_user{std::move(profile)}};
  };
  const user_set bobby{bob, "Bobby", free_data{R"({"a":1})"}, false, true};
  store.of.commit({set({bob, "Bob", {}, true}), by_api(set({bob, "Bobby", bobby.data, false}))});
  restart(store);

  const auto again = store.of.commit({set({bob, "Bob", {}, true}), set({bob, "Bobby", {}, false})});

  CHECK(std::holds_alternative<rooms::unchanged>(again[0]));
  CHECK(std::holds_alternative<rooms::unchanged>(again[1]));
  CHECK(*store.of.read->profiles(std::vector{bob}) == std::vector{bobby});
  CHECK(log_of(store.of, rooms::server_room).back().body == entry_body{bobby});
}
