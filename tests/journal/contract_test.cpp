// What journal.hpp promises, over every journal.

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

  const auto made = store.of.commit({create(general, "General", "k3v9")}, 1234);

  const auto& info = std::get<room_info>(made[0]);
  auto found = store.of.read->room(general);
  REQUIRE(found);
  for (const auto& one : {info, *found}) {
    CHECK(one.room == general);
    CHECK(one.title == "General");
    CHECK(one.epoch == epoch_id{"k3v9"});
    CHECK_FALSE(one.direct);
    CHECK(one.head == seq_no{0});
    CHECK(one.last_at == unix_ms{1234});
    CHECK(one.floor == seq_no{1});
  }
}

JOURNAL_TEST("creating a room again answers what it has been since the first time") {
  TestType store;
  store.of.commit({create(general, "General", "first"), post(general, "hi")}, 1000);

  const auto again = store.of.commit({create(general, "Other", "second")}, 2000);

  const auto& info = std::get<room_info>(again[0]);
  CHECK(info.title == "General");
  CHECK(info.epoch == epoch_id{"first"});
  CHECK(info.head == seq_no{1});
  CHECK(info.last_at == unix_ms{1000});
}

JOURNAL_TEST("creating a room twice in a batch, the first wins and appends between count") {
  TestType store;

  const auto made =
      store.of.commit({create(general, "A", "a"), post(general, "hi"), create(general, "B", "b")});

  CHECK(std::get<room_info>(made[2]).title == "A");
  CHECK(std::get<room_info>(made[2]).epoch == epoch_id{"a"});
  CHECK(std::get<room_info>(made[2]).head == seq_no{1});
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
  CHECK(read.entry(nowhere, seq_no{1}).why() == fault::no_such_room);
  CHECK(read.entry(nowhere, seq_no{0}).why() == fault::no_such_room);
  CHECK(read.messages(nowhere, {}, {}, seq_no{all}, 10, plenty).why() == fault::no_such_room);
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
  CHECK(std::holds_alternative<no_such_room>(done[1]));
  CHECK(seq_of(done[2]) == 2);
}

JOURNAL_TEST("a room can be created and written in one batch, but not the other way round") {
  TestType store;

  const auto done = store.of.commit({post(general, "early"), create(general), post(general, "a")});

  CHECK(std::holds_alternative<no_such_room>(done[0]));
  CHECK(seq_of(done[2]) == 1);
}

JOURNAL_TEST("times never go back within a room, whatever the clock does") {
  TestType store;
  store.of.commit({create(general), post(general, "a")}, 5000);

  const auto back =
      store.of.commit({create(room("new")), post(general, "b"), post(room("new"), "c")}, 3000);
  const auto forth = store.of.commit({post(general, "d")}, 6000);

  CHECK(std::get<appended>(back[1]).at == unix_ms{5000});
  CHECK(std::get<appended>(back[2]).at == unix_ms{3000});
  CHECK(std::get<appended>(forth[0]).at == unix_ms{6000});
  const auto log = log_of(store.of, general);
  REQUIRE(log.size() == 3);
  CHECK(log[1].at == unix_ms{5000});
}

JOURNAL_TEST("the first entry is not older than its room") {
  TestType store;
  store.of.commit({create(general)}, 5000);

  const auto done = store.of.commit({post(general, "a")}, 4000);

  CHECK(std::get<appended>(done[0]).at == unix_ms{5000});
}

JOURNAL_TEST("every kind of entry comes back as it went in") {
  TestType store;
  const std::vector<entry_body> bodies{
      posted{{"text", std::nullopt}},
      posted{{"", free_data{R"({"a":1})"}}},
      posted{{"zwei\n\tZeilen \xf0\x9f\x91\x8d", free_data{"{}"}}},
      edited{seq_no{1}, {"new", free_data{"[]"}}},
      edited{seq_no{2}, {"", free_data{"{}"}}},
      deleted{seq_no{3}},
      reacted{seq_no{1}, "\xf0\x9f\x91\x8d", true},
      reacted{seq_no{1}, "\xf0\x9f\x91\x8d", false},
  };
  std::vector<operation> batch{create(general)};
  std::vector<log_entry> expected;
  for (std::uint64_t i = 0; i < bodies.size(); ++i) {
    const auto key = i % 2 ? "key" + std::to_string(i) : "";
    batch.push_back(append{general, i % 3 ? alice : bob, key, bodies[i]});
    expected.push_back({seq_no{i + 1}, unix_ms{77}, i % 3 ? alice : bob, key, bodies[i]});
  }

  store.of.commit(batch, 77);

  CHECK(log_of(store.of, general) == expected);
}

