#include "tests/load/toy_server.hpp"
#include "tests/support/catch.hpp"

#include <cmath>

using namespace confab::load;
using namespace confab::load::test;

namespace {

std::uint64_t messages_in(toy_world& world) {
  std::uint64_t out = 0;
  for (const auto& [name, each] : world.rooms) out += each.log.size();
  return out;
}

}  // namespace

TEST_CASE("users arrive at the rate of the ramp") {
  auto how = toy_world::small(100);
  how.ramp_per_s = 10;
  toy_world world{how};

  world.run_until(4.95);
  CHECK(world.users().arrived() == 50);

  world.run_until(10);
  CHECK(world.users().arrived() == 100);
  CHECK(world.users().online() == 100);
}

TEST_CASE("messages are sent at the rate that was asked for, whatever else users do") {
  auto how = toy_world::small(200, 40);  // each message for a few: they are counted, not read
  how.rooms_per_user = 1;
  how.burst_chance = 0.2;
  how.burst_gap_s = 0.3;
  how.typing_chance = 0.5;
  how.think = GENERATE(distribution::exponential, distribution::lognormal, distribution::constant);
  how.set_rate(50);
  CHECK(how.rate() == Approx(50));
  toy_world world{how};

  world.run_until(100);

  CHECK(static_cast<double>(messages_in(world)) == Approx(5000).epsilon(0.06));
}

TEST_CASE("the same seed gives the same run, and another seed another") {
  const auto texts_of = [](std::uint64_t seed) {
    auto how = toy_world::small(5, 3);
    how.rooms_per_user = 2;
    toy_world world{how};
    world.plan.seed = seed;
    world.run_until(5);
    return world.said;
  };

  CHECK(texts_of(1) == texts_of(1));
  CHECK(texts_of(1) != texts_of(2));
}

TEST_CASE("the schedule does not wait for a slow server, and latency counts from when it was due") {
  auto how = toy_world::small(1);
  how.think = distribution::constant;
  how.think_s = 0.1;
  toy_world world{how};
  world.answer_after_us = 2'000'000;

  world.run_until(20);
  world.finish();

  const auto& acks = world.users().tally().latencies[latency::send_ack];
  // One each 100 ms although each answer takes 2 s.
  CHECK(world.users().tally().counters.sends >= 130);
  CHECK(acks.percentile(50) == Approx(2e6).epsilon(0.01));
}

TEST_CASE(
    "messages that fall due while the server is away are sent later, and their latency shows it") {
  auto how = toy_world::small(1);
  how.think = distribution::constant;
  how.think_s = 0.1;
  toy_world world{how};
  world.run_until(5);
  world.is_up = false;
  world.close_all(1006, "connection ended");
  world.run_until(8);
  world.is_up = true;
  world.run_until(30);
  world.finish();

  const auto& tally = world.users().tally();
  CHECK(tally.counters.acks == tally.counters.sends);
  CHECK(tally.counters.sends == messages_in(world));
  CHECK(tally.latencies[latency::delivery].max() > 2'000'000);
  CHECK(violations(tally.checks) == 0);
}

TEST_CASE("a user who lost its connection resumes each room and repeats what was not answered") {
  toy_world world{toy_world::small(3, 2)};
  world.run_until(3);
  world.answers = false;
  const auto before = world.said_count("send");
  world.run_until(6);
  const auto unanswered = world.said_count("send") - before;
  REQUIRE(unanswered > 2);
  world.answers = true;

  world.close_all(1006, "connection ended");
  world.run_until(20);
  world.finish();

  const auto& tally = world.users().tally();
  CHECK(tally.counters.reconnects == 3);
  CHECK(tally.counters.resumes == 6);
  CHECK(tally.latencies[latency::pause].count() == 3);
  CHECK(tally.latencies[latency::pause].max() < 10'000'000);
  CHECK(tally.counters.repeats == unanswered);
  CHECK(violations(tally.checks) == 0);
}

TEST_CASE("what a server stored without answering is recognised when it is repeated") {
  toy_world world{toy_world::small(2)};
  world.run_until(3);
  world.answer_after_us = 10'000'000;  // stored at once, answered after the connection is gone
  world.run_until(5);
  world.close_all(1006, "connection ended");
  world.answer_after_us = 0;

  world.run_until(20);
  world.finish();

  const auto& tally = world.users().tally();
  CHECK(tally.counters.duplicates > 0);
  CHECK(tally.counters.sends == messages_in(world));
  CHECK(violations(tally.checks) == 0);
}

