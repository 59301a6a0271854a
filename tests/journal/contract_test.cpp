// What journal.hpp promises, over every journal.

#include "protocol/wire_size.hpp"
#include "tests/journal/stores.hpp"

#include <algorithm>
#include <atomic>
#include <thread>

using namespace confab;
using namespace confab::journal;
using namespace confab::journal::test;

#define JOURNAL_TEST(name) TEMPLATE_TEST_CASE(name, "[journal]", memory_store, sqlite_store)

JOURNAL_TEST("a journal says how durable it is") {
  TestType store;

  CHECK(store.of.log->level() == TestType::level);
}

TEST_CASE("durabilities have the names of the protocol", "[journal]") {
  CHECK(name(durability::memory) == "memory");
  CHECK(name(durability::disk) == "disk");
  CHECK(name(durability::majority_disk) == "majority_disk");
}

JOURNAL_TEST("a journal has one writer") {
  TestType store;

  CHECK_THROWS_AS(store.of.log->make_writer(), std::logic_error);
}

JOURNAL_TEST("an empty batch is stored") {
  TestType store;

  CHECK(store.of.commit({}).empty());
}

JOURNAL_TEST("a write would succeed while nothing is wrong") {
  TestType store;

  auto able = store.of.write->probe();

  REQUIRE(able);
  CHECK(*able);
}

// --- rooms ---

JOURNAL_TEST("a created room is empty and has what it was created with") {
  TestType store;

  const auto made = store.of.commit({create(general, "k3v9")}, 1234);

  const auto& info = std::get<room_made>(made[0]).info;
  auto found = store.of.read->room(general);
  REQUIRE(found);
  for (const auto& one : {info, *found}) {
    CHECK(one.room == general);
    CHECK(one.title() == "general");
    CHECK(one.epoch == epoch_id{"k3v9"});
    CHECK_FALSE(one.direct);
    CHECK(one.head == seq_no{0});
    CHECK(one.last_at == unix_ms{1234});
    CHECK(one.floor == seq_no{1});
  }
}

JOURNAL_TEST("creating a room again answers what it has been since the first time") {
  TestType store;
  store.of.commit({create(general, "first"), post(general, "hi")}, 1000);

  const auto again = store.of.commit({create(general, "second")}, 2000);

  const auto& info = std::get<room_made>(again[0]).info;
  CHECK(info.epoch == epoch_id{"first"});
  CHECK(info.head == seq_no{1});
  CHECK(info.last_at == unix_ms{1000});
}

JOURNAL_TEST("creating a room twice in a batch, the first wins and appends between count") {
  TestType store;

  const auto made =
      store.of.commit({create(general, "a"), post(general, "hi"), create(general, "b")});

  CHECK(std::get<room_made>(made[2]).info.epoch == epoch_id{"a"});
  CHECK(std::get<room_made>(made[2]).info.head == seq_no{1});
}

JOURNAL_TEST("a direct room keeps its two users") {
  TestType store;

  store.of.commit({create_direct(bob, alice)});

  auto found = store.of.read->room(direct_room_of(alice, bob));
  REQUIRE(found);
  REQUIRE(found->direct);
  CHECK(*found->direct == std::pair{bob, alice});
}

JOURNAL_TEST("reading a room that was never created says so") {
  TestType store;
  auto& read = *store.of.read;
  const auto nowhere = room("nowhere");

  CHECK(read.room(nowhere).why() == fault::no_such_room);
  CHECK(read.entries(nowhere, seq_no{0}, seq_no{all}, 10, plenty).why() == fault::no_such_room);
  CHECK(read.messages(nowhere, alice, {}, {}, 10, plenty).why() == fault::no_such_room);
}

// --- appends ---

