#include "actors/reminders.hpp"
#include "tests/support/actor_world.hpp"
#include "tests/support/catch.hpp"

#include <set>

using namespace confab;
using namespace confab::test;
using actors::reminders;
using actors::session_timer;
using kind = session_timer::kind;

namespace {

actors::steady_time at(std::int64_t seconds) {
  return actors::steady_time{std::chrono::seconds{seconds}};
}
reminders::reminder about(std::uint64_t session, kind what, std::int64_t due) {
  return {at(due), session_id{session}, {what, 0, at(due)}};
}

}  // namespace

TEST_CASE("reminders come in the order in which they are due") {
  reminders later;
  for (const std::int64_t due : {5, 1, 3}) later.add(about(1, kind::in_flight, due));

  REQUIRE(later.next() == at(1));
  CHECK_FALSE(later.take(at(0)));
  CHECK(later.take(at(4))->due == at(1));
  CHECK(later.take(at(4))->due == at(3));
  CHECK_FALSE(later.take(at(4)));
  CHECK(later.next() == at(5));
}

TEST_CASE("of what is swept nobody who is there misses anything") {
  reminders later;
  const auto is_there = [](session_id who) { return who.value() % 10 == 0; };
  const std::size_t sessions = 1'000, there = sessions / 10;
  for (std::uint64_t session = 0; session < sessions; ++session) {
    later.add(about(session, kind::token_expiry, 900));
    later.add(about(session, kind::in_flight, 800));
    later.add(about(session, kind::in_flight, 700));  // in the place of the one before
  }

  later.tidy(there, is_there);

  CHECK(later.size() == 2 * there);
  std::set<std::uint64_t> expiries, in_flight;
  while (const auto one = later.take(at(1'000))) {
    (one->timer.what == kind::in_flight ? in_flight : expiries).insert(one->who.value());
    CHECK(one->due == (one->timer.what == kind::in_flight ? at(700) : at(900)));
  }
  CHECK(expiries.size() == there);
  CHECK(in_flight.size() == there);
}

TEST_CASE("nothing is swept as long as there is not too much") {
  reminders later;
  for (std::size_t i = 0; i < reminders::kept_max(0); ++i) later.add(about(1, kind::in_flight, 1));
  later.tidy(0, [](session_id) { return false; });
  CHECK(later.size() == reminders::kept_max(0));

  later.add(about(1, kind::in_flight, 1));
  later.tidy(0, [](session_id) { return false; });
  CHECK(later.size() == 0);
}

TEST_CASE("what a session was to be reminded of does not outlive it") {
  actor_world world;
  auto alice = world.identity_of("alice");
  alice.expires_at = unix_ms{world.now().value() + std::chrono::milliseconds{720h}.count()};
  world.auth.tokens["t"] = alice;

  for (std::size_t i = 0; i < 300; ++i) {
    world.with_token("t").disconnect();
    world.settle();
  }

  CHECK(world.sessions_known() == 0);
  CHECK(world.reminders_kept() <= 2 * reminders::kept_max(0));  // of two shards
}

TEST_CASE("tokens one after the other leave no more than the last one's reminders") {
  actor_world world;
  const auto token = [&](std::size_t number) {
    auto alice = world.identity_of("alice");
    alice.expires_at = unix_ms{world.now().value() + std::chrono::milliseconds{720h}.count() +
                               static_cast<std::int64_t>(number)};
    world.auth.tokens["t" + std::to_string(number)] = alice;
    return "t" + std::to_string(number);
  };
  auto& alice = world.with_token(token(0));
  for (std::size_t i = 1; i < 300; ++i) {
    REQUIRE(alice.ask({{"type", "refresh"}, {"token", token(i)}})["type"] == "refreshed");
    world.advance(1s);
  }

  CHECK(world.reminders_kept() <= reminders::kept_max(1) + reminders::kept_max(0));
  world.advance(720h);
  CHECK(alice.received("token_expiring").size() == 1);
  CHECK(alice.close_code() == 4501);
}
