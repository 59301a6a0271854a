#include "actors/read_queue.hpp"

#include "tests/support/catch.hpp"

#include <cstdint>
#include <memory>
#include <string>

using namespace confab;
using namespace confab::actors;

namespace {

struct fixture {
  bool add(const std::string& user, std::uint64_t number, std::weak_ptr<int> asker) {
    return waiting.add({user_id::trusted(user), [asker] { return !asker.expired(); },
                        [this, user, number](bool) { read += user + std::to_string(number) + " "; }});
  }
  bool add(const std::string& user, std::uint64_t number) { return add(user, number, there); }
  std::string order() {
    while (const auto next = waiting.take()) next->answer(true);
    return read;
  }

  std::shared_ptr<int> there = std::make_shared<int>();
  std::string read;
  read_queue waiting;
};

}  // namespace

TEST_CASE("users take turns, whoever asked first for much") {
  fixture f;
  for (std::uint64_t i = 1; i <= 3; ++i) REQUIRE(f.add("alice", i));
  REQUIRE(f.add("bob", 1));
  REQUIRE(f.add("carol", 1));
  REQUIRE(f.add("bob", 2));

  CHECK(f.order() == "alice1 bob1 carol1 alice2 bob2 alice3 ");
  CHECK(f.waiting.empty());
}

TEST_CASE("of a user as many reads wait as may, and not one more") {
  fixture f;
  for (std::size_t i = 0; i < limits::reads_per_user_max; ++i) REQUIRE(f.add("alice", i));

  CHECK_FALSE(f.add("alice", 1000));
  CHECK(f.add("bob", 1));
}

TEST_CASE("of a key of the API more reads wait than of a user, but no more than may") {
  fixture f;
  const auto add = [&] {
    return f.waiting.add({user_id::trusted("@api:shop"), [] { return true; }, [](bool) {}, reads_per_key_max});
  };
  for (std::size_t i = 0; i < reads_per_key_max; ++i) REQUIRE(add());

  CHECK_FALSE(add());
  REQUIRE(f.waiting.take());
  CHECK(add());
}

TEST_CASE("what nobody waits for any more is passed over") {
  fixture f;
  auto gone = std::make_shared<int>();
  REQUIRE(f.add("alice", 1, gone));
  REQUIRE(f.add("bob", 1));
  REQUIRE(f.add("bob", 2, gone));
  gone.reset();

  CHECK(f.order() == "bob1 ");
  CHECK(f.waiting.empty());
}
