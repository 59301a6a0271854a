#include "server/runtime.hpp"

#include "server/log.hpp"
#include "server/shard.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include <caf/actor_registry.hpp>

#include <algorithm>
#include <csignal>
#include <cstdlib>

namespace confab::server {
namespace {

using namespace std::chrono_literals;

constexpr auto look_interval = 20ms;
constexpr auto actors_end_wait_max = 2s;

}  // namespace

struct runtime::caught_signals {
  boost::asio::io_context io{1};
  boost::asio::signal_set set{io, SIGTERM, SIGINT};
};

runtime::runtime(std::size_t shards)
    : signals_(std::make_unique<caught_signals>()),
      config_(std::make_unique<caf::actor_system_config>()) {
  if (shards == 0) shards = std::max(1u, std::thread::hardware_concurrency());
  // Everything hot is pinned to a shard or detached. CAF's own workers get what is left, and must
  // not poll while there is nothing.
  config_->set("scheduler.policy", caf::atom("sharing"));
  config_->set("scheduler.max-threads", std::size_t{1});
  system_ = std::make_unique<caf::actor_system>(*config_);
  system_->await_actors_before_shutdown(false);
  for (std::size_t i = 0; i < shards; ++i) shards_.push_back(std::make_unique<shard>(*system_));
  for (auto& one : shards_) threads_.emplace_back([&one] { one->run(); });
}

runtime::~runtime() { stop(); }

actors::shard_unit* runtime::unit(std::size_t index) noexcept { return shards_[index].get(); }

void runtime::listen(const transport::options& how,
                     std::vector<transport::websocket_route> websockets,
                     std::vector<transport::http_route> pages) {
  std::vector<boost::asio::io_context*> contexts;
  for (auto& one : shards_) contexts.push_back(&one->io());
  listener_ = transport::listen(how, std::move(websockets), std::move(pages), std::move(contexts));
  for (std::size_t i = 0; i < shards_.size(); ++i) shards_[i]->serve(&listener_->shard(i));
}

void runtime::run_until_signal(const stop_steps& steps) {
  auto& io = signals_->io;
  auto& signals = signals_->set;
  int caught = 0;
  signals.async_wait([&](auto, int number) { caught = number; });
  io.run();

  log::info("server-draining", "signal={} wait_ms={}", caught, steps.drain_wait);
  io.restart();
  signals.async_wait([](auto error, int number) {
    if (error) return;
    log::warn("server-killed", "signal={}", number);
    std::_Exit(128 + number);
  });
  steps.on_drain();
  if (listener_) listener_->drain();

  // Until the last connection has said good-bye, or the time is up.
  boost::asio::steady_timer timer{io};
  const auto end = std::chrono::steady_clock::now() + steps.drain_wait;
  std::function<void()> look = [&] {
    const auto open = listener_ ? listener_->count().websockets_open : 0;
    if (open == 0 || std::chrono::steady_clock::now() >= end) {
      if (open > 0) log::warn("drain-timed-out", "connections={}", open);
      signals.cancel();
      return;
    }
    timer.expires_after(look_interval);
    timer.async_wait([&](auto) { look(); });
  };
  look();
  io.run();

  if (listener_) listener_->abort();
  steps.on_closed();
  stop();
  log::info("server-stopped");
}

void runtime::stop() {
  if (threads_.empty()) return;
  // Actors end on their own threads while these still run; those that do not are let go below.
  const auto end = std::chrono::steady_clock::now() + actors_end_wait_max;
  while (system_->registry().running() > 0 && std::chrono::steady_clock::now() < end)
    std::this_thread::sleep_for(5ms);
  for (auto& one : shards_) one->stop();
  for (auto& thread : threads_) thread.join();
  threads_.clear();
  for (auto& one : shards_) one->serve(nullptr);
  listener_.reset();
  for (auto& one : shards_) one->discard();
  release_();
  system_.reset();  // before the shards: whatever it still ends is queued there
  shards_.clear();
}

}  // namespace confab::server
