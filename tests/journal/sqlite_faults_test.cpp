// What the SQLite journal does when the disk, or another program, does not let it write.

#include "journal/sqlite_faults.hpp"
#include "journal/sqlite_checkpointer.hpp"
#include "journal/sqlite_journal.hpp"
#include "tests/journal/faulty_disk.hpp"
#include "tests/journal/stores.hpp"

#include <sys/mount.h>
#include <sys/resource.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <optional>
#include <tuple>
#include <utility>

using namespace confab;
using namespace confab::journal;
using namespace confab::journal::test;
namespace fs = std::filesystem;

namespace {

/// Another program's connection to the same file.
class foreign_program {
 public:
  explicit foreign_program(const std::string& path) {
    if (at_.open(path, SQLITE_OPEN_READWRITE) != SQLITE_OK) throw std::runtime_error(at_.message());
  }
  void run(const char* sql) {
    if (at_.execute(sql) != SQLITE_OK) throw std::runtime_error(at_.message());
  }

 private:
  sqlite::connection at_;
};

/// No file of this process may grow beyond that: what a full disk looks like without one.
class file_size_limit {
 public:
  explicit file_size_limit(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit now{bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &now);
  }
  file_size_limit(const file_size_limit&) = delete;
  file_size_limit& operator=(const file_size_limit&) = delete;
  ~file_size_limit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }

 private:
  rlimit before_{};
  void (*handler_)(int);
};

/// A batch that touches all of what a failure must undo.
const std::vector<operation> doomed{create(room("new")), post(room("new"), "1"),
                                    post(general, "2", "doomed"), post(general, "3")};

void is_as_if_doomed_never_was(session& of) {
  CHECK(of.read->room(room("new")).why() == fault::no_such_room);
  CHECK(seqs(log_of(of, general)) == numbers{1});
}

void works_again(session& of) {
  REQUIRE(of.write->probe());
  const auto done = of.commit(doomed, 2000);
  CHECK(std::get<room_made>(done[0]).info.head == seq_no{0});
  CHECK(seq_of(done[1]) == 1);
  CHECK_FALSE(duplicate(done[2]));
  CHECK(seq_of(done[2]) == 2);
  CHECK(seq_of(done[3]) == 3);
  CHECK(duplicate(of.commit({post(general, "2", "doomed")})[0]));
  CHECK(seqs(log_of(of, general)) == numbers{1, 2, 3});
}

/// Commits 4 KB texts until one is refused.
fault fill(session& of, std::uint64_t& stored) {
  const std::string text(4000, 'x');
  for (int i = 0; i < 100'000; ++i) {
    auto done = of.try_commit({post(general, text), post(general, text), post(general, text)}, 1);
    if (!done) return done.why();
    stored += 3;
  }
  throw std::runtime_error("there was room for everything");
}

}  // namespace

TEST_CASE("a long read ends when it is told to, and the next one is whole", "[journal]") {
  sqlite_store store;
  std::vector<rooms::operation> batch{create(general)};
  for (int i = 0; i < 2000; ++i) batch.push_back(post(general, "message"));
  store.of.commit(std::move(batch));
  bool stop = true;
  store.of.read->stop_when([&] { return stop; });

  const auto stopped = store.of.read->messages(general, alice, {}, {}, plenty, plenty);
  stop = false;
  const auto whole = store.of.read->messages(general, alice, {}, {}, plenty, plenty);

  REQUIRE_FALSE(stopped);
  CHECK(stopped.why() == fault::unavailable);
  REQUIRE(whole);
  CHECK(whole->messages.size() == 2000);
}

TEST_CASE("the log's file grows in steps, ahead of the log", "[journal]") {
  sqlite_store store;
  const auto log_bytes = [&] { return fs::file_size(store.directory.database() + "-wal"); };
  const std::string text(4000, 'x');
  store.of.commit({create(general)});
  store.of.commit({post(general, text)});
  std::size_t growths = 0, commits = 0;

  for (auto before = log_bytes(); growths < 3; ++commits) {
    REQUIRE(commits < 1000);
    store.of.commit({post(general, text)});
    if (const auto now = std::exchange(before, log_bytes()); now != before) {
      CHECK(before - now == 256 * 1024);
      ++growths;
    }
  }

  CHECK(commits > 3 * 8);  // some six pages each
  CHECK(log_of(store.of, general).size() == commits + 1);
}

TEST_CASE("where there is no room for a step, the log's file grows as the log does", "[journal]") {
  sqlite_store store;
  const auto log = store.directory.database() + "-wal";
  store.of.commit({create(general)});
  const auto before = fs::file_size(log);
  const file_size_limit limit{before + 200 * 1024};

  store.of.commit({post(general, "1")});
  CHECK(fs::file_size(log) < before + 64 * 1024);
  for (int i = 2; i <= 10; ++i) store.of.commit({post(general, std::to_string(i))});

  CHECK(fs::file_size(log) < before + 200 * 1024);
  CHECK(log_of(store.of, general).size() == 10);
}

