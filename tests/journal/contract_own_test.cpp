// What journal.hpp promises of one's own settings of rooms, and of notes that are old, over every journal.

#include "rooms/notes.hpp"
#include "tests/journal/stores.hpp"
#include "tests/support/source_dir.hpp"

#include <map>

using namespace confab;
using namespace confab::journal;
using namespace confab::journal::test;

namespace {

const auto other = room("other");
const own_change muted{notify_level::none, {}, {}, {}, {}};
const own_change marked{{}, {}, true, {}, {}};
const own_change hidden{{}, {}, {}, true, {}};
const unix_ms now{1000};

/// Bob is a member of two rooms, in each of which alice has said something: entry 3.
void make_rooms(session& of) {
  for (const auto& at : {general, other})
    of.commit({create(at), join_as_member(at, alice), join_as_member(at, bob), post(at, "3")});
}
std::string own_of(session& of, const room_id& in = general, unix_ms at = now) {
  const auto row = of.read->inbox_row(bob, in, at);
  if (!row) return row.detail();
  return row->gone.empty() ? text_of(row->own) : std::string{row->gone};
}
std::vector<std::string> window_of(session& of) {
  std::vector<std::string> found;
  const auto page = *of.read->inbox({bob, "", "", 50, now});
  for (const auto& row : page.rows) found.push_back(row.room.value());
  std::ranges::sort(found);
  return found;
}
/// "rooms unread mentions", by both ways to it.
std::string totals_of(session& of, unix_ms at = now) {
  const auto sum = *of.read->totals(bob, at);
  CHECK(of.read->inbox({bob, "", "", 50, at})->sum == sum);
  return std::to_string(sum.rooms) + " " + std::to_string(sum.unread) + " " +
         std::to_string(sum.mentions);
}
operation naming_bob(const room_id& at) {
  auto asked = post(at, "bob");
  std::get<rooms::post_message>(asked.what).what.mentions.users = {bob};
  return asked;
}

}  // namespace

TEMPLATE_TEST_CASE("own settings are told in one's row, and change what is summed", "[journal]",
                   memory_store, sqlite_store) {
  TestType store;
  auto& of = store.of;
  make_rooms(of);
  CHECK(own_of(of) == "");
  CHECK(totals_of(of) == "2 2 0");

  of.commit({set_own(general, muted)});
  CHECK(own_of(of) == "none");
  CHECK(totals_of(of) == "1 1 0");
  CHECK(of.read->inbox_row(alice, general, now)->own.empty());
  of.commit({set_own(general, {notify_level::all, {}, {}, {}, false})});
  CHECK(own_of(of) == "all no receipts");
  CHECK_FALSE(of.read->member(general, bob)->receipts);
  CHECK(of.read->member(general, alice)->receipts);
  CHECK(totals_of(of) == "2 2 0");
}

TEMPLATE_TEST_CASE("a room that is marked is unread until it is read", "[journal]", memory_store,
                   sqlite_store) {
  TestType store;
  auto& of = store.of;
  make_rooms(of);
  of.commit({move_marker(general, 9, bob), move_marker(other, 9, bob)});
  CHECK(totals_of(of) == "0 0 0");
  CHECK(of.read->unread_rooms(bob)->empty());

  of.commit({set_own(other, marked)});
  CHECK(totals_of(of) == "1 0 0");
  const auto unread = *of.read->unread_rooms(bob);
  REQUIRE(unread.size() == 1);
  CHECK(unread[0].first == other);

  const auto done = of.commit({move_marker(other, 9, bob)});
  CHECK(std::holds_alternative<rooms::own_set>(done[0]));
  CHECK(totals_of(of) == "0 0 0");
  CHECK(own_of(of, other) == "");
}

TEMPLATE_TEST_CASE("a room that is hidden comes back with the next message that counts", "[journal]",
                   memory_store, sqlite_store) {
  TestType store;
  auto& of = store.of;
  make_rooms(of);
  const auto before = of.read->inbox({bob, "", "", 50, now})->as_of;

  of.commit({set_own(general, hidden)});
  CHECK(window_of(of) == names{"other"});
  CHECK(totals_of(of) == "1 1 0");
  const auto since = *of.read->inbox({bob, before, "", 50, now});
  REQUIRE(since.rows.size() == 1);
  CHECK(since.rows[0].own.hidden);
  CHECK(since.all.size() == 2);
  of.commit({react(general, 3, "+"), post(general, "quiet", "", alice, {{}, {}, true, ""})});
  CHECK(window_of(of) == names{"other"});

  of.commit({post(general, "6")});
  CHECK(window_of(of) == names{"general", "other"});
  CHECK(own_of(of) == "");
}

