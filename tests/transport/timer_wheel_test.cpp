#include "transport/timer_wheel.hpp"

#include "tests/support/catch.hpp"

#include <functional>
#include <memory>
#include <vector>

using namespace confab::transport;

namespace {

struct alarm_clock : timer_wheel::entry {
  std::function<void()> then;
  int rings = 0;

 private:
  void expired() override {
    ++rings;
    if (then) then();
  }
};

}  // namespace

TEST_CASE("an alarm rings at its tick, not one before, and once") {
  timer_wheel wheel;
  alarm_clock a;
  wheel.arm(a, 3);

  wheel.advance(2);
  REQUIRE(a.rings == 0);
  wheel.advance(3);
  REQUIRE(a.rings == 1);
  REQUIRE(wheel.empty());
  wheel.advance(1000);
  REQUIRE(a.rings == 1);
}

TEST_CASE("an alarm further away than the wheel is round waits for its round") {
  timer_wheel wheel;
  alarm_clock a;
  wheel.arm(a, 1000);

  for (timer_wheel::tick t = 1; t < 1000; ++t) wheel.advance(t);
  REQUIRE(a.rings == 0);
  wheel.advance(1000);
  REQUIRE(a.rings == 1);
}

TEST_CASE("a wheel that was not turned for long rings everything that is due") {
  timer_wheel wheel;
  std::vector<std::unique_ptr<alarm_clock>> alarms;
  for (int i = 1; i <= 600; ++i) {
    alarms.push_back(std::make_unique<alarm_clock>());
    wheel.arm(*alarms.back(), static_cast<timer_wheel::tick>(i));
  }

  wheel.advance(500);

  int rings = 0;
  for (const auto& each : alarms) rings += each->rings;
  REQUIRE(rings == 500);
  REQUIRE(alarms[499]->rings == 1);
  REQUIRE(alarms[500]->rings == 0);
  wheel.advance(600);
  REQUIRE(wheel.empty());
}

TEST_CASE("arming again moves an alarm, disarming and dying silence it") {
  timer_wheel wheel;
  alarm_clock moved, disarmed;
  auto dead = std::make_unique<alarm_clock>();
  wheel.arm(moved, 1);
  wheel.arm(disarmed, 1);
  wheel.arm(*dead, 1);

  wheel.arm(moved, 5);
  wheel.disarm(disarmed);
  dead.reset();
  wheel.advance(4);
  REQUIRE(moved.rings == 0);
  wheel.advance(5);

  REQUIRE(moved.rings == 1);
  REQUIRE(disarmed.rings == 0);
  REQUIRE(wheel.empty());
}

TEST_CASE("an alarm may arm itself and silence its neighbour while it rings") {
  timer_wheel wheel;
  alarm_clock first, second;
  first.then = [&] {
    wheel.disarm(second);
    if (first.rings == 1) wheel.arm(first, 256);
  };
  wheel.arm(first, 1);
  wheel.arm(second, 1);

  wheel.advance(1);
  REQUIRE(first.rings == 1);
  REQUIRE(second.rings == 0);
  wheel.advance(256);
  REQUIRE(first.rings == 1);
  wheel.advance(257);
  REQUIRE(first.rings == 2);
}
