#include "protocol/entry.hpp"
#include "tests/support/catch.hpp"

using namespace confab;

namespace {

log_entry entry(entry_body body) {
  return {seq_no{1}, unix_ms{1}, user_id::trusted("alice"), "key", std::move(body)};
}

constexpr std::size_t own_bytes = 5 + 3;  // "alice", "key"

}  // namespace

TEST_CASE("an entry that changes a message names it") {
  CHECK_FALSE(target_of(posted{{"hi", {}}}).has_value());
  CHECK(target_of(edited{seq_no{3}, {"hi", {}}}) == seq_no{3});
  CHECK(target_of(deleted{seq_no{4}}) == seq_no{4});
  CHECK(target_of(reacted{seq_no{5}, "+1", true}) == seq_no{5});
  CHECK(target_of(pinned{seq_no{6}, true}) == seq_no{6});
  CHECK_FALSE(target_of(member_set{}).has_value());
  CHECK_FALSE(target_of(room_set{}).has_value());
}

TEST_CASE("an entry costs the bytes of its texts, data and ids") {
  CHECK(cost_of(entry(posted{{"hello", {}}})) == own_bytes + 5);
  CHECK(cost_of(entry(posted{{"hello", free_data{"{\"a\":1}"}}})) == own_bytes + 5 + 7);
  CHECK(cost_of(entry(edited{seq_no{1}, {"", free_data{"{}"}}})) == own_bytes + 2);
  CHECK(cost_of(entry(deleted{seq_no{1}})) == own_bytes);
  CHECK(cost_of(entry(reacted{seq_no{1}, "+1", false})) == own_bytes + 2);
  CHECK(cost_of(entry(deleted{seq_no{1}, "spam"})) == own_bytes + 4);
  CHECK(cost_of(entry(posted{{"", {}, attachment_list{"[{}]"}, {{user_id::trusted("bob")}, true}},
                             {{}, {}, false, "poll"}})) == own_bytes + 4 + 3 + 4);
  member_set ban;
  ban.users = {user_id::trusted("bob"), user_id::trusted("eve")};
  ban.reason = "spam";
  CHECK(cost_of(entry(ban)) == own_bytes + 3 + 3 + 4);
  room_settings change;
  change.title = "Red";
  change.topic = "Plans";
  change.data = free_data{"{}"};
  CHECK(cost_of(entry(room_set{change})) == own_bytes + 3 + 5 + 2);
}