// --- exactly once ---

JOURNAL_TEST("a repeated key changes nothing and answers the first entry") {
  TestType store;
  store.of.commit({create(general), post(general, "first", "k")}, 1000);

  const auto again = store.of.commit({post(general, "second", "k"), post(general, "b")}, 2000);

  CHECK(duplicate(again[0]));
  CHECK(seq_of(again[0]) == 1);
  CHECK(std::get<appended>(again[0]).at == unix_ms{1000});
  CHECK(seq_of(again[1]) == 2);
  const auto log = log_of(store.of, general);
  REQUIRE(log.size() == 2);
  CHECK(log[0].body == entry_body{posted{{"first", std::nullopt}}});
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

JOURNAL_TEST("a key is the entry's, of whatever kind the repetition is") {
  TestType store;
  store.of.commit({create(general), post(general, "a", "k")});

  const auto again = store.of.commit({append{general, alice, "k", deleted{seq_no{1}}}});

  CHECK(duplicate(again[0]));
  CHECK(log_of(store.of, general).size() == 1);
}

JOURNAL_TEST("a key is forgotten when it is both older than the age and further back") {
  using std::chrono::milliseconds;
  TestType store{key_window{milliseconds{100}, 3}};
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
  TestType store{key_window{std::chrono::hours{24}, 2, 2}};
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

JOURNAL_TEST("entries stop at about the bytes asked for, but there is always one") {
  TestType store;
  const std::string text(95, 'x');  // and "alice": 100 bytes
  store.of.commit({create(general), post(general, text), post(general, text), post(general, text)});
  const auto read = [&](std::size_t bytes) {
    return seqs(*store.of.read->entries(general, seq_no{0}, seq_no{all}, 100, bytes));
  };

  CHECK(read(300) == numbers{1, 2, 3});
  CHECK(read(299) == numbers{1, 2});
  CHECK(read(0) == numbers{1});
}

JOURNAL_TEST("one entry is found by its number") {
  TestType store;
  store.of.commit({create(general), post(general, "1"), post(general, "2")});
  auto& read = *store.of.read;

  auto found = read.entry(general, seq_no{2});
  REQUIRE(found);
  REQUIRE(*found);
  CHECK((*found)->seq == seq_no{2});
  CHECK((*found)->body == entry_body{posted{{"2", std::nullopt}}});

  CHECK_FALSE(*read.entry(general, seq_no{0}));
  CHECK_FALSE(*read.entry(general, seq_no{3}));
  CHECK_FALSE(*read.entry(general, seq_no{all}));
}

// --- messages ---

namespace {

/// 1 3 4 6 8 are messages; 2 edits 1, 5 reacts to 3, 7 deletes 4, 9 reacts to 1.
const std::vector<operation> mixed{
    create(general),    post(general, "1"),     edit(general, 1, "2"), post(general, "3"),
    post(general, "4"), react(general, 3, "+"), post(general, "6"),    erase(general, 4),
    post(general, "8"), react(general, 1, "-")};

struct page {
  numbers messages;
  numbers changes;
  bool more;
  friend bool operator==(const page&, const page&) = default;
};

page read_page(session& of, std::optional<std::uint64_t> before, std::optional<std::uint64_t> after,
               std::uint64_t upto, std::size_t count, std::size_t bytes = plenty) {
  const auto seq = [](std::optional<std::uint64_t> number) {
    return number ? std::optional{seq_no{*number}} : std::nullopt;
  };
  auto got = of.read->messages(general, seq(before), seq(after), seq_no{upto}, count, bytes);
  if (!got) throw std::runtime_error(got.detail());
  return {seqs(got->messages), seqs(got->changes), got->more};
}

}  // namespace

JOURNAL_TEST("the latest messages come with every later change of them") {
  TestType store;
  store.of.commit(mixed);

  CHECK(read_page(store.of, {}, {}, all, 3) == page{{4, 6, 8}, {7}, true});
  CHECK(read_page(store.of, {}, {}, all, 5) == page{{1, 3, 4, 6, 8}, {2, 5, 7, 9}, false});
  CHECK(read_page(store.of, {}, {}, all, 4) == page{{3, 4, 6, 8}, {5, 7}, true});
}

JOURNAL_TEST("messages before a number are read backwards and answered ascending") {
  TestType store;
  store.of.commit(mixed);

  CHECK(read_page(store.of, 4, {}, all, 1) == page{{3}, {5}, true});
  CHECK(read_page(store.of, 4, {}, all, 2) == page{{1, 3}, {2, 5, 9}, false});
  CHECK(read_page(store.of, 1, {}, all, 10) == page{{}, {}, false});
  CHECK(read_page(store.of, 0, {}, all, 10) == page{{}, {}, false});
  CHECK(read_page(store.of, all, {}, all, 1) == page{{8}, {}, true});
}

JOURNAL_TEST("messages after a number are read forwards") {
  TestType store;
  store.of.commit(mixed);

  CHECK(read_page(store.of, {}, 0, all, 2) == page{{1, 3}, {2, 5, 9}, true});
  CHECK(read_page(store.of, {}, 3, all, 2) == page{{4, 6}, {7}, true});
  CHECK(read_page(store.of, {}, 4, all, 2) == page{{6, 8}, {}, false});
  CHECK(read_page(store.of, {}, 8, all, 2) == page{{}, {}, false});
  CHECK(read_page(store.of, {}, all, all, 2) == page{{}, {}, false});
}

JOURNAL_TEST("messages between two numbers are read forwards from the lower one") {
  TestType store;
  store.of.commit(mixed);

  CHECK(read_page(store.of, 8, 1, all, 2) == page{{3, 4}, {5, 7}, true});
  CHECK(read_page(store.of, 8, 1, all, 3) == page{{3, 4, 6}, {5, 7}, false});
  CHECK(read_page(store.of, 3, 3, all, 3) == page{{}, {}, false});
}

JOURNAL_TEST("entries beyond `upto` are not there, messages and changes alike") {
  TestType store;
  store.of.commit(mixed);

  CHECK(read_page(store.of, {}, {}, 6, 10) == page{{1, 3, 4, 6}, {2, 5}, false});
  CHECK(read_page(store.of, {}, {}, 1, 10) == page{{1}, {}, false});
  CHECK(read_page(store.of, {}, {}, 0, 10) == page{{}, {}, false});
  CHECK(read_page(store.of, 9, {}, 5, 1) == page{{4}, {}, true});
  CHECK(read_page(store.of, {}, 1, 4, 2) == page{{3, 4}, {}, false});
}

JOURNAL_TEST("asked for no message, a page only says whether there are any") {
  TestType store;
  store.of.commit(mixed);

  CHECK(read_page(store.of, {}, {}, all, 0) == page{{}, {}, true});
  CHECK(read_page(store.of, {}, 8, all, 0) == page{{}, {}, false});
}

JOURNAL_TEST("a page stops at about the bytes asked for, but there is always a message") {
  TestType store;
  const std::string text(95, 'x');  // and "alice": 100 bytes
  store.of.commit({create(general), post(general, text), post(general, text), post(general, text),
                   edit(general, 2, text)});

  SECTION("backwards") {
    CHECK(read_page(store.of, {}, {}, all, 10, 400) == page{{1, 2, 3}, {4}, false});
    CHECK(read_page(store.of, {}, {}, all, 10, 399) == page{{2, 3}, {4}, true});
    CHECK(read_page(store.of, {}, {}, all, 10, 299) == page{{3}, {}, true});
    CHECK(read_page(store.of, {}, {}, all, 10, 0) == page{{3}, {}, true});
  }
  SECTION("forwards") {
    CHECK(read_page(store.of, {}, 0, all, 10, 300) == page{{1, 2}, {4}, true});
    CHECK(read_page(store.of, {}, 0, all, 10, 299) == page{{1}, {}, true});
    CHECK(read_page(store.of, {}, 1, all, 10, 0) == page{{2}, {4}, true});
    CHECK(read_page(store.of, {}, 2, all, 10, 0) == page{{3}, {}, false});
  }
}

JOURNAL_TEST("changes of another room with the same number stay there") {
  TestType store;
  const auto other = room("other");
  store.of.commit(
      {create(general), create(other), post(general, "1"), post(other, "1"), edit(other, 1, "2")});

  CHECK(read_page(store.of, {}, {}, all, 10) == page{{1}, {}, false});
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

JOURNAL_TEST("listed rooms carry their title, head and time") {
  TestType store;
  store.of.commit({create(general, "General")}, 1000);
  store.of.commit({post(general, "a")}, 2000);

  auto found = store.of.read->rooms({}, {}, 10);

  REQUIRE(found);
  REQUIRE(found->size() == 1);
  CHECK(found->front().title == "General");
  CHECK(found->front().head == seq_no{1});
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
  store.of.commit({post(with_carol, "2")}, 3000);
  store.of.commit({post(notes, "3"), post(direct_room_of(bob, carol), "4")}, 2000);

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
