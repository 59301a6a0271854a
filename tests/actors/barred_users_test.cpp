#include "actors/barred_users.hpp"

#include "tests/support/catch.hpp"

using namespace confab;
using namespace confab::actors;

namespace {

const auto bob = user_id::trusted("bob");

identity token_of(std::optional<unix_ms> issued) {
  identity who;
  who.user = bob;
  who.issued_at = issued;
  return who;
}

}  // namespace

TEST_CASE("tokens from before a revocation are refused, and those that do not say since when") {
  barred_users bars;
  bars.set(bob, {false, unix_ms{2'000}});

  CHECK(bars.keeps_out(token_of(unix_ms{1'999})));
  CHECK(bars.keeps_out(token_of({})));
  CHECK_FALSE(bars.keeps_out(token_of(unix_ms{2'000})));
  auto other = token_of({});
  other.user = user_id::trusted("ann");
  CHECK_FALSE(bars.keeps_out(other));
}

TEST_CASE("who is deactivated is kept out by any token, until the bar is taken away") {
  barred_users bars;
  bars.set(bob, {true, {}});
  CHECK(bars.keeps_out(token_of(unix_ms{5'000})));
  CHECK(bars.of(bob).deactivated);

  bars.set(bob, {});

  CHECK_FALSE(bars.keeps_out(token_of({})));
  CHECK(bars.of(bob).keeps_nobody_out());
}

TEST_CASE("what keeps a user out is a mark, which says the same again") {
  for (const auto& bar : {rooms::bar{}, rooms::bar{true, {}}, rooms::bar{false, unix_ms{1'763'790'000'123}},
                          rooms::bar{true, unix_ms{5}}}) {
    const auto kept = rooms::to_mark(bob, bar);
    CHECK(kept.user == rooms::bars_owner);
    CHECK(kept.subject == "bob");
    CHECK(rooms::bar_of(kept) == bar);
  }
}
