// What journal.hpp promises of messages, their changes, the feed and marks, over every journal.

#include "protocol/wire_size.hpp"
#include "tests/journal/stores.hpp"

using namespace confab;
using namespace confab::journal;
using namespace confab::journal::test;

#define JOURNAL_TEST(name) TEMPLATE_TEST_CASE(name, "[journal]", memory_store, sqlite_store)

// --- messages ---

namespace {

/// 1 3 4 6 8 are messages; 2 edits 1, 5 reacts to 3, 7 deletes 4, 9 reacts to 1.
const std::vector<operation> mixed{
    create(general),    post(general, "1"),     edit(general, 1, "2"), post(general, "3"),
    post(general, "4"), react(general, 3, "+"), post(general, "6"),    erase(general, 4),
    post(general, "8"), react(general, 1, "-")};

struct page {
  numbers messages;
  bool more;
  friend bool operator==(const page&, const page&) = default;
};

message_page read_messages(session& of, std::optional<std::uint64_t> before,
                           std::optional<std::uint64_t> after, std::size_t count,
                           std::size_t bytes = plenty, const user_id& asker = alice) {
  const auto seq = [](std::optional<std::uint64_t> number) {
    return number ? std::optional{seq_no{*number}} : std::nullopt;
  };
  auto got = of.read->messages(general, asker, seq(before), seq(after), count, bytes);
  if (!got) throw std::runtime_error(got.detail());
  return std::move(*got);
}

page read_page(session& of, std::optional<std::uint64_t> before, std::optional<std::uint64_t> after,
               std::size_t count, std::size_t bytes = plenty) {
  const auto got = read_messages(of, before, after, count, bytes);
  page seen{{}, got.more};
  for (const auto& one : got.messages) seen.messages.push_back(one.seq.value());
  return seen;
}

message::present_message shown(session& of, std::uint64_t seq, const user_id& asker = alice) {
  const auto got = read_messages(of, seq + 1, {}, 1, plenty, asker);
  if (got.messages.size() != 1 || got.messages[0].seq != seq_no{seq})
    throw std::runtime_error("no such message");
  return got.messages[0];
}

}  // namespace

JOURNAL_TEST("messages come in their present form") {
  TestType store;
  store.of.commit(mixed, 1000);

  const auto got = read_messages(store.of, {}, {}, 10);

  CHECK(got.head == seq_no{9});
  REQUIRE(got.messages.size() == 5);
  CHECK(got.messages[0].what.text == "2");
  CHECK(got.messages[0].edited_at == unix_ms{1000});
  CHECK_FALSE(got.messages[0].edited_by);
  CHECK(got.messages[0].reactions.at("-") == message::reaction_summary{1, std::vector{bob}, false});
  CHECK(got.messages[1].what.text == "3");
  CHECK_FALSE(got.messages[1].edited_at);
  CHECK(got.messages[2].deleted);
  CHECK(got.messages[2].deleted_by == alice);
  CHECK(got.messages[2].what.empty());
  CHECK_FALSE(got.messages[3].deleted);
}

JOURNAL_TEST("the latest messages are read backwards and answered ascending") {
  TestType store;
  store.of.commit(mixed);

  CHECK(read_page(store.of, {}, {}, 3) == page{{4, 6, 8}, true});
  CHECK(read_page(store.of, {}, {}, 5) == page{{1, 3, 4, 6, 8}, false});
  CHECK(read_page(store.of, 4, {}, 1) == page{{3}, true});
  CHECK(read_page(store.of, 4, {}, 2) == page{{1, 3}, false});
  CHECK(read_page(store.of, 1, {}, 10) == page{{}, false});
  CHECK(read_page(store.of, 0, {}, 10) == page{{}, false});
  CHECK(read_page(store.of, all, {}, 1) == page{{8}, true});
}