JOURNAL_TEST("entries are numbered from 1 without holes, each room for itself") {
  TestType store;
  const auto other = room("other");
  store.of.commit({create(general), create(other)});

  const auto first = store.of.commit(
      {post(general, "a"), post(other, "b"), post(general, "c"), post(general, "d")});
  const auto second = store.of.commit({post(other, "e"), post(general, "f")});

  CHECK(seq_of(first[0]) == 1);
  CHECK(seq_of(first[1]) == 1);
  CHECK(seq_of(first[2]) == 2);
  CHECK(seq_of(first[3]) == 3);
  CHECK(seq_of(second[0]) == 2);
  CHECK(seq_of(second[1]) == 4);
  CHECK(seqs(log_of(store.of, general)) == numbers{1, 2, 3, 4});
  CHECK(seqs(log_of(store.of, other)) == numbers{1, 2});
}

JOURNAL_TEST("the head of a room is its last entry, with its time") {
  TestType store;
  store.of.commit({create(general)}, 1000);

  store.of.commit({post(general, "a"), post(general, "b")}, 1500);

  auto found = store.of.read->room(general);
  REQUIRE(found);
  CHECK(found->head == seq_no{2});
  CHECK(found->last_at == unix_ms{1500});
}

JOURNAL_TEST("an append to a room that does not exist leaves the rest of the batch alone") {
  TestType store;
  store.of.commit({create(general)});

  const auto done =
      store.of.commit({post(general, "a"), post(room("nowhere"), "b", "key"), post(general, "c")});

  CHECK(seq_of(done[0]) == 1);
  CHECK(refusal_of(done[1]) == error_code::no_such_room);
  CHECK(seq_of(done[2]) == 2);
}

JOURNAL_TEST("a room can be created and written in one batch, but not the other way round") {
  TestType store;

  const auto done = store.of.commit({post(general, "early"), create(general), post(general, "a")});

  CHECK(refusal_of(done[0]) == error_code::no_such_room);
  CHECK(seq_of(done[2]) == 1);
}

