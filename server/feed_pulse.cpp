#include "server/feed_pulse.hpp"

#include "actors/walls.hpp"

#include <algorithm>
#include <utility>

namespace confab::server {

feed_pulse::behavior_type feed_pulse::make_behavior() {
  actors::end_process_on_bug(*this, *env_);
  // An empty journal answers no question before its first entry, which nobody may be waiting for.
  if (position_ == 0)
    request(env_->writer, caf::infinite, actors::watch_feed{0})
        .then(
            [this](const actors::feed_moved& moved) {
              position_ = std::max(position_, moved.position);
            },
            [](caf::error&) {});
  return {
      [this](feed_wait& what) {
        waiting_.push_back({what.after, env_->steady_now() + what.wait, std::move(what.hear)});
        send_later(what.wait, feed_waits_lapse{});
        tell();
        ask();
      },
      [this](feed_question& what) {
        if (position_ == 0)  // behind the answer above, if there is one by now
          return request(env_->writer, caf::infinite, actors::flush_request{})
              .then([this, hear = std::move(what.hear)](const actors::flushed&) { hear(position_); },
                    [](caf::error&) {});
        request(env_->writer, caf::infinite, actors::watch_feed{position_ - 1})
            .then(
                [this, hear = std::move(what.hear)](const actors::feed_moved& moved) {
                  position_ = std::max(position_, moved.position);
                  hear(position_);
                },
                [](caf::error&) {});
      },
      [this](const feed_waits_lapse&) { tell(); },
      [](const actors::alive_request&) { return actors::still_here{}; },
  };
}

void feed_pulse::ask() {
  if (waiting_.empty() || std::exchange(asking_, true)) return;
  request(env_->writer, caf::infinite, actors::watch_feed{position_})
      .then(
          [this](const actors::feed_moved& moved) {
            asking_ = false;
            position_ = std::max(position_, moved.position);
            tell();
            ask();
          },
          [](caf::error&) {});  // the writer has ended, and with it the process does
}

void feed_pulse::tell() {
  const auto now = env_->steady_now();
  const auto due = std::stable_partition(
      waiting_.begin(), waiting_.end(),
      [&](const waiting& one) { return one.after >= position_ && one.until > now; });
  std::vector<waiting> told{std::make_move_iterator(due), std::make_move_iterator(waiting_.end())};
  waiting_.erase(due, waiting_.end());
  for (const auto& one : told) one.hear(std::max(position_, one.after));
}

}  // namespace confab::server
