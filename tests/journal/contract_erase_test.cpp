// What journal.hpp promises of a user who is erased, over every journal.

#include "journal/sqlite_journal.hpp"
#include "journal/sqlite_migration.hpp"
#include "protocol/codec.hpp"
#include "tests/journal/mixed.hpp"
#include "tests/support/effort.hpp"

#include <fstream>
#include <iterator>

using namespace confab;
using namespace confab::journal;
using namespace confab::journal::test;

namespace {

const auto carol = user("carol");

operation erase_carol(const room_id& id, const user_id& as) {
  return {id, rooms::server_principal(), "", rooms::erase_user{carol, as, seq_no{1'000'000}}};
}

/// As the server does it: messages first, then each room, then the name.
void erase_everywhere(session& of, const user_id& as, std::int64_t clock) {
  std::uint64_t upto = 0;
  std::vector<room_id> rooms;
  for (bool more = true; more;) {
    const auto page = *of.read->traces(carol, upto, 50);
    for (const auto& [room, seq, speaks, position] : page.found) {
      if (std::ranges::find(rooms, room) == rooms.end() && room != rooms::server_room) rooms.push_back(room);
      if (!speaks) continue;
      auto gone = erase(room, seq.value());
      gone.by = rooms::server_principal();
      REQUIRE(std::holds_alternative<rooms::appended>(of.commit({gone}, clock)[0]));
    }
    upto = page.upto;
    more = !page.at_end;
  }
  const auto directs = *of.read->directs(carol, 100);
  for (const auto& info : directs)
    if (std::ranges::find(rooms, info.room) == rooms.end()) rooms.push_back(info.room);
  std::ranges::sort(rooms);
  rooms.push_back(rooms::server_room);
  for (const auto& room : rooms)
    REQUIRE(std::holds_alternative<rooms::appended>(of.commit({erase_carol(room, as)}, clock)[0]));
  for (std::optional<rename_place> at = rename_place{}; at;) at = of.write->rename(carol, as, *at)->next;
}

std::string bytes_of(const std::string& path) {
  std::ifstream file{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{file}, {}};
}

}  // namespace

TEMPLATE_TEST_CASE("nothing is left of who was erased, and all others are as they were", "[journal]",
                   memory_store, sqlite_store) {
  TestType store;
  auto& of = store.of;
  auto naming = post(general, "see carol");
  std::get<rooms::post_message>(naming.what).what.mentions.users = {carol, bob};
  auto moderates = edit(general, 4, "as carol has it", carol);
  moderates.by.token = role::moderator;
  of.commit({create(general), join_as_member(general, alice), join_as_member(general, carol),
             post(general, "by carol", "k", carol), naming, moderates,
             react(general, 4, "+", true, carol), react(general, 4, "+", true, bob),
             react(general, 4, "-", true, carol),
             {rooms::server_room, rooms::server_principal(), "",
              rooms::set_user{{carol, "Carol", {}, false}}},
             {rooms::server_room, by(alice), "",
              rooms::set_marks{{{alice, "carol", rooms::mark::kind::block, 1, ""}}}}});
  const auto as = user("gone:1");

  erase_everywhere(of, as, 1000);

  CHECK(of.read->room(general)->members == 1);
  CHECK(of.read->member(general, carol)->row == rooms::member_row{});
  CHECK(of.read->profiles(std::vector{carol, as})->empty());
  CHECK_FALSE(*of.read->has_blocked(alice, carol));
  CHECK(of.read->marks(carol, rooms::mark::kind::read_marker)->empty());
  CHECK(of.read->notes(carol, {}, 10, plenty)->list.empty());
  CHECK(of.read->inbox({carol, "", "", 10, unix_ms{1000}})->rows.empty());
  const auto forms = stored_forms(of, general);
  REQUIRE(forms.size() == 2);
  CHECK(forms[0].from == as);
  CHECK(forms[0].deleted);
  CHECK(forms[1].edited_by == as);
  CHECK(forms[1].reactions.size() == 1);
  CHECK(forms[1].reactions.at("+").users == std::vector{bob});
  CHECK(of.read->traces(carol, 0, plenty)->found.empty());
  CHECK(forms == replayed_forms(of, general));

  // Who comes by the name again is somebody new.
  of.commit({join_as_member(general, carol), post(general, "I am new", "k", carol)});
  CHECK(of.read->room(general)->members == 2);
  CHECK((*of.read->counts(general, carol))->unread == 0);
  CHECK(stored_forms(of, general).back().from == carol);
}

