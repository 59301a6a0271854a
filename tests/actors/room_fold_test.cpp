#include "actors/room_fold.hpp"
#include "tests/support/catch.hpp"

using namespace confab;
using namespace confab::actors;

namespace {

log_entry entry(std::uint64_t seq, const char* from, entry_body body) {
  return {seq_no{seq},
          unix_ms{static_cast<std::int64_t>(seq * 10)},
          user_id::trusted(from),
          {},
          std::move(body)};
}
log_entry text(std::uint64_t seq, const char* from, const char* text) {
  return entry(seq, from, posted{{text, {}}});
}
seq_no target(std::uint64_t seq) { return seq_no{seq}; }

using entries = std::vector<log_entry>;

}  // namespace

TEST_CASE("messages nobody touched are shown as they came") {
  auto first = text(1, "alice", "hi");
  first.key = "k";
  const auto shown = fold(entries{first, text(2, "bob", "ho")}, {});

  REQUIRE(shown.size() == 2);
  CHECK(shown[0] ==
        message::present_message{
            seq_no{1}, unix_ms{10}, user_id::trusted("alice"), "k", {"hi", {}}, {}, false, {}});
  CHECK(shown[1].seq == seq_no{2});
}

TEST_CASE("the last edit counts, with its time") {
  const auto shown = fold(entries{text(1, "alice", "hi")},
                          entries{entry(2, "alice", edited{target(1), {"hello", {}}}),
                                  entry(3, "alice", edited{target(1), {"", free_data{"{}"}}})});

  CHECK(shown[0].what == content{"", free_data{"{}"}});
  CHECK(shown[0].edited_at == unix_ms{30});
  CHECK(shown[0].at == unix_ms{10});
}

TEST_CASE("of a deleted message nothing is left, whatever comes after") {
  const auto shown = fold(
      entries{text(1, "alice", "hi")},
      entries{entry(2, "alice", edited{target(1), {"hello", {}}}),
              entry(3, "bob", reacted{target(1), "+", true}), entry(4, "alice", deleted{target(1)}),
              entry(5, "alice", edited{target(1), {"again", {}}}),
              entry(6, "bob", reacted{target(1), "-", true})});

  CHECK(shown[0].deleted);
  CHECK(shown[0].what == content{});
  CHECK_FALSE(shown[0].edited_at);
  CHECK(shown[0].reactions.empty());
}

TEST_CASE("a reaction counts once per user and goes with the last of them") {
  const auto shown = fold(entries{text(1, "alice", "hi")},
                          entries{entry(2, "bob", reacted{target(1), "+", true}),
                                  entry(3, "bob", reacted{target(1), "+", true}),
                                  entry(4, "alice", reacted{target(1), "+", true}),
                                  entry(5, "alice", reacted{target(1), "o", true}),
                                  entry(6, "alice", reacted{target(1), "o", false}),
                                  entry(7, "alice", reacted{target(1), "x", false})});

  CHECK(shown[0].reactions == std::map<std::string, std::vector<user_id>>{
                                  {"+", {user_id::trusted("bob"), user_id::trusted("alice")}}});
}

TEST_CASE("what is no message is not shown, and changes of others are ignored") {
  const auto shown = fold(entries{entry(1, "a", deleted{target(9)}), text(2, "a", "hi")},
                          entries{entry(3, "a", edited{target(1), {"x", {}}})});

  REQUIRE(shown.size() == 1);
  CHECK(shown[0].what.text == "hi");
}
