#include "server/shard.hpp"

#include "transport/listener.hpp"

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>

#include <caf/resumable.hpp>
#include <caf/scheduler/abstract_coordinator.hpp>

#include <algorithm>
#include <memory>

namespace confab::server {
namespace {

/// Bounds of one turn, so that neither sockets nor actors starve the other or the writes.
constexpr int handlers_per_turn_max = 256;
constexpr int actors_per_turn_max = 1024;
/// Messages one actor handles before the next one has its turn.
constexpr std::size_t messages_per_actor_max = 64;
/// Turns that write to fewer are mostly about something else.
constexpr std::size_t measured_writes_min = 64;
/// Of a turn during which the thread had to wait for its core.
constexpr std::chrono::nanoseconds write_time_max = std::chrono::microseconds{50};

}  // namespace

shard::shard(caf::actor_system& system) : actors::shard_unit(&system) {}

shard::~shard() { discard(); }

void shard::exec_later(caf::resumable* what) {
  if (std::this_thread::get_id() == thread_.load(std::memory_order_relaxed)) {
    ready_.push_back(what);
    return;
  }
  const std::lock_guard lock{mutex_};
  foreign_.push_back(what);
  // Inside the lock: `discard` must not end the io_context in between.
  if (!std::exchange(awake_, true)) boost::asio::post(*io_, [] {});
}

void shard::call_later(caf::timespan wait, std::function<void()> what) {
  using timer =
      boost::asio::basic_waitable_timer<std::chrono::steady_clock,
                                        boost::asio::wait_traits<std::chrono::steady_clock>,
                                        boost::asio::io_context::executor_type>;
  auto kept = std::make_unique<timer>(*io_, wait);
  auto& waiting = *kept;
  waiting.async_wait([kept = std::move(kept), what = std::move(what)](auto) { what(); });
}

bool shard::may_sleep() {
  if (!ready_.empty()) return false;
  const std::lock_guard lock{mutex_};
  awake_ = !foreign_.empty();
  return !awake_;
}

void shard::take_foreign() {
  {
    const std::lock_guard lock{mutex_};
    awake_ = true;
    taken_.swap(foreign_);
  }
  ready_.insert(ready_.end(), taken_.begin(), taken_.end());
  taken_.clear();
}

void shard::run() {
  thread_ = std::this_thread::get_id();
  const auto work = boost::asio::make_work_guard(*io_);
  while (!io_->stopped()) {
    if (may_sleep()) io_->run_one();
    const auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i < handlers_per_turn_max && io_->poll_one() > 0; ++i) {
    }
    take_foreign();
    run_actors();
    std::size_t writes = 0;
    if (auto* sockets = sockets_.load(std::memory_order_relaxed)) writes = sockets->end_turn();
    const auto turn = std::chrono::steady_clock::now() - begin;
    turn_time_.add(turn);
    measure(turn, writes);
  }
  thread_ = std::thread::id{};
}

void shard::measure(std::chrono::nanoseconds turn, std::size_t writes) noexcept {
  if (writes < measured_writes_min) return;
  const auto each = turn / static_cast<std::chrono::nanoseconds::rep>(writes);
  write_time_ += (std::min(each, write_time_max) - write_time_) / 16;
}

void shard::run_actors() {
  for (int i = 0; i < actors_per_turn_max && !ready_.empty(); ++i) {
    auto* next = ready_.front();
    ready_.pop_front();
    switch (next->resume(this, messages_per_actor_max)) {
      case caf::resumable::resume_later:
        ready_.push_back(next);
        break;
      case caf::resumable::shutdown_execution_unit:
        break;
      default:
        intrusive_ptr_release(next);
    }
  }
}

void shard::discard() {
  {
    const std::lock_guard lock{mutex_};
    awake_ = true;
  }
  io_.reset();
  const auto take = [this] {
    const std::lock_guard lock{mutex_};
    ready_.insert(ready_.end(), foreign_.begin(), foreign_.end());
    foreign_.clear();
  };
  take();
  while (!ready_.empty()) {
    auto* next = ready_.front();
    ready_.pop_front();
    caf::scheduler::abstract_coordinator::cleanup_and_release(next);
    take();
  }
}

}  // namespace confab::server
