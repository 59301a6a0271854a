// What journal.hpp promises of read markers, counts and notes, over every journal.

#include "journal/sqlite_journal.hpp"
#include "rooms/notes.hpp"
#include "tests/journal/mixed.hpp"
#include "tests/journal/told_room.hpp"
#include "tests/support/effort.hpp"
#include "tests/support/source_dir.hpp"

#include <fstream>
#include <map>
#include <sstream>

using namespace confab;
using namespace confab::journal;
using namespace confab::journal::test;

namespace {

const auto carol = user("carol");

operation say(const room_id& to, const user_id& from, mention_list mentions, placement where = {}) {
  auto asked = post(to, "text", "", from, where);
  std::get<rooms::post_message>(asked.what).what.mentions = std::move(mentions);
  return asked;
}
operation edit_naming(std::uint64_t target, const user_id& from, mention_list mentions) {
  auto asked = edit(general, target, "edited", from);
  std::get<rooms::edit_message>(asked.what).what.mentions = std::move(mentions);
  return asked;
}

/// "read unread mentions", or "none" of who does not belong to the room.
std::string counts_of(session& of, const user_id& who, const room_id& in = general) {
  const auto found = of.read->counts(in, who);
  if (!found) return found.detail();
  if (!*found) return "none";
  return std::to_string((*found)->read.value()) + " " + std::to_string((*found)->unread) + " " +
         std::to_string((*found)->mentions);
}

/// A room with alice and bob as members: its entries 1 and 2.
void make_room(session& of) {
  of.commit({create(general), join_as_member(general, alice), join_as_member(general, bob)});
}

}  // namespace

TEMPLATE_TEST_CASE("a marker begins where one became a member, grows, and ends at the head",
                   "[journal]", memory_store, sqlite_store) {
  TestType store;
  auto& of = store.of;
  make_room(of);
  of.commit({post(general, "3"), post(general, "4"), post(general, "5")});

  CHECK(counts_of(of, bob) == "2 3 0");
  CHECK(counts_of(of, alice) == "5 0 0");  // what one says oneself is read
  CHECK(counts_of(of, carol) == "none");
  const auto moved = of.commit({move_marker(general, 4, bob), move_marker(general, 3, bob)});
  CHECK(std::get<rooms::marker_moved>(moved[0]) == rooms::marker_moved{bob, seq_no{4}});
  CHECK(std::holds_alternative<rooms::unchanged>(moved[1]));
  CHECK(counts_of(of, bob) == "4 1 0");
  of.commit({move_marker(general, 1'000'000, bob)});
  CHECK(counts_of(of, bob) == "5 0 0");
  of.commit({post(general, "6")});
  CHECK(counts_of(of, bob) == "5 1 0");
}

TEMPLATE_TEST_CASE("who does not belong to a room has no marker in it", "[journal]", memory_store,
                   sqlite_store) {
  TestType store;
  auto& of = store.of;
  make_room(of);
  auto banned = member_set{{carol}, member_state::banned, {}, {}, {}, ""};
  auto ban = change_members(general, banned);
  ban.by.admin = true;
  const auto dave = user("dave");

  const auto made = of.commit({ban, move_marker(general, 1, dave), move_marker(general, 1, carol),
                               move_marker(room("nowhere"), 1, bob)});

  CHECK(refusal_of(made[1]) == error_code::not_member);
  CHECK(refusal_of(made[2]) == error_code::banned);
  CHECK(refusal_of(made[3]) == error_code::no_such_room);
  CHECK(of.read->counts(room("nowhere"), bob).why() == fault::no_such_room);
}

TEMPLATE_TEST_CASE("leaving and coming back starts anew", "[journal]", memory_store, sqlite_store) {
  TestType store;
  auto& of = store.of;
  make_room(of);
  of.commit({say(general, alice, {{bob}, false})});  // 3
  CHECK(counts_of(of, bob) == "2 1 1");

  of.commit({{general, by(bob), "", rooms::cease_membership{}}});
  CHECK(counts_of(of, bob) == "none");
  CHECK(of.read->notes(bob, {}, 10, plenty)->list.empty());
  of.commit({join_as_member(general, bob), post(general, "6")});
  CHECK(counts_of(of, bob) == "5 1 0");
}