TEST_CASE("a failed write stores nothing of the batch, and the next one works", "[journal]") {
  faulty_disk disk;
  sqlite_store store;
  store.of.commit({create(general), post(general, "1")});
  const int code = GENERATE(SQLITE_FULL, SQLITE_IOERR_WRITE, SQLITE_READONLY, SQLITE_BUSY);
  const int after = GENERATE(0, 1, 2, 5);

  disk.log.fail_writes(code, after);
  auto done = store.of.try_commit(doomed);

  REQUIRE_FALSE(done);
  CHECK(done.why() == fault::unavailable);
  CHECK_FALSE(done.detail().empty());
  is_as_if_doomed_never_was(store.of);

  disk.log.heal();
  works_again(store.of);
}

TEST_CASE("a probe meets the fault that a batch would", "[journal]") {
  faulty_disk disk;
  sqlite_store store;

  disk.log.fail_writes(SQLITE_FULL, 0);
  auto able = store.of.write->probe();

  REQUIRE_FALSE(able);
  CHECK(able.why() == fault::unavailable);
}

TEST_CASE("after many failed batches in a row the writer's memory is still right", "[journal]") {
  faulty_disk disk;
  sqlite_store store;
  store.of.commit({create(general), post(general, "1")});

  for (int i = 0; i < 5; ++i) {
    disk.log.fail_writes(SQLITE_FULL, i);
    CHECK_FALSE(store.of.try_commit(doomed));
    disk.log.heal();
    store.of.commit({post(general, "between", "key" + std::to_string(i))});
  }

  CHECK(seqs(log_of(store.of, general)) == numbers{1, 2, 3, 4, 5, 6});
  CHECK(duplicate(store.of.commit({post(general, "", "key0")})[0]));
}

TEST_CASE("after a failed fsync nothing is written or synced any more", "[journal]") {
  faulty_disk disk;
  temporary_directory directory;
  {
    std::optional<session> of{open_or_throw(directory.path())};
    of->commit({create(general), post(general, "1")});

    disk.log.sync_code = SQLITE_IOERR_FSYNC;
    auto done = of->try_commit(doomed);
    REQUIRE_FALSE(done);
    CHECK(done.why() == fault::fatal);

    disk.log.heal();
    const int syncs = disk.log.syncs + disk.database.syncs;
    CHECK(of->try_commit(doomed).why() == fault::fatal);
    CHECK(of->write->probe().why() == fault::fatal);
    of.reset();
    CHECK(disk.log.syncs + disk.database.syncs == syncs);
  }

  // The batch may be there or not, but whole.
  session of{open_or_throw(directory.path())};
  const auto log = seqs(log_of(of, general));
  CHECK((log == numbers{1} || log == numbers{1, 2, 3}));
}

TEST_CASE("a failed fsync of a checkpoint is fatal to the writer", "[journal]") {
  faulty_disk disk;
  sqlite_store store;
  store.of.commit({create(general)});
  disk.database.sync_code = SQLITE_IOERR_FSYNC;

  std::uint64_t stored = 0;
  CHECK(fill(store.of, stored) == fault::fatal);

  CHECK(disk.database.syncs > 0);
  CHECK(log_of(store.of, general).size() <= stored);
}

