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
#include <utility>

namespace confab::server {
namespace {

using namespace std::chrono_literals;

constexpr auto drain_look_interval = 20ms;
constexpr auto look_interval = 500ms;
constexpr auto actors_end_wait_max = 2s;
constexpr auto log_wait_max = 1s;

}  // namespace

struct runtime::caught_signals {
  boost::asio::io_context io{1};
  boost::asio::signal_set set{io, SIGTERM, SIGINT, SIGQUIT};
  boost::asio::steady_timer pause{io};
  int ended_by = 0;
  bool reload = false;
  bool look = false;
  caught_signals() { set.add(SIGHUP); }
};

runtime::runtime(std::size_t shards)
    : signals_(std::make_unique<caught_signals>()),
      config_(std::make_unique<caf::actor_system_config>()) {
  hear_signals();
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

histogram_sum runtime::turn_time() const {
  histogram_sum all;
  for (const auto& one : shards_) all.add(one->turn_time());
  return all;
}

void runtime::listen(const transport::options& how,
                     std::vector<transport::websocket_route> websockets,
                     std::vector<transport::http_route> pages) {
  listener_ = transport::listen(how, std::move(websockets), std::move(pages), contexts());
  for (std::size_t i = 0; i < shards_.size(); ++i) shards_[i]->serve(&listener_->shard(i));
}

std::uint16_t runtime::listen_beside(const transport::options& how,
                                     std::vector<transport::http_route> pages) {
  beside_ = transport::listen(how, {}, std::move(pages), contexts());
  return beside_->port();
}

std::vector<boost::asio::io_context*> runtime::contexts() {
  std::vector<boost::asio::io_context*> out;
  for (auto& one : shards_) out.push_back(&one->io());
  return out;
}

void runtime::hear_signals() {
  signals_->set.async_wait([this](auto error, int number) {
    if (error) return;
    if (number == SIGHUP)
      signals_->reload = true;
    else
      signals_->ended_by = number;
    hear_signals();
  });
}

void runtime::look_later() {
  signals_->pause.expires_after(look_interval);
  signals_->pause.async_wait([this](auto error) {
    if (error) return;
    signals_->look = true;
    look_later();
  });
}

bool runtime::end_asked() {
  signals_->io.poll();
  return signals_->ended_by != 0;
}

void runtime::run_until_signal(const stop_steps& steps) {
  auto& io = signals_->io;
  auto& caught = *signals_;
  look_later();
  while (!end_asked()) {
    if (std::exchange(caught.reload, false))
      steps.on_reload();
    else if (std::exchange(caught.look, false))
      steps.on_look();
    else
      io.run_one();
  }
  caught.pause.cancel();

  log::info("server-draining", "signal={} wait_ms={}", std::exchange(caught.ended_by, 0),
            steps.drain_wait);
  steps.on_drain();
  if (listener_) listener_->drain();

  // Until the last connection has said good-bye, or the time is up.
  const auto end = std::chrono::steady_clock::now() + steps.drain_wait;
  for (;;) {
    const auto open = listener_ ? listener_->count().websockets_open : 0;
    if (open == 0) break;
    if (std::chrono::steady_clock::now() >= end) {
      log::warn("drain-timed-out", "connections={}", open);
      break;
    }
    io.run_for(drain_look_interval);
    if (end_asked()) {
      log::warn("server-killed", "signal={}", caught.ended_by);
      static_cast<void>(log::flush(log_wait_max));
      std::_Exit(128 + caught.ended_by);
    }
    if (std::exchange(caught.reload, false)) log::info("reload-ignored", "reason={}", "draining");
  }

  if (listener_) listener_->abort();
  if (beside_) beside_->abort();
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
  beside_.reset();
  for (auto& one : shards_) one->discard();
  release_();
  system_.reset();  // before the shards: whatever it still ends is queued there
  shards_.clear();
}

}  // namespace confab::server
