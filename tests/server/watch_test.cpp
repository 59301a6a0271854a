#include "server/watch.hpp"

#include "tests/support/catch.hpp"

#include <caf/actor_system_config.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <thread>

using namespace confab;
using namespace std::chrono_literals;

namespace {

using asked_actor =
    caf::typed_actor<caf::replies_to<actors::alive_request>::with<actors::still_here>>;

// With an argument that nobody needs: CAF binds a null reference for a function without one.
asked_actor::behavior_type there(asked_actor::pointer, int) {
  return {[](const actors::alive_request&) { return actors::still_here{}; }};
}

/// As one that is stuck: it never answers.
asked_actor::behavior_type stuck(asked_actor::pointer self, int) {
  return {[self](const actors::alive_request&) {
    return self->make_response_promise<actors::still_here>();
  }};
}

template <class Happened>
bool until(Happened happened) {
  const auto end = std::chrono::steady_clock::now() + 10s;
  while (!happened()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::yield();
  }
  return true;
}

struct world {
  ~world() {
    watch.stop();
    for (const auto& each : staff) caf::anon_send_exit(each, caf::exit_reason::user_shutdown);
  }
  asked_actor spawn(asked_actor::behavior_type (*how)(asked_actor::pointer, int)) {
    staff.push_back(system.spawn(how, 0));
    return staff.back();
  }

  caf::actor_system_config config;
  caf::actor_system system{config};
  std::vector<asked_actor> staff;
  server::watch watch;
};

}  // namespace

TEST_CASE("there is no trouble while all answer, and one that has ended is named") {
  world w;
  const auto mortal = w.spawn(there);
  w.watch.add("the first", w.spawn(there));
  w.watch.add("the second", mortal);
  w.watch.start(w.system, {1ms, 10s});
  CHECK(w.watch.trouble().empty());

  caf::anon_send_exit(mortal, caf::exit_reason::kill);

  CHECK(until([&] { return w.watch.trouble() == "the second has ended"; }));
}

TEST_CASE("one that does not answer in time is named") {
  world w;
  w.watch.add("the first", w.spawn(there));
  w.watch.add("the second", w.spawn(stuck));
  w.watch.start(w.system, {1ms, 20ms});

  CHECK(until([&] { return w.watch.trouble() == "the second has not answered for 20 ms"; }));
}

TEST_CASE("a watch that has stopped is no good news") {
  world w;
  w.watch.add("the first", w.spawn(stuck));
  w.watch.start(w.system, {1ms, 10s, 20ms});

  CHECK(
      until([&] { return w.watch.trouble() == "nobody asks the actors whether they are there"; }));
}
