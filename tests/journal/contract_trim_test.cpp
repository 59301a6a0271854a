// What journal.hpp promises of what is trimmed, over every journal.

#include "tests/journal/mixed.hpp"

#include <fstream>
#include <iterator>

using namespace confab;
using namespace confab::journal;
using namespace confab::journal::test;

namespace {

const auto carol = user("carol");
constexpr auto hour = std::chrono::hours{1};

trim_page to_trim(session& of, std::int64_t now, std::chrono::milliseconds retention,
                  std::size_t count = 10) {
  trim_page all;
  std::optional<room_id> after;
  do {
    auto page = *of.read->rooms_to_trim({after, unix_ms{now}, retention, count});
    for (auto& one : page.rooms) all.rooms.push_back(std::move(one));
    after = page.next;
  } while (after);
  return all;
}

bool files_hold(const temporary_directory& directory, const std::string& text) {
  for (const auto* end : {"", "-wal", "-shm"}) {
    std::ifstream file{directory.database() + end, std::ios::binary};
    const std::string all{std::istreambuf_iterator<char>{file}, {}};
    if (all.find(text) != std::string::npos) return true;
  }
  return false;
}

}  // namespace

TEMPLATE_TEST_CASE("what is trimmed can't be read, and all else is as it was", "[journal]",
                   memory_store, sqlite_store) {
  TestType store;
  auto& of = store.of;
  auto named = post(general, "to bob");
  std::get<rooms::post_message>(named.what).what.mentions.users = {bob};
  auto named_again = edit(general, 4, "to bob, edited");
  std::get<rooms::edit_message>(named_again.what).what.mentions.users = {bob};
  auto pinned = set_pin(general, 3);
  pinned.by.token = role::moderator;
  of.commit({create(general), join_as_member(general, alice), join_as_member(general, bob),
             post(general, "a root"), named, pinned, react(general, 3, "+"),
             post(general, "a reply", "", bob, {{}, seq_no{3}, false, ""}),
             named_again, post(general, "kept")});
  CHECK((*of.read->counts(general, alice))->unread == 0);
  CHECK(of.read->notes(bob, {}, 10, plenty)->list.size() == 1);

  of.commit({trim(general, 4)});

  const auto info = *of.read->room(general);
  CHECK(info.floor == seq_no{5});
  CHECK(info.members == 2);
  CHECK(info.pins.empty());
  CHECK(of.read->pins(general, bob, {}, plenty)->pins.empty());
  CHECK(of.read->threads(general, bob, false, {}, 10, plenty)->roots.empty());
  CHECK(of.read->notes(bob, {}, 10, plenty)->list.empty());
  CHECK(of.read->reactions(general, seq_no{3}, "+", seq_no{0}, 10)->users.empty());
  CHECK(of.read->messages_of(general, std::vector{alice}, unix_ms{0}, 10)->size() == 1);
  names texts;
  for (const auto& one : stored_forms(of, general)) texts.push_back(one.what.text);
  CHECK(texts == names{"a reply", "kept"});
  CHECK(of.read->messages(general, bob, seq_no{5}, {}, 10, plenty)->messages.empty());
  // Who is in the middle of a catch-up gets the entries, and nothing in them.
  const auto log = log_of(of, general);
  CHECK(log.size() == 10);
  CHECK(std::get<posted>(log[3].body).what.empty());
  CHECK(std::get<edited>(log[7].body).what.empty());
  CHECK(std::get<posted>(log[8].body).what.text == "kept");
}

