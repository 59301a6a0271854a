// What journal.hpp promises of a user who is erased, over every journal.

#include "journal/sqlite_journal.hpp"
#include "journal/sqlite_migration.hpp"
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
    for (const auto& [room, seq, speaks] : page.found) {
      if (std::ranges::find(rooms, room) == rooms.end() && room != rooms::server_room) rooms.push_back(room);
      if (!speaks) continue;
      auto gone = erase(room, seq.value());
      gone.by = rooms::server_principal();
      REQUIRE(std::holds_alternative<rooms::appended>(of.commit({gone}, clock)[0]));
    }
    upto = page.upto;
    more = !page.at_end;
  }
  for (const auto& info : *of.read->directs(carol, 100))
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
    const auto found = of.commit({post(room, "about that", "", carol, {seq_no{1}, {}})});
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

TEST_CASE("who was erased is in no file but in the entries that say so", "[journal]") {
  sqlite_store store;
  auto& of = store.of;
  auto naming = post(general, "see you");
  std::get<rooms::post_message>(naming.what).what.mentions.users = {carol};
  REQUIRE(of.write->clear_leftovers());
  of.commit({create(general), join_as_member(general, alice), join_as_member(general, carol),
             post(general, "what a whisper", "", carol), naming,
             {rooms::server_room, rooms::server_principal(), "",
              rooms::set_user{{carol, "Carol Furtive", {}, false}}}});

  erase_everywhere(of, user("gone:1"), 1000);
  REQUIRE(of.write->clear_leftovers());

  const auto bytes = bytes_of(store.directory.database()) + bytes_of(store.directory.database() + "-wal");
  CHECK(bytes.find("whisper") == std::string::npos);
  CHECK(bytes.find("Furtive") == std::string::npos);
  std::size_t named = 0;
  for (auto at = bytes.find("carol"); at != std::string::npos; at = bytes.find("carol", at + 1)) ++named;
  CHECK(named == 4);  // in two logs, and where it is noted which of their entries do not read so
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
    }
    const auto expected = read_all(memory.of);
    const auto found = read_all(*disk);
    CHECK(found.log == expected.log);
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
