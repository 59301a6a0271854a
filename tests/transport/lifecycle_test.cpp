// The life of a WebSocket connection and its heartbeat, by hand and on a virtual clock.

#include "transport/heartbeat.hpp"
#include "transport/listener.hpp"
#include "transport/websocket_lifecycle.hpp"

#include "tests/support/catch.hpp"

#include <chrono>
#include <functional>
#include <utility>
#include <vector>

using namespace confab::transport;
using namespace std::chrono_literals;
using std::chrono::milliseconds;

namespace {

using beat = heartbeat::action;
using life = websocket_lifecycle;
using stage = life::stage;
using action = life::action;

/// A heartbeat with its timer, which expires when the time has come for it.
class ticking {
 public:
  ticking() {
    how.ping_interval = 25s;
    how.pong_wait = 10s;
  }

  /// Lets time pass; the heartbeat's actions and when they were named.
  std::vector<std::pair<milliseconds, beat>> pass_until(milliseconds end) {
    std::vector<std::pair<milliseconds, beat>> out;
    while (is_set_ && due_ <= end) {
      now = due_;
      const auto step = of.expired(how, is_read, is_waiting);
      out.emplace_back(now, step.what);
      is_set_ = step.what == beat::ping || step.what == beat::rest;
      due_ += step.wait;
      if (step.what == beat::ping) on_ping();
    }
    now = end;
    return out;
  }

  options how;
  heartbeat of;
  milliseconds now{0};
  bool is_read = true;
  bool is_waiting = false;
  std::function<void()> on_ping = [] {};

 private:
  milliseconds due_{25s};
  bool is_set_ = true;
};

using seen = std::vector<std::pair<milliseconds, beat>>;

}  // namespace

TEST_CASE("who answers is pinged once an interval") {
  ticking t;
  t.on_ping = [&] { t.of.heard(); };

  CHECK(t.pass_until(99s) == seen{{25s, beat::ping},
                                  {35s, beat::rest},
                                  {50s, beat::ping},
                                  {60s, beat::rest},
                                  {75s, beat::ping},
                                  {85s, beat::rest}});
}