TEMPLATE_TEST_CASE("direct rooms have both as members", "[journal]", memory_store, sqlite_store) {
  TestType store;
  auto& of = store.of;
  const auto between = direct_room_of(alice, bob);
  of.commit({create_direct(alice, bob), say(between, alice, {{bob}, false}), post(between, "2")});

  CHECK(counts_of(of, bob, between) == "0 2 1");
  CHECK(counts_of(of, alice, between) == "2 0 0");
  CHECK(counts_of(of, carol, between) == "none");
  CHECK(of.read->totals(bob, unix_ms{0})->unread == 2);
}

TEMPLATE_TEST_CASE("edits and deletions change what is counted", "[journal]", memory_store,
                   sqlite_store) {
  TestType store;
  auto& of = store.of;
  make_room(of);
  of.commit({say(general, alice, {{bob}, false})});  // 3
  CHECK(counts_of(of, bob) == "2 1 1");
  of.commit({edit_naming(3, alice, {})});  // 4
  CHECK(counts_of(of, bob) == "2 1 0");
  of.commit({move_marker(general, 4, bob), edit_naming(3, alice, {{bob, carol}, false})});  // 5
  CHECK(counts_of(of, bob) == "4 0 1");  // the edit is new, the message is not
  of.commit({erase(general, 3)});
  CHECK(counts_of(of, bob) == "4 0 0");

  auto to_all = say(general, alice, {{bob}, true});
  of.commit({to_all, post(general, "8")});
  CHECK(counts_of(of, bob) == "4 2 1");  // none beside @room
  of.commit({edit_naming(7, alice, {})});
  CHECK(counts_of(of, bob) == "4 2 0");
  of.commit({edit_naming(7, alice, {{}, true})});  // an edit cannot add it
  CHECK(counts_of(of, bob) == "4 2 0");
  of.commit({erase(general, std::vector<std::uint64_t>{7, 8})});
  CHECK(counts_of(of, bob) == "4 0 0");
  of.commit({say(general, alice, {{bob}, false}, {{}, {}, true, ""})});  // quiet
  CHECK(counts_of(of, bob) == "4 0 0");
}

TEMPLATE_TEST_CASE("a thread tells its root's author and who wrote in it", "[journal]",
                   memory_store, sqlite_store) {
  TestType store;
  auto& of = store.of;
  make_room(of);
  of.commit({join_as_member(general, carol), post(general, "root")});  // 3, 4
  const placement in{{}, seq_no{4}, false, ""};
  of.commit({post(general, "5", "", bob, in)});
  CHECK(counts_of(of, alice) == "4 0 1");
  of.commit({post(general, "6", "", carol, in)});
  CHECK(counts_of(of, alice) == "4 0 2");
  CHECK(counts_of(of, bob) == "5 0 1");
  of.commit({erase(general, std::vector<std::uint64_t>{6}, carol), move_marker(general, 99, bob),
             move_marker(general, 99, carol), post(general, "8", "", alice, in)});
  CHECK(counts_of(of, bob) == "7 0 1");
  CHECK(counts_of(of, carol) == "7 0 0");  // what she wrote in it is gone
}

TEMPLATE_TEST_CASE("of a thread's writers the latest fifty are told", "[journal]", memory_store,
                   sqlite_store) {
  TestType store;
  auto& of = store.of;
  make_room(of);
  of.commit({post(general, "root")});  // 3
  const placement in{{}, seq_no{3}, false, ""};
  const auto writer = [](int i) { return user("u" + std::to_string(i)); };
  for (int i = 0; i < 51; ++i)
    of.commit({join_as_member(general, writer(i)), post(general, "reply", "", writer(i), in)});
  const auto noted = [&](int i) { return of.read->notes(writer(i), {}, 100, plenty)->list.size(); };
  const auto first = noted(0), second = noted(1);

  of.commit({post(general, "one more", "", bob, in)});

  CHECK(noted(0) == first);
  CHECK(noted(1) == second + 1);
}