TEMPLATE_TEST_CASE("own settings may end by time", "[journal]", memory_store, sqlite_store) {
  TestType store;
  auto& of = store.of;
  make_rooms(of);

  of.commit({set_own(general, {notify_level::none, unix_ms{5000}, {}, {}, {}})});

  CHECK(own_of(of, general, unix_ms{4999}) == "none until 5000");
  CHECK(totals_of(of, unix_ms{4999}) == "1 1 0");
  CHECK(own_of(of, general, unix_ms{5000}) == "");
  CHECK(totals_of(of, unix_ms{5000}) == "2 2 0");
}

TEMPLATE_TEST_CASE("who has seen a change of settings is not told of it again", "[journal]",
                   memory_store, sqlite_store) {
  TestType store;
  auto& of = store.of;
  make_rooms(of);
  of.commit({move_marker(general, 9, bob), move_marker(other, 9, bob)});
  if (!*of.write->store_gathered()) FAIL();
  of.commit({post(room("general"), "x")});
  const auto as_of = [&] { return of.read->inbox({bob, "", "", 50, now})->as_of; };
  const auto seen = as_of();
  of.commit({set_own(other, muted)});

  const auto told = *of.read->inbox({bob, seen, "", 50, now});
  REQUIRE(told.rows.size() == 1);
  CHECK(told.rows[0].room == other);
  CHECK(of.read->inbox({bob, as_of(), "", 50, now})->rows.empty());
  of.commit({set_own(other, muted)});
  CHECK(of.read->inbox({bob, told.as_of, "", 50, now})->rows.empty());
}

TEMPLATE_TEST_CASE("own settings end with the membership", "[journal]", memory_store, sqlite_store) {
  TestType store;
  auto& of = store.of;
  make_rooms(of);
  of.commit({set_own(general, muted), set_own(other, muted)});

  SECTION("by leaving") { of.commit({{general, by(bob), "", rooms::cease_membership{}}}); }
  SECTION("by being banned and let in again") {
    auto ban = change_members(general, {{bob}, member_state::banned, {}, {}, {}, ""});
    auto unban = change_members(general, {{bob}, member_state::unbanned, {}, {}, {}, ""});
    ban.by.admin = unban.by.admin = true;
    of.commit({ban, unban});
  }
  SECTION("by being erased") {
    rooms::erase_user wanted{bob, user("gone:x"), seq_no{9}};
    of.commit({{general, rooms::server_principal(), "", wanted}});
  }
  CHECK(own_of(of) != "none");
  of.commit({join_as_member(general, bob)});

  CHECK(own_of(of) == "");
  CHECK(own_of(of, other) == "none");
}

TEMPLATE_TEST_CASE("direct rooms have own settings, too", "[journal]", memory_store, sqlite_store) {
  TestType store;
  auto& of = store.of;
  const auto between = direct_room_of(alice, bob);
  of.commit({create_direct(alice, bob), post(between, "1")});
  CHECK(totals_of(of) == "1 1 0");

  of.commit({set_own(between, hidden)});
  CHECK(window_of(of).empty());
  CHECK(totals_of(of) == "0 0 0");
  of.commit({post(between, "2")});
  CHECK(window_of(of) == names{"dm:alice:bob"});
}

TEMPLATE_TEST_CASE("notes that are read go up to a position, others stay", "[journal]", memory_store,
                   sqlite_store) {
  TestType store;
  auto& of = store.of;
  of.commit({create(general), join_as_member(general, bob)}, 1000);  // 1
  of.commit({naming_bob(general)}, 2000);                            // 2
  of.commit({naming_bob(general)}, 3000);                            // 3
  of.commit({naming_bob(general)}, 4000);                            // 4
  const auto noted = [&] {
    numbers found;
    const auto page = *of.read->notes(bob, {}, 100, plenty);
    for (const auto& one : page.list) found.push_back(one.message.seq.value());
    return found;
  };
  const auto drop = [&](std::int64_t at) {
    std::optional<user_id> after{user_id{}};
    const auto upto = *of.read->position_at(unix_ms{at});
    while (after) after = *of.write->drop_notes(*after, upto);
  };

  drop(9000);
  CHECK(noted() == numbers{4, 3, 2});  // nothing is read
  of.commit({move_marker(general, 3, bob)});
  if (!*of.write->store_gathered()) FAIL();
  drop(1999);
  CHECK(noted() == numbers{4, 3, 2});
  drop(2000);
  CHECK(noted() == numbers{4, 3});
  drop(9000);
  CHECK(noted() == numbers{4});
  CHECK((*of.read->counts(general, bob))->mentions == 1);
  CHECK(*of.read->position_at(unix_ms{999}) == 0);
  CHECK(*of.read->position_at(unix_ms{9000}) == of.read->feed(0, plenty, plenty)->back().position);
}

