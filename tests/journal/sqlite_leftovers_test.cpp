// Deleted content leaves the files too: SQLite's log keeps pages as they were before.

#include "journal/sqlite_statement.hpp"
#include "tests/journal/stores.hpp"

#include <fstream>
#include <iterator>

using namespace confab;
using namespace confab::journal;
using namespace confab::journal::test;

namespace {

/// Whether one of the files of an open journal has these bytes somewhere.
bool files_hold(const temporary_directory& directory, const std::string& text) {
  for (const auto* end : {"", "-wal", "-shm"}) {
    std::ifstream file{directory.database() + end, std::ios::binary};
    const std::string all{std::istreambuf_iterator<char>{file}, {}};
    if (all.find(text) != std::string::npos) return true;
  }
  return false;
}

}  // namespace

TEST_CASE("what was deleted is in no file when leftovers are cleared, and the rest still is",
          "[journal]") {
  sqlite_store store;
  REQUIRE(store.of.write->clear_leftovers());
  // Longer than a page, so that some of it has pages of its own.
  store.of.commit({create(general), post(general, "said and meant"), post(general, "a short slip"),
                   post(general, "a long slip" + std::string(9000, '.'))});
  store.of.commit({edit(general, 2, "an edited slip")});
  CHECK_FALSE(store.of.write->has_leftovers());

  store.of.commit({erase(general, {2, 3})});
  REQUIRE(files_hold(store.directory, "slip"));
  CHECK(store.of.write->has_leftovers());
  CHECK(store.of.write->clear_leftovers());

  CHECK_FALSE(files_hold(store.directory, "slip"));
  CHECK(files_hold(store.directory, "said and meant"));
  CHECK_FALSE(store.of.write->has_leftovers());
  store.of.commit({post(general, "and on it goes")});
  CHECK(stored_forms(store.of, general) == replayed_forms(store.of, general));
  CHECK(log_of(store.of, general).back().seq == seq_no{7});
}

TEST_CASE("leftovers wait for a reader that still sees them", "[journal]") {
  sqlite_store store;
  store.of.commit({create(general), post(general, "a slip")});
  sqlite::connection foreign;
  REQUIRE(foreign.open(store.directory.database(), SQLITE_OPEN_READWRITE) == SQLITE_OK);
  REQUIRE(foreign.execute("begin; select count(*) from log") == SQLITE_OK);
  store.of.commit({erase(general, 1)});

  CHECK_FALSE(store.of.write->clear_leftovers());
  CHECK(store.of.write->has_leftovers());
  store.of.commit({post(general, "meanwhile")});
  REQUIRE(foreign.execute("commit") == SQLITE_OK);

  CHECK(store.of.write->clear_leftovers());
  CHECK_FALSE(files_hold(store.directory, "a slip"));
}

TEST_CASE("what an earlier process has left in the log may be leftovers", "[journal]") {
  temporary_directory directory;
  session of{open_or_throw(directory.path())};

  CHECK(of.write->has_leftovers());
}