TEMPLATE_TEST_CASE("of one room 999 mentions are told, and every unread message", "[journal]",
                   memory_store, sqlite_store) {
  TestType store;
  auto& of = store.of;
  make_room(of);
  std::vector<operation> asked;
  auto to_all = say(general, alice, {{}, true});
  for (int i = 0; i < 500; ++i) asked.push_back(say(general, alice, {{bob}, false}));
  for (int i = 0; i < 499; ++i) asked.push_back(to_all);
  of.commit(asked);
  CHECK(counts_of(of, bob) == "2 999 999");
  of.commit({to_all, post(general, "one more")});
  CHECK(counts_of(of, bob) == "2 1001 999");
}

TEMPLATE_TEST_CASE("a row shows the beginning of the last message", "[journal]", memory_store,
                   sqlite_store) {
  TestType store;
  auto& of = store.of;
  make_room(of);
  const auto row = [&] { return *of.read->inbox_row(bob, general, unix_ms{5000}); };
  CHECK_FALSE(row().last);
  std::string long_text(254, 'x');
  of.commit({post(general, "3"), post(general, long_text + "\u00fc" "y")});
  REQUIRE(row().last);
  CHECK(row().last->text == long_text + "\u00fc");
  of.commit({erase(general, 4)});
  CHECK(row().last->text == "3");
  for (int i = 0; i < 40; ++i) of.commit({post(general, "quiet", "", alice, {{}, {}, true, ""})});
  CHECK(row().last->text == "3");
  CHECK(row().unread == 1);
  of.commit({erase(general, 3)});
  CHECK_FALSE(row().last);
  CHECK(row().unread == 0);
}

TEMPLATE_TEST_CASE("a row shows nothing that its reader may not read", "[journal]", memory_store,
                   sqlite_store) {
  TestType store;
  auto& of = store.of;
  of.commit({create(general), join_as_member(general, alice)});
  auto own_history = rooms::server_principal();
  room_settings change;
  change.visible = visibility::closed;
  change.history = history_scope::own;
  of.commit({rooms::operation{general, own_history, "", rooms::set_room{change}},
             post(general, "before bob came")});
  auto invite = change_members(general, {{bob}, member_state::invited, {}, {}, {}, ""});
  invite.by.admin = true;
  of.commit({invite});
  const auto row = [&] { return *of.read->inbox_row(bob, general, unix_ms{5000}); };
  const auto in_window = [&] { return of.read->inbox({bob, "", "", 10, unix_ms{5000}})->rows.at(0); };
  CHECK(row().state == member_state::invited);
  CHECK_FALSE(row().last);
  CHECK_FALSE(in_window().last);

  of.commit({join_as_member(general, bob)});
  CHECK(row().state == member_state::member);
  CHECK_FALSE(row().last);
  CHECK_FALSE(in_window().last);

  of.commit({post(general, "to bob too")});
  REQUIRE(row().last);
  CHECK(row().last->text == "to bob too");
  CHECK(in_window().last == row().last);
  of.commit({erase(general, row().last->seq.value())});
  CHECK_FALSE(row().last);
  CHECK_FALSE(in_window().last);
}

TEMPLATE_TEST_CASE("windows of the inbox are all rooms once, also of as many as one can have",
                   "[journal]", memory_store, sqlite_store) {
  TestType store;
  auto& of = store.of;
  for (int i = 0; i < 23; ++i) {
    const auto place = room("room" + std::to_string(i));
    of.commit({create(place), join_as_member(place, bob), post(place, "text")}, 1000 + i % 3);
  }
  std::set<std::string> seen;
  std::string after;
  std::size_t pages = 0;
  do {
    const auto page = *of.read->inbox({bob, "", after, 5, unix_ms{5000}});
    for (const auto& row : page.rows) CHECK(seen.insert(row.room.value()).second);
    CHECK(page.sum == message::totals{23, 23, 0});
    after = page.next;
    ++pages;
  } while (!after.empty());
  CHECK(seen.size() == 23);
  CHECK(pages == 5);
}

