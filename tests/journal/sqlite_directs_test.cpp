// A user's latest direct rooms: their order, and what reading them costs.

#include "journal/sqlite_journal.hpp"
#include "journal/sqlite_schema.hpp"
#include "tests/journal/stores.hpp"

#include <algorithm>
#include <random>

using namespace confab;
using namespace confab::journal;
using namespace confab::journal::test;

namespace {

user_id friend_number(std::uint64_t i) { return user("friend" + std::to_string(i)); }

/// While it lives, counts the steps of SQLite's virtual machine in connections opened meanwhile.
class step_count {
 public:
  step_count() {
    steps_ = 0;
    sqlite3_auto_extension(reinterpret_cast<void (*)()>(watch));
  }
  step_count(const step_count&) = delete;
  step_count& operator=(const step_count&) = delete;
  ~step_count() { sqlite3_cancel_auto_extension(reinterpret_cast<void (*)()>(watch)); }

  static long take() { return std::exchange(steps_, 0); }

 private:
  static int watch(sqlite3* opened, const char**, const struct sqlite3_api_routines*) {
    const auto count = [](void*) {
      ++steps_;
      return 0;
    };
    sqlite3_progress_handler(opened, 1, count, nullptr);
    return SQLITE_OK;
  }
  static inline thread_local long steps_ = 0;
};

/// Steps for the latest 50 of a user who has so many direct rooms.
long cost_of_latest(std::uint64_t rooms) {
  const step_count steps;
  sqlite_store store;
  std::vector<operation> batch;
  for (std::uint64_t i = 0; i < rooms; ++i) {
    batch.push_back(create_direct(alice, friend_number(i)));
    batch.push_back(post(direct_room_of(alice, friend_number(i)), "hi"));
  }
  store.of.commit(std::move(batch));
  REQUIRE(store.of.read->directs(bob, 50)->empty());  // its statements are prepared
  steps.take();

  REQUIRE(store.of.read->directs(alice, 50)->size() == 50);

  return steps.take();
}

}  // namespace

TEST_CASE("the latest direct rooms cost no more where there are many others", "[journal]") {
  CHECK(cost_of_latest(2000) <= cost_of_latest(60) * 11 / 10);
}

TEST_CASE("direct rooms are in the order of their last entries, whoever writes where",
          "[journal]") {
  sqlite_store store;
  std::mt19937_64 dice{3};
  std::vector<room_id> expected;  // of alice, latest first
  for (int i = 0; i < 300; ++i) {
    const auto other = friend_number(dice() % 8);
    const auto between =
        dice() % 5 == 0 ? direct_room_of(other, bob) : direct_room_of(alice, other);
    if (between == direct_room_of(other, bob)) {
      store.of.commit({create_direct(other, bob), post(between, "x")});
      continue;
    }
    store.of.commit({create_direct(alice, other), post(between, "x"), react(between, 1, "+")});
    std::erase(expected, between);
    expected.insert(expected.begin(), between);
  }

  names in_order;
  for (const auto& one : expected) in_order.push_back(one.value());
  CHECK(ids(*store.of.read->directs(alice, 100)) == in_order);
  in_order.resize(3);
  CHECK(ids(*store.of.read->directs(alice, 3)) == in_order);
}

TEST_CASE("a direct room with oneself stands in the list once", "[journal]") {
  sqlite_store store;

  store.of.commit({create_direct(alice, alice), post(direct_room_of(alice, alice), "note")});

  CHECK(store.of.read->directs(alice, 10)->size() == 1);
}

TEST_CASE("a database of any earlier schema knows the order of direct rooms", "[journal]") {
  const auto schema = GENERATE(1u, 2u, 3u);
  temporary_directory directory;
  {
    sqlite::connection at;
    REQUIRE(sqlite::open_connection(at, directory.database(), sqlite::role::writer) == SQLITE_OK);
    REQUIRE_FALSE(sqlite::migrate(at, sqlite::schema_steps().first(schema)));
    const auto dm = [](const char* other) { return direct_room_of(alice, user(other)).value(); };
    const auto sql =
        "insert into rooms (id, room, title, epoch, created_at, direct_a, direct_b) values "
        "(1, '" +
        dm("bob") +
        "', '', 'e', 1, 'alice', 'bob'),"
        "(2, '" +
        dm("carol") +
        "', '', 'e', 1, 'alice', 'carol'),"
        "(3, '" +
        dm("dan") +
        "', '', 'e', 1, 'alice', 'dan'),"
        "(4, 'general', '', 'e', 1, null, null);"
        "insert into log (room, seq, at, sender, kind, target, text) values "
        "(1, 1, 5, 'alice', 0, null, 'a'), (2, 1, 5, 'alice', 0, null, 'b'),"
        "(4, 1, 5, 'alice', 0, null, 'c'), (1, 2, 5, 'bob', 3, 1, '+');";
    REQUIRE(at.execute(sql.c_str()) == SQLITE_OK);
  }

  {
    session of{open_or_throw(directory.path())};
    const names latest{direct_room_of(alice, bob).value(),
                       direct_room_of(alice, user("carol")).value()};
    CHECK(ids(*of.read->directs(alice, 10)) == latest);
    CHECK(ids(*of.read->directs(bob, 10)) == names{latest[0]});
    of.commit({post(direct_room_of(alice, user("dan")), "d")});
    CHECK(ids(*of.read->directs(alice, 1)) == names{direct_room_of(alice, user("dan")).value()});
  }
}