TEST_CASE("own settings are there after a restart, a replay and a rebuild; old notes are no damage",
          "[journal]") {
  temporary_directory directory;
  {
    session of{open_or_throw(directory.path())};
    make_rooms(of);
    of.commit({naming_bob(general), {other, by(bob), "", rooms::cease_membership{}},
               join_as_member(other, bob), set_own(general, muted), set_own(other, marked),
               move_marker(general, 9, bob)});
    if (!*of.write->store_gathered()) FAIL();
    const auto next = *of.write->drop_notes(user_id{}, *of.read->position_at(now));
    CHECK_FALSE((next && *of.write->drop_notes(*next, 100)));
    CHECK(of.read->notes(bob, {}, 100, plenty)->list.empty());
  }
  const auto look = [&] {
    session of{open_or_throw(directory.path())};
    CHECK(own_of(of) == "none");
    CHECK(own_of(of, other) == "marked");
    CHECK(totals_of(of) == "1 0 0");
  };

  look();
  for (const auto mode : {check_mode::compare, check_mode::rebuild}) {
    const auto checked = check_sqlite(directory.path(), mode);
    REQUIRE(std::holds_alternative<check_report>(checked));
    CHECK(std::get<check_report>(checked).faults == names{});
    look();
  }
}

TEMPLATE_TEST_CASE("whom a message addresses is told by its notes", "[journal]", memory_store,
                   sqlite_store) {
  TestType store;
  auto& of = store.of;
  make_rooms(of);
  of.commit({naming_bob(general), post(general, "5", "", bob)});  // 4, 5
  placement answer;
  answer.reply_to = seq_no{5};
  of.commit({post(general, "6", "", alice, answer)});
  auto named = edit(general, 3, "bob");
  std::get<rooms::edit_message>(named.what).what.mentions.users = {bob};
  of.commit({named});  // 7

  using all = std::vector<addressed_user>;
  CHECK(*of.read->addressed(general, seq_no{4}) == all{{bob, seq_no{4}, rooms::reasons::mention}});
  CHECK(*of.read->addressed(general, seq_no{6}) == all{{bob, seq_no{6}, rooms::reasons::reply}});
  CHECK(*of.read->addressed(general, seq_no{3}) == all{{bob, seq_no{7}, rooms::reasons::mention}});
  CHECK(of.read->addressed(general, seq_no{5})->empty());
  CHECK(of.read->addressed(room("nowhere"), seq_no{1})->empty());
}

TEMPLATE_TEST_CASE("who asks to be told of everything in a room is listed, in pages", "[journal]",
                   memory_store, sqlite_store) {
  TestType store;
  auto& of = store.of;
  make_rooms(of);
  const own_change everything{notify_level::all, {}, {}, {}, {}};
  std::vector<user_id> asked;
  for (const auto* name : {"dan", "carol", "eve"}) {
    of.commit({join_as_member(general, user(name)), set_own(general, everything, user(name))});
    asked.push_back(user(name));
  }
  of.commit({set_own(general, muted), set_own(other, everything), set_own(general, marked, alice)});
  std::ranges::sort(asked);

  CHECK(*of.read->asked_for_all(general, {}, 100) == asked);
  CHECK(*of.read->asked_for_all(general, {}, 2) == std::vector{asked[0], asked[1]});
  CHECK(*of.read->asked_for_all(general, asked[1], 2) == std::vector{asked[2]});
  CHECK(*of.read->asked_for_all(other, {}, 100) == std::vector{bob});
  of.commit({set_own(general, muted, asked[0])});
  CHECK(of.read->asked_for_all(general, {}, 100)->size() == 2);
}

TEMPLATE_TEST_CASE("markers are told in the order in which they were stored", "[journal]",
                   memory_store, sqlite_store) {
  TestType store;
  auto& of = store.of;
  make_rooms(of);
  const auto store_all = [&] {
    if (!*of.write->store_gathered()) FAIL();
  };
  of.commit({set_own(general, marked)});
  store_all();  // alice's own messages
  auto at = of.read->markers_moved({}, plenty)->upto;
  CHECK(of.read->markers_moved(at, 10)->at_end);

  of.commit({move_marker(general, 3, bob), move_marker(other, 2, bob)});
  store_all();
  of.commit({move_marker(other, 3, bob)});
  store_all();

  std::map<room_id, seq_no> found;
  bool at_end = false;
  for (int pages = 0; pages < 10 && !at_end; ++pages) {
    const auto page = *of.read->markers_moved(at, 1);
    for (const auto& one : page.moved)
      if (one.user == bob) found[one.room] = one.read;
    at = page.upto;
    at_end = page.at_end;
  }
  CHECK(at_end);
  CHECK(found == std::map<room_id, seq_no>{{general, seq_no{3}}, {other, seq_no{3}}});
}
