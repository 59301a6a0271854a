// Copies of a journal, also while it is written to, and the way back.

#include "journal/backup.hpp"
#include "journal/sqlite_schema.hpp"
#include "tests/journal/stores.hpp"

#include <cstdint>
#include <fstream>

using namespace confab;
using namespace confab::journal;
using namespace confab::journal::test;
namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t any_size = ~std::uint64_t{0};

copy_report back_up(const std::string& directory, const std::string& to) {
  auto made = back_up_sqlite(directory, to, any_size);
  if (const auto* why = std::get_if<std::string>(&made)) throw std::runtime_error(*why);
  return std::get<copy_report>(std::move(made));
}
copy_report restore(const std::string& directory, const std::string& from) {
  auto made = restore_sqlite(directory, from);
  if (const auto* why = std::get_if<std::string>(&made)) throw std::runtime_error(*why);
  return std::get<copy_report>(std::move(made));
}
std::string why_not(const std::variant<copy_report, std::string>& made) {
  const auto* why = std::get_if<std::string>(&made);
  return why ? *why : "";
}
bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}
std::string epoch_of(session& of, const room_id& id) {
  auto found = of.read->room(id);
  if (!found) throw std::runtime_error(found.detail());
  return found->epoch.value();
}
void run_sql(const std::string& path, const char* sql) {
  sqlite::connection at;
  REQUIRE(at.open(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE) == SQLITE_OK);
  REQUIRE(at.execute(sql) == SQLITE_OK);
}
std::vector<std::string> files_in(const std::string& directory) {
  std::vector<std::string> names;
  for (const auto& each : fs::directory_iterator{directory})
    names.push_back(each.path().filename());
  std::sort(names.begin(), names.end());
  return names;
}
mark_options marked(const temporary_directory& in) {
  mark_options how;
  how.file = in.path() + "/confab.mark";
  return how;
}
std::string refusal(const temporary_directory& in) {
  auto opened = open_sqlite(in.path(), {}, {}, marked(in));
  const auto* why = std::get_if<std::string>(&opened);
  return why ? *why : "";
}

}  // namespace

TEST_CASE("a copy of a journal that is written to has what was stored when it was made", "[journal]") {
  temporary_directory directory, elsewhere;
  const auto copy = elsewhere.path() + "/copy.db";
  session of{open_or_throw(directory.path())};
  of.commit({create(general), post(general, "one"), post(general, "two")});

  const auto report = back_up(directory.path(), copy);
  of.commit({post(general, "three")});

  CHECK(report.entries == 2);
  CHECK(report.bytes == fs::file_size(copy));
  CHECK(report.faults.empty());
  CHECK(files_in(elsewhere.path()) == names{"copy.db"});
  CHECK((fs::status(copy).permissions() & (fs::perms::group_all | fs::perms::others_all)) == fs::perms::none);
  temporary_directory other;
  restore(other.path(), copy);
  session again{open_or_throw(other.path())};
  CHECK(seqs(log_of(again, general)) == numbers{1, 2});
  CHECK(seqs(log_of(of, general)) == numbers{1, 2, 3});
}

TEST_CASE("a copy is given up where SQLite's log has more than it may", "[journal]") {
  temporary_directory directory, elsewhere;
  const auto copy = elsewhere.path() + "/copy.db";
  session of{open_or_throw(directory.path())};
  of.commit({create(general)});
  for (int i = 0; i < 30; ++i)
    of.commit(std::vector(100, post(general, "some text")));  // so that SQLite asks on its way
  const auto bytes = fs::file_size(directory.database() + "-wal");

  const auto why = why_not(back_up_sqlite(directory.path(), copy, bytes - 1));

  CHECK(contains(why, "given up"));
  CHECK(contains(why, "--wal-bytes-max"));
  CHECK(files_in(elsewhere.path()).empty());
  of.commit({post(general, "as before")});
  CHECK(why_not(back_up_sqlite(directory.path(), copy, 2 * bytes)).empty());
}