TEMPLATE_TEST_CASE("what is gone from the inbox is told with its reason", "[journal]", memory_store,
                   sqlite_store) {
  TestType store;
  auto& of = store.of;
  make_room(of);
  const auto since = of.read->inbox({bob, "", "", 10, unix_ms{1000}})->as_of;
  member_set out{{bob}, member_state::removed, {}, {}, {}, ""};
  auto remove = change_members(general, out);
  remove.by.admin = true;
  of.commit({remove});
  const auto gone = *of.read->inbox({bob, since, "", 10, unix_ms{1000}});
  REQUIRE(gone.rows.size() == 1);
  CHECK(gone.rows[0].gone == "removed");

  auto invite = change_members(general, {{bob}, member_state::invited, {}, unix_ms{2000}, {}, ""});
  invite.by.admin = true;
  of.commit({invite});
  CHECK(of.read->inbox({bob, "", "", 10, unix_ms{1999}})->rows.size() == 1);
  CHECK(of.read->inbox({bob, "", "", 10, unix_ms{2000}})->rows.empty());
  const auto lapsed = *of.read->inbox({bob, gone.as_of, "", 10, unix_ms{2000}});
  REQUIRE(lapsed.rows.size() == 1);
  CHECK(lapsed.rows[0].gone == "lapsed");
}

TEMPLATE_TEST_CASE("a place of the future, of another log or of none is answered with the first window",
                   "[journal]", memory_store, sqlite_store) {
  TestType store;
  auto& of = store.of;
  make_room(of);
  const auto now = of.read->inbox({bob, "", "", 10, unix_ms{1000}})->as_of;
  const auto log = now.substr(0, now.find('.'));
  CHECK_FALSE(of.read->inbox({bob, now, "", 10, unix_ms{1000}})->reset);

  for (const auto& wrong : {log + ".99999", log + ".18446744073709551616", "x" + now, log + ".",
                            "." + now, now + ".1", log, std::string{"\xff\0", 2}}) {
    INFO(wrong);
    const auto page = *of.read->inbox({bob, wrong, "", 10, unix_ms{1000}});
    CHECK(page.reset);
    CHECK(page.rows.size() == 1);
    CHECK(page.as_of == now);
  }
}

TEST_CASE("an inbox since any earlier answer comes to what it is now", "[journal]") {
  for (std::uint64_t seed = 1; seed <= confab::test::cases(6); ++seed) {
    INFO("seed " << seed);
    std::mt19937_64 dice{seed * 104729};
    memory_store memory;
    temporary_directory directory;
    std::optional<session> disk{open_or_throw(directory.path())};
    std::int64_t clock = 1'000'000;
    using rows = std::map<std::string, message::inbox_row>;
    struct kept {
      std::string as_of;
      rows known;
    };
    const auto take = [](rows& into, const inbox_page& page) {
      if (page.reset) into.clear();
      for (const auto& row : page.rows) {
        if (row.gone.empty() && !row.own.hidden)
          into[row.room.value()] = row;
        else
          into.erase(row.room.value());
      }
    };
    // That a level of notifications has ended by time no row says.
    const auto for_good = [](own_settings own) {
      if (own.notify_until.value() != 0) own.notify.reset();
      own.notify_until = {};
      return own;
    };
    const auto tell = [&](const rows& all) {
      std::string text;
      for (const auto& [id, row] : all)
        text += id + " " + std::string{name(row.state)} + " " +
                std::to_string(row.read ? row.read->value() : 0) + " " +
                std::to_string(row.unread) + " " + std::to_string(row.mentions) + " " +
                std::to_string(row.at.value()) + " " + (row.last ? row.last->text : "none") + " " +
                text_of(for_good(row.own)) + "\n";
      return text;
    };
    std::vector<kept> of_memory, of_disk;
    for (int batch = 0; batch < 40; ++batch) {
      clock += static_cast<std::int64_t>(dice() % 3000);
      std::vector<operation> asked;
      for (auto count = 1 + dice() % 6; count > 0; --count) asked.push_back(any_operation(dice));
      memory.of.commit(asked, clock);
      disk->commit(asked, clock);
      if (dice() % 5 == 0) REQUIRE(disk->write->store_gathered());
      if (dice() % 15 == 0) {
        disk.reset();
        disk.emplace(open_or_throw(directory.path()));
      }
      const auto look = [&](session& of, std::vector<kept>& earlier) {
        const inbox_query whole{bob, "", "", 200, unix_ms{clock}};
        const auto page = *of.read->inbox(whole);
        kept now{page.as_of, {}};
        take(now.known, page);
        for (auto one : earlier) {
          auto query = whole;
          query.since = one.as_of;
          take(one.known, *of.read->inbox(query));
          REQUIRE(tell(one.known) == tell(now.known));
        }
        for (const auto& [id, row] : now.known) {
          const auto alone = *of.read->inbox_row(bob, room(id), unix_ms{clock});
          REQUIRE(tell({{id, alone}}) == tell({{id, row}}));
        }
        earlier.push_back(now);
        return tell(now.known);
      };
      const auto in_memory = look(memory.of, of_memory);
      REQUIRE(look(*disk, of_disk) == in_memory);
    }
  }
}

