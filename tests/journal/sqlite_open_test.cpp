// Opening, closing and opening again: what is on disk, and whose it is.

#include "journal/sqlite_schema.hpp"
#include "tests/journal/stores.hpp"

#include <linux/capability.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>

using namespace confab;
using namespace confab::journal;
using namespace confab::journal::test;

namespace fs = std::filesystem;

namespace {

/// Runs `sql` on the database of a closed journal, or makes a new one.
void alter(const std::string& path, const std::string& sql) {
  sqlite::connection at;
  if (at.open(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE) != SQLITE_OK ||
      at.execute(sql.c_str()) != SQLITE_OK)
    throw std::runtime_error(at.message());
}

std::int64_t ask(const sqlite::connection& at, const char* sql) {
  sqlite::statement prepared;
  if (prepared.prepare(at, sql) != SQLITE_OK) return -1;
  sqlite::query row{prepared};
  return row.next() ? row.integer(0) : -1;
}

void overwrite(const std::string& path, std::streamoff from, std::size_t count) {
  std::fstream file{path, std::ios::in | std::ios::out | std::ios::binary};
  file.seekp(from);
  file << std::string(count, '\xa5');
}

mode_t rights(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 ? info.st_mode & 0777 : 0;
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a missing directory is created, with its parents, for nobody else", "[journal]") {
  temporary_directory top;
  const auto path = top.path() + "/a/b";

  session{open_or_throw(path)}.commit({create(general)});

  struct stat info {};
  REQUIRE(::stat(path.c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0700);
  CHECK(fs::exists(path + "/confab.db"));
  CHECK(fs::exists(path + "/confab.lock"));
}

TEST_CASE("a directory and files that others may read are closed to them", "[journal]") {
  temporary_directory top;
  const auto path = top.path() + "/data";
  session{open_or_throw(path)}.commit({create(general)});
  REQUIRE(::chmod(path.c_str(), 0755) == 0);
  for (const auto* name : {"/confab.db", "/confab.lock"})
    REQUIRE(::chmod((path + name).c_str(), 0644) == 0);

  const session of{open_or_throw(path)};

  CHECK(rights(path) == 0700);
  for (const auto& each : fs::directory_iterator{path}) {
    INFO(each.path());
    CHECK((rights(each.path()) & 077) == 0);
  }
}

TEST_CASE("a directory that holds other things keeps its rights, and its journal has none of them",
          "[journal]") {
  temporary_directory top;
  const auto path = top.path() + "/data";
  fs::create_directory(path);
  std::ofstream{path + "/other"} << "x";
  REQUIRE(::chmod(path.c_str(), 0755) == 0);
  REQUIRE(::chmod((path + "/other").c_str(), 0644) == 0);
  session{open_or_throw(path)}.commit({create(general)});
  REQUIRE(::chmod((path + "/confab.db").c_str(), 0644) == 0);

  const session of{open_or_throw(path)};

  CHECK(rights(path) == 0755);
  CHECK(rights(path + "/other") == 0644);
  CHECK(rights(path + "/confab.db") == 0600);
}

TEST_CASE("a directory of others' things that everybody may write to is refused", "[journal]") {
  temporary_directory top;
  const auto path = top.path() + "/data";
  fs::create_directory(path);
  std::ofstream{path + "/other"} << "x";
  REQUIRE(::chmod(path.c_str(), 01777) == 0);

  const auto why = refusal(path);

  CHECK(contains(why, path));
  CHECK(contains(why, "chmod o-w"));
}

TEST_CASE("a lock whose file was removed still holds", "[journal]") {
  temporary_directory directory;
  const session of{open_or_throw(directory.path())};
  REQUIRE(fs::remove(directory.path() + "/confab.lock"));

  CHECK(contains(refusal(directory.path()), "in use by another server"));
}

TEST_CASE("a path that is a file, or cannot be made, is refused by name", "[journal]") {
  temporary_directory top;
  std::ofstream{top.path() + "/file"} << "x";

  CHECK(contains(refusal(top.path() + "/file"), top.path() + "/file"));
  CHECK(contains(refusal(top.path() + "/file/below"), top.path() + "/file/below"));
  CHECK(contains(refusal("/proc/confab/data"), "/proc/confab/data"));
}

TEST_CASE("an opened journal is what it was when it was closed", "[journal]") {
  temporary_directory directory;
  std::vector<log_entry> before;
  {
    session of{open_or_throw(directory.path())};
    of.commit({create(general, "k3v9"), create_direct(alice, bob),
               post(general, "1", "k1"), post(general, "2"), react(general, 1, "+"),
               post(direct_room_of(alice, bob), "psst", "k1")},
              5000);
    before = log_of(of, general);
  }

  session of{open_or_throw(directory.path())};

  CHECK(log_of(of, general) == before);
  auto info = of.read->room(general);
  REQUIRE(info);
  CHECK(info->epoch == epoch_id{"k3v9"});
  CHECK(info->head == seq_no{3});
  CHECK(ids(*of.read->directs(bob, 10)) == names{direct_room_of(alice, bob).value()});
  CHECK(of.log->may_have_directs(alice));
  CHECK(of.log->may_have_directs(bob));
  CHECK_FALSE(of.log->may_have_directs(user("carol")));
  const auto done =
      of.commit({post(general, "again", "k1"), post(general, "3"), create(general, "other")}, 4000);
  CHECK(duplicate(done[0]));
  CHECK(seq_of(done[0]) == 1);
  CHECK(time_of(done[0]) == 5000);
  CHECK(seq_of(done[1]) == 4);
  CHECK(time_of(done[1]) == 5000);
  CHECK(std::get<room_made>(done[2]).info.epoch == epoch_id{"k3v9"});
}

TEST_CASE("the window of keys is read from the end of the log", "[journal]") {
  using std::chrono::milliseconds;
  temporary_directory directory;
  {
    session of{open_or_throw(directory.path())};
    of.commit({create(general)}, 0);
    for (int i = 1; i <= 100; ++i) of.commit({post(general, "x", "k" + std::to_string(i))}, i * 10);
  }
  // Of 1 to 100, at 10 to 1000: whether number `i` is still known.
  const auto known = [&](rooms::key_window window, int i) {
    session of{open_or_throw(directory.path(), window)};
    return duplicate(
        of.commit({post(general, "x", "k" + std::to_string(i)), create(room("r"))}, 1000)[0]);
  };

  SECTION("by age where that reaches further back") {
    CHECK(known({milliseconds{400}, 10}, 60));
    CHECK_FALSE(known({milliseconds{400}, 10}, 59));
  }
  SECTION("by count where that reaches further back") {
    CHECK(known({milliseconds{0}, 30}, 71));
    CHECK_FALSE(known({milliseconds{0}, 30}, 70));
  }
  SECTION("all of it where the window is larger than the log") {
    CHECK(known({milliseconds{0}, 1000}, 1));
    CHECK(known({milliseconds{5000}, 0}, 1));
  }
  SECTION("no more than there is memory for") {
    CHECK(known({milliseconds{5000}, 1000, 5}, 96));
    CHECK_FALSE(known({milliseconds{5000}, 1000, 5}, 95));
  }
}

TEST_CASE("a directory in use is refused by name, with the process that uses it", "[journal]") {
  temporary_directory directory;
  session first{open_or_throw(directory.path())};

  const auto why = refusal(directory.path());

  CHECK(contains(why, directory.path()));
  CHECK(contains(why, "in use by another server"));
  CHECK(contains(why, std::to_string(::getpid())));
  first.commit({create(general)});
}

TEST_CASE("a closed journal gives its directory free", "[journal]") {
  temporary_directory directory;
  { session first{open_or_throw(directory.path())}; }

  CHECK(refusal(directory.path()).empty());
}

TEST_CASE("what a process left behind that died early hinders nobody", "[journal]") {
  temporary_directory directory;
  const auto left = GENERATE("only the lock file", "an empty database", "one without tables");
  std::ofstream{directory.path() + "/confab.lock"} << "4711\nrubbish";
  if (left == std::string{"an empty database"}) std::ofstream{directory.database()};
  if (left == std::string{"one without tables"})
    alter(directory.database(), "pragma journal_mode = wal; create table t (x); drop table t");

  session of{open_or_throw(directory.path())};

  CHECK(seq_of(of.commit({create(general), post(general, "1")})[1]) == 1);
}

TEST_CASE("the database is ours, in WAL mode, and has the latest schema", "[journal]") {
  temporary_directory directory;
  { session of{open_or_throw(directory.path())}; }

  sqlite::connection at;
  REQUIRE(at.open(directory.database(), SQLITE_OPEN_READWRITE) == SQLITE_OK);
  CHECK(ask(at, "pragma user_version") == static_cast<std::int64_t>(sqlite::schema_steps().size()));
  CHECK(ask(at, "pragma application_id") == 0x636e6662);
  CHECK(ask(at, "select count(*) from pragma_journal_mode where journal_mode = 'wal'") == 1);
  CHECK(ask(at, "pragma page_size") == 4096);
}

TEST_CASE("a newer schema is refused and left alone", "[journal]") {
  temporary_directory directory;
  { session{open_or_throw(directory.path())}.commit({create(general), post(general, "1")}); }
  const auto last = sqlite::schema_steps().size();
  alter(directory.database(), "pragma user_version = " + std::to_string(last + 1));

  const auto why = refusal(directory.path());

  CHECK(contains(why, directory.database()));
  CHECK(contains(why, "newer version"));
  alter(directory.database(), "pragma user_version = " + std::to_string(last));
  session of{open_or_throw(directory.path())};
  CHECK(log_of(of, general).size() == 1);
}

TEST_CASE("another program's database is refused and left alone", "[journal]") {
  temporary_directory directory;
  const auto sql = GENERATE("create table log (x)", "pragma application_id = 7; create table t (x)",
                            "pragma application_id = 7");
  alter(directory.database(), sql);

  CHECK(contains(refusal(directory.path()), "belongs to another program"));

  sqlite::connection at;
  REQUIRE(at.open(directory.database(), SQLITE_OPEN_READWRITE) == SQLITE_OK);
  CHECK(ask(at, "pragma user_version") == 0);
  CHECK(ask(at, "select count(*) from sqlite_schema where name = 'rooms'") == 0);
}

TEST_CASE("an older schema is brought forward step by step and keeps its data", "[journal]") {
  temporary_directory directory;
  sqlite::connection at;
  REQUIRE(at.open(directory.database(), SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE) == SQLITE_OK);
  const std::array all{"create table t (x); insert into t values (1)",
                       "alter table t add column y; update t set y = x + 1",
                       "update t set y = y * 10"};
  CHECK_FALSE(sqlite::migrate(at, std::span{all}.first(1)));
  REQUIRE(at.execute("insert into t values (2)") == SQLITE_OK);

  CHECK_FALSE(sqlite::migrate(at, all));
  CHECK_FALSE(sqlite::migrate(at, all));  // nothing is done twice

  CHECK(ask(at, "pragma user_version") == 3);
  CHECK(ask(at, "select sum(y) from t") == 50);
}

TEST_CASE("a step that fails is undone as a whole and can be tried again", "[journal]") {
  temporary_directory directory;
  sqlite::connection at;
  REQUIRE(at.open(directory.database(), SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE) == SQLITE_OK);
  const std::array broken{"create table t (x)",
                          "insert into t values (1); insert into nowhere values (1)"};

  const auto error = sqlite::migrate(at, broken);

  REQUIRE(error);
  CHECK(contains(*error, "step 2"));
  CHECK(contains(*error, "nowhere"));
  CHECK(ask(at, "pragma user_version") == 1);
  CHECK(ask(at, "select count(*) from t") == 0);
  CHECK_FALSE(at.in_transaction());
  const std::array mended{broken[0], "insert into t values (1)"};
  CHECK_FALSE(sqlite::migrate(at, mended));
  CHECK(ask(at, "select count(*) from t") == 1);
}

TEST_CASE("a damaged file is refused by name", "[journal]") {
  temporary_directory directory;
  { session{open_or_throw(directory.path())}.commit({create(general), post(general, "1")}); }

  SECTION("where it begins") {
    overwrite(directory.database(), 0, 100);
    CHECK(contains(refusal(directory.path()), "not a database"));
  }
  SECTION("in its schema") {
    overwrite(directory.database(), 100, 3900);
    CHECK(contains(refusal(directory.path()), "malformed"));
  }
  SECTION("at its end") {
    fs::resize_file(directory.database(), 4096);
    CHECK(contains(refusal(directory.path()), "malformed"));
  }
  CHECK(contains(refusal(directory.path()), directory.database()));
}

TEST_CASE("a file that may only be read is refused by name", "[journal]") {
  temporary_directory directory;
  { session{open_or_throw(directory.path())}.commit({create(general)}); }
  REQUIRE(::chmod(directory.database().c_str(), 0444) == 0);
  int answer[2];
  REQUIRE(::pipe(answer) == 0);

  // For root nothing is read-only, so a child without root's capabilities has to ask.
  const auto child = ::fork();
  if (child == 0) {
    __user_cap_header_struct version{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3]{};
    if (::syscall(SYS_capset, &version, none) != 0) ::_exit(1);
    const auto why = refusal(directory.path());
    ::_exit(::write(answer[1], why.data(), why.size()) < 0);
  }
  ::close(answer[1]);
  std::string why(1000, '\0');
  const auto count = ::read(answer[0], why.data(), why.size());
  ::close(answer[0]);
  int status = 0;
  ::waitpid(child, &status, 0);

  CHECK(status == 0);
  why.resize(static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
  CHECK(contains(why, directory.database()));
  CHECK(contains(why, "cannot be written"));
}