TEST_CASE("a copy takes nothing's place", "[journal]") {
  temporary_directory directory;
  session of{open_or_throw(directory.path())};
  of.commit({create(general), post(general, "one")});

  for (const auto& there : {directory.database(), directory.path()})
    CHECK(contains(why_not(back_up_sqlite(directory.path(), there, any_size)), "is there already"));
  CHECK(contains(why_not(back_up_sqlite(directory.path(), "/nowhere/copy.db", any_size)),
                 "cannot copy it to /nowhere/copy.db.part"));
  CHECK(contains(why_not(back_up_sqlite(directory.path() + "/none", "/nowhere/copy.db", any_size)),
                 "there is no journal in"));

  CHECK(of.read->room(general)->head == seq_no{1});
}

TEST_CASE("a copy of a journal that lacks entries is made, and says so", "[journal]") {
  temporary_directory directory;
  {
    session of{open_or_throw(directory.path())};
    of.commit({create(general), post(general, "one"), post(general, "two"), post(general, "three")});
  }
  run_sql(directory.database(), "delete from log where room = 1 and seq = 2");

  const auto report = back_up(directory.path(), directory.path() + "/copy.db");

  CHECK(report.faults == names{"room general lacks 1 entries of its log"});
}

TEST_CASE("who goes back to a copy begins new epochs, and keeps what was there", "[journal]") {
  temporary_directory directory;
  const auto copy = directory.path() + "/copy.db";
  const auto kept = directory.database() + ".replaced";
  std::string before;
  {
    session of{std::get<0>(open_sqlite(directory.path(), {}, {}, marked(directory)))};
    of.commit({create(general), post(general, "one")});
    back_up(directory.path(), copy);
    of.commit({post(general, "two"), post(general, "three")});
    before = epoch_of(of, general);
  }

  const auto report = restore(directory.path(), copy);

  CHECK(report.entries == 1);
  CHECK(refusal(directory).empty());  // no mark of another journal says anything of it
  session of{open_or_throw(directory.path())};
  CHECK(seqs(log_of(of, general)) == numbers{1});
  CHECK(epoch_of(of, general) != before);
  CHECK(of.log->secret().size() == 32);
  temporary_directory other;
  fs::copy(kept, other.database());
  CHECK(log_of(*std::make_unique<session>(open_or_throw(other.path())), general).size() == 3);
  CHECK(contains(why_not(restore_sqlite(directory.path(), copy)), "is in use by another server"));
}

TEST_CASE("places in the journal of before a return to a copy are those of another log", "[journal]") {
  temporary_directory directory;
  const auto copy = directory.path() + "/copy.db";
  const auto inbox_since = [](session& of, const std::string& place) {
    inbox_query what;
    what.user = alice;
    what.since = place;
    what.count = 10;
    auto page = of.read->inbox(what);
    if (!page) throw std::runtime_error(page.detail());
    return *std::move(page);
  };
  std::string place;
  std::uint64_t copied = 0;
  {
    session of{open_or_throw(directory.path())};
    of.commit({create(general), join_as_member(general, alice), post(general, "one")});
    copied = of.write->position();
    back_up(directory.path(), copy);
    of.commit({post(general, "two")});
    place = inbox_since(of, "").as_of;
    CHECK_FALSE(inbox_since(of, place).reset);
    CHECK(of.log->forks().empty());
  }
  std::vector<log_fork> forks;
  for (int i = 0; i < 2; ++i) {
    fs::remove(directory.database() + ".replaced");
    restore(directory.path(), copy);
    session of{open_or_throw(directory.path())};
    of.commit({post(general, "another two"), post(general, "three")});

    CHECK(inbox_since(of, place).reset);
    REQUIRE(of.log->forks().size() == 1);
    forks.push_back(of.log->forks()[0]);
    place = inbox_since(of, "").as_of;
    CHECK_FALSE(inbox_since(of, place).reset);
  }

  CHECK(forks[0].position == copied);
  CHECK(forks[1].position == copied);
  CHECK(forks[0].name != forks[1].name);
  fs::remove(copy);
  back_up(directory.path(), copy);
  fs::remove(directory.database() + ".replaced");
  restore(directory.path(), copy);
  session of{open_or_throw(directory.path())};
  REQUIRE(of.log->forks().size() == 2);
  CHECK(of.log->forks()[0] == forks[1]);
  CHECK(of.log->forks()[1].position >= copied + 2);
}

