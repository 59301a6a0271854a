#include "actors/presence.hpp"
#include "tests/support/catch.hpp"

using namespace confab;
using namespace confab::actors;
using namespace std::chrono_literals;

namespace {

user_id user(const std::string& id) { return user_id::trusted(id); }
steady_time at(std::int64_t ms) { return steady_time{std::chrono::milliseconds{1'000'000 + ms}}; }

std::vector<std::string> ids(const std::vector<message::user_ref>& users) {
  std::vector<std::string> list;
  for (const auto& one : users) list.push_back(one.id.value());
  return list;
}
std::vector<std::string> ids(const std::vector<user_id>& users) {
  std::vector<std::string> list;
  for (const auto& one : users) list.push_back(one.value());
  return list;
}

using names = std::vector<std::string>;

}  // namespace

TEST_CASE("changes are gathered and then told once") {
  presence room{250ms, 5s};
  room.arrive(user("bob"), "Bob", at(0));
  room.arrive(user("alice"), "Alice", at(100));
  REQUIRE(room.deadline() == at(250));

  CHECK_FALSE(room.flush(at(249)));
  const auto told = room.flush(at(250));

  REQUIRE(told);
  CHECK(ids(told->came) == names{"alice", "bob"});
  CHECK(told->went.empty());
  CHECK(told->online == 2);
  CHECK_FALSE(room.deadline());
  CHECK_FALSE(room.flush(at(10'000)));
}

TEST_CASE("users are counted, not their connections") {
  presence room{250ms, 5s};
  room.arrive(user("alice"), "Alice", at(0));
  REQUIRE(room.flush(at(250)));

  room.arrive(user("alice"), "Alice", at(300));
  CHECK(room.online() == 1);
  CHECK_FALSE(room.deadline());

  room.depart(user("alice"), false, at(400));
  CHECK(room.online() == 1);
  CHECK_FALSE(room.deadline());

  room.depart(user("alice"), false, at(500));
  CHECK(room.online() == 0);
  const auto told = room.flush(at(750));
  REQUIRE(told);
  CHECK(ids(told->went) == names{"alice"});
  CHECK(room.empty());
}

TEST_CASE("a lost connection shows after the grace, and not at all if the user is back") {
  presence room{250ms, 5s};
  room.arrive(user("alice"), "Alice", at(0));
  room.arrive(user("bob"), "Bob", at(0));
  REQUIRE(room.flush(at(250)));

  room.depart(user("alice"), true, at(1000));
  room.depart(user("bob"), true, at(1000));
  CHECK(room.online() == 2);
  room.arrive(user("alice"), "Alice", at(5999));

  CHECK_FALSE(room.flush(at(6000)));  // the grace ends, the gathering begins
  CHECK(room.online() == 1);
  const auto told = room.flush(at(6250));
  REQUIRE(told);
  CHECK(told->came.empty());
  CHECK(ids(told->went) == names{"bob"});
  CHECK(told->online == 1);
}

TEST_CASE("of two losses the later one's grace counts") {
  presence room{250ms, 5s};
  room.arrive(user("alice"), "Alice", at(0));
  REQUIRE(room.flush(at(250)));
  room.depart(user("alice"), true, at(1000));
  room.arrive(user("alice"), "Alice", at(2000));
  room.depart(user("alice"), true, at(3000));

  room.flush(at(6000));
  CHECK(room.online() == 1);

  room.flush(at(8000));
  CHECK(room.online() == 0);
  CHECK(room.flush(at(8250)));
  CHECK(room.empty());
  CHECK_FALSE(room.deadline());
}

TEST_CASE("who leaves on purpose has no grace") {
  presence room{250ms, 5s};
  room.arrive(user("alice"), "Alice", at(0));
  room.flush(at(250));

  room.depart(user("alice"), false, at(1000));

  CHECK(room.online() == 0);
  CHECK(room.deadline() == at(1250));
}

TEST_CASE("who comes and goes within one gathering was never there") {
  presence room{250ms, 5s};
  room.arrive(user("alice"), "Alice", at(0));
  room.depart(user("alice"), false, at(100));

  CHECK_FALSE(room.flush(at(250)));
  CHECK(room.empty());
}

TEST_CASE("who goes and comes back within one gathering never went") {
  presence room{250ms, 5s};
  room.arrive(user("alice"), "Alice", at(0));
  room.flush(at(250));
  room.depart(user("alice"), false, at(1000));
  room.arrive(user("alice"), "Alice", at(1100));

  CHECK_FALSE(room.flush(at(1250)));
  CHECK(room.online() == 1);
}

TEST_CASE("a hundred are named, a hundred and one are only counted") {
  presence room{250ms, 5s};
  const auto name_of = [](int i) { return "user" + std::to_string(1000 + i); };
  for (int i = 0; i < 100; ++i) room.arrive(user(name_of(i)), name_of(i), at(0));
  auto told = room.flush(at(250));
  REQUIRE(told);
  CHECK_FALSE(told->counts_only);
  CHECK(told->came.size() == 100);

  room.arrive(user(name_of(100)), name_of(100), at(1000));
  told = room.flush(at(1250));
  REQUIRE(told);
  CHECK(told->counts_only);
  CHECK(told->came.empty());
  CHECK(told->online == 101);
  CHECK(room.members().size() == 100);

  room.depart(user(name_of(7)), false, at(2000));
  told = room.flush(at(2250));
  REQUIRE(told);
  CHECK_FALSE(told->counts_only);
  CHECK(ids(told->went) == names{name_of(7)});
}

TEST_CASE("somebody unknown can't depart") {
  presence room{250ms, 5s};
  room.depart(user("eve"), true, at(0));

  CHECK(room.empty());
  CHECK(room.online() == 0);
  CHECK_FALSE(room.deadline());
}

TEST_CASE("of those lost only the ones whose grace has ended are looked at") {
  constexpr std::size_t crowd = 2'000;
  presence room{250ms, 5s};
  const auto name = [](std::size_t i) { return user("user-" + std::to_string(i)); };
  for (std::size_t i = 0; i < crowd; ++i) room.arrive(name(i), "x", at(0));
  room.flush(at(250));
  const auto before = room.looked_at();
  for (std::size_t i = 0; i < crowd; ++i)
    room.depart(name(i), true, at(1'000 + (i < crowd / 2 ? 0 : 1'000)));

  room.flush(at(6'000));
  CHECK(room.looked_at() - before == crowd / 2);
  CHECK(room.online() == crowd / 2);
  room.flush(at(6'250));  // tells of them
  CHECK(room.looked_at() - before == crowd);
  room.flush(at(7'000));
  room.flush(at(7'250));
  CHECK(room.looked_at() - before == 2 * crowd);
  CHECK(room.online() == 0);
  CHECK(room.empty());
}