TEST_CASE("who says nothing is missed when the wait for the pong has passed, not before") {
  ticking t;
  t.of.heard();  // before the ping

  CHECK(t.pass_until(34'999ms) == seen{{25s, beat::ping}});
  CHECK(t.pass_until(35s) == seen{{35s, beat::missed}});
  CHECK(t.pass_until(1h).empty());
}

TEST_CASE("one sign of life is one ping's answer") {
  ticking t;
  t.pass_until(30s);
  t.of.heard();
  CHECK(t.pass_until(35s) == seen{{35s, beat::rest}});

  CHECK(t.pass_until(60s) == seen{{50s, beat::ping}, {60s, beat::missed}});
}

TEST_CASE("who is not read cannot be missed, until he is read again") {
  ticking t;
  t.is_read = false;
  CHECK(t.pass_until(84s) ==
        seen{{25s, beat::ping}, {35s, beat::rest}, {50s, beat::ping}, {60s, beat::rest}, {75s, beat::ping}});

  t.is_read = true;

  CHECK(t.pass_until(85s) == seen{{85s, beat::missed}});
}

TEST_CASE("who takes nothing between two pings of what waited at the first overflows, alive or not") {
  ticking t;
  t.on_ping = [&] { t.of.heard(); };
  t.is_waiting = true;
  t.pass_until(35s);

  SECTION("nothing has left") {
    CHECK(t.pass_until(1h) == seen{{50s, beat::overflow}});
  }
  SECTION("something has left, and again nothing") {
    t.of.taken();
    CHECK(t.pass_until(1h) == seen{{50s, beat::ping}, {60s, beat::rest}, {75s, beat::overflow}});
  }
  SECTION("something has left, and nothing waits any more") {
    t.of.taken();
    t.is_waiting = false;
    CHECK(t.pass_until(75s) == seen{{50s, beat::ping}, {60s, beat::rest}, {75s, beat::ping}});
  }
}

TEST_CASE("a wait for the pong as long as the interval leaves a moment between two pings") {
  ticking t;
  t.how.pong_wait = 25s;
  t.on_ping = [&] { t.of.heard(); };

  CHECK(t.pass_until(51s) == seen{{25s, beat::ping}, {50s, beat::rest}, {50'001ms, beat::ping}});
}

TEST_CASE("a session that has enough is waited for, and read for when it resumes") {
  life l;
  l.open();
  CHECK(l.next(0) == action::read);

  l.begin_delivery();
  CHECK(l.reads());
  l.end_delivery(true);
  CHECK_FALSE(l.reads());
  CHECK(l.next(0) == action::wait);

  CHECK(l.resume());
  CHECK_FALSE(l.resume());
  CHECK(l.next(0) == action::read);
}

TEST_CASE("a session that resumes while it has the message does not pause") {
  life l;
  l.open();
  l.begin_delivery();
  CHECK_FALSE(l.resume());
  l.end_delivery(true);
  CHECK(l.next(0) == action::read);
}

TEST_CASE("who is closed is read until his close frame comes, unless he is not to be heard") {
  const bool is_heard = GENERATE(true, false);
  life l;
  l.open();
  l.begin_delivery();

  REQUIRE(l.close(is_heard));
  l.end_delivery(false);

  CHECK_FALSE(l.delivers());
  CHECK(l.next(100) == (is_heard ? action::read : action::wait));
  CHECK_FALSE(l.resume());
  CHECK(l.reads() == is_heard);
  CHECK_FALSE(l.close(true));
  CHECK_FALSE(l.drain());
}

TEST_CASE("a close frame gets to the peer before our side is shut") {
  life l;
  l.open();
  REQUIRE(l.finish(true));

  CHECK(l.next(4) == action::wait);
  CHECK(l.next(0) == action::shut);
  CHECK(l.next(0) == action::none);
  CHECK(l.drop());
  CHECK(l.now() == stage::gone);
  CHECK_FALSE(l.drop());
}

TEST_CASE("a socket that is lost is told to the session, once") {
  life l;
  l.open();
  l.begin_delivery();
  l.end_delivery(true);
  REQUIRE(l.drop());

  CHECK(l.next(0) == action::finish);
  CHECK_FALSE(l.finish(true));
  CHECK(l.now() == stage::gone);
  CHECK(l.next(0) == action::none);
}

namespace {

/// One path of events from a connection's beginning to its end.
struct path {
  life of;
  int shuts = 0;
  int drains = 0;
  int ends = 0;
};

/// Goes through all orders of the events that may happen, `left` events deep.
void walk(const path& from, int left, int& paths) {
  if (left == 0) {
    ++paths;
    return;
  }
  const auto then = [&](auto event) {
    auto to = from;
    event(to);
    REQUIRE(to.of.now() >= from.of.now());
    REQUIRE(to.drains <= 1);
    REQUIRE(to.shuts <= 1);
    REQUIRE(to.ends <= 1);
    REQUIRE((to.of.now() != stage::gone || to.ends == 1));
    walk(to, left - 1, paths);
  };
  const auto finish = [](path& p, bool close_is_queued) {
    ++p.ends;
    if (!p.of.finish(close_is_queued)) p.of.drop();
  };
  const auto now = from.of.now();
  then([](path& p) { p.drains += p.of.drain(); });
  then([](path& p) { p.of.resume(); });
  then([](path& p) { p.of.drop(); });
  if (from.of.delivers())
    then([](path& p) {
      p.of.begin_delivery();
      p.of.end_delivery(true);
    });
  if (now < stage::closing) {
    then([](path& p) { p.of.close(true); });
    then([](path& p) { p.of.close(false); });
  }
  if (from.of.reads()) {
    then([&](path& p) { finish(p, true); });
    then([&](path& p) { finish(p, false); });
  }
  for (const auto queued : {std::size_t{0}, std::size_t{1}})
    then([&](path& p) {
      switch (p.of.next(queued)) {
        case action::finish:
          return finish(p, queued > 0);
        case action::shut:
          ++p.shuts;
          return;
        case action::read:
          REQUIRE(p.of.reads());
          return;
        case action::wait:
          REQUIRE((p.of.now() == stage::flushing || !p.of.reads()));
          return;
        case action::none:
          REQUIRE(p.of.now() >= stage::shutting);
          return;
      }
    });
}

}  // namespace

TEST_CASE("whatever happens in whatever order, a connection ends once and goes back nowhere") {
  path from;
  from.of.open();
  int paths = 0;
  walk(from, 5, paths);
  CHECK(paths > 10'000);
}
