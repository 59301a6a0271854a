// What a read or a write costs, in steps of SQLite's machine: they are the same on every machine,
// and may not grow with the room. Counted on every connection that a journal opens.

#include "journal/sqlite_statement.hpp"
#include "tests/journal/stores.hpp"

#include <algorithm>
#include <functional>
#include <map>

using namespace confab;
using namespace confab::journal;
using namespace confab::journal::test;

namespace {

/// Counts while it is there; journals opened meanwhile are counted until they are closed.
class step_counter {
 public:
  step_counter() {
    steps = 0;
    sqlite3_auto_extension(reinterpret_cast<void (*)()>(&watch));
  }
  ~step_counter() { sqlite3_cancel_auto_extension(reinterpret_cast<void (*)()>(&watch)); }
  step_counter(const step_counter&) = delete;
  step_counter& operator=(const step_counter&) = delete;

  /// The second time: the first may open a connection, or read what is then remembered.
  static std::int64_t of(const std::function<void()>& work) {
    work();
    steps = 0;
    work();
    return steps;
  }

 private:
  static int watch(sqlite3* database, const char**, const sqlite3_api_routines*) {
    return sqlite3_trace_v2(database, SQLITE_TRACE_PROFILE, &finished, nullptr);
  }
  static int finished(unsigned, void*, void* statement, void*) {
    steps +=
        sqlite3_stmt_status(static_cast<sqlite3_stmt*>(statement), SQLITE_STMTSTATUS_VM_STEP, 1);
    return 0;
  }
  static inline std::int64_t steps = 0;
};

/// A room of so many members, in which each of many has said something, began a thread and replied.
void fill(session& of, int size) {
  const auto member = [](int i) { return user("u" + std::to_string(100'000 + i)); };
  rooms::create_room wanted{epoch_id{"e"}, {}, rooms::create_room::founding{}};
  wanted.with->settings.slow = std::chrono::milliseconds{1};
  of.commit({{general, by(alice), "", wanted}});
  auto api = by(rooms::server_user);
  api.as = rooms::principal::kind::api_key;
  for (int i = 0; i < size; i += 100) {
    member_set change;
    for (int j = i; j < i + 100; ++j) change.users.push_back(member(j));
    change.state = member_state::member;
    of.commit({{general, api, "", rooms::set_members{change}}});
  }
  std::vector<operation> batch;
  for (int i = 0; i < 10; ++i) batch.push_back(post(general, "pinned"));
  of.commit(batch);
  const auto head = of.read->room(general)->head.value();
  batch.clear();
  for (std::uint64_t i = 0; i < 10; ++i) batch.push_back(set_pin(general, head - i));
  of.commit(batch);
  std::int64_t clock = 10'000;
  const auto say = [&](std::optional<std::uint64_t> thread, const user_id& who) {
    placement where;
    if (thread) where.thread = seq_no{*thread};
    const auto done = of.commit({post(general, "x", "", who, where)}, clock += 10);
    return seq_of(done[0]);
  };
  for (int i = 0; i < size; ++i) {
    const auto root = say({}, i % 2 ? member(i) : bob);
    say(root, i % 3 ? member(i) : bob);
    say(head, i % 2 ? alice : bob);
    of.commit({react(general, root, "+", true, member(i))});
  }
}

}  // namespace

TEST_CASE("no read or write of a room grows with the room", "[journal]") {
  const step_counter counting;
  const auto costs_of = [](int size) {
    temporary_directory directory;
    session of{open_or_throw(directory.path())};
    fill(of, size);
    const auto head = of.read->room(general)->head;
    const auto main = seq_no{head.value() - 3};  // the last root
    const auto middle = seq_no{head.value() / 2};
    const auto pins = of.read->room(general)->pins;
    const auto root = std::ranges::max(pins).value();  // every user has replied to it
    std::int64_t later = 100'000'000;

    std::map<std::string, std::int64_t> costs;
    const auto count = [&](const std::string& what, const std::function<void()>& work) {
      costs[what] = step_counter::of(work);
    };
    const auto page = [&](std::optional<seq_no> before, std::optional<seq_no> after,
                          std::optional<std::uint64_t> thread) {
      const auto in = thread ? std::optional{seq_no{*thread}} : std::nullopt;
      REQUIRE(of.read->messages(general, bob, before, after, 5, plenty, in)->messages.size() == 5);
    };
    count("the latest messages", [&] { page({}, {}, {}); });
    count("messages from the middle on", [&] { page({}, middle, {}); });
    count("the latest of the main line", [&] { page({}, {}, 0); });
    count("the main line from the middle on", [&] { page({}, middle, 0); });
    count("the latest of a thread", [&] { page({}, {}, root); });
    count("a thread from the middle on", [&] { page({}, middle, root); });
    count("a thread of one reply", [&] {
      const auto thread = of.read->messages(general, bob, {}, {}, 5, plenty, main);
      REQUIRE(thread->messages.size() == 2);
    });
    count("members", [&] {
      REQUIRE(of.read->members(general, member_state::member, user("u100020"), 5)->more);
    });
    count("the invited", [&] {
      REQUIRE(of.read->members(general, member_state::invited, {}, 5)->members.empty());
    });
    count("a member", [&] { REQUIRE(of.read->member(general, user("u100050"))); });
    count("pins", [&] { REQUIRE(of.read->pins(general, bob, {}, plenty)->pins.size() == 10); });
    count("threads", [&] {
      REQUIRE(of.read->threads(general, bob, false, {}, 5, plenty)->roots.size() == 5);
    });
    count("threads from the middle on", [&] {
      REQUIRE(of.read->threads(general, bob, false, middle, 5, plenty)->roots.size() == 5);
    });
    count("one's own threads",
          [&] { REQUIRE(of.read->threads(general, bob, true, {}, 5, plenty)->roots.size() == 5); });
    count("messages of a user",
          [&] { REQUIRE(of.read->messages_of(general, std::span{&bob, 1}, unix_ms{0}, 5)->size() == 5); });
    count("the room", [&] { REQUIRE(of.read->room(general)); });
    count("a list of rooms", [&] { REQUIRE(of.read->rooms({}, {}, 5)->size() == 1); });
    count("a message", [&] {
      REQUIRE(std::holds_alternative<rooms::appended>(
          of.commit({post(general, "x", "", bob)}, later += 1000)[0]));
    });
    count("a reply", [&] {
      REQUIRE(std::holds_alternative<rooms::appended>(of.commit(
          {post(general, "x", "", bob, {{}, seq_no{root}, false, ""})}, later += 1000)[0]));
    });
    count("the deletion of a reply", [&] {
      const auto own = of.read->messages_of(general, std::span{&bob, 1}, unix_ms{0}, 20)->at(0).value();
      REQUIRE(std::holds_alternative<rooms::appended>(
          of.commit({erase(general, {own}, bob)}, later += 1000)[0]));
    });
    std::vector<std::uint64_t> edited;
    for (int i = 0; i < 2; ++i) {
      edited.push_back(seq_of(of.commit({post(general, "x", "", bob)}, later += 1000)[0]));
      of.commit(std::vector(100, confab::journal::test::edit(general, edited.back(), "y", bob)), later);
    }
    count("the deletion of a message that was edited often", [&] {
      REQUIRE(std::holds_alternative<rooms::appended>(
          of.commit({erase(general, {edited.back()}, bob)}, later += 1000)[0]));
      edited.pop_back();
    });
    const auto trim = [&](std::uint64_t upto) {
      REQUIRE(std::holds_alternative<rooms::appended>(of.commit(
          {{general, rooms::server_principal(), "", rooms::trim_room{seq_no{upto}}}}, later += 1000)[0]));
    };
    std::uint64_t upto = root + 60;
    trim(upto);  // with it a thread in which everybody writes
    count("a trim", [&] { trim(upto += 40); });
    int last = size;
    count("an erasure", [&] {
      const rooms::erase_user gone{user("u" + std::to_string(100'000 + --last)),
                                   user("gone:" + std::to_string(last)), seq_no{1'000'000}};
      REQUIRE(std::holds_alternative<rooms::appended>(
          of.commit({{general, rooms::server_principal(), "", gone}}, later += 1000)[0]));
    });
    count("a change of members", [&] {
      member_set change;
      change.users = {user("u100010")};
      change.mute_until = unix_ms{later};
      REQUIRE(std::holds_alternative<rooms::appended>(
          of.commit({change_members(general, change)}, later += 1000)[0]));
    });
    return costs;
  };

  const auto small = costs_of(100), large = costs_of(1000);

  for (const auto& [what, steps] : small) {
    INFO(what << ": " << steps << " steps in a room of 100, " << large.at(what)
              << " in one of 1,000");
    CHECK(steps > 0);
    CHECK(large.at(what) <= steps + steps / 10 + 20);
  }
}

TEST_CASE("no step of a rename grows with the room", "[journal]") {
  const step_counter counting;
  const auto most_of = [](std::uint64_t size) {
    temporary_directory directory;
    session of{open_or_throw(directory.path())};
    const auto carol = user("carol"), as = user("gone:1");
    of.commit({create(general)});
    of.commit(std::vector(size, post(general, "x", "", bob)));
    for (std::uint64_t i = 1; i < size; i += 100) {
      std::vector<std::uint64_t> some;
      for (auto seq = i; seq < i + 100; ++seq) some.push_back(seq);
      of.commit({erase(general, some, bob)});
    }
    of.commit({{general, rooms::server_principal(), "",
                rooms::erase_user{carol, as, seq_no{1'000'000}}}});
    std::int64_t most = 0;
    for (std::optional at{rename_place{}}; at;) {
      std::optional<rename_place> next;
      most = std::max(most, step_counter::of([&] { next = of.write->rename(carol, as, *at)->next; }));
      at = next;
    }
    return most;
  };

  const auto small = most_of(6'000), large = most_of(12'000);

  CHECK(small > 0);
  CHECK(large <= small + small / 10);
}