JOURNAL_TEST("messages after a number are read forwards") {
  TestType store;
  store.of.commit(mixed);

  CHECK(read_page(store.of, {}, 0, 2) == page{{1, 3}, true});
  CHECK(read_page(store.of, {}, 3, 2) == page{{4, 6}, true});
  CHECK(read_page(store.of, {}, 4, 2) == page{{6, 8}, false});
  CHECK(read_page(store.of, {}, 8, 2) == page{{}, false});
  CHECK(read_page(store.of, {}, all, 2) == page{{}, false});
}

JOURNAL_TEST("messages between two numbers are read forwards from the lower one") {
  TestType store;
  store.of.commit(mixed);

  CHECK(read_page(store.of, 8, 1, 2) == page{{3, 4}, true});
  CHECK(read_page(store.of, 8, 1, 3) == page{{3, 4, 6}, false});
  CHECK(read_page(store.of, 3, 3, 3) == page{{}, false});
}

JOURNAL_TEST("asked for no message, a page only says whether there are any") {
  TestType store;
  store.of.commit(mixed);

  CHECK(read_page(store.of, {}, {}, 0) == page{{}, true});
  CHECK(read_page(store.of, {}, 8, 0) == page{{}, false});
}

JOURNAL_TEST("a page stops at the bytes asked for, as they are on the wire, but there is always a message") {
  TestType store;
  const std::string text(95, '"');
  const std::string longer(195, 'y');
  store.of.commit({create(general), post(general, text), post(general, text), post(general, text),
                   edit(general, 2, longer)});

  std::vector<std::size_t> size;
  for (const auto& one : read_messages(store.of, {}, {}, 10).messages)
    size.push_back(wire_size(general, one));
  REQUIRE(size.size() == 3);
  REQUIRE(size[0] > 2 * text.size());
  SECTION("backwards") {
    CHECK(read_page(store.of, {}, {}, 10, size[0] + size[1] + size[2]) == page{{1, 2, 3}, false});
    CHECK(read_page(store.of, {}, {}, 10, size[0] + size[1] + size[2] - 1) == page{{2, 3}, true});
    CHECK(read_page(store.of, {}, {}, 10, size[1] + size[2] - 1) == page{{3}, true});
    CHECK(read_page(store.of, {}, {}, 10, 0) == page{{3}, true});
  }
  SECTION("forwards") {
    CHECK(read_page(store.of, {}, 0, 10, size[0] + size[1]) == page{{1, 2}, true});
    CHECK(read_page(store.of, {}, 0, 10, size[0] + size[1] - 1) == page{{1}, true});
    CHECK(read_page(store.of, {}, 1, 10, 0) == page{{2}, true});
    CHECK(read_page(store.of, {}, 2, 10, 0) == page{{3}, false});
  }
}

JOURNAL_TEST("changes of another room with the same number stay there") {
  TestType store;
  const auto other = room("other");
  store.of.commit({create(general), create(other), post(general, "1"), post(other, "1"),
                   edit(other, 1, "2"), react(other, 1, "+")});

  CHECK(shown(store.of, 1).what.text == "1");
  CHECK(shown(store.of, 1).reactions.empty());
}

// --- changes ---

JOURNAL_TEST("an edit replaces all content, and leaves a message where it stands") {
  TestType store;
  auto first = post(general, "root");
  auto wordy = post(general, "text", "", alice, {seq_no{1}, seq_no{1}, true, "poll"});
  auto& what = std::get<rooms::post_message>(wordy.what).what;
  what.data = free_data{R"({"x":4})"};
  what.attachments = attachment_list{R"([{"ref":"f/1"}])"};
  what.mentions = {{bob}, false};
  store.of.commit({create(general), first, wordy, edit(general, 2, "text alone")});

  const auto now = shown(store.of, 2);

  CHECK(now.what == words("text alone"));
  CHECK(now.where == placement{seq_no{1}, seq_no{1}, true, "poll"});
  CHECK(now.edited_at);
}