TEST_CASE("a refusal for now is answered by the same message again") {
  toy_world world{toy_world::small(1)};
  world.run_until(0.2);
  world.send_error = "unavailable";
  world.run_until(4);
  world.send_error.reset();
  world.run_until(6);
  world.finish();

  const auto& tally = world.users().tally();
  CHECK(tally.errors.at("unavailable") == tally.counters.repeats);
  CHECK(tally.counters.acks == tally.counters.sends);
  CHECK(violations(tally.checks) == 0);
}

TEST_CASE(
    "reconnections are spread by full jitter, and further apart the longer the server is away") {
  toy_world world{toy_world::small(200)};
  world.run_until(2);
  world.is_up = false;
  const auto before = world.connects_us.size();
  world.close_all(1006, "connection ended");

  world.run_until(3);
  const auto first_second = world.connects_us.size() - before;
  world.run_until(22);
  const auto then = world.connects_us.size();
  world.run_until(32);
  const auto later = world.connects_us.size() - then;

  // The first wait is uniform in [0, 0.5 s), the second in [0, 1 s).
  CHECK(first_second > 250);
  const auto within =
      std::count_if(world.connects_us.begin() + static_cast<std::ptrdiff_t>(before),
                    world.connects_us.end(), [](auto at) { return at < 2'250'000; });
  CHECK(within > 80);
  CHECK(within < 180);
  // Then in [0, 10 s): twice in ten seconds, on average.
  CHECK(later > 250);
  CHECK(later < 600);
}

TEST_CASE("a restart that names a time is waited for") {
  toy_world world{toy_world::small(1)};
  world.run_until(2);
  const auto before = world.connects_us.size();

  world.close_all(1012, R"({"reconnect_after_ms":1234})");
  world.run_until(10);

  REQUIRE(world.connects_us.size() == before + 1);
  CHECK(world.connects_us.back() == 2'000'000 + 1'234'000);
  CHECK(world.users().tally().closes.at(1012) == 1);
}

TEST_CASE("whoever is told not to come back does not") {
  toy_world world{toy_world::small(1)};
  world.run_until(2);
  const auto before = world.connects_us.size();

  world.close_all(4504, "replaced");
  world.run_until(60);

  CHECK(world.connects_us.size() == before);
  CHECK(world.users().tally().closes.at(4504) == 1);
}

TEST_CASE("a user in a tunnel says nothing, and what was due for others then is not timed") {
  auto how = toy_world::small(10);
  how.tunnel_every_s = 5;
  how.tunnel_s = 3;
  toy_world world{how};

  world.run_until(60);
  world.finish();

  const auto& tally = world.users().tally();
  CHECK(tally.counters.reconnects > 20);
  CHECK(tally.latencies[latency::delivery].max() < 1000);
  CHECK(tally.closes.empty());
  CHECK(violations(tally.checks) == 0);
  CHECK(world.users().online() == 10);
}

TEST_CASE("in a storm everybody's connection breaks, and nothing is lost") {
  toy_world world{toy_world::small(20)};
  world.run_until(3);

  world.users().storm(world.now_us());
  CHECK(world.users().online() == 0);
  world.run_until(10);
  world.finish();

  CHECK(world.users().tally().counters.reconnects == 20);
  CHECK(violations(world.found()) == 0);
}

TEST_CASE("a server that says nothing is given up on after a while, and tried again") {
  toy_world world{toy_world::small(1)};
  world.answers = false;

  world.run_until(60);

  CHECK(world.connects_us.size() >= 3);
  CHECK(world.users().tally().errors.at("no welcome within 15 s") >= 3);
}

