#include "rooms/present.hpp"
#include "tests/support/catch.hpp"

using namespace confab;
using namespace confab::rooms;

namespace {

using entries = std::vector<log_entry>;

log_entry entry(std::uint64_t seq, const char* from, entry_body body) {
  return {seq_no{seq}, unix_ms{static_cast<std::int64_t>(seq) * 10}, user_id::trusted(from), {},
          std::move(body)};
}
log_entry text(std::uint64_t seq, const char* from, const char* what) {
  return entry(seq, from, posted{{what, {}}});
}
seq_no target(std::uint64_t seq) { return seq_no{seq}; }
std::vector<user_id> users_of(const folded_message& message, const char* emoji) {
  std::vector<user_id> users;
  for (const auto& one : message.reactions.at(emoji)) users.push_back(one.user);
  return users;
}
const auto alice = user_id::trusted("alice");
const auto bob = user_id::trusted("bob");

}  // namespace

TEST_CASE("messages that nothing has happened to are what they were") {
  auto first = text(1, "alice", "hi");
  first.key = "k1";

  const auto shown = fold(entries{first, text(2, "bob", "ho")}, {});

  REQUIRE(shown.size() == 2);
  CHECK(shown[0].seq == target(1));
  CHECK(shown[0].key == "k1");
  CHECK(shown[0].what.text == "hi");
  CHECK(shown[1].from == bob);
}

TEST_CASE("the last edit counts, and who made it where that was not the author") {
  const auto shown = fold(entries{text(1, "alice", "hi")},
                          entries{entry(2, "alice", edited{target(1), {"ho", {}}}),
                                  entry(3, "bob", edited{target(1), {"hu", {}}})});

  CHECK(shown[0].what.text == "hu");
  CHECK(shown[0].content_at == target(3));
  CHECK(shown[0].edited_at == unix_ms{30});
  CHECK(shown[0].edited_by == bob);
  CHECK(shown[0].edits == 2);
}

TEST_CASE("a deletion takes content and reactions, and what comes later changes nothing") {
  const auto shown = fold(
      entries{text(1, "alice", "hi")},
      entries{entry(2, "bob", reacted{target(1), "+", true}),
              entry(3, "alice", edited{target(1), {"ho", {}}}), entry(4, "alice", deleted{target(1)}),
              entry(5, "alice", edited{target(1), {"late", {}}}),
              entry(6, "bob", reacted{target(1), "-", true})});

  CHECK(shown[0].deleted);
  CHECK(shown[0].deleted_by == alice);
  CHECK(shown[0].what.empty());
  CHECK_FALSE(shown[0].edited_at);
  CHECK(shown[0].reactions.empty());
}

TEST_CASE("reactions stand in order of reacting, each user once for each emoji") {
  const auto shown = fold(entries{text(1, "alice", "hi")},
                          entries{entry(2, "bob", reacted{target(1), "+", true}),
                                  entry(3, "alice", reacted{target(1), "+", true}),
                                  entry(4, "bob", reacted{target(1), "+", true}),
                                  entry(5, "bob", reacted{target(1), "-", true}),
                                  entry(6, "bob", reacted{target(1), "+", false}),
                                  entry(7, "bob", reacted{target(1), "+", true}),
                                  entry(8, "bob", reacted{target(1), "-", false})});

  CHECK(users_of(shown[0], "+") == std::vector{alice, bob});
  CHECK(shown[0].reactions.size() == 1);
  CHECK(shown[0].reaction_entries == 7);
}

TEST_CASE("a summary names ten of those who react, and says whether the asker is among all") {
  folded_message message = begin_fold(text(1, "alice", "hi"));
  for (std::uint64_t i = 0; i < 12; ++i)
    apply(message, entry(2 + i, ("u" + std::to_string(i)).c_str(), reacted{target(1), "+", true}));

  const auto for_last = summarise(message, user_id::trusted("u11"));
  const auto for_alice = summarise(message, alice);

  CHECK(for_last.reactions.at("+").count == 12);
  CHECK(for_last.reactions.at("+").users.size() == 10);
  CHECK(for_last.reactions.at("+").users[9] == user_id::trusted("u9"));
  CHECK(for_last.reactions.at("+").mine);
  CHECK_FALSE(for_alice.reactions.at("+").mine);
}

TEST_CASE("changes of messages that are not asked for are ignored") {
  const auto shown = fold(entries{entry(1, "a", deleted{target(9)}), text(2, "a", "hi")},
                          entries{entry(3, "a", edited{target(1), {"x", {}}})});

  REQUIRE(shown.size() == 1);
  CHECK(shown[0].what.text == "hi");
}