JOURNAL_TEST("log time is the clock's, but for a minute that it is behind") {
  TestType store;
  store.of.commit({create(general), post(general, "a")}, 500'000);

  const auto behind =
      store.of.commit({create(room("new")), post(general, "b"), post(room("new"), "c")}, 440'000);
  const auto ahead = store.of.commit({post(general, "d")}, 600'000);
  const auto far_behind = store.of.commit({post(general, "e"), post(general, "f")}, 539'999);
  const auto on = store.of.commit({post(general, "g")}, 540'001);

  CHECK(time_of(behind[1]) == 500'000);
  CHECK(time_of(behind[2]) == 500'000);
  CHECK(time_of(ahead[0]) == 600'000);
  CHECK(time_of(far_behind[0]) == 539'999);
  CHECK(time_of(far_behind[1]) == 539'999);
  CHECK(time_of(on[0]) == 540'001);
  CHECK(seqs(log_of(store.of, general)) == numbers{1, 2, 3, 4, 5, 6});
}

JOURNAL_TEST("what leaves nothing in the journal does not move its time") {
  TestType store;
  store.of.commit({create(general), post(general, "a")}, 1000);

  store.of.commit({post(room("nowhere"), "x"), edit(general, 9, "x")}, 5000);

  CHECK(time_of(store.of.commit({post(general, "b")}, 2000)[0]) == 2000);
}

JOURNAL_TEST("every kind of entry comes back as it went in") {
  TestType store;
  const auto from_server = [] {
    auto author = by(rooms::server_user);
    author.as = rooms::principal::kind::server;
    return author;
  }();
  const std::string thumb = "\xf0\x9f\x91\x8d";
  const std::vector<rooms::want> wanted{
      rooms::post_message{said("text", std::nullopt), {}},
      rooms::post_message{said("", free_data{R"({"a":1})"}), {}},
      rooms::post_message{said("zwei\n\tZeilen " + thumb, free_data{"{}"}), {}},
      rooms::edit_message{seq_no{1}, said("new", free_data{"[]"})},
      rooms::edit_message{seq_no{2}, said("", free_data{"{}"})},
      rooms::set_reaction{seq_no{1}, thumb, true},
      rooms::set_reaction{seq_no{1}, thumb, false},
  };
  const std::vector<entry_body> bodies{
      posted{said("text", std::nullopt), {}},
      posted{said("", free_data{R"({"a":1})"}), {}},
      posted{said("zwei\n\tZeilen " + thumb, free_data{"{}"}), {}},
      edited{seq_no{1}, said("new", free_data{"[]"})},
      edited{seq_no{2}, said("", free_data{"{}"})},
      reacted{seq_no{1}, thumb, true},
      reacted{seq_no{1}, thumb, false},
  };
  std::vector<operation> batch{create(general)};
  std::vector<log_entry> expected;
  for (std::uint64_t i = 0; i < bodies.size(); ++i) {
    const auto key = i % 2 ? "key" + std::to_string(i) : "";
    batch.push_back({general, by(alice), key, wanted[i]});
    expected.push_back({seq_no{i + 1}, unix_ms{77}, alice, key, bodies[i]});
  }
  batch.push_back({rooms::server_room, from_server, "k",
                   rooms::record_event{"user.created", free_data{R"({"user":"bob"})"}}});

  store.of.commit(batch, 77);

  CHECK(log_of(store.of, general) == expected);
  CHECK(log_of(store.of, rooms::server_room) ==
        std::vector{log_entry{seq_no{1}, unix_ms{77}, rooms::server_user, "k",
                              recorded{"user.created", free_data{R"({"user":"bob"})"}}}});
}

JOURNAL_TEST("the server's own log is written by the server alone, and in no list of rooms") {
  TestType store;

  const auto done = store.of.commit(
      {post(rooms::server_room, "x"),
       operation{rooms::server_room, by(alice), "", rooms::record_event{"x", free_data{"{}"}}}});

  CHECK(refusal_of(done[0]) == error_code::forbidden);
  CHECK(refusal_of(done[1]) == error_code::forbidden);
  CHECK(store.of.read->rooms({}, {}, 10)->empty());
}

// --- exactly once ---

JOURNAL_TEST("a repeated key changes nothing and answers the first entry") {
  TestType store;
  store.of.commit({create(general), post(general, "first", "k")}, 1000);

  const auto again = store.of.commit({post(general, "second", "k"), post(general, "b")}, 2000);

  CHECK(duplicate(again[0]));
  CHECK(seq_of(again[0]) == 1);
  CHECK(time_of(again[0]) == 1000);
  CHECK(seq_of(again[1]) == 2);
  const auto log = log_of(store.of, general);
  REQUIRE(log.size() == 2);
  CHECK(log[0].body == entry_body{posted{said("first", std::nullopt), {}}});
}

JOURNAL_TEST("a key repeated within a batch counts once") {
  TestType store;

  const auto done = store.of.commit(
      {create(general), post(general, "a", "k"), post(general, "b", "k"), post(general, "c", "l")});

  CHECK_FALSE(duplicate(done[1]));
  CHECK(duplicate(done[2]));
  CHECK(seq_of(done[2]) == 1);
  CHECK(seq_of(done[3]) == 2);
  CHECK(log_of(store.of, general).size() == 2);
}

JOURNAL_TEST("keys belong to one user in one room, and no key is no key") {
  TestType store;
  const auto other = room("other");
  store.of.commit({create(general), create(other)});

  const auto done = store.of.commit({post(general, "a", "k", alice), post(general, "b", "k", bob),
                                     post(other, "c", "k", alice), post(general, "d", "", alice),
                                     post(general, "e", "", alice)});

  for (const auto& one : done) CHECK_FALSE(duplicate(one));
  CHECK(seq_of(done[4]) == 4);
}

JOURNAL_TEST("where user ends and key begins matters") {
  TestType store;

  const auto done = store.of.commit(
      {create(general), post(general, "a", "bc", user("a")), post(general, "b", "c", user("ab"))});

  CHECK_FALSE(duplicate(done[2]));
}

JOURNAL_TEST("a key that was used for another kind of entry, or another target, is a conflict") {
  TestType store;
  store.of.commit({create(general), post(general, "a", "k"), post(general, "b"),
                   erase(general, {1}, alice, "d")});

  const auto again =
      store.of.commit({erase(general, {1}, alice, "k"), post(general, "c", "d"),
                       erase(general, {2}, alice, "d"), erase(general, {1}, alice, "d")});

  CHECK(refusal_of(again[0]) == error_code::conflict);
  CHECK(refusal_of(again[1]) == error_code::conflict);
  CHECK(refusal_of(again[2]) == error_code::conflict);
  CHECK(duplicate(again[3]));
  CHECK(log_of(store.of, general).size() == 3);
}

JOURNAL_TEST("a key of several entries answers the last of them, whatever has happened since") {
  TestType store;
  store.of.commit({create(general), post(general, "a"), post(general, "b"), post(general, "c")});

  const auto first = store.of.commit({erase(general, {1, 2, 3}, alice, "k"), post(general, "d")});
  auto stranger = erase(general, {1, 2, 3}, alice, "k");
  stranger.by.joined = false;
  const auto again = store.of.commit({stranger});

  CHECK(seq_of(first[0]) == 6);
  CHECK(std::get<rooms::appended>(first[0]).entries.size() == 3);
  CHECK(duplicate(again[0]));
  CHECK(seq_of(again[0]) == 6);
}

JOURNAL_TEST("a key is forgotten when it is both older than the age and further back") {
  using std::chrono::milliseconds;
  TestType store{rooms::key_window{milliseconds{100}, 3}};
  store.of.commit({create(general), post(general, "a", "k")}, 1000);

  SECTION("further back, but not older") {
    store.of.commit({post(general, "b"), post(general, "c"), post(general, "d")}, 1000);
    CHECK(duplicate(store.of.commit({post(general, "again", "k")}, 1100)[0]));
  }
  SECTION("older, but not further back") {
    store.of.commit({post(general, "b"), post(general, "c")}, 1000);
    CHECK(duplicate(store.of.commit({post(general, "again", "k")}, 1101)[0]));
  }
  SECTION("both") {
    store.of.commit({post(general, "b"), post(general, "c"), post(general, "d")}, 1000);
    const auto again = store.of.commit({post(general, "again", "k")}, 1101);
    CHECK_FALSE(duplicate(again[0]));
    CHECK(seq_of(again[0]) == 5);
    CHECK(duplicate(store.of.commit({post(general, "again", "k")}, 1101)[0]));
  }
}

JOURNAL_TEST("no more keys are remembered than there is memory for") {
  TestType store{rooms::key_window{std::chrono::hours{24}, 2, 2}};
  store.of.commit({create(general), post(general, "a", "k1"), post(general, "b", "k2")});
  CHECK(duplicate(store.of.commit({post(general, "a", "k1")})[0]));

  store.of.commit({post(general, "c", "k3")});

  CHECK(duplicate(store.of.commit({post(general, "b", "k2")})[0]));
  CHECK_FALSE(duplicate(store.of.commit({post(general, "a", "k1")})[0]));
}

// --- entries ---

JOURNAL_TEST("entries are read between two numbers, ascending") {
  TestType store;
  store.of.commit({create(general), post(general, "1"), post(general, "2"), edit(general, 1, "3"),
                   post(general, "4"), post(general, "5")});
  const auto read = [&](std::uint64_t after, std::uint64_t upto, std::size_t count) {
    return seqs(*store.of.read->entries(general, seq_no{after}, seq_no{upto}, count, plenty));
  };

  CHECK(read(0, all, 100) == numbers{1, 2, 3, 4, 5});
  CHECK(read(2, 4, 100) == numbers{3, 4});
  CHECK(read(2, 4, 1) == numbers{3});
  CHECK(read(5, all, 100).empty());
  CHECK(read(4, 3, 100).empty());
  CHECK(read(all, all, 100).empty());
  CHECK(read(0, all, 0).empty());
}

JOURNAL_TEST("entries stop at the bytes asked for, as they are on the wire, but there is always one") {
  TestType store;
  const std::string text(95, '"');
  store.of.commit({create(general), post(general, text), post(general, text), post(general, text)});
  const auto read = [&](std::size_t bytes) {
    return seqs(*store.of.read->entries(general, seq_no{0}, seq_no{all}, 100, bytes));
  };

  const auto each = wire_size(general, log_of(store.of, general).front());
  REQUIRE(each > 2 * text.size());
  CHECK(read(3 * each) == numbers{1, 2, 3});
  CHECK(read(3 * each - 1) == numbers{1, 2});
  CHECK(read(0) == numbers{1});
}

// --- lists of rooms ---

namespace {

names list(session& of, std::optional<std::string> after, std::vector<std::string> patterns,
           std::size_t count) {
  auto found = of.read->rooms(after ? std::optional{room(*after)} : std::nullopt,
                              room_filter{std::move(patterns)}, count);
  if (!found) throw std::runtime_error(found.detail());
  return ids(*found);
}

}  // namespace

JOURNAL_TEST("rooms are listed in order of id, page by page, with one more where there are more") {
  TestType store;
  store.of.commit({create(room("b")), create(room("a")), create(room("B")), create(room("c")),
                   create_direct(alice, bob)});

  CHECK(list(store.of, {}, {}, 10) == names{"B", "a", "b", "c"});
  CHECK(list(store.of, {}, {}, 4) == names{"B", "a", "b", "c"});
  CHECK(list(store.of, {}, {}, 3) == names{"B", "a", "b", "c"});
  CHECK(list(store.of, {}, {}, 2) == names{"B", "a", "b"});
  CHECK(list(store.of, "a", {}, 1) == names{"b", "c"});
  CHECK(list(store.of, "a1", {}, 1) == names{"b", "c"});
  CHECK(list(store.of, "c", {}, 10).empty());
  CHECK(list(store.of, {}, {}, 0) == names{"B"});
}

JOURNAL_TEST("a list of rooms holds what its filter admits") {
  TestType store;
  std::vector<operation> batch{create_direct(alice, bob)};
  for (const auto* id : {"general", "team", "team-", "team-a", "team-b", "teams", "z.z"})
    batch.push_back(create(room(id)));
  store.of.commit(batch);

  CHECK(list(store.of, {}, {"general"}, 10) == names{"general"});
  CHECK(list(store.of, {}, {"team-*"}, 10) == names{"team-", "team-a", "team-b"});
  CHECK(list(store.of, {}, {"team*", "team-a", "general"}, 10) ==
        names{"general", "team", "team-", "team-a", "team-b", "teams"});
  CHECK(list(store.of, {}, {"team*", "team-a", "general"}, 2) == names{"general", "team", "team-"});
  CHECK(list(store.of, "team-", {"z*", "team-*"}, 10) == names{"team-a", "team-b", "z.z"});
  CHECK(list(store.of, "team-a", {"team-a", "team-*"}, 10) == names{"team-b"});
  CHECK(list(store.of, {}, {"*"}, 2) == names{"general", "team", "team-"});
  CHECK(list(store.of, {}, {"team-a*b"}, 10).empty());
  CHECK(list(store.of, {}, {"\xff*", ""}, 10).empty());
}

TEST_CASE("a filter admits exact ids, prefixes, and without patterns everything", "[journal]") {
  CHECK(room_filter{}.admits(general));
  CHECK(room_filter{{"general"}}.admits(general));
  CHECK(room_filter{{"x", "gen*"}}.admits(general));
  CHECK(room_filter{{"general*"}}.admits(general));
  CHECK(room_filter{{"*"}}.admits(general));
  CHECK_FALSE(room_filter{{"gen"}}.admits(general));
  CHECK_FALSE(room_filter{{"generals*"}}.admits(general));
  CHECK_FALSE(room_filter{{""}}.admits(general));
}

JOURNAL_TEST("listed rooms carry their title, members, head and time") {
  TestType store;
  rooms::create_room::founding with;
  with.settings.title = "General";
  store.of.commit({{general, by(alice), "", rooms::create_room{epoch_id{"e1"}, {}, with}}}, 1000);
  store.of.commit({post(general, "a")}, 2000);

  auto found = store.of.read->rooms({}, {}, 10);

  REQUIRE(found);
  REQUIRE(found->size() == 1);
  CHECK(found->front().title() == "General");
  CHECK(found->front().members == 1);
  CHECK(found->front().head == seq_no{3});
  CHECK(found->front().last_at == unix_ms{2000});
}

JOURNAL_TEST("a user's direct rooms come latest first, without the empty ones") {
  TestType store;
  const auto carol = user("carol");
  store.of.commit({create_direct(alice, bob), create_direct(carol, alice),
                   create_direct(alice, alice), create_direct(bob, carol),
                   create_direct(alice, user("empty")), create(general), post(general, "x")});
  const auto with_bob = direct_room_of(alice, bob);
  const auto with_carol = direct_room_of(alice, carol);
  const auto notes = direct_room_of(alice, alice);
  store.of.commit({post(with_bob, "1")}, 1000);
  store.of.commit({post(notes, "3"), post(direct_room_of(bob, carol), "4", "", bob)}, 300'000);
  store.of.commit({post(with_carol, "2")}, 2000);  // the last, whatever the clock says

  CHECK(ids(*store.of.read->directs(alice, 10)) ==
        names{with_carol.value(), notes.value(), with_bob.value()});
  CHECK(ids(*store.of.read->directs(alice, 1)) == names{with_carol.value()});
  CHECK(ids(*store.of.read->directs(bob, 10)) ==
        names{direct_room_of(bob, carol).value(), with_bob.value()});
  CHECK(store.of.read->directs(user("nobody"), 10)->empty());
}

JOURNAL_TEST(
    "who has direct rooms is known without looking, and of nearly all others that they have none") {
  TestType store;
  store.of.commit({create_direct(alice, bob), create(general), post(general, "x")});

  CHECK(store.of.log->may_have_directs(alice));
  CHECK(store.of.log->may_have_directs(bob));
  int wrong = 0;
  for (int i = 0; i < 10'000; ++i)
    wrong += store.of.log->may_have_directs(user("u" + std::to_string(i)));
  CHECK(wrong < 10);
}

JOURNAL_TEST("of direct rooms written at the same time, the one written last is the latest") {
  TestType store;
  store.of.commit({create_direct(alice, bob), create_direct(alice, user("carol"))});

  store.of.commit(
      {post(direct_room_of(alice, user("carol")), "1"), post(direct_room_of(alice, bob), "2")});

  CHECK(ids(*store.of.read->directs(alice, 10)) ==
        names{direct_room_of(alice, bob).value(), direct_room_of(alice, user("carol")).value()});
}

// --- readers beside the writer ---

JOURNAL_TEST("a reader sees what was committed after it was made") {
  TestType store;
  const auto other = store.of.log->make_reader();
  CHECK_FALSE(other->room(general));

  store.of.commit({create(general), post(general, "a")});

  CHECK(other->room(general)->head == seq_no{1});
  CHECK(store.of.read->room(general)->head == seq_no{1});
}

JOURNAL_TEST("readers on other threads see whole batches only") {
  TestType store;
  store.of.commit({create(general)});
  std::atomic<bool> writing = true;
  std::atomic<int> halves = 0;
  std::atomic<int> faults = 0;
  const auto look = [&] {
    const auto read = store.of.log->make_reader();
    std::uint64_t last = 0;
    while (writing) {
      auto info = read->room(general);
      auto log = read->entries(general, seq_no{last}, seq_no{all}, plenty, plenty);
      if (!info || !log) {
        ++faults;
        continue;
      }
      if (info->head.value() % 3 != 0 || log->size() % 3 != 0) ++halves;
      if (!log->empty()) last = log->back().seq.value();
    }
  };
  std::thread one{look}, two{look};

  for (int i = 0; i < 100; ++i)
    store.of.commit({post(general, "a"), post(general, "b"), post(general, "c")});
  writing = false;
  one.join();
  two.join();

  CHECK(halves == 0);
  CHECK(faults == 0);
  CHECK(store.of.read->room(general)->head == seq_no{300});
}
