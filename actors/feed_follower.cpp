#include "actors/feed_follower.hpp"

#include "actors/walls.hpp"
#include "protocol/limits.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace confab::actors {
namespace {

/// After a read that failed, or a sink that does not take any.
constexpr auto retry_interval = std::chrono::seconds{1};
constexpr auto rest_interval = std::chrono::minutes{1};

}  // namespace

feed_follower::feed_follower(caf::actor_config& config, const environment* env,
                             std::shared_ptr<journal::reader> from, std::uint64_t after,
                             std::shared_ptr<feed_sink> sink, std::chrono::milliseconds gather)
    : feed_actor::base(config),
      env_(env),
      reader_(std::move(from)),
      sink_(std::move(sink)),
      gather_(gather),
      position_(after) {}

void feed_follower::on_exit() {
  reader_.reset();
  sink_.reset();
}

feed_follower::behavior_type feed_follower::make_behavior() {
  end_process_on_bug(*this, *env_);
  send(this, read_feed{});
  delayed_send(this, rest_interval, rest_feed{});
  return {
      [this](const read_feed&) { read(); },
      [this](const rest_feed&) { rest(); },
      [](const alive_request&) { return still_here{}; },
  };
}

void feed_follower::read() {
  position_ = sink_->goes_on_behind(position_);
  const auto page =
      reader_->feed(position_, limits::page_entries_max, limits::page_bytes_max);
  if (page && page->empty()) {
    sink_->caught_up();
    return wait_for_more();
  }
  if (!page || !sink_->take(*page)) return delayed_send(this, retry_interval, read_feed{});
  position_ = page->back().position;
  send(this, read_feed{});
}

void feed_follower::wait_for_more() {
  waits_ = true;
  request(env_->writer, caf::infinite, watch_feed{std::max(position_, told_)})
      .then(
          [this](const feed_moved& moved) {
            told_ = moved.position;
            if (!std::exchange(waits_, false)) return;  // it reads already
            if (gather_.count() > 0)
              delayed_send(this, gather_, read_feed{});
            else
              send(this, read_feed{});
          },
          [](caf::error&) {});  // the writer has ended, and with it the process does
}

void feed_follower::rest() {
  if (sink_->rest())
    send(this, rest_feed{});
  else
    delayed_send(this, rest_interval, rest_feed{});
  if (waits_ && sink_->goes_on_behind(position_) != position_) {
    waits_ = false;
    send(this, read_feed{});
  }
}

}  // namespace confab::actors