TEMPLATE_TEST_CASE("what is trimmed is neither unread nor the last message", "[journal]",
                   memory_store, sqlite_store) {
  TestType store;
  auto& of = store.of;
  auto to_all = post(general, "to all");
  std::get<rooms::post_message>(to_all.what).what.mentions.room = true;
  of.commit({create(general), join_as_member(general, alice), join_as_member(general, bob)});
  of.commit({to_all, post(general, "4"), post(general, "5"), erase(general, 4)});
  CHECK((*of.read->counts(general, bob))->unread == 2);
  CHECK((*of.read->counts(general, bob))->mentions == 1);
  const auto before = of.read->inbox({bob, "", "", 10, unix_ms{1000}})->as_of;

  of.commit({trim(general, 3)});
  CHECK((*of.read->counts(general, bob))->unread == 1);
  CHECK((*of.read->counts(general, bob))->mentions == 0);
  of.commit({trim(general, 5)});

  CHECK((*of.read->counts(general, bob))->unread == 0);
  const auto changed = *of.read->inbox({bob, before, "", 10, unix_ms{1000}});
  REQUIRE(changed.rows.size() == 1);
  CHECK(changed.rows[0].unread == 0);
  CHECK_FALSE(changed.rows[0].last);
  of.commit({post(general, "and on")});
  CHECK((*of.read->counts(general, bob))->unread == 1);
}

TEMPLATE_TEST_CASE("a repeat is one whatever was trimmed meanwhile", "[journal]", memory_store,
                   sqlite_store) {
  TestType store;
  auto& of = store.of;
  const auto said = post(general, "once", "k");
  of.commit({create(general), said, post(general, "2")});
  of.commit({trim(general, 2)});

  CHECK(duplicate(of.commit({said})[0]));
}

TEMPLATE_TEST_CASE("rooms are to be trimmed up to what is older than they keep it", "[journal]",
                   memory_store, sqlite_store) {
  TestType store;
  auto& of = store.of;
  const auto other = room("other"), idle = room("idle");
  of.commit({create(general), create(other), create(idle)}, 1'000);
  of.commit({post(general, "1"), post(general, "2"), post(other, "1")}, 1'000);
  of.commit({post(general, "3"), join_as_member(general, carol)}, 5'000);
  room_settings shorter;
  shorter.retention = hour;
  of.commit({{other, rooms::server_principal(), "", rooms::set_room{shorter}}}, 1'000);
  const auto hour_ms = std::chrono::milliseconds{hour}.count();
  using page = std::vector<std::pair<room_id, seq_no>>;

  for (const auto count : {1u, 2u, 10u}) {
    CHECK(to_trim(of, 999 + hour_ms, {}, count).rooms.empty());
    CHECK(to_trim(of, 1'000 + hour_ms, {}, count).rooms == page{{other, seq_no{1}}});
    CHECK(to_trim(of, 4'999 + 2 * hour_ms, 2 * hour, count).rooms ==
          page{{general, seq_no{2}}, {other, seq_no{1}}});
    CHECK(to_trim(of, 5'000 + 2 * hour_ms, 2 * hour, count).rooms ==
          page{{general, seq_no{3}}, {other, seq_no{1}}});
  }
  of.commit({trim(general, 3), trim(other, 1)}, 5'000 + 2 * hour_ms);
  CHECK(to_trim(of, 5'000 + 9 * hour_ms, 2 * hour).rooms.empty());
  CHECK(**of.read->last_at() == unix_ms{5'000 + 2 * hour_ms});
}

TEST_CASE("what was trimmed is in no file when leftovers are cleared", "[journal]") {
  sqlite_store store;
  auto& of = store.of;
  REQUIRE(of.write->clear_leftovers());
  of.commit({create(general), post(general, "a whisper"), edit(general, 1, "a better whisper"),
             post(general, "a long whisper" + std::string(9000, '.')), react(general, 1, "whisperly"),
             post(general, "meant to stay")});
  CHECK_FALSE(of.write->has_leftovers());

  of.commit({trim(general, 4)});
  REQUIRE(files_hold(store.directory, "whisper"));
  CHECK(of.write->has_leftovers());
  REQUIRE(of.write->clear_leftovers());

  CHECK_FALSE(files_hold(store.directory, "whisper"));
  CHECK(files_hold(store.directory, "meant to stay"));
}