TEMPLATE_TEST_CASE("who comes by an erased id reads the id's direct rooms from there on", "[journal]",
                   memory_store, sqlite_store) {
  TestType store;
  auto& of = store.of;
  const auto both_wrote = direct_room_of(alice, carol), was_told = direct_room_of(bob, carol);
  of.commit({create_direct(alice, carol), post(both_wrote, "what alice told carol"),
             post(both_wrote, "by carol", "", carol), create_direct(bob, carol),
             post(was_told, "what bob told carol", "", bob)});

  erase_everywhere(of, user("gone:1"), 1000);

  CHECK(of.read->directs(carol, 10)->empty());
  CHECK(of.read->inbox({carol, "", "", 10, unix_ms{1000}})->rows.empty());
  CHECK(of.read->totals(carol, unix_ms{1000})->unread == 0);
  for (const auto& room : {both_wrote, was_told}) {
    INFO(room.value());
    CHECK(of.read->member(room, carol)->row.since == of.read->room(room)->head);
    CHECK((*of.read->counts(room, carol))->unread == 0);
    const auto found = of.commit({post(room, "about that", "", carol, {seq_no{1}, {}, false, ""})});
    const auto* no = std::get_if<rooms::refused>(&found[0]);
    REQUIRE(no);
    CHECK(no->code == error_code::no_such_message);
  }
  // The other one has it as it was.
  CHECK(of.read->directs(alice, 10)->size() == 1);
  CHECK(of.read->member(both_wrote, alice)->row == rooms::member_row{});

  of.commit({post(was_told, "welcome", "", bob)});
  CHECK(of.read->directs(carol, 10)->size() == 1);
  CHECK((*of.read->counts(was_told, carol))->unread == 1);
  const auto inbox = *of.read->inbox({carol, "", "", 10, unix_ms{1000}});
  REQUIRE(inbox.rows.size() == 1);
  CHECK(inbox.rows[0].unread == 1);
  REQUIRE(inbox.rows[0].last);
  CHECK(inbox.rows[0].last->text == "welcome");
}

TEST_CASE("a replay finds from where on who comes by an erased id may read", "[journal]") {
  temporary_directory directory;
  std::optional<session> disk{open_or_throw(directory.path())};
  const auto room = direct_room_of(alice, carol);
  disk->commit({create_direct(alice, carol), post(room, "what alice told carol")});
  erase_everywhere(*disk, user("gone:1"), 1000);
  disk->commit({post(room, "welcome")});
  disk.reset();

  for (const auto mode : {check_mode::compare, check_mode::rebuild}) {
    const auto sound = check_sqlite(directory.path(), mode);
    REQUIRE(std::holds_alternative<check_report>(sound));
    CHECK(std::get<check_report>(sound).faults == names{});
  }
  disk.emplace(open_or_throw(directory.path()));
  CHECK(disk->read->member(room, carol)->row.since == seq_no{2});
  CHECK(disk->read->directs(carol, 10)->size() == 1);
}

TEMPLATE_TEST_CASE("of who is erased no words are left in what they reported, deleted or repeated", "[journal]",
                   memory_store, sqlite_store) {
  TestType store;
  auto& of = store.of;
  const auto report = [&](const user_id& by) {
    return operation{rooms::server_room, rooms::server_principal(), "",
                     rooms::record_event{"report.created",
                                         report_of(general, seq_no{1}, by, "what an insult")}};
  };
  auto deletes = erase(general, {2}, carol, "k2");
  std::get<rooms::delete_messages>(deletes.what).reason = "I take that back";
  of.commit({create(general), post(general, "one", "k", alice), post(general, "two", "k1", carol), deletes,
             report(carol), report(bob)});
  const auto as = user("gone:1");

  erase_everywhere(of, as, 1000);

  const auto log = *of.read->entries(general, seq_no{0}, seq_no{3}, 10, plenty);
  for (const auto& entry : log) {
    CHECK(entry.from != carol);
    if (entry.from == as) CHECK(entry.key.empty());
    if (const auto* gone = std::get_if<deleted>(&entry.body)) CHECK(gone->reason.empty());
  }
  const auto forms = stored_forms(of, general);
  REQUIRE(forms.size() == 2);
  CHECK(forms[1].deleted_by == as);
  CHECK(forms[1].deleted_reason.empty());
  const auto reports = *of.read->entries(rooms::server_room, seq_no{0}, seq_no{2}, 10, plenty);
  REQUIRE(reports.size() == 2);
  CHECK(std::get<recorded>(reports[0].body).data.value() ==
        R"({"room":"general","target":1,"by":"gone:1"})");
  CHECK(std::get<recorded>(reports[1].body).data ==
        report_of(general, seq_no{1}, bob, "what an insult"));
}