TEMPLATE_TEST_CASE("what addresses a user is listed, the latest first", "[journal]", memory_store,
                   sqlite_store) {
  TestType store;
  auto& of = store.of;
  make_room(of);
  const auto other = room("other");
  of.commit({create(other), join_as_member(other, bob)});
  of.commit({say(general, alice, {{bob}, false}), post(general, "4", "", bob),
             post(general, "5", "", alice, {seq_no{4}, {}, false, ""}),
             say(other, alice, {{bob}, false})});

  const auto page = *of.read->notes(bob, {}, 2, plenty);
  REQUIRE(page.list.size() == 2);
  CHECK(page.list[0].room == other);
  CHECK(page.list[1].room == general);
  CHECK(page.list[1].message.seq == seq_no{5});
  CHECK(page.list[1].why == rooms::reasons::reply);
  CHECK_FALSE(page.list[1].read);
  REQUIRE(page.next);
  const auto rest = *of.read->notes(bob, page.next, 2, plenty);
  REQUIRE(rest.list.size() == 1);
  CHECK(rest.list[0].read);
  CHECK_FALSE(rest.next);
}

TEST_CASE("counts are what a person would count, whatever has happened", "[journal]") {
  for (std::uint64_t seed = 1; seed <= confab::test::cases(8); ++seed) {
    INFO("seed " << seed);
    std::mt19937_64 dice{seed * 7919};
    memory_store memory;
    temporary_directory directory;
    std::optional<session> disk{open_or_throw(directory.path())};
    std::map<room_id, told_room> told;
    std::int64_t clock = 1'000'000;
    for (int batch = 0; batch < 80; ++batch) {
      clock += static_cast<std::int64_t>(dice() % 3000);
      std::vector<operation> asked;
      for (auto count = 1 + dice() % 8; count > 0; --count) asked.push_back(any_operation(dice));
      const auto outcomes = memory.of.commit(asked, clock);
      disk->commit(asked, clock);
      for (std::size_t i = 0; i < asked.size(); ++i) {
        auto& room = told[asked[i].room];
        if (const auto* done = std::get_if<rooms::appended>(&outcomes[i]))
          for (const auto& entry : done->entries) room.take(entry);
        if (const auto* moved = std::get_if<rooms::marker_moved>(&outcomes[i]))
          room.markers[moved->user] = std::max(room.markers[moved->user], moved->read);
      }
      if (dice() % 8 == 0) REQUIRE(disk->write->store_gathered());
      if (dice() % 20 == 0) {
        disk.reset();
        disk.emplace(open_or_throw(directory.path()));
      }
      for (const auto& place : places)
        for (const auto& who : people) {
          if (!memory.of.read->room(place)) continue;
          INFO(who.value() << " in " << place.value() << " after batch " << batch);
          const auto expected = told[place].count(who);
          REQUIRE(counts_of(memory.of, who, place) == expected);
          REQUIRE(counts_of(*disk, who, place) == expected);
        }
    }
  }
}