TEST_CASE("what a server that died does not answer counts at its age at the end") {
  auto how = toy_world::small(10);
  how.think = distribution::constant;
  how.think_s = 0.1;
  toy_world world{how};
  world.run_until(2);
  const auto answered = world.users().tally().counters.acks;

  world.is_up = false;
  world.close_all(1006, "connection ended");
  world.run_until(5);
  world.finish();

  const auto& tally = world.users().tally();
  CHECK(tally.counters.absent == 10);
  CHECK(tally.counters.unacked >= 280);  // ten a second of each for three seconds
  CHECK(tally.counters.unacked <= 310);
  // The end is at 25 s, so that the youngest message is 20 s old.
  const auto& acks = tally.latencies[latency::send_ack];
  CHECK(acks.count() == tally.counters.acks + tally.counters.unacked);
  CHECK(acks.percentile(70) > 20'000'000);
  CHECK(acks.max() == Approx(23e6).epsilon(0.01));
  // Each would have been shown to all ten.
  const auto& deliveries = tally.latencies[latency::delivery];
  CHECK(deliveries.count() == tally.counters.deliveries + 10 * tally.counters.unacked);
  CHECK(deliveries.percentile(70) > 20'000'000);
  CHECK(tally.counters.acks == answered);
  // Nobody has found the server again.
  CHECK(tally.latencies[latency::connect].percentile(60) > 20'000'000);
}

TEST_CASE("what a frozen server has not answered counts at its age at the end") {
  auto how = toy_world::small(4);
  how.think = distribution::constant;
  how.think_s = 0.1;
  how.history_chance = 1;
  toy_world world{how};
  world.run_until(2);

  world.is_frozen = true;
  world.run_until(3);
  world.finish();

  const auto& tally = world.users().tally();
  CHECK(tally.counters.absent == 0);  // the connections stand
  CHECK(tally.counters.unacked >= 36);
  CHECK(tally.checks.unanswered >= tally.counters.unacked);
  for (const auto kind : {latency::delivery, latency::send_ack, latency::history})
    CHECK(tally.latencies[kind].max() == Approx(21e6).epsilon(0.01));
  CHECK(tally.latencies[latency::delivery].count() ==
        tally.counters.deliveries + 4 * tally.counters.unacked);
}

TEST_CASE("an entry that others were shown and one member was not counts at its age for that one") {
  auto how = toy_world::small(3);
  how.think = distribution::constant;
  how.think_s = 1;
  toy_world world{how};
  world.run_until(2);
  const auto before = world.users().tally().counters.deliveries;
  std::uint64_t kept_back = 0;
  world.spoil = [&](std::uint32_t session, std::vector<json>& frames) {
    if (session != 2) return;
    kept_back += frames.size();
    frames.clear();
  };

  world.run_until(5);
  world.finish();

  REQUIRE(kept_back > 5);
  const auto& tally = world.users().tally();
  CHECK(tally.checks.lost == kept_back);
  CHECK(tally.counters.deliveries > before);
  CHECK(tally.latencies[latency::delivery].count() == tally.counters.deliveries + kept_back);
  CHECK(tally.latencies[latency::delivery].max() > 20'000'000);
  CHECK(tally.counters.unacked == 0);
}

TEST_CASE("who has more unanswered messages than can be repeated is charged for the rest as well") {
  auto how = toy_world::small(1);
  how.think = distribution::constant;
  how.think_s = 0.01;
  toy_world world{how};
  world.run_until(2);
  world.is_frozen = true;

  world.run_until(22);
  world.finish();

  const auto& tally = world.users().tally();
  const auto skipped = tally.errors.at("not sent: too many unanswered messages");
  CHECK(skipped > 900);
  CHECK(tally.counters.unacked == 1000 + skipped);
  CHECK(tally.latencies[latency::send_ack].count() == tally.counters.acks + tally.counters.unacked);
  CHECK(tally.latencies[latency::delivery].count() ==
        tally.counters.deliveries + tally.counters.unacked);
}

TEST_CASE("a server that comes back in time owes nothing at the end") {
  toy_world world{toy_world::small(5, 2)};
  world.run_until(3);
  world.is_up = false;
  world.close_all(1006, "connection ended");
  world.run_until(6);
  world.is_up = true;

  world.run_until(20);
  world.finish();

  CHECK(world.users().tally().counters.unacked == 0);
  CHECK(world.users().tally().counters.absent == 0);
}

TEST_CASE("users leave and join again, and are owed only what they were there for") {
  auto how = toy_world::small(5);
  how.leave_chance = 0.3;
  toy_world world{how};

  world.run_until(20);
  world.finish();

  CHECK(world.users().tally().counters.leaves > 10);
  CHECK(violations(world.found()) == 0);
}