JOURNAL_TEST("an entry that was checked in vain says so for ever, and counts as any other") {
  TestType store;
  auto message = post(general, "a"), quiet = post(general, "b", "", alice, {{}, {}, true, ""}),
       change = edit(general, 1, "c");
  for (auto* one : {&message, &quiet, &change}) one->by_hook = rooms::checked::in_vain;
  store.of.commit({create(general), message, quiet, change, post(general, "d")}, 1000);
  restart(store);

  const auto log = *store.of.read->entries(general, seq_no{}, seq_no{9}, 9, plenty);
  REQUIRE(log.size() == 4);
  CHECK(std::get<posted>(log[0].body).unchecked);
  CHECK_FALSE(std::get<posted>(log[0].body).where.quiet);
  CHECK(std::get<posted>(log[1].body).unchecked);
  CHECK(std::get<posted>(log[1].body).where.quiet);
  CHECK(std::get<edited>(log[2].body).unchecked);
  CHECK_FALSE(std::get<posted>(log[3].body).unchecked);
  CHECK_FALSE(shown(store.of, 1).where.quiet);
  CHECK(shown(store.of, 2).where.quiet);
}

JOURNAL_TEST("who edits or deletes another's message must moderate, and is named") {
  TestType store;
  store.of.commit({create(general), post(general, "a"), post(general, "b")});
  auto moderator = edit(general, 1, "mild", bob);
  moderator.by.token = role::moderator;
  auto remover = erase(general, {2}, bob);
  remover.by.token = role::moderator;

  const auto done = store.of.commit({edit(general, 1, "mine", bob), erase(general, {2}, bob),
                                     moderator, remover, react(general, 9, "+")});

  CHECK(refusal_of(done[0]) == error_code::forbidden);
  CHECK(refusal_of(done[1]) == error_code::forbidden);
  CHECK(shown(store.of, 1).what.text == "mild");
  CHECK(shown(store.of, 1).edited_by == bob);
  CHECK(shown(store.of, 2).deleted_by == bob);
  CHECK(refusal_of(done[4]) == error_code::no_such_message);
}

JOURNAL_TEST("deleted content is in no answer, edits of it neither") {
  TestType store;
  store.of.commit({create(general), post(general, "first secret"), post(general, "kept"),
                   edit(general, 1, "second secret"), react(general, 1, "+")});

  store.of.commit({erase(general, 1)});

  const auto log = log_of(store.of, general);
  REQUIRE(log.size() == 5);
  CHECK(std::get<posted>(log[0].body).what.empty());
  CHECK(std::get<edited>(log[2].body).what.empty());
  CHECK(std::get<posted>(log[1].body).what.text == "kept");
  CHECK(shown(store.of, 1).deleted);
  CHECK(shown(store.of, 1).reactions.empty());
  const auto late =
      store.of.commit({edit(general, 1, "x"), react(general, 1, "-"), erase(general, 1)});
  CHECK(refusal_of(late[0]) == error_code::no_such_message);
  CHECK(refusal_of(late[1]) == error_code::no_such_message);
  CHECK(std::holds_alternative<rooms::unchanged>(late[2]));
}

JOURNAL_TEST("of several messages all are deleted, or none") {
  TestType store;
  store.of.commit({create(general), post(general, "1"), post(general, "2", "", bob),
                   post(general, "3"), post(general, "4")});

  const auto done =
      store.of.commit({erase(general, {1, 2}), erase(general, {1, 9}), erase(general, {1, 3, 1})});
  const auto again = store.of.commit({erase(general, {3, 4})});

  CHECK(refusal_of(done[0]) == error_code::forbidden);
  CHECK(refusal_of(done[1]) == error_code::no_such_message);
  CHECK(std::get<rooms::appended>(done[2]).entries.size() == 2);
  CHECK(std::get<rooms::appended>(again[0]).entries.size() == 1);
  CHECK(seqs(log_of(store.of, general)) == numbers{1, 2, 3, 4, 5, 6, 7});
}

