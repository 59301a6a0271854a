// What is stored beside the log is what a replay of the log gives, whatever was done, however it
// was cut into batches, and wherever a restart came.

#include "journal/sqlite_journal.hpp"
#include "journal/sqlite_migration.hpp"
#include "journal/sqlite_schema.hpp"
#include "tests/journal/mixed.hpp"
#include "tests/support/source_dir.hpp"

#include <fstream>
#include <span>
#include <sstream>

using namespace confab;
using namespace confab::journal;
using namespace confab::journal::test;
namespace fs = std::filesystem;

namespace {

/// Every row of the projections and of what keys need.
std::string rows(const std::string& path) {
  sqlite::connection at;
  REQUIRE(at.open(path, SQLITE_OPEN_READWRITE) == SQLITE_OK);
  std::string all;
  for (const auto* sql :
       {"select * from changed", "select * from reactions", "select * from reaction_counts",
        "select user, room from direct_order order by user, position", "select * from members",
        "select * from users", "select * from last_messages", "select * from pins", "select * from threads",
        "select * from thread_users", "select * from notes", "select * from room_mentions",
        "select * from deleted_counted", "select * from gone_rooms",
        "select id, room, settings, members, owners, kept from rooms", "select * from log",
        "select * from progress"}) {
    sqlite::statement prepared;
    REQUIRE(prepared.prepare(at, sql) == SQLITE_OK);
    sqlite::query row{prepared};
    while (row.next()) {
      for (int i = 0; i < sqlite3_column_count(prepared.get()); ++i)
        all.append(row.text(i)).push_back('|');
      all.push_back('\n');
    }
    REQUIRE(row.code() == SQLITE_OK);
  }
  return all;
}

void rebuild(const std::string& path) {
  sqlite::connection at;
  REQUIRE(sqlite::open_connection(at, path, sqlite::role::writer) == SQLITE_OK);
  const auto error = sqlite::rebuild(at, {});
  INFO(error.value_or(""));
  REQUIRE_FALSE(error);
}

}  // namespace