TEST_CASE("a journal of the fifth schema counts what was unread in it", "[journal]") {
  temporary_directory directory;
  {
    std::ifstream in{confab::test::source_dir() + "/tests/journal/recorded/schema-5.sql"};
    std::ostringstream sql;
    sql << in.rdbuf();
    sqlite::connection at;
    REQUIRE(at.open(directory.database(), SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE) == SQLITE_OK);
    const int code = at.execute(sql.str().c_str());
    INFO(at.message());
    REQUIRE(code == SQLITE_OK);
  }
  session of{open_or_throw(directory.path())};

  CHECK(counts_of(of, alice) == "20 0 0");
  CHECK(counts_of(of, bob) == "8 4 2");
  CHECK(counts_of(of, carol) == "19 1 0");
  const auto between = direct_room_of(alice, bob);
  CHECK(counts_of(of, alice, between) == "1 0 0");
  CHECK(counts_of(of, bob, between) == "0 1 0");
}

TEST_CASE("what one has written oneself is read after a crash, too", "[journal]") {
  temporary_directory directory, crashed;
  session of{open_or_throw(directory.path())};
  const auto between = direct_room_of(bob, carol);
  make_room(of);
  of.commit({create_direct(bob, carol), post(general, "long ago", "", alice)}, 1000);
  of.commit({post(general, "4", "", bob), post(between, "1", "", carol)}, 50'000);
  of.commit({post(general, "by a visitor", "", carol), post(general, "6", "", alice)}, 55'000);
  REQUIRE(of.read->marks(bob, rooms::mark::kind::read_marker)->empty());
  for (const auto* end : {"", "-wal"})
    std::filesystem::copy_file(directory.database() + end, crashed.database() + end);

  std::optional<session> after{open_or_throw(crashed.path())};

  CHECK(counts_of(*after, bob) == "4 2 0");
  CHECK(counts_of(*after, alice) == "6 0 0");
  CHECK(counts_of(*after, carol) == "none");
  CHECK(counts_of(*after, carol, between) == "1 0 0");
  after.reset();  // which stores them
  after.emplace(open_or_throw(crashed.path()));
  CHECK_FALSE(after->write->has_gathered());
  CHECK(counts_of(*after, bob) == "4 2 0");
}

TEST_CASE("markers that are gathered are lost with a crash, and taken back with their batch",
          "[journal]") {
  temporary_directory directory;
  std::optional<session> of{open_or_throw(directory.path())};
  make_room(*of);
  of->commit({post(general, "3"), move_marker(general, 3, bob)});
  CHECK(counts_of(*of, bob) == "3 0 0");
  CHECK(of->write->has_gathered());
  CHECK(of->read->marks(bob, rooms::mark::kind::read_marker)->empty());

  REQUIRE(of->write->store_gathered());
  CHECK_FALSE(of->write->has_gathered());
  CHECK(counts_of(*of, bob) == "3 0 0");
  CHECK(of->read->marks(bob, rooms::mark::kind::read_marker)->size() == 1);
  of.reset();
  of.emplace(open_or_throw(directory.path()));
  CHECK(counts_of(*of, bob) == "3 0 0");
}

TEST_CASE("markers that move write nothing until they are stored, and then a row for each user and room",
          "[journal]") {
  constexpr std::uint64_t moves = 500;
  temporary_directory directory;
  session of{open_or_throw(directory.path())};
  make_room(of);
  std::vector<operation> said;
  for (std::uint64_t i = 0; i < moves; ++i) said.push_back(post(general, "text"));
  of.commit(said);
  REQUIRE(of.write->store_gathered());
  sqlite::connection other;
  REQUIRE(other.open(directory.database(), SQLITE_OPEN_READWRITE) == SQLITE_OK);
  // Another number whenever somebody else has written.
  const auto version = [&] {
    sqlite::statement prepared;
    REQUIRE(prepared.prepare(other, "pragma data_version") == SQLITE_OK);
    sqlite::query row{prepared};
    REQUIRE(row.next());
    return row.integer(0);
  };
  const auto before = version();

  for (std::uint64_t i = 0; i < moves; ++i) of.commit({move_marker(general, 3 + i, bob)});
  CHECK(version() == before);
  REQUIRE(of.write->store_gathered());

  CHECK(version() != before);
  const auto marks = *of.read->marks(bob, rooms::mark::kind::read_marker);
  REQUIRE(marks.size() == 1);
  CHECK(marks[0].what.value == 2 + static_cast<std::int64_t>(moves));
}