TEMPLATE_TEST_CASE("in time the id of who was erased is in no entry but of direct rooms", "[journal]",
                   memory_store, sqlite_store) {
  TestType store;
  auto& of = store.of;
  const auto together = direct_room_of(alice, carol);
  of.commit({create(general), post(general, "by carol", "", carol), create_direct(alice, carol),
             post(together, "by carol", "", carol)});
  const auto as = user("gone:1");
  erase_everywhere(of, as, 1000);
  const auto mark = [&](std::int64_t pending) {
    rooms::mark note{rooms::server_user, "erase:carol", rooms::mark::kind::own_settings, pending,
                     as.value()};
    of.commit({{rooms::server_room, rooms::server_principal(), "", rooms::set_marks{{note}}}});
  };
  const auto forget = [&](std::int64_t until) {
    while (*of.write->forget_names(unix_ms{until}, unix_ms{0})) continue;
  };
  const auto named = [&](const room_id& id) {
    const auto all = *of.read->entries(id, seq_no{0}, of.read->room(id)->head, 10, plenty);
    return std::get<erased>(all.back().body).user;
  };
  const auto marks = [&] {
    return *of.read->marks(rooms::server_user, rooms::mark::kind::own_settings);
  };

  mark(1);
  forget(5'000);
  CHECK(named(general) == carol);
  mark(0);
  forget(999);
  CHECK(named(general) == carol);
  REQUIRE(marks().size() == 1);
  const auto position = of.write->position();

  forget(1'000);

  CHECK(named(general) == as);
  CHECK(named(rooms::server_room) == as);
  CHECK(named(together) == carol);  // its own id has it, and carol reads from there on
  for (const auto& left : marks()) CHECK(left.what.subject != "erase:carol");
  CHECK(of.write->position() == position);
}

TEMPLATE_TEST_CASE("names of guests go where they were not told again", "[journal]", memory_store,
                   sqlite_store) {
  TestType store;
  auto& of = store.of;
  const auto tell = [&](user_set profile, std::int64_t clock) {
    of.commit({{rooms::server_room, rooms::server_principal(), "", rooms::set_user{std::move(profile)}}},
              clock);
  };
  constexpr std::int64_t day = 86'400'000;
  tell({carol, "Carol", {}, true}, day);
  tell({bob, "Bob", {}, true}, day);
  tell({alice, "Alice", {}, false}, day);
  tell({bob, "Bob", {}, true}, 2 * day);
  const auto told = [&] {
    names found;
    const auto log = *of.read->entries(rooms::server_room, seq_no{0}, seq_no{4}, 10, plenty);
    for (const auto& entry : log)
      found.push_back(std::get<user_set>(entry.body).name);
    return found;
  };
  const auto known = [&] {
    names found;
    const auto profiles = *of.read->profiles(std::vector{alice, bob, carol});
    for (const auto& one : profiles) found.push_back(one.name);
    return found;
  };

  CHECK_FALSE(*of.write->forget_names(unix_ms{0}, unix_ms{day - 1}));
  CHECK(known() == names{"Alice", "Bob", "Carol"});
  CHECK(told() == names{"Carol", "", "Alice", "Bob"});  // once is enough

  CHECK_FALSE(*of.write->forget_names(unix_ms{0}, unix_ms{day}));
  CHECK(known() == names{"Alice", "Bob"});
  CHECK(told() == names{"", "", "Alice", "Bob"});
  tell({carol, "Carol", {}, true}, 3 * day);
  CHECK(known() == names{"Alice", "Bob", "Carol"});
}

TEST_CASE("who was erased is in no file but in the entries that say so, and in time not in these",
          "[journal]") {
  temporary_directory directory;
  std::optional<session> disk{open_or_throw(directory.path())};
  auto& of = *disk;
  auto naming = post(general, "see you");
  std::get<rooms::post_message>(naming.what).what.mentions.users = {carol};
  const auto told = [](const user_id& guest, std::string name) {
    return operation{rooms::server_room, rooms::server_principal(), "",
                     rooms::set_user{{guest, std::move(name), {}, guest != carol}}};
  };
  REQUIRE(of.write->clear_leftovers());
  of.commit({create(general), join_as_member(general, alice), join_as_member(general, carol),
             post(general, "what a whisper", "k-whisper", carol), naming, told(carol, "Carol Furtive"),
             told(bob, "Robert Fleeting"),
             {rooms::server_room, rooms::server_principal(), "",
              rooms::record_event{"report.created",
                                  report_of(general, seq_no{4}, carol, "they whisper, too")}}});
  const auto count = [&](std::string_view word) {
    const auto bytes = bytes_of(directory.database()) + bytes_of(directory.database() + "-wal");
    std::size_t found = 0;
    for (auto at = bytes.find(word); at != std::string::npos; at = bytes.find(word, at + 1)) ++found;
    return found;
  };

  erase_everywhere(of, user("gone:1"), 1000);
  REQUIRE(of.write->clear_leftovers());

  CHECK(count("whisper") == 0);
  CHECK(count("Furtive") == 0);
  // In two logs, and where it is noted which of their entries do not read so, with two indexes of that.
  CHECK(count("carol") == 7);
  CHECK(count("Fleeting") > 0);

  while (*of.write->forget_names(unix_ms{1000}, unix_ms{1000})) continue;
  REQUIRE(of.write->clear_leftovers());

  CHECK(count("carol") == 0);
  CHECK(count("Fleeting") == 0);
  disk.reset();
  const auto sound = check_sqlite(directory.path(), check_mode::compare);
  REQUIRE(std::holds_alternative<check_report>(sound));
  CHECK(std::get<check_report>(sound).faults == names{});
}

TEST_CASE("both stores erase alike, and a replay comes to the same", "[journal]") {
  for (std::uint64_t seed = 1; seed <= confab::test::cases(4); ++seed) {
    INFO("seed " << seed);
    std::mt19937_64 dice{seed * 31337};
    memory_store memory;
    temporary_directory directory;
    std::optional<session> disk{open_or_throw(directory.path())};
    std::int64_t clock = 1'000'000;
    int lives = 0;
    for (int batch = 0; batch < 60; ++batch) {
      clock += static_cast<std::int64_t>(dice() % 3000);
      std::vector<operation> asked;
      for (auto count = 1 + dice() % 8; count > 0; --count) asked.push_back(any_operation(dice));
      memory.of.commit(asked, clock);
      disk->commit(asked, clock);
      if (dice() % 15 != 0) continue;
      const auto as = user("gone:" + std::to_string(++lives));
      erase_everywhere(memory.of, as, clock);
      erase_everywhere(*disk, as, clock);
      if (dice() % 2 == 0) continue;
      for (auto* of : {&memory.of, &*disk})
        while (*of->write->forget_names(unix_ms{clock}, unix_ms{clock - 10'000})) continue;
    }
    const auto expected = read_all(memory.of);
    const auto found = read_all(*disk);
    CHECK(found.log == expected.log);
    CHECK(log_of(*disk, rooms::server_room) == log_of(memory.of, rooms::server_room));
    CHECK(found.messages == expected.messages);
    CHECK(found.beside == expected.beside);
    CHECK(found.unread == expected.unread);
    for (const auto& place : places)
      CHECK(stored_forms(*disk, place) == replayed_forms(*disk, place));

    disk.reset();
    const auto sound = check_sqlite(directory.path(), check_mode::compare);
    REQUIRE(std::holds_alternative<check_report>(sound));
    CHECK(std::get<check_report>(sound).faults == names{});
  }
}