JOURNAL_TEST("a reaction is there once, whoever asks at the same time") {
  TestType store;
  store.of.commit({create(general), post(general, "a")});

  const auto done = store.of.commit({react(general, 1, "+"), react(general, 1, "+"),
                                     react(general, 1, "-", false), react(general, 1, "+", false),
                                     react(general, 1, "+", false)});

  CHECK(std::holds_alternative<rooms::appended>(done[0]));
  CHECK(std::holds_alternative<rooms::unchanged>(done[1]));
  CHECK(std::holds_alternative<rooms::unchanged>(done[2]));
  CHECK(std::holds_alternative<rooms::appended>(done[3]));
  CHECK(std::holds_alternative<rooms::unchanged>(done[4]));
  CHECK(shown(store.of, 1).reactions.empty());
}

JOURNAL_TEST("reactions are told as a count, the earliest ten, and whether one is among all") {
  TestType store;
  std::vector<operation> batch{create(general), post(general, "a")};
  for (int i = 10; i < 23; ++i)
    batch.push_back(react(general, 1, "+", true, user("u" + std::to_string(i))));
  batch.push_back(react(general, 1, "+", false, user("u12")));
  batch.push_back(react(general, 1, "+", true, user("u12")));
  store.of.commit(batch);

  const auto plus = shown(store.of, 1, user("u22")).reactions.at("+");
  CHECK(plus.count == 13);
  REQUIRE(plus.users.size() == 10);
  CHECK(plus.users[2] == user("u13"));
  CHECK(plus.users[9] == user("u20"));
  CHECK(plus.mine);
  CHECK_FALSE(shown(store.of, 1, alice).reactions.at("+").mine);

  auto first = store.of.read->reactions(general, seq_no{1}, "+", seq_no{0}, 8);
  REQUIRE(first);
  CHECK(first->count == 13);
  CHECK(first->users.size() == 8);
  REQUIRE(first->next);
  auto rest = store.of.read->reactions(general, seq_no{1}, "+", *first->next, 8);
  REQUIRE(rest);
  CHECK(rest->users ==
        std::vector{user("u19"), user("u20"), user("u21"), user("u22"), user("u12")});
  CHECK_FALSE(rest->next);
  CHECK(store.of.read->reactions(general, seq_no{1}, "-", seq_no{0}, 8)->users.empty());
}

JOURNAL_TEST("a message bears sixty-four different reactions, however many come at once") {
  TestType store;
  store.of.commit({create(general), post(general, "a")});
  std::vector<operation> batch;
  for (int i = 0; i < 66; ++i)
    batch.push_back(
        react(general, 1, "e" + std::to_string(i), true, user("u" + std::to_string(i))));
  batch.push_back(react(general, 1, "e0"));

  const auto done = store.of.commit(batch);

  CHECK(std::holds_alternative<rooms::appended>(done[63]));
  CHECK(refusal_of(done[64]) == error_code::limit);
  CHECK(refusal_of(done[65]) == error_code::limit);
  CHECK(std::holds_alternative<rooms::appended>(done[66]));  // one that is there
  CHECK(shown(store.of, 1).reactions.size() == 64);
}