TEST_CASE("what an earlier return to a copy has kept is not overwritten", "[journal]") {
  temporary_directory directory;
  const auto copy = directory.path() + "/copy.db";
  session{open_or_throw(directory.path())}.commit({create(general), post(general, "one")});
  back_up(directory.path(), copy);
  restore(directory.path(), copy);
  const auto bytes = fs::file_size(directory.database() + ".replaced");

  CHECK(contains(why_not(restore_sqlite(directory.path(), copy)), "from an earlier time"));
  CHECK(fs::file_size(directory.database() + ".replaced") == bytes);
  fs::remove(directory.database() + ".replaced");
  restore(directory.path(), copy);
}

TEST_CASE("the log of the journal that was there is not taken for the copy's", "[journal]") {
  temporary_directory directory, crashed;
  const auto copy = directory.path() + "/copy.db";
  session of{open_or_throw(directory.path())};
  of.commit({create(general), post(general, "one")});
  back_up(directory.path(), copy);
  of.commit({post(general, "two")});
  // As a crash leaves it: with what was stored last in the log.
  for (const auto* end : {"", "-wal"})
    fs::copy(directory.database() + end, crashed.database() + end);

  restore(crashed.path(), copy);

  CHECK(fs::exists(crashed.database() + ".replaced-wal"));
  session again{open_or_throw(crashed.path())};
  CHECK(seqs(log_of(again, general)) == numbers{1});
}

TEST_CASE("a copy that an older version made is brought to this one's form", "[journal]") {
  temporary_directory directory;
  const auto copy = directory.path() + "/copy.db";
  {
    sqlite::connection at;
    REQUIRE(at.open(copy, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE) == SQLITE_OK);
    REQUIRE_FALSE(sqlite::migrate(at, sqlite::schema_steps().first(1)));
    REQUIRE(at.execute("insert into rooms (room, title, epoch, created_at) values "
                       "('general', 'General', 'old', 1)") == SQLITE_OK);
  }

  restore(directory.path(), copy);

  session of{open_or_throw(directory.path())};
  CHECK(epoch_of(of, general) != "old");
}

TEST_CASE("what is no copy of a journal changes nothing", "[journal]") {
  temporary_directory directory;
  session{open_or_throw(directory.path())}.commit({create(general), post(general, "one")});
  const auto before = files_in(directory.path());
  temporary_directory elsewhere;
  const auto copy = elsewhere.path() + "/copy.db";
  const auto why = [&] { return why_not(restore_sqlite(directory.path(), copy)); };

  SECTION("there is none") { CHECK(contains(why(), "there is no file")); }
  SECTION("it is empty") {
    std::ofstream{copy};
    CHECK(contains(why(), "it is no journal"));
  }
  SECTION("it is no database") {
    std::ofstream{copy} << std::string(5000, 'x');
    CHECK(contains(why(), "it is no journal"));
  }
  SECTION("it is another program's") {
    run_sql(copy, "create table other (id); pragma user_version = 1");
    CHECK(contains(why(), "belongs to another program"));
  }
  SECTION("a newer version made it") {
    back_up(directory.path(), copy);
    run_sql(copy, "pragma user_version = 999");
    CHECK(contains(why(), "newer version"));
  }
  SECTION("it is damaged") {
    back_up(directory.path(), copy);
    std::fstream file{copy, std::ios::in | std::ios::out | std::ios::binary};
    file.seekp(4096);
    file << std::string(8 * 4096, '\xa5');
    file.close();
    CHECK(contains(why(), "cannot restore"));
  }

  CHECK(files_in(directory.path()) == before);
  session of{open_or_throw(directory.path())};
  CHECK(seqs(log_of(of, general)) == numbers{1});
}
