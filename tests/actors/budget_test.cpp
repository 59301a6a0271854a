#include "actors/budget.hpp"
#include "tests/support/catch.hpp"

#include <string>

using namespace confab::actors;
using namespace std::chrono_literals;

namespace {

constexpr steady_time start{std::chrono::hours{1}};

tariffs commands_at(double per_second, double burst) {
  tariffs all;
  all[price::commands] = {per_second, burst};
  return all;
}

/// With one tariff for all its life, as everybody has it.
struct limited {
  limited(double per_second, double burst) : by(commands_at(per_second, burst)) {}
  budget::span take(std::chrono::milliseconds after, double amount = 1) {
    return spent.take(price::commands, amount, by, start + after);
  }
  tariffs by;
  budget spent;
};

constexpr std::array<std::uint64_t, 2> secret{4711, 12};

}  // namespace

TEST_CASE("a burst passes at once, the next one waits for its turn") {
  limited one{50, 3};
  for (int i = 0; i < 3; ++i) REQUIRE(one.take(0ms) == 0ms);

  CHECK(one.take(0ms) == 20ms);
  CHECK(one.take(19ms) == 1ms);
  CHECK(one.take(20ms) == 0ms);
  CHECK(one.take(20ms) == 20ms);
}

TEST_CASE("what was not used is kept up to a burst and no further") {
  limited one{1000, 2};
  REQUIRE(one.take(0ms) == 0ms);

  CHECK(one.take(60s) == 0ms);
  CHECK(one.take(60s) == 0ms);
  CHECK(one.take(60s) > 0ms);
}

TEST_CASE("a rate of 0 is no limit") {
  limited one{0, 1};

  for (int i = 0; i < 1000; ++i) REQUIRE(one.take(0ms, 1e9) == 0ms);
}

TEST_CASE("the wait that is told is enough, and not more than is needed") {
  for (const double rate : {7.0, 20.0 / 3600, 3e6}) {
    limited one{rate, 2};
    REQUIRE(one.take(0ms, 2) == 0ms);
    const auto wait = one.spent.wait(price::commands, 1, one.by, start);

    CHECK(one.spent.wait(price::commands, 1, one.by, start + wait - 2ns) > 0ns);
    CHECK(one.spent.take(price::commands, 1, one.by, start + wait + 1ns) == 0ns);
  }
}

TEST_CASE("what has been done is owed, and nothing can be taken before it is paid off") {
  limited one{10, 5};

  one.spent.charge(price::commands, 25, one.by, start);

  CHECK(one.take(0ms) == 2100ms);  // 20 beyond the burst, and the one
  CHECK(one.take(2099ms) > 0ms);
  CHECK(one.take(2100ms) == 0ms);
}

TEST_CASE("what costs more than a burst is to be had from a full budget, and is owed then") {
  limited one{10, 5};

  CHECK(one.take(0ms, 50) == 0ms);

  CHECK(one.take(0ms) == 4600ms);
  CHECK(one.take(0ms, 50) == 5s);
  CHECK(one.take(5s, 50) == 0ms);
}

TEST_CASE("each price is counted for itself") {
  limited one{10, 1};
  one.by[price::bytes_in] = {1000, 100};
  REQUIRE(one.take(0ms) == 0ms);

  CHECK(one.spent.take(price::bytes_in, 100, one.by, start) == 0ms);
  CHECK(one.spent.take(price::bytes_in, 50, one.by, start) == 50ms);
  CHECK(one.take(100ms) == 0ms);
}

TEST_CASE("of many payers each has a budget of its own") {
  payers all{commands_at(10, 5), secret};
  const auto spender = all.key_of("spender");
  for (int i = 0; i < 5; ++i) REQUIRE(all.take(spender, price::commands, 1, start) == 0ms);

  CHECK(all.take(spender, price::commands, 1, start) == 100ms);
  for (int i = 0; i < 1000; ++i)
    REQUIRE(all.take(all.key_of("other" + std::to_string(i)), price::commands, 1, start) == 0ms);
  CHECK(all.take(spender, price::commands, 1, start + 100ms) == 0ms);
}

TEST_CASE("hundreds who have spent all that they have leave the others what is theirs") {
  payers all{commands_at(10, 5), secret};
  for (int i = 0; i < 300; ++i)
    all.charge(all.key_of("spender" + std::to_string(i)), price::commands, 1000, start);

  int touched = 0;
  for (int i = 0; i < 10'000; ++i)
    touched += all.wait(all.key_of("other" + std::to_string(i)), price::commands, 5, start) > 0ms;

  CHECK(touched <= 3);
  CHECK(all.wait(all.key_of("spender0"), price::commands, 1, start) > 90s);
}

TEST_CASE("nobody may spend what he likes") {
  payers all{commands_at(10, 5), secret};

  for (int i = 0; i < 1000; ++i) REQUIRE(all.take(0, price::commands, 100, start) == 0ms);
  CHECK(all.key_of("") != 0);
}

TEST_CASE("a connection waits for the slowest of those who pay for it") {
  price_list list{commands_at(10, 10), commands_at(20, 20), commands_at(30, 30), secret};
  const auto address = list.addresses.key_of("somewhere");
  payer one{&list, address}, other{&list, address};
  one.know_user("alice");
  other.know_user("alice");

  for (int i = 0; i < 10; ++i) REQUIRE(one.take(price::commands, 1, start) == 0ms);
  CHECK(one.take(price::commands, 1, start) == 100ms);
  for (int i = 0; i < 10; ++i) REQUIRE(other.take(price::commands, 1, start) == 0ms);

  // The user has spent twice what a session may, so the next session of hers finds nothing left.
  payer third{&list, address};
  CHECK(third.wait(price::commands, 1, start) == 0ms);
  third.know_user("alice");
  CHECK(third.take(price::commands, 1, start) == 50ms);

  // Ten more are left to the address.
  payer guest{&list, address};
  for (int i = 0; i < 10; ++i) REQUIRE(guest.take(price::commands, 1, start) == 0ms);
  payer next_guest{&list, address};
  CHECK(next_guest.take(price::commands, 1, start) > 0ms);
  payer from_elsewhere{&list, list.addresses.key_of("elsewhere")};
  CHECK(from_elsewhere.take(price::commands, 1, start) == 0ms);
}

TEST_CASE("without a price list all is free") {
  payer one;

  for (int i = 0; i < 1000; ++i) REQUIRE(one.take(price::bytes_in, 1e9, start) == 0ms);
}

TEST_CASE("what is taken is counted once, whoever pays it and whether it has a limit") {
  price_list list{commands_at(1, 1), commands_at(1, 1), commands_at(1, 1), secret};
  payer one{&list, 7}, other{&list, 7};
  one.know_user("alice");

  CHECK(one.take(price::commands, 1, start) == 0ns);
  CHECK(one.take(price::commands, 1, start) > 0ns);  // not taken
  other.charge(price::rows, 200, start);

  const auto taken = list.taken.all();
  CHECK(taken[static_cast<std::size_t>(price::commands)] == 1);
  CHECK(taken[static_cast<std::size_t>(price::rows)] == 200);
  CHECK(price_names.back() == "wrong_keys");
}
