// Looking for damage in a closed journal, and making anew what is stored beside the log.

#include "journal/sqlite_schema.hpp"
#include "tests/journal/stores.hpp"

#include <fstream>

using namespace confab;
using namespace confab::journal;
using namespace confab::journal::test;
namespace fs = std::filesystem;

namespace {

void fill(const std::string& directory) {
  session of{open_or_throw(directory)};
  of.commit({create(general), post(general, "one", "k1"), post(general, "two"),
             edit(general, 1, "one, edited"), react(general, 1, "+"), erase(general, 2),
             create_direct(alice, bob), post(direct_room_of(alice, bob), "psst")});
}

void alter(const std::string& path, const char* sql) {
  sqlite::connection at;
  REQUIRE(at.open(path, SQLITE_OPEN_READWRITE) == SQLITE_OK);
  REQUIRE(at.execute(sql) == SQLITE_OK);
}

std::vector<std::string> faults_in(const std::string& directory,
                                   check_mode mode = check_mode::compare) {
  const auto checked = check_sqlite(directory, mode);
  if (const auto* error = std::get_if<std::string>(&checked)) throw std::runtime_error(*error);
  return std::get<check_report>(checked).faults;
}

std::string why_not(const std::string& directory, check_mode mode = check_mode::compare) {
  const auto checked = check_sqlite(directory, mode);
  const auto* error = std::get_if<std::string>(&checked);
  return error ? *error : "";
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a journal that was closed in peace is sound, and checking leaves no file", "[journal]") {
  temporary_directory directory;
  fill(directory.path());

  const auto checked = check_sqlite(directory.path());

  REQUIRE(std::holds_alternative<check_report>(checked));
  CHECK(std::get<check_report>(checked).faults.empty());
  CHECK(std::get<check_report>(checked).entries == 6);
  for (const auto& file : fs::directory_iterator{directory.path()})
    CHECK_FALSE(contains(file.path(), ".check"));
}

TEST_CASE("what is stored beside the log and differs from a replay is found, and made anew",
          "[journal]") {
  for (const auto* damage :
       {"update changed set edits = 7 where seq = 1", "delete from changed where seq = 2",
        "delete from reactions", "update reaction_counts set count = 3",
        "insert into reaction_counts select id, 1, 'x', 1 from rooms where room = 'general'",
        "delete from direct_order where user = 'bob'",
        "update log set counted = counted + 1 where seq = 3",
        "update log set text = 'back again' where seq = 2"}) {
    INFO(damage);
    temporary_directory directory;
    fill(directory.path());
    alter(directory.database(), damage);

    CHECK(faults_in(directory.path()).size() == 1);
    CHECK(faults_in(directory.path(), check_mode::rebuild).empty());

    CHECK(faults_in(directory.path()).empty());
    session of{open_or_throw(directory.path())};
    CHECK(stored_forms(of, general) == replayed_forms(of, general));
    CHECK(duplicate(of.commit({post(general, "one", "k1")})[0]));
  }
}

TEST_CASE("damage is found in each table that is stored beside the log", "[journal]") {
  temporary_directory directory;
  const auto carol = user("carol");
  {
    session of{open_or_throw(directory.path())};
    auto naming = post(general, "see both", "", bob);
    std::get<rooms::post_message>(naming.what).what.mentions = {{alice, bob}, true};
    naming.by.token = role::moderator;
    auto pin = set_pin(general, 5);
    pin.by.token = role::moderator;
    const auto server = rooms::server_principal();
    rooms::set_room slow{};
    slow.change.slow = std::chrono::seconds{1};
    auto slows = by(alice);
    slows.admin = true;
    of.commit({create(general), join_as_member(general, alice), join_as_member(general, bob),
               {general, by(bob), "", rooms::cease_membership{}},  // seq 3
               post(general, "root"), naming, pin,
               post(general, "reply", "", bob, {{}, seq_no{4}, false, ""}), post(general, "slip"),
               erase(general, 8),
               {rooms::server_room, server, "", rooms::set_user{{alice, "Alice", {}, false}}},
               {general, slows, "", rooms::set_room{slow}}});
    of.commit({post(general, "slowly", "", carol), erase(general, std::vector<std::uint64_t>{11}, carol),
               {general, server, "", rooms::erase_user{carol, user("gone:1"), seq_no{100}}}}, 9000);
    REQUIRE(of.read->room(general)->head == seq_no{13});
  }
  REQUIRE(faults_in(directory.path()) == names{});

  const std::pair<std::string, std::string> damages[] = {
      {"update members set role = role + 1 where user = 'alice'", "members"},
      {"delete from notes", "notes"},
      {"delete from room_mentions", "messages that name everybody"},
      {"delete from deleted_counted", "deleted messages"},
      {"delete from erased", "erased users"},
      {"delete from gone_rooms", "rooms that were left"},
      {"update rooms set members = 9 where room = 'general'", "rooms' settings and counts"},
      {"delete from last_messages", "times of slow mode"},
      {"update pins set pinned_by = 'bob'", "pins"},
      {"update threads set replies = 9", "threads"},
      {"delete from thread_users", "users of threads"},
      {"update users set name = 'Mallory'", "names of users"}};
  for (const auto& [sql, noun] : damages) {
    sqlite::connection at;
    REQUIRE(at.open(directory.database(), SQLITE_OPEN_READWRITE) == SQLITE_OK);
    REQUIRE(at.execute(sql.c_str()) == SQLITE_OK);
    INFO(sql);
    CHECK(sqlite3_changes(at.get()) > 0);
  }
  const auto faults = faults_in(directory.path());
  REQUIRE(faults.size() == std::size(damages));
  for (std::size_t i = 0; i < faults.size(); ++i)
    CHECK(faults[i].starts_with(damages[i].second + " differ from a replay"));
  CHECK(faults_in(directory.path(), check_mode::rebuild) == names{});
  CHECK(faults_in(directory.path()) == names{});
}

TEST_CASE("making anew leaves the log as it is, whatever the clock says", "[journal]") {
  temporary_directory directory;
  fill(directory.path());
  alter(directory.database(), "update log set at = 32503680000000 where seq = 1");  // the year 3000

  CHECK(faults_in(directory.path(), check_mode::rebuild).empty());

  session of{open_or_throw(directory.path())};
  CHECK(log_of(of, general)[0].at == unix_ms{32'503'680'000'000});
}

TEST_CASE("an entry that is missing from a log is found", "[journal]") {
  temporary_directory directory;
  fill(directory.path());
  alter(directory.database(), "delete from log where room = 1 and seq = 4");

  const auto faults = faults_in(directory.path());
  REQUIRE_FALSE(faults.empty());
  CHECK(faults[0] == "room general lacks 1 entries of its log");
}

TEST_CASE("what cannot be made anew stays as it is, and the journal opens as before", "[journal]") {
  temporary_directory directory;
  fill(directory.path());
  alter(directory.database(), "update log set kind = 42 where room = 1 and seq = 4");

  for (const auto mode : {check_mode::compare, check_mode::rebuild}) {
    const auto faults = faults_in(directory.path(), mode);
    REQUIRE_FALSE(faults.empty());
    CHECK(contains(faults.back(), "the log cannot be replayed"));
    CHECK_FALSE(contains(faults.back(), "not an error"));
  }
  session of{open_or_throw(directory.path())};
  std::string told;
  of.read->tell_failures([&](std::string_view detail) { told = detail; });
  CHECK_FALSE(of.read->entries(general, seq_no{0}, seq_no{100}, 100, plenty));
  CHECK(contains(told, "an entry of unknown kind"));
}

TEST_CASE("a damaged file is said to be damaged, and nothing is made anew of it", "[journal]") {
  temporary_directory directory;
  fill(directory.path());
  {
    std::fstream file{directory.database(), std::ios::in | std::ios::out | std::ios::binary};
    file.seekp(2 * 4096);
    file << std::string(3 * 4096, '\xa5');
  }

  CHECK_FALSE(faults_in(directory.path()).empty());
  CHECK_FALSE(faults_in(directory.path(), check_mode::rebuild).empty());
}

TEST_CASE("what cannot be checked is said in a sentence, and nothing is made", "[journal]") {
  temporary_directory directory;

  SECTION("no journal") {
    CHECK(contains(why_not(directory.path() + "/none"), "there is no journal in"));
    CHECK_FALSE(fs::exists(directory.path() + "/none"));
  }
  SECTION("a server has it") {
    const session of{open_or_throw(directory.path())};
    for (const auto mode : {check_mode::compare, check_mode::rebuild})
      CHECK(contains(why_not(directory.path(), mode), "in use by another server"));
  }
  SECTION("an older version wrote it") {
    {
      sqlite::connection at;
      REQUIRE(at.open(directory.database(), SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE) ==
              SQLITE_OK);
      REQUIRE_FALSE(sqlite::migrate(at, sqlite::schema_steps().first(1)));
    }
    CHECK(contains(why_not(directory.path()), "start the server once"));
    CHECK(contains(why_not(directory.path(), check_mode::rebuild), "start the server once"));
  }
  SECTION("a newer version wrote it") {
    fill(directory.path());
    alter(directory.database(), "pragma user_version = 999");
    CHECK(contains(why_not(directory.path()), "newer version"));
  }
  SECTION("it belongs to another program") {
    alter((std::ofstream{directory.database()}, directory.database()), "create table other (id)");
    CHECK(contains(why_not(directory.path()), "another program"));
  }
}
