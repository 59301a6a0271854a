// What is stored: whose index it is, and what leaves it.

#include "journal/backup.hpp"
#include "journal/sqlite_statement.hpp"
#include "tests/journal/faulty_disk.hpp"
#include "tests/journal/mixed.hpp"
#include "tests/search/found.hpp"
#include "tests/support/effort.hpp"

#include "search/fts.hpp"
#include "search/tokens.hpp"

#include <sys/wait.h>

using namespace confab;
using namespace confab::search;
using confab::journal::test::any_operation;
using confab::journal::test::faulty_disk;
using namespace confab::search::test;

namespace {

/// Whether FTS5 finds its own structure sound.
bool is_sound(const std::string& file) {
  journal::sqlite::connection database;
  REQUIRE(database.open(file, SQLITE_OPEN_READWRITE) == SQLITE_OK);
  REQUIRE(register_tokenizer(database.get()) == SQLITE_OK);
  return database.execute("insert into words (words) values ('integrity-check')") == SQLITE_OK;
}

/// All of it but the first page, whatever was read of it before.
void damage(const std::string& file) {
  journal::sqlite::connection database;
  REQUIRE(database.open(file, SQLITE_OPEN_READWRITE) == SQLITE_OK);
  REQUIRE(database.execute("update state set seq = seq; pragma wal_checkpoint(truncate)") ==
          SQLITE_OK);
  constexpr std::size_t page = 4'096;
  const auto bytes = std::filesystem::file_size(file);
  REQUIRE(bytes > 2 * page);
  std::fstream out{file, std::ios::in | std::ios::out | std::ios::binary};
  out.seekp(page);
  out << std::string(bytes - page, '\xa5');
}

/// Every message that a reader of the whole journal would find for `words`, by looking at each.
std::set<std::string> by_hand(session& of, const user_id& who, const std::string& words) {
  std::set<std::string> all;
  for (const auto& place : journal::test::places) {
    const auto member = of.read->member(place, who);
    if (!member || !member->row.is_member()) continue;
    for (const auto& one : stored_forms(of, place))
      if (!one.deleted && has_all(one.what.text, phrases_of(words)))
        all.insert(place.value() + "/" + std::to_string(one.seq.value()));
  }
  return all;
}
std::set<std::string> as_set(const search::test::places& found) {
  return {found.begin(), found.end()};
}

const std::vector<std::string> queries{"text", "edit",   "reply",  "t",
                                       "1",    "2 edit", "text 3", "repl"};

void check_against_journal(searched_journal& of) {
  for (const auto& who : journal::test::people)
    for (const auto& words : queries) {
      INFO(who.value() << " asks for " << words);
      const auto found = of.found(who, words);
      REQUIRE(as_set(found).size() == found.size());
      REQUIRE(as_set(found) == by_hand(of.of, who, words));
    }
}

}  // namespace

TEST_CASE("whatever members do, what is found is what looking at each message finds", "[search]") {
  for (std::uint64_t seed = 1; seed <= confab::test::cases(8); ++seed) {
    INFO("seed " << seed);
    std::mt19937_64 dice{seed};
    searched_journal of;
    of.say(
        {create(general), create(room("other")), join(general, alice), join(room("other"), bob)});

    for (int round = 0; round < 6; ++round) {
      std::vector<operation> batch;
      for (auto n = 1 + dice() % 60; n > 0; --n) batch.push_back(any_operation(dice));
      of.of.commit(std::move(batch), 2000 + round);
      of.feed(1 + dice() % 40);
      if (dice() % 3 == 0) of.open();
      if (dice() % 3 == 0) {
        of.now += 3'600'000;
        of.clean();
      }
    }

    check_against_journal(of);
    CHECK(of.failures.empty());
    of.close();
    CHECK(is_sound(of.file()));
  }
}

