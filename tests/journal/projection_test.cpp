// What is stored beside the log is what a replay of the log gives, whatever was done, however it
// was cut into batches, and wherever a restart came.

#include "journal/sqlite_journal.hpp"
#include "journal/sqlite_migration.hpp"
#include "journal/sqlite_schema.hpp"
#include "tests/journal/stores.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <random>
#include <span>

using namespace confab;
using namespace confab::journal;
using namespace confab::journal::test;
namespace fs = std::filesystem;

namespace {

const std::vector<user_id> people{alice, bob, user("carol")};
const std::vector<room_id> places{general, room("other")};

operation any_operation(std::mt19937_64& dice) {
  const auto pick = [&](std::uint64_t below) { return dice() % below; };
  const auto& where = places[pick(places.size())];
  const auto& who = people[pick(people.size())];
  const auto target = 1 + pick(40);
  const auto some_people = [&] {
    std::vector<user_id> some;
    for (const auto& one : people)
      if (pick(2) || (some.empty() && &one == &people.back())) some.push_back(one);
    return some;
  };
  auto asked = [&] {
    switch (pick(18)) {
      case 10:
      case 11: {
        member_set change;
        change.users = some_people();
        const std::array states{member_state::invited, member_state::member, member_state::removed,
                                member_state::banned, member_state::unbanned};
        if (pick(4)) change.state = states[pick(states.size())];
        if (pick(3) == 0) change.as = static_cast<role>(2 + pick(4));
        if (pick(4) == 0) change.mute_until = unix_ms{static_cast<std::int64_t>(pick(3'000'000))};
        if (pick(4) == 0) change.reason = "because";
        auto operation = change_members(where, change, who);
        operation.by.admin = pick(2) == 0;
        return operation;
      }
      case 12:
        return pick(3) ? operation{where, by(who), "", rooms::become_member{}}
                       : operation{where, by(who), "", rooms::cease_membership{}};
      case 13: {
        room_settings change;
        change.title = "title " + std::to_string(pick(3));
        if (pick(3) == 0) change.data = free_data{R"({"a":)" + std::to_string(pick(9)) + "}"};
        if (pick(3) == 0) change.slow = std::chrono::milliseconds{pick(2) * 100};
        auto operation = by(who);
        operation.admin = true;
        return rooms::operation{where, operation, "", rooms::set_room{change}};
      }
      case 14: {
        auto operation = set_pin(where, target, pick(3) > 0, who);
        operation.by.token = role::moderator;
        return operation;
      }
      case 15:
      case 16: {
        placement in_thread{seq_no{target}, seq_no{1 + pick(40)}, pick(4) == 0, "poll"};
        auto operation = post(where, "reply " + std::to_string(pick(100)), "", who, in_thread);
        auto& what = std::get<rooms::post_message>(operation.what).what;
        what.mentions = {some_people(), pick(2) == 0};
        if (pick(2)) what.attachments = attachment_list{R"([{"url":"https://e.example/p"}])"};
        return operation;
      }
      case 17: {
        user_set profile{who, "name " + std::to_string(pick(4)), {}, pick(2) == 0};
        return operation{rooms::server_room, rooms::server_principal(), "",
                         rooms::set_user{profile}};
      }
      case 0:
        return create(where);
      case 1:
      case 2:
        return edit(where, target, "edit " + std::to_string(pick(100)), who);
      case 3:
        return erase(where, {target, 1 + pick(40)}, who);
      case 4:
      case 5:
      case 6:
        return react(where, target, std::to_string(pick(4)), pick(3) > 0, who);
      default:
        return post(where, "text " + std::to_string(pick(100)), "", who);
    }
  }();
  if (pick(4) == 0 && !asked.by.is_unchecked()) asked.by.token = role::moderator;
  if (pick(3) == 0) asked.key = "k" + std::to_string(pick(30));
  return asked;
}

/// All that can be read of a journal.
struct content_of_journal {
  std::vector<log_entry> log;
  std::vector<message::present_message> messages;
  std::vector<std::pair<std::uint64_t, log_entry>> feed;
  std::vector<std::string> beside;  // members, settings, pins, threads, profiles
  friend bool operator==(const content_of_journal&, const content_of_journal&) = default;
};

/// All pages of a list, each of at most three.
std::vector<std::string> lists_of(session& of, const room_id& place) {
  std::vector<std::string> lines;
  const auto info = *of.read->room(place);
  lines.push_back(info.title() + " " + std::to_string(info.members) + " " +
                  std::to_string(info.rows) + " " +
                  (info.settings ? to_json(*info.settings) : "none"));
  for (const auto pin : info.pins) lines.push_back("pin " + std::to_string(pin.value()));
  for (const auto state : {member_state::member, member_state::invited, member_state::banned}) {
    std::optional<user_id> after;
    for (bool more = true; more;) {
      const auto page = *of.read->members(place, state, after, 2);
      for (const auto& one : page.members) {
        lines.push_back(one.user.value() + " " + std::to_string(static_cast<int>(one.row.as)) +
                        " " + std::to_string(one.row.since.value()) + " " + one.row.reason + " " +
                        std::to_string(one.row.mute_until.value()));
        CHECK(of.read->member(place, one.user)->row == one.row);
        after = one.user;
      }
      more = page.more;
    }
  }
  const auto pins = *of.read->pins(place, bob, {}, plenty);
  for (const auto& pin : pins)
    lines.push_back("pinned " + pin.by.value() + std::to_string(pin.message.seq.value()));
  for (const bool mine : {false, true}) {
    std::optional<seq_no> before;
    do {
      const auto page = *of.read->threads(place, bob, mine, before, 2, plenty);
      for (const auto& root : page.roots)
        lines.push_back("thread " + std::to_string(root.seq.value()) + " " +
                        std::to_string(root.replies));
      before = page.next;
    } while (before);
  }
  for (const auto thread : {0, 5, 9}) {
    const auto page = *of.read->messages(place, bob, {}, {}, plenty, plenty,
                                         seq_no{static_cast<std::uint64_t>(thread)});
    for (const auto& one : page.messages)
      lines.push_back("in " + std::to_string(thread) + " " + std::to_string(one.seq.value()));
  }
  const auto of_bob = *of.read->messages_of(place, bob, unix_ms{500'000}, 20);
  for (const auto seq : of_bob)
    lines.push_back("of bob " + std::to_string(seq.value()));
  return lines;
}

content_of_journal read_all(session& of) {
  content_of_journal found;
  for (const auto& place : places) {
    if (!of.read->room(place)) continue;
    for (auto& entry : log_of(of, place)) found.log.push_back(std::move(entry));
    std::ranges::move(stored_forms(of, place), std::back_inserter(found.messages));
    std::ranges::move(lists_of(of, place), std::back_inserter(found.beside));
  }
  const auto profiles = *of.read->profiles(people);
  for (const auto& one : profiles)
    found.beside.push_back(one.user.value() + " is " + one.name);
  auto items = of.read->feed(0, plenty, plenty);
  if (!items) throw std::runtime_error(items.detail());
  for (auto& item : *items) found.feed.emplace_back(item.position, std::move(item.entry));
  return found;
}

/// Every row of the projections and of what keys need.
std::string rows(const std::string& path) {
  sqlite::connection at;
  REQUIRE(at.open(path, SQLITE_OPEN_READWRITE) == SQLITE_OK);
  std::string all;
  for (const auto* sql :
       {"select * from changed", "select * from reactions", "select * from reaction_counts",
        "select * from members", "select * from users", "select * from pins",
        "select * from threads", "select * from thread_users",
        "select id, room, settings, members, owners, kept from rooms",
        "select * from log", "select * from progress"}) {
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

    for (int batch = 0; batch < 60; ++batch) {
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
    REQUIRE(found.feed.size() == expected.feed.size());
    for (std::size_t i = 0; i < found.feed.size(); ++i) {
      REQUIRE(found.feed[i].first == expected.feed[i].first);
      REQUIRE(found.feed[i].second == expected.feed[i].second);
    }
    for (const auto& place : places) CHECK(stored_forms(*disk, place) == replayed_forms(*disk, place));

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