TEST_CASE("both stores keep what one sequencer decides, and present forms are a replay's",
          "[journal]") {
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    INFO("seed " << seed);
    std::mt19937_64 dice{seed};
    const rooms::key_window window{std::chrono::milliseconds{100'000}, 60, 200};
    memory_store memory{window};
    temporary_directory directory;
    std::optional<session> disk{open_or_throw(directory.path(), window)};
    std::int64_t clock = 1'000'000;

    for (int batch = 0; batch < 90; ++batch) {
      clock += static_cast<std::int64_t>(dice() % 3000) - (dice() % 20 == 0 ? 200'000 : 500);
      std::vector<operation> asked;
      for (auto count = 1 + dice() % 12; count > 0; --count) asked.push_back(any_operation(dice));
      memory.of.commit(asked, clock);
      // The same order, cut differently, and by a process that was started again.
      for (std::size_t done = 0; done < asked.size();) {
        const auto part = std::min<std::size_t>(1 + dice() % 5, asked.size() - done);
        const auto from = asked.begin() + static_cast<std::ptrdiff_t>(done);
        disk->commit({from, from + static_cast<std::ptrdiff_t>(part)}, clock);
        done += part;
      }
      if (dice() % 10 == 0) {
        disk.reset();
        disk.emplace(open_or_throw(directory.path(), window));
      }
    }

    const auto expected = read_all(memory.of);
    const auto found = read_all(*disk);
    REQUIRE(found.messages.size() > 30);
    CHECK(found.log == expected.log);
    CHECK(found.messages == expected.messages);
    CHECK(found.beside == expected.beside);
    CHECK(found.unread == expected.unread);
    REQUIRE(found.feed.size() == expected.feed.size());
    for (std::size_t i = 0; i < found.feed.size(); ++i) {
      REQUIRE(found.feed[i].first == expected.feed[i].first);
      REQUIRE(found.feed[i].second == expected.feed[i].second);
    }
    for (const auto& place : places)
      CHECK(stored_forms(*disk, place) == replayed_forms(*disk, place));

    disk.reset();
    const auto before = rows(directory.database());
    rebuild(directory.database());
    const bool rebuilt_the_same = rows(directory.database()) == before;
    CHECK(rebuilt_the_same);
  }
}

// --- databases that an earlier version wrote ---

namespace {

/// A database as the first schema had it: rooms, and a log in which everything is still there.
void make_old(const std::string& directory, int entries) {
  fs::create_directories(directory);
  sqlite::connection at;
  REQUIRE(sqlite::open_connection(at, directory + "/confab.db", sqlite::role::writer) == SQLITE_OK);
  REQUIRE_FALSE(sqlite::migrate(at, sqlite::schema_steps().first(1)));
  REQUIRE(at.execute("pragma journal_mode = wal; begin;"
                     "insert into rooms (room, title, epoch, created_at) values "
                     "('general', 'General', 'k3v9', 1000), ('other', 'Other', 'e2', 1000)") ==
          SQLITE_OK);
  sqlite::statement insert;
  REQUIRE(insert.prepare(at,
                         "insert into log (room, seq, at, sender, kind, target, key, text, data) "
                         "values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)") == SQLITE_OK);
  using none = std::optional<std::string_view>;
  std::uint64_t seqs[3] = {};
  const auto add = [&](int where, std::string_view who, int kind, std::optional<std::uint64_t> to,
                       none key, none text) {
    REQUIRE(
        sqlite::query{insert, where, ++seqs[where], 5000, who, kind, to, key, text, none{}}.run() ==
        SQLITE_OK);
  };
  add(1, "alice", 0, {}, "k1", "kept");           // 1
  add(1, "alice", 0, {}, "k2", "hidden one");     // 2
  add(1, "alice", 1, 2, {}, "hidden two");        // 3
  add(1, "bob", 3, 1, {}, "+");                   // 4
  add(1, "alice", 2, 2, "k5", {});                // 5
  add(1, "alice", 1, 2, {}, "hidden by a race");  // 6: after the deletion
  add(1, "bob", 3, 1, {}, "+");                   // 7: there already
  for (int i = 0; i < 70; ++i) add(1, "bob", 3, 1, {}, "e" + std::to_string(i));  // beyond 64
  for (int i = 0; i < entries; ++i) {
    const auto key = "m" + std::to_string(i);
    add(2, "carol", 0, {}, std::string_view{key}, "text");
  }
  REQUIRE(at.execute("commit") == SQLITE_OK);
}

/// The clock had been wrong: the first entry is of the year 3000.
void set_ahead(const std::string& path) {
  sqlite::connection at;
  REQUIRE(at.open(path, SQLITE_OPEN_READWRITE) == SQLITE_OK);
  REQUIRE(at.execute("update log set at = 32503680000000 where id = 1") == SQLITE_OK);
}

bool file_holds(const std::string& path, const std::string& text) {
  std::ifstream file{path, std::ios::binary};
  const std::string all{std::istreambuf_iterator<char>{file}, {}};
  return all.find(text) != std::string::npos;
}

}  // namespace

TEST_CASE("a database of the first schema is brought forward with a copy beside it", "[journal]") {
  temporary_directory directory;
  make_old(directory.path(), 20'000);
  set_ahead(directory.database());
  std::vector<std::pair<std::uint64_t, std::uint64_t>> progress;
  migration_options how;
  how.progress = [&](std::string_view, std::uint64_t done, std::uint64_t of) {
    progress.emplace_back(done, of);
  };

  auto opened = open_sqlite(directory.path(), {}, how);
  REQUIRE(std::holds_alternative<std::unique_ptr<journal::journal>>(opened));
  session of{std::get<std::unique_ptr<journal::journal>>(std::move(opened))};

  SECTION("messages have their present form, and deleted content is gone") {
    auto page = of.read->messages(general, bob, {}, seq_no{0}, 10, plenty);
    REQUIRE(page);
    REQUIRE(page->messages.size() == 2);
    CHECK(page->messages[0].what.text == "kept");
    CHECK(page->messages[0].reactions.size() == 71);  // what was too many stays
    CHECK(page->messages[0].reactions.at("+").count == 1);
    CHECK(page->messages[1].deleted);
    for (const auto& entry : log_of(of, general))
      if (const auto* edit = std::get_if<edited>(&entry.body)) CHECK(edit->what.empty());
    CHECK(refusal_of(of.commit({react(general, 1, "new")})[0]) == error_code::limit);
  }
  SECTION("no time lies in the future") {
    CHECK(log_of(of, general)[0].at < unix_ms{4'000'000'000'000});
  }
  SECTION("keys are known") {
    const auto again = of.commit({post(general, "x", "k1"), erase(general, {2}, alice, "k5"),
                                  post(room("other"), "x", "m7", user("carol")),
                                  post(room("other"), "x", "m19999", user("carol"))},
                                 6000);
    CHECK(seq_of(again[0]) == 1);
    CHECK(seq_of(again[1]) == 5);
    CHECK(duplicate(again[2]));
    CHECK(seq_of(again[3]) == 20'000);
  }
  SECTION("progress is told, up to the end") {
    REQUIRE(progress.size() > 3);
    CHECK(progress.back().first == progress.back().second);
  }
  SECTION("the copy is as the database was") {
    const auto copy = directory.database() + ".schema-1";
    REQUIRE(fs::exists(copy));
    CHECK(file_holds(copy, "hidden one"));
  }
}

TEST_CASE("a migration without a copy leaves deleted content in no file", "[journal]") {
  temporary_directory directory;
  make_old(directory.path(), 10);
  migration_options how;
  how.backup = false;

  { auto opened = open_sqlite(directory.path(), {}, how); }

  for (const auto& file : fs::directory_iterator{directory.path()}) {
    INFO(file.path());
    CHECK_FALSE(file_holds(file.path(), "hidden"));
  }
  CHECK(file_holds(directory.database(), "kept"));
}

TEST_CASE("reactions with U+FE0F become those without it", "[journal]") {
  temporary_directory directory;
  const std::string plain = "\xe2\x9d\xa4", picture = plain + "\xef\xb8\x8f";
  const auto complete = GENERATE(true, false);  // or its migration to the third schema was cut off
  {
    sqlite::connection at;
    REQUIRE(sqlite::open_connection(at, directory.database(), sqlite::role::writer) == SQLITE_OK);
    REQUIRE_FALSE(sqlite::migrate(at, sqlite::schema_steps().first(3)));
    const auto sql =
        "insert into rooms (id, room, title, epoch, created_at) values (1, 'general', '', 'e', 1);"
        "insert into log (room, seq, at, sender, kind, target, key, text, counted) values"
        " (1, 1, 5, 'alice', 0, null, 'k1', 'said ' || char(0xfe0f), 1),"
        " (1, 2, 5, 'bob', 3, 1, null, '" +
        plain +
        "', 1),"
        " (1, 3, 5, 'carol', 3, 1, 'k3', '" +
        picture +
        "', 1),"
        " (1, 4, 5, 'bob', 3, 1, null, '" +
        picture +
        "', 1),"
        " (1, 5, 5, 'dan', 3, 1, null, '" +
        picture +
        "', 1),"
        " (1, 6, 5, 'dan', 4, 1, null, '" +
        picture +
        "', 1);"
        "insert into changed (room, seq, reactions, emoji) values (1, 1, 5, 2);"
        "insert into reactions values (1, 1, '" +
        plain +
        "', 'bob', 2),"
        " (1, 1, '" +
        picture + "', 'carol', 3), (1, 1, '" + picture +
        "', 'bob', 4);"
        "insert into reaction_counts values (1, 1, '" +
        plain + "', 1), (1, 1, '" + picture + "', 2);" +
        (complete ? "" : "insert into progress values ('project', 3)");
    REQUIRE(at.execute(sql.c_str()) == SQLITE_OK);
  }

  {
    session of{open_or_throw(directory.path())};
    const auto forms = stored_forms(of, general);
    REQUIRE(forms.size() == 1);
    CHECK(forms[0].what.text == "said \xef\xb8\x8f");
    REQUIRE(forms[0].reactions.size() == 1);
    CHECK(forms[0].reactions.at(plain).count == 2);
    CHECK(forms == replayed_forms(of, general));
    const auto again =
        of.commit({react(general, 1, plain, true, user("carol")),
                   react(general, 1, plain, false, bob), post(general, "again", "k1")});
    CHECK(std::holds_alternative<rooms::unchanged>(again[0]));
    CHECK(seq_of(again[1]) == 7);
    CHECK(duplicate(again[2]));
  }
  const auto checked = check_sqlite(directory.path());
  REQUIRE(std::holds_alternative<check_report>(checked));
  CHECK(std::get<check_report>(checked).faults.empty());
}

TEST_CASE("a migration that is cut off anywhere goes on at the next start", "[journal]") {
  temporary_directory whole;
  make_old(whole.path(), 30'000);
  { auto opened = open_sqlite(whole.path()); }
  const auto expected = rows(whole.database());
  struct cut_off {};

  temporary_directory directory;
  make_old(directory.path(), 30'000);
  int starts = 0;
  for (bool done = false; !done; ++starts) {
    REQUIRE(starts < 50);
    migration_options how;
    how.progress = [steps = 0](auto, auto, auto) mutable {
      if (++steps > 3) throw cut_off{};
    };
    try {
      auto opened = open_sqlite(directory.path(), {}, how);
      done = std::holds_alternative<std::unique_ptr<journal::journal>>(opened);
    } catch (const cut_off&) {
    }
  }

  CHECK(starts > 2);
  const bool same_rows = rows(directory.database()) == expected;
  CHECK(same_rows);
  session of{open_or_throw(directory.path())};
  CHECK(duplicate(of.commit({post(room("other"), "x", "m0", user("carol"))}, 6000)[0]));
  CHECK(duplicate(of.commit({post(room("other"), "x", "m16500", user("carol"))}, 6000)[0]));
  CHECK(duplicate(of.commit({post(room("other"), "x", "m29999", user("carol"))}, 6000)[0]));
}

TEST_CASE("a migration that is told to stop does so at once, and the next start goes on", "[journal]") {
  temporary_directory whole, directory;
  make_old(whole.path(), 30'000);
  make_old(directory.path(), 30'000);
  { auto opened = open_sqlite(whole.path()); }
  const std::string during = GENERATE("copy", "project");
  bool stop = false;
  std::uint64_t reached = 0;
  migration_options how;
  how.stop = [&] { return stop; };
  how.progress = [&](std::string_view step, std::uint64_t done, std::uint64_t) {
    reached = done;
    stop = step == during && (step == "copy" || done > 0);
  };

  const auto stopped = open_sqlite(directory.path(), {}, how);

  REQUIRE(std::holds_alternative<std::string>(stopped));
  CHECK(std::get<std::string>(stopped).find("interrupted") != std::string::npos);
  CHECK(reached == (during == "copy" ? 0 : 5'000));
  CHECK_FALSE(fs::exists(directory.database() + ".schema-1.part"));
  stop = false;
  how.progress = [](auto, auto, auto) {};
  { auto opened = open_sqlite(directory.path(), {}, how); }
  const bool same_rows = rows(directory.database()) == rows(whole.database());
  CHECK(same_rows);
}

TEST_CASE("a copy that an earlier migration left is kept if it is of this journal", "[journal]") {
  temporary_directory directory, other;
  make_old(directory.path(), 10);
  make_old(other.path(), 20);
  const auto copy = directory.database() + ".schema-1";
  const bool own = GENERATE(true, false);
  fs::copy_file((own ? directory : other).database(), copy);
  const auto before = fs::last_write_time(copy);

  { auto opened = open_sqlite(directory.path()); }

  CHECK((fs::last_write_time(copy) == before) == own);
  sqlite::connection of;
  REQUIRE(sqlite::open_connection(of, copy, sqlite::role::reader) == SQLITE_OK);
  sqlite::statement count;
  REQUIRE(count.prepare(of, "select count(*) from log where room = 2") == SQLITE_OK);
  sqlite::query row{count};
  REQUIRE(row.next());
  CHECK(row.integer(0) == 10);
}

namespace {

/// A database as the third schema left it: rooms, messages, an edit, a deletion and a reaction,
/// and what stands beside them.
void make_third(const std::string& directory) {
  fs::create_directories(directory);
  sqlite::connection at;
  REQUIRE(sqlite::open_connection(at, directory + "/confab.db", sqlite::role::writer) == SQLITE_OK);
  REQUIRE_FALSE(sqlite::migrate(at, sqlite::schema_steps().first(3)));
  REQUIRE(at.execute(R"(pragma journal_mode = wal; begin;
      insert into rooms (id, room, title, epoch, created_at, direct_a, direct_b) values
        (1, 'general', 'general', 'k3v9', 1000, null, null),
        (2, 'dm:alice:bob', '', 'e2', 1000, 'alice', 'bob');
      insert into log (id, room, seq, at, sender, kind, target, key, text, data, counted, more)
      values (1, 1, 1, 5000, 'alice', 0, null, 'k1', 'old',   '{"a":1}', 1, 0),
             (2, 1, 2, 5000, 'bob',   0, null, 'k2', null,    null,      2, 0),
             (3, 1, 3, 5001, 'alice', 1, 1,    null, 'new',   null,      2, 0),
             (4, 1, 4, 5002, 'bob',   3, 1,    null, '+',     null,      2, 0),
             (5, 1, 5, 5003, 'bob',   2, 2,    'k5', null,    null,      2, 0),
             (6, 2, 1, 5004, 'bob',   0, null, null, 'hello', null,      1, 0),
             (8, 1, 6, 5005, 'bob',   0, null, null, 'last',  null,      3, 0);
      insert into changed (room, seq, edits, reactions, emoji, edit, edited_at) values
        (1, 1, 1, 1, 1, 3, 5001);
      insert into changed (room, seq, deleted_by) values (1, 2, 'bob');
      insert into reactions values (1, 1, '+', 'bob', 4);
      insert into reaction_counts values (1, 1, '+', 1);
      insert into marks values ('bob', 3, 'eve', 1, '', 7);
      commit)") == SQLITE_OK);
}

}  // namespace

TEST_CASE("a database of the third schema takes members, threads and pins", "[journal]") {
  temporary_directory directory;
  make_third(directory.path());
  std::optional<session> of{open_or_throw(directory.path())};
  const auto page = [&] { return stored_forms(*of, general); };

  REQUIRE(page().size() == 3);
  CHECK(page()[0].what.text == "new");
  CHECK(page()[0].reactions.at("+").mine);
  CHECK(page()[1].deleted);
  CHECK(of->read->room(general)->title() == "general");
  CHECK(of->read->room(general)->members == 0);
  CHECK(of->read->directs(alice, 9)->size() == 1);
  CHECK(of->write->position() == 8);
  const auto eve_asks = [] {
    member_set change;
    change.users = {bob}, change.state = member_state::invited;
    auto asked = change_members(general, change, user("eve"));
    asked.by.admin = true;
    return asked;
  };
  member_set added;
  added.users = {alice, bob}, added.state = member_state::member, added.as = role::owner;
  auto by_api = change_members(general, added, rooms::server_user);
  by_api.by.as = rooms::principal::kind::api_key;
  room_settings settings;
  settings.topic = "t", settings.slow = std::chrono::milliseconds{1000};

  const auto done = of->commit(
      {post(general, "again", "k1"), eve_asks(), by_api,
       operation{general, by(alice), "", rooms::set_room{settings}}, set_pin(general, 1),
       post(general, "reply", "", bob, {seq_no{2}, seq_no{1}, false, ""}),
       post(general, "to a deleted root", "", alice, {{}, seq_no{2}, false, ""}),
       operation{general, by(alice), "", rooms::cease_membership{}}},
      6000);

  CHECK(seq_of(done[0]) == 1);
  CHECK(std::holds_alternative<rooms::unchanged>(done[1]));  // bob has blocked eve
  for (std::size_t i = 2; i < done.size(); ++i) CHECK(seq_of(done[i]) == 5 + i);
  const auto messages = page();
  CHECK(messages[0].replies == 1);
  CHECK(messages[1].replies == 1);
  CHECK(messages == replayed_forms(*of, general));
  const auto lists = read_all(*of);

  of.reset();
  const auto before = rows(directory.database());
  rebuild(directory.database());
  const bool rebuilt_the_same = rows(directory.database()) == before;
  CHECK(rebuilt_the_same);
  of.emplace(open_or_throw(directory.path()));
  CHECK(read_all(*of) == lists);
}

// Written by version 94b2a33, before rooms had members: two people chat, by a client.
TEST_CASE("what an earlier server wrote takes members, threads and pins", "[journal]") {
  constexpr std::int64_t later = 1'795'855'700'000;
  temporary_directory directory;
  {
    std::ifstream in{confab::test::source_dir() + "/tests/journal/recorded/schema-1.sql"};
    std::ostringstream sql;
    sql << in.rdbuf();
    sqlite::connection at;
    REQUIRE(at.open(directory.database(), SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE) == SQLITE_OK);
    REQUIRE(at.execute(sql.str().c_str()) == SQLITE_OK);
  }
  session of{open_or_throw(directory.path())};
  const auto messages = stored_forms(of, general);
  REQUIRE(messages.size() == 3);
  CHECK(messages[0].what.text == "one, mended");
  CHECK(messages[0].reactions.at("+").count == 1);
  CHECK(messages[1].deleted);
  CHECK(messages[2].what.text == "last");
  const auto info = *of.read->room(general);
  CHECK(info.members == 0);
  CHECK_FALSE(info.settings);
  CHECK(of.read->directs(bob, 9)->size() == 1);

  member_set added;
  added.users = {alice, bob}, added.state = member_state::member, added.as = role::owner;
  auto by_api = change_members(general, added, rooms::server_user);
  by_api.by.as = rooms::principal::kind::api_key;
  const auto done = of.commit({post(general, "one", "k1"), by_api, set_pin(general, 1),
                               post(general, "reply", "", bob, {seq_no{6}, seq_no{1}, false, ""})},
                              later);

  CHECK(seq_of(done[0]) == 1);
  for (std::size_t i = 1; i < done.size(); ++i) CHECK(seq_of(done[i]) == 6 + i);
  CHECK(of.read->room(general)->members == 2);
  CHECK(of.read->room(general)->pins == std::vector{seq_no{1}});
  CHECK(stored_forms(of, general)[0].replies == 1);
  CHECK(stored_forms(of, general) == replayed_forms(of, general));
}