TEST_CASE("items that come again change nothing", "[search]") {
  searched_journal of;
  of.say({create(general), join(general, bob), post(general, "one plan"), post(general, "a slip"),
          edit(general, 3, "mended")});
  const auto all = *of.of.read->feed(0, plenty, plenty);

  CHECK(of.writes->take(all));
  CHECK(of.writes->take(std::span{all}.last(1)));
  CHECK(of.writes->take({}));

  CHECK(of.found(bob, "plan") == search::test::places{"general/2"});
  CHECK(of.found(bob, "mended") == search::test::places{"general/3"});
  CHECK(of.found(bob, "slip").empty());
}

TEST_CASE("an index goes on where it was", "[search]") {
  searched_journal of;
  of.say({create(general), join(general, bob), post(general, "plan one")});
  const auto before = of.writes->position();

  of.open();

  CHECK(of.writes->position() == before);
  of.say({post(general, "plan two")});
  CHECK(of.found(bob, "plan") == search::test::places{"general/3", "general/2"});
}

TEST_CASE("an index that is not of this journal is made anew", "[search]") {
  searched_journal of;
  of.say(
      {create(general), join(general, bob), post(general, "plan one"), post(general, "plan two")});
  of.close();

  SECTION("of another one") {
    searched_journal another;
    another.say({create(general), join(general, alice), post(general, "secret plan")});
    another.close();
    std::filesystem::copy_file(another.file(), of.file(),
                               std::filesystem::copy_options::overwrite_existing);
  }
  SECTION("of one that went back to an older copy") {
    const auto copy = of.directory.path() + "/copy.db";
    REQUIRE(journal::back_up_sqlite(of.directory.path(), copy, 1'000'000).index() == 0);
    of.of.read.reset();
    of.of.write.reset();
    of.of.log.reset();
    REQUIRE(journal::restore_sqlite(of.directory.path(), copy).index() == 0);
    of.of.log = open_or_throw(of.directory.path());
    of.of.write = of.of.log->make_writer();
    of.of.read = of.of.log->make_reader();
  }
  SECTION("of one that had come further") {
    journal::sqlite::connection database;
    REQUIRE(database.open(of.file(), SQLITE_OPEN_READWRITE) == SQLITE_OK);
    REQUIRE(database.execute("update state set position = position + 100") == SQLITE_OK);
  }
  SECTION("of one that went another way") {
    journal::sqlite::connection database;
    REQUIRE(database.open(of.file(), SQLITE_OPEN_READWRITE) == SQLITE_OK);
    REQUIRE(database.execute("update state set seq = seq + 1") == SQLITE_OK);
  }
  SECTION("with other tokens") {
    journal::sqlite::connection database;
    REQUIRE(database.open(of.file(), SQLITE_OPEN_READWRITE) == SQLITE_OK);
    REQUIRE(database.execute("pragma user_version = 99") == SQLITE_OK);
  }
  SECTION("that is no database") { std::ofstream{of.file()} << std::string(10'000, 'x'); }
  SECTION("that was removed") { CHECK(remove_index(of.file())); }

  of.open();
  CHECK(of.writes->position() == 0);
  of.feed();
  CHECK(of.found(bob, "plan") == search::test::places{"general/3", "general/2"});
}

TEST_CASE("an index that is damaged while it is in use is made anew, and that is told once",
          "[search]") {
  searched_journal of;
  of.say(
      {create(general), join(general, bob), post(general, "plan one"), post(general, "plan two")});
  REQUIRE(of.found(bob, "plan").size() == 2);
  damage(of.file());

  SECTION("its reader finds it") {
    for (int i = 0; i < 2; ++i) {
      const auto answer = of.reads->search(searched_journal::asked(bob, "plan"));
      REQUIRE(std::holds_alternative<std::string>(answer));
      CHECK(std::get<std::string>(answer).empty());
    }
    CHECK(of.writes->generation() == 0);
    CHECK_FALSE(of.writes->clean());
  }
  SECTION("its writer finds it") {
    of.of.commit({post(general, "more")});
    CHECK_FALSE(of.feed());
  }

  CHECK(of.writes->position() == 0);
  CHECK(of.feed());
  CHECK(of.found(bob, "plan") == search::test::places{"general/3", "general/2"});
  CHECK(of.failures.size() == 1);
  of.writes->doubt(1);  // of the one before, by who has not noticed yet
  CHECK(of.found(bob, "plan").size() == 2);
}

TEST_CASE("where there is no place for it the reason is told", "[search]") {
  searched_journal of;
  auto how = of.options();
  how.file = of.directory.path() + "/none/" + index_name;

  const auto opened = open_index(how, *of.of.log);

  REQUIRE(std::holds_alternative<std::string>(opened));
  CHECK_THAT(std::get<std::string>(opened), Catch::Matchers::ContainsSubstring("unable to open"));
  CHECK_FALSE(remove_index(how.file));
}

// --- cleaning ----------------------------------------------------------------------------------

TEST_CASE("words of what was deleted or edited are in no file within the hour", "[search]") {
  searched_journal of;
  std::vector<operation> batch{create(general), join(general, bob)};
  for (int i = 0; i < 300; ++i)
    batch.push_back(post(general, "word" + std::to_string(i) + " common"));
  of.say(batch);
  of.say({post(general, "the embarrassment"), post(general, "the discomfiture")});
  for (int i = 0; i < 20; ++i) of.say({post(general, "afterwards")});
  CHECK_FALSE(of.writes->clean());

  of.say({erase(general, 302), edit(general, 303, "calm")});
  CHECK_FALSE(of.writes->clean());  // not yet
  REQUIRE(of.files_hold("embarrassment"));
  of.now += 30 * 60'000;
  of.clean();

  CHECK_FALSE(of.files_hold("embarrassment"));
  CHECK_FALSE(of.files_hold("discomfiture"));
  CHECK(of.files_hold("afterwards"));
  CHECK(of.found(bob, "calm") == search::test::places{"general/303"});
  CHECK(of.found(bob, "word299").size() == 1);
  CHECK_FALSE(of.writes->clean());
  of.close();
  CHECK(is_sound(of.file()));
}

TEST_CASE("it is still to be cleaned after a restart, and of what is deleted meanwhile once more",
          "[search]") {
  searched_journal of;
  of.say({create(general), join(general, bob), post(general, "embarrassment"),
          post(general, "discomfiture")});
  of.say({post(general, "more"), erase(general, 2)});
  of.open();
  of.now += 30 * 60'000;

  REQUIRE(of.writes->clean());  // it has begun
  of.say({erase(general, 3)});
  of.clean();
  CHECK_FALSE(of.files_hold("embarrassment"));
  of.open();
  of.now += 30 * 60'000;
  of.clean();

  CHECK_FALSE(of.files_hold("discomfiture"));
  CHECK(of.found(bob, "more").size() == 1);
}

TEST_CASE("a clock that was ahead when something was deleted does not put cleaning off",
          "[search]") {
  searched_journal of;
  of.say({create(general), join(general, bob), post(general, "embarrassment")});
  of.now += 365 * 24 * 3'600'000LL;
  of.say({erase(general, 2)});
  of.now -= 365 * 24 * 3'600'000LL;
  of.open();

  of.clean();

  CHECK_FALSE(of.files_hold("embarrassment"));
}

TEST_CASE("cleaning waits for a reader, and goes on then", "[search]") {
  searched_journal of;
  of.say({create(general), join(general, bob), post(general, "embarrassment")});
  of.say({erase(general, 2)});
  of.now += 30 * 60'000;
  journal::sqlite::connection foreign;
  REQUIRE(foreign.open(of.file(), SQLITE_OPEN_READWRITE) == SQLITE_OK);
  REQUIRE(foreign.execute("begin; select count(*) from texts") == SQLITE_OK);

  of.clean();
  CHECK(of.files_hold("embarrassment"));
  REQUIRE(foreign.execute("commit") == SQLITE_OK);
  of.clean();

  CHECK_FALSE(of.files_hold("embarrassment"));
}

TEST_CASE("on a full disk nothing of a page is stored, and cleaning is put off", "[search]") {
  const faulty_disk disk;
  searched_journal of;
  of.say({create(general), join(general, bob), post(general, "embarrassment")});
  of.say({erase(general, 2)});
  of.of.commit({post(general, "plan")});
  const auto before = of.writes->position();
  faulty_disk::log.fail_writes(SQLITE_FULL, 0);
  faulty_disk::database.fail_writes(SQLITE_FULL, 0);
  of.now += 30 * 60'000;

  CHECK_FALSE(of.feed());
  CHECK_FALSE(of.writes->clean());
  CHECK(of.writes->position() == before);
  CHECK(of.failures.size() == 1);
  CHECK_THAT(of.failures[0], Catch::Matchers::ContainsSubstring("full"));
  faulty_disk::log.heal();
  faulty_disk::database.heal();
  CHECK(of.feed());
  of.clean();

  CHECK(of.found(bob, "plan").size() == 1);
  CHECK_FALSE(of.files_hold("embarrassment"));
  of.close();
  CHECK(is_sound(of.file()));
}

TEST_CASE("whichever write of cleaning finds the disk full, it is done when there is space",
          "[search]") {
  const faulty_disk disk;
  faulty_disk::process.syncs = false;
  for (auto* file : {&faulty_disk::log, &faulty_disk::database}) {
    int failed = 0;
    for (bool fails = true; fails; failed += fails) {
      INFO("after " << failed << " writes of the "
                    << (file == &faulty_disk::log ? "log" : "database"));
      searched_journal of;
      of.say({create(general), join(general, bob), post(general, "embarrassment")});
      for (int i = 0; i < 5; ++i) of.say({post(general, "plan " + std::to_string(i))});
      of.say({erase(general, 2)});
      of.now += 30 * 60'000;

      file->fail_writes(SQLITE_FULL, failed);
      of.clean();
      file->heal();
      fails = !of.failures.empty();
      of.clean();

      REQUIRE_FALSE(of.files_hold("embarrassment"));
      REQUIRE(of.found(bob, "plan").size() == 5);
      of.close();
      REQUIRE(is_sound(of.file()));
    }
    CHECK(failed > 0);
  }
}

// --- crashes -----------------------------------------------------------------------------------

TEST_CASE("whichever write kill -9 comes in, position and content agree", "[search]") {
  std::mt19937_64 dice{5};
  const std::filesystem::path in_memory = "/dev/shm";
  const auto where =
      std::filesystem::is_directory(in_memory) ? in_memory : std::filesystem::temp_directory_path();
  searched_journal of{where};
  of.of.commit(
      {create(general), create(room("other")), join(general, alice), join(room("other"), bob)});
  for (int i = 0; i < 120; ++i) of.of.commit({any_operation(dice)}, 2000 + i);
  of.close();
  // A child uses nothing of SQLite's that its parent had opened.
  const auto items = *of.of.read->feed(0, plenty, plenty);

  int kills = 0;
  for (bool killed = true; killed;) {
    INFO("killed within call " << kills + 1);
    remove_index(of.file());
    const auto child = ::fork();
    if (child == 0) {
      const faulty_disk disk;
      faulty_disk::process.syncs = false;
      faulty_disk::process.kill_at = kills + 1;
      of.open();
      for (std::size_t from = 0; from < items.size(); from += 30) {
        of.writes->take(
            std::span{items}.subspan(from, std::min<std::size_t>(30, items.size() - from)));
        of.now += 3'600'000;
        of.clean();
      }
      of.close();
      ::_exit(0);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    killed = WIFSIGNALED(status);
    REQUIRE((killed || status == 0));
    kills += killed;

    of.open();
    of.feed();

    for (const auto& words : {"text", "edit"})
      REQUIRE(as_set(of.found(alice, words)) == by_hand(of.of, alice, words));
    of.close();
    REQUIRE(is_sound(of.file()));
  }
  CHECK(kills > 60);
}
