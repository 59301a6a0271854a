#include "actors/user_row.hpp"
#include "protocol/limits.hpp"
#include "tests/support/catch.hpp"

using namespace confab;
using namespace confab::actors;

namespace {

const auto alice = user_id::trusted("alice");

session_info session(std::uint64_t number) { return {session_id::make(number, 0), alice, {}, {}}; }

message::direct_ref direct(const std::string& with, std::uint64_t head, std::int64_t at = 1) {
  return {room_id::trusted("dm:alice:" + with), user_id::trusted(with), seq_no{head}, unix_ms{at}};
}

using sessions = std::vector<session_id>;

}  // namespace

TEST_CASE("a session replaces those of its device, and no others") {
  user_row row;
  row.attach(session(1), device_id::trusted("phone"));
  row.attach(session(2), {});
  row.attach(session(3), device_id::trusted("laptop"));

  CHECK(row.attach(session(4), device_id::trusted("phone")) == sessions{session(1).id});
  CHECK(row.attach(session(5), {}).empty());
  CHECK(row.sessions().size() == 5);
}

TEST_CASE("a user is active with one session that is looked at") {
  user_row row;
  row.attach(session(1), {});
  row.attach(session(2), {});
  row.set_active(session(1).id, false);
  row.set_active(session(3).id, false);  // which is not there
  CHECK(row.has_active());
  row.set_active(session(2).id, false);
  CHECK_FALSE(row.has_active());
  row.set_active(session(1).id, true);
  row.detach(session(1).id);
  CHECK_FALSE(row.has_active());
}

TEST_CASE("a row is idle without sessions and without rooms that watch it") {
  user_row row;
  CHECK(row.idle());
  row.attach(session(1), {});
  row.watch(7);
  CHECK_FALSE(row.idle());

  row.detach(session(1).id);
  CHECK_FALSE(row.idle());
  row.unwatch(7);
  CHECK(row.idle());
}

TEST_CASE("only the read that was asked for last lets go those who wait") {
  user_row row;
  row.attach(session(1), {});
  row.wait_for_directs(session(1).id);
  row.begin_reading(1);
  row.begin_reading(2);  // the first has become void
  const std::vector<message::direct_ref> stale{direct("bob", 1)}, fresh{direct("bob", 2)};

  CHECK(row.directs_read(1, &stale).empty());
  CHECK_FALSE(row.knows_directs());
  CHECK(row.directs_read(2, &fresh) == sessions{session(1).id});
  CHECK(row.latest_directs() == fresh);
}

TEST_CASE("without a list those who wait go on, and the next one reads again") {
  user_row row;
  row.attach(session(1), {});
  row.wait_for_directs(session(1).id);
  row.begin_reading(1);

  CHECK(row.directs_read(1, nullptr) == sessions{session(1).id});
  CHECK_FALSE(row.knows_directs());
  CHECK_FALSE(row.reads_directs());
}

TEST_CASE("a head that is older than the one known changes nothing") {
  user_row row;
  row.begin_reading(1);
  const std::vector<message::direct_ref> list{direct("bob", 5, 10)};
  row.directs_read(1, &list);

  row.note(direct("bob", 4, 9));
  CHECK(row.latest_directs() == list);
  row.note(direct("bob", 6, 11));
  CHECK(row.latest_directs()[0].head == seq_no{6});
  row.note(direct("carol", 0));  // nothing was ever said there
  CHECK(row.latest_directs().size() == 1);
}

TEST_CASE("the latest direct rooms come first, and no more than the list may hold") {
  user_row row;
  row.begin_reading(1);
  const std::vector<message::direct_ref> none;
  row.directs_read(1, &none);
  const auto count = static_cast<std::int64_t>(limits::directs_count_max) + 1;
  for (std::int64_t i = 0; i < count; ++i) row.note(direct("user" + std::to_string(i), 1, i + 1));

  const auto list = row.latest_directs();
  REQUIRE(list.size() == limits::directs_count_max);
  CHECK(list.front().last_at == unix_ms{count});
  CHECK(list.back().last_at == unix_ms{2});
}

TEST_CASE("of the direct rooms of a user online no more are kept than the list may hold") {
  user_row row;
  row.begin_reading(1);
  const std::vector<message::direct_ref> none;
  row.directs_read(1, &none);
  const auto most = static_cast<std::int64_t>(limits::directs_count_max);
  for (std::int64_t i = 0; i < most; ++i) row.note(direct("user" + std::to_string(i), 1, 10 + i));
  REQUIRE(row.directs_count() == limits::directs_count_max);

  row.note(direct("one more", 1, 10 + most));
  CHECK(row.directs_count() == limits::directs_count_max);
  CHECK(row.has_direct_with(user_id::trusted("one more")));
  CHECK_FALSE(row.has_direct_with(user_id::trusted("user0")));  // the oldest

  row.note(direct("older", 1, 1));
  CHECK(row.directs_count() == limits::directs_count_max);
  CHECK_FALSE(row.has_direct_with(user_id::trusted("older")));
  row.note(direct("user1", 2, 20 + most));  // one that is known takes nobody's place
  CHECK(row.latest_directs().front().with == user_id::trusted("user1"));
  CHECK(row.has_direct_with(user_id::trusted("user2")));
}

TEST_CASE("what is doubted is forgotten until it is read again") {
  user_row row;
  row.begin_reading(1);
  const std::vector<message::direct_ref> list{direct("bob", 5)};
  row.directs_read(1, &list);
  row.forget_directs();

  CHECK_FALSE(row.knows_directs());
  CHECK(row.latest_directs().empty());
  row.note(direct("bob", 6));
  CHECK(row.latest_directs().empty());
}
