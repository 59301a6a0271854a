#include "journal/user_filter.hpp"

#include "tests/support/catch.hpp"

#include <string>

using namespace confab::journal;

namespace {

std::string user(std::size_t i) { return "user-" + std::to_string(i); }

/// Of 100,000 users who are not in it, those of whom `filter` says that they may be.
std::size_t mistaken(const user_filter& filter) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < 100'000; ++i) count += filter.may_have("guest-" + std::to_string(i));
  return count;
}

}  // namespace

TEST_CASE("a filter has all users who were added, and few others even when it is too small") {
  user_filter filter;
  CHECK(mistaken(filter) == 0);
  // Two, four and sixteen a word.
  const auto [users, mistakes_max] = GENERATE(table<std::size_t, std::size_t>({
      {std::size_t{2} << 17, 250},
      {std::size_t{4} << 17, 900},
      {std::size_t{16} << 17, 21'000},
  }));

  for (std::size_t i = 0; i < users; ++i) filter.add(user(i));

  std::size_t forgotten = 0;
  for (std::size_t i = 0; i < users; ++i) forgotten += !filter.may_have(user(i));
  CHECK(forgotten == 0);
  CHECK(mistaken(filter) < mistakes_max);
}

TEST_CASE("a filter for many users is large enough for twice as many") {
  constexpr std::size_t users = 1'000'000;
  user_filter filter{users};

  for (std::size_t i = 0; i < 2 * users; ++i) filter.add(user(i));

  CHECK(mistaken(filter) < 900);
}