JOURNAL_TEST("a message takes a thousand edits and ten thousand reactions, and not one more") {
  TestType store;
  store.of.commit({create(general), post(general, "a"), post(general, "b")});
  std::vector<operation> edits, reactions;
  for (int i = 0; i < 1001; ++i) edits.push_back(edit(general, 1, std::to_string(i)));
  for (int i = 0; i < 10'001; ++i) reactions.push_back(react(general, 2, "+", i % 2 == 0));

  const auto edited = store.of.commit(edits);
  const auto reacted = store.of.commit(reactions);

  CHECK(std::holds_alternative<rooms::appended>(edited[999]));
  CHECK(refusal_of(edited[1000]) == error_code::limit);
  CHECK(shown(store.of, 1).what.text == "999");
  CHECK(std::holds_alternative<rooms::appended>(reacted[9999]));
  CHECK(refusal_of(reacted[10'000]) == error_code::limit);
  CHECK(shown(store.of, 2).reactions.empty());
}

JOURNAL_TEST("a commit ends where what it decided weighs enough, and the rest waits as it was") {
  TestType store;
  auto& of = store.of;
  of.commit({create(general), post(general, "a"), post(general, "b")});
  std::vector<operation> reactions(2 * rooms::weight_max, react(general, 1, "+"));
  for (std::size_t i = 0; i < reactions.size(); ++i) reactions[i] = react(general, 1, "+", i % 2 == 0);
  CHECK(of.try_commit(reactions)->size() == rooms::weight_max);
  std::vector<operation> batch{post(general, "before"), erase(general, 1), erase(general, 2),
                               post(general, "after")};
  std::span left{batch};

  const auto first = *of.write->commit(left, unix_ms{2000});
  CHECK(first.size() == 2);
  CHECK(stored_forms(of, general)[0].deleted);
  CHECK_FALSE(stored_forms(of, general)[1].deleted);
  const auto second = *of.write->commit(left.subspan(first.size()), unix_ms{2000});
  CHECK(second.size() == 2);

  const auto forms = stored_forms(of, general);
  REQUIRE(forms.size() == 4);
  CHECK(forms[1].deleted);
  CHECK(forms[3].what.text == "after");
}

// --- the feed and marks ---

JOURNAL_TEST("the feed has the entries of all rooms in the order of the journal") {
  TestType store;
  const auto other = room("other");
  store.of.commit({create(general), create(other), post(general, "1"), post(other, "2")});
  store.of.commit({operation{{}, by(alice), "", rooms::set_marks{{rooms::mark{alice, "general"}}}},
                   post(general, "3")});

  auto all_items = store.of.read->feed(0, 10, plenty);
  REQUIRE(all_items);
  REQUIRE(all_items->size() == 3);
  CHECK((*all_items)[0].room == general);
  CHECK((*all_items)[1].room == other);
  CHECK((*all_items)[2].entry.seq == seq_no{2});
  CHECK((*all_items)[2].position == (*all_items)[1].position + 2);  // the marks have one as well
  const auto after = (*all_items)[0].position;
  CHECK(store.of.read->feed(after, 10, plenty)->size() == 2);
  CHECK(store.of.read->feed(after, 1, plenty)->size() == 1);
  CHECK(store.of.read->feed(0, 10, 0)->size() == 1);
  CHECK(store.of.read->feed((*all_items)[2].position, 10, plenty)->empty());
}

JOURNAL_TEST(
    "marks are folded by maximum or by last writer, and keep the position that changed them") {
  using rooms::mark;
  TestType store;
  const auto set = [](std::vector<mark> marks) {
    return operation{{}, by(alice), "", rooms::set_marks{std::move(marks)}};
  };
  const mark marker{alice, "general", mark::kind::read_marker, 5, ""};
  const mark block{alice, "eve", mark::kind::block, 1, ""};
  store.of.commit({set({marker, block})});
  auto lower = marker, other = marker, free = block;
  lower.value = 3;
  other.subject = "other";
  free.value = 0;
  store.of.commit({set({lower, other}), set({free})});

  const auto markers = *store.of.read->marks(alice, mark::kind::read_marker);
  REQUIRE(markers.size() == 2);
  CHECK(markers[0].what == marker);
  CHECK(markers[1].what == other);
  CHECK(markers[1].position == markers[0].position + 1);
  const auto blocks = *store.of.read->marks(alice, mark::kind::block);
  REQUIRE(blocks.size() == 1);
  CHECK(blocks[0].what.value == 0);
  CHECK(blocks[0].position == markers[1].position + 1);
  CHECK(store.of.read->marks(bob, mark::kind::block)->empty());
}
