#include "server/shard.hpp"

#include "tests/support/catch.hpp"
#include "transport/listener.hpp"

#include <boost/asio/post.hpp>

#include <atomic>
#include <chrono>
#include <future>
#include <optional>
#include <thread>
#include <vector>

using namespace confab;
using namespace std::chrono_literals;
using clock_type = std::chrono::steady_clock;

namespace {

/// A shard on a thread of its own.
struct running_shard {
  ~running_shard() {
    shard.stop();
    thread.join();
    shard.discard();
  }
  caf::actor_system_config config;
  caf::actor_system system{config};
  server::shard shard{system};
  std::thread thread{[this] { shard.run(); }};
};

template <class Actor, class... Args>
caf::actor spawn(running_shard& on, Args&&... args) {
  return actors::spawn_on<Actor>(on.system, &on.shard, std::forward<Args>(args)...);
}

class counting final : public actors::pinned<caf::event_based_actor> {
 public:
  counting(caf::actor_config& config, int total, std::promise<void>& all)
      : pinned(config), left_(total), all_(all) {}
  caf::behavior make_behavior() override {
    return {[this](int) {
      if (--left_ == 0) all_.set_value();
    }};
  }

 private:
  int left_;
  std::promise<void>& all_;
};

struct heard {
  int what;
  clock_type::time_point at;
  std::thread::id on;
};

/// Tells itself 3, 1 and 2, after 30, 0 and 15 ms.
class reminding final : public actors::pinned<caf::event_based_actor> {
 public:
  reminding(caf::actor_config& config, std::promise<std::vector<heard>>& all)
      : pinned(config), all_(all) {}
  caf::behavior make_behavior() override {
    send_later(30ms, 3);
    send_later(0ms, 1);
    send_later(15ms, 2);
    return {[this](int what) {
      heard_.push_back({what, clock_type::now(), std::this_thread::get_id()});
      if (what == 3) all_.set_value(std::move(heard_));
    }};
  }

 private:
  std::vector<heard> heard_;
  std::promise<std::vector<heard>>& all_;
};

/// Each turn writes to `count` sockets, of which each takes its time.
class slow_sockets final : public transport::reactor {
 public:
  slow_sockets(server::shard& on, std::size_t count, clock_type::duration each)
      : on_(on), count_(count), each_(each) {}

  std::size_t end_turn() override {
    if (turns_left_ == 0) return 0;
    if (--turns_left_ == 0) write_time_.set_value(on_.write_time());
    boost::asio::post(on_.io(), [] {});
    const auto end = clock_type::now() + each_ * static_cast<clock_type::rep>(count_);
    while (clock_type::now() < end) {
    }
    return count_;
  }
  /// What the shard takes a write for after 200 turns.
  std::chrono::nanoseconds write_time() { return write_time_.get_future().get(); }

 private:
  server::shard& on_;
  std::size_t count_;
  clock_type::duration each_;
  int turns_left_ = 200;
  std::promise<std::chrono::nanoseconds> write_time_;
};

std::chrono::nanoseconds write_time_after(std::size_t count, clock_type::duration each) {
  std::optional<slow_sockets> sockets;  // its shard ends before it
  running_shard on;
  sockets.emplace(on.shard, count, each);
  on.shard.serve(&*sockets);
  boost::asio::post(on.shard.io(), [] {});
  return sockets->write_time();
}

}  // namespace

TEST_CASE("whenever a message comes from another thread, a shard wakes up for it") {
  constexpr int senders = 3, each = 20'000;
  running_shard on;
  std::promise<void> all;
  const auto counter = spawn<counting>(on, senders * each, all);

  std::vector<std::thread> threads;
  for (int i = 0; i < senders; ++i)
    threads.emplace_back([&, i] {
      for (int n = 0; n < each; ++n) {
        caf::anon_send(counter, n);
        if (n % (3 + i) == 0) std::this_thread::yield();  // it falls asleep now and then
      }
    });
  for (auto& one : threads) one.join();

  CHECK(all.get_future().wait_for(20s) == std::future_status::ready);
}

TEST_CASE("what an actor sends itself later comes in time, on the thread of its shard") {
  running_shard on;
  std::promise<std::vector<heard>> all;
  auto done = all.get_future();
  const auto start = clock_type::now();
  spawn<reminding>(on, all);

  REQUIRE(done.wait_for(20s) == std::future_status::ready);
  const auto list = done.get();
  REQUIRE(list.size() == 3);
  for (int i = 0; i < 3; ++i) {
    CHECK(list[i].what == i + 1);
    CHECK(list[i].at >= start + i * 15ms);
    CHECK(list[i].on == on.thread.get_id());
  }
}

TEST_CASE("a shard that ends lets go of what was to be called later") {
  const auto held = std::make_shared<int>();
  {
    running_shard on;
    std::promise<void> asked;
    boost::asio::post(on.shard.io(), [&] {
      on.shard.call_later(1h, [held] {});
      asked.set_value();
    });
    asked.get_future().wait();
    CHECK(held.use_count() == 2);
  }
  CHECK(held.use_count() == 1);
}

TEST_CASE("a shard learns what a write costs from turns that write to many") {
  // At least what it took; more where the thread had to wait for a core, but not without bound.
  CHECK(write_time_after(64, 20us) >= 19us);
  CHECK(write_time_after(64, 100us) <= 50us);
  CHECK(write_time_after(63, 20us) == actors::shard_unit::usual_write_time);
}