TEST_CASE("a checkpoint that finds the disk full is tried again", "[journal]") {
  faulty_disk disk;
  sqlite_store store;
  store.of.commit({create(general)});
  const std::vector batch(10, post(general, std::string(4000, 'x')));
  const auto write_until = [&](auto enough) {
    for (int i = 0; i < 100'000 && !enough(); ++i) store.of.commit(batch);
    return enough();
  };

  disk.database.fail_writes(SQLITE_FULL, 0);
  REQUIRE(write_until([&] { return disk.database.writes_left <= -2; }));  // twice refused

  disk.database.heal();
  const int syncs = disk.database.syncs;
  CHECK(write_until([&] { return disk.database.syncs > syncs; }));
}

TEST_CASE("the write-ahead log stays bounded under constant load", "[journal]") {
  using namespace confab::journal::sqlite;
  temporary_directory directory;
  connection writer, second;
  REQUIRE(writer.open(directory.database(), SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE) == 0);
  REQUIRE(writer.execute("pragma journal_mode = wal; pragma synchronous = off;"
                         "pragma wal_autocheckpoint = 0;"
                         "create table t (id integer primary key, x)") == 0);
  REQUIRE(second.open(directory.database(), SQLITE_OPEN_READWRITE) == 0);
  checkpointer rotation{std::move(second), {20, 100, 5}};
  int pages = 0, longest = 0, restarts = 0;
  auto seen = std::tie(rotation, pages, longest, restarts);
  sqlite3_wal_hook(
      writer.get(),
      [](void* to, sqlite3*, const char*, int now) {
        auto& [of, before, most, anew] = *static_cast<decltype(seen)*>(to);
        of.committed(now);
        if (now < before) ++anew;
        before = now;
        most = std::max(most, now);
        return SQLITE_OK;
      },
      &seen);

  // Without the writer's help it would end at 40,000 pages or more.
  for (int i = 0; i < 20'000; ++i) {
    rotation.help(writer);
    REQUIRE(writer.execute("insert into t (x) values (zeroblob(4000))") == 0);
  }

  CHECK(restarts > 10);
  CHECK(longest < 4'000);
}

TEST_CASE("a file that cannot grow is a full disk: refused, whole, and good again", "[journal]") {
  sqlite_store store;
  store.of.commit({create(general), post(general, "1", "k")});
  std::uint64_t stored = 1;
  {
    const file_size_limit limit{2 << 20};
    CHECK(fill(store.of, stored) == fault::unavailable);
    CHECK(fill(store.of, stored) == fault::unavailable);
    const auto refused = store.of.try_commit({post(general, std::string(12'000, 'x'))}, 1);
    INFO(refused.detail());
    // Whoever reads the log is to know what the disk said.
    CHECK(refused.detail().find("File too large") != std::string::npos);
  }

  CHECK(log_of(store.of, general).size() == stored);
  const auto done = store.of.commit({post(general, "after"), post(general, "1", "k")});
  CHECK(seq_of(done[0]) == stored + 1);
  CHECK(duplicate(done[1]));
}

TEST_CASE("a disk that is really full refuses, loses nothing, and works when there is space",
          "[journal]") {
  temporary_directory mount_point;
  if (::mount("none", mount_point.path().c_str(), "tmpfs", 0, "size=4m") != 0) {
    WARN("not run, no file system can be mounted here: " << std::strerror(errno));
    return;
  }
  struct unmounter {
    ~unmounter() { ::umount2(path.c_str(), MNT_DETACH); }
    std::string path;
  } at_the_end{mount_point.path()};
  session of{open_or_throw(mount_point.path() + "/data")};
  of.commit({create(general)});
  std::uint64_t stored = 0;

  CHECK(fill(of, stored) == fault::unavailable);

  CHECK(stored > 0);
  CHECK(log_of(of, general).size() == stored);
  REQUIRE(::mount("none", mount_point.path().c_str(), "tmpfs", MS_REMOUNT, "size=16m") == 0);
  CHECK(of.write->probe());
  CHECK(seq_of(of.commit({post(general, "after")})[0]) == stored + 1);
}

TEST_CASE("a lock of another program makes the journal unavailable until it is gone", "[journal]") {
  sqlite_store store;
  store.of.commit({create(general), post(general, "1")});
  foreign_program other{store.directory.database()};

  other.run("begin immediate");
  auto done = store.of.try_commit(doomed);
  auto able = store.of.write->probe();

  REQUIRE_FALSE(done);
  CHECK(done.why() == fault::unavailable);
  REQUIRE_FALSE(able);
  CHECK(able.why() == fault::unavailable);
  is_as_if_doomed_never_was(store.of);

  other.run("rollback");
  works_again(store.of);
}

TEST_CASE("codes of SQLite become faults by what is known about the batch", "[journal]") {
  using sqlite::fault_before_commit, sqlite::fault_of_commit;

  for (const int code : {SQLITE_FULL, SQLITE_BUSY, SQLITE_READONLY, SQLITE_CANTOPEN,
                         SQLITE_IOERR_WRITE, SQLITE_IOERR_READ, SQLITE_READONLY_DBMOVED}) {
    CHECK(fault_before_commit(code) == fault::unavailable);
    CHECK(fault_of_commit(code) == fault::unavailable);
  }
  for (const int code :
       {SQLITE_IOERR_FSYNC, SQLITE_IOERR_DIR_FSYNC, SQLITE_CORRUPT, SQLITE_NOTADB}) {
    CHECK(fault_before_commit(code) == fault::fatal);
    CHECK(fault_of_commit(code) == fault::fatal);
  }
  for (const int code : {SQLITE_IOERR_SHMSIZE, SQLITE_IOERR_SHMMAP, SQLITE_NOMEM}) {
    CHECK(fault_before_commit(code) == fault::unavailable);
    CHECK(fault_of_commit(code) == fault::unknown);
  }
}
