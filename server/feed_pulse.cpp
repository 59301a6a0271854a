#include "server/feed_pulse.hpp"

#include "actors/walls.hpp"

#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

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
        if (what.after < position_) return what.hear(position_);
        waiting_.emplace(env_->steady_now() + what.wait, waiting{what.after, std::move(what.hear)});
        send_later(what.wait, feed_waits_lapse{});
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
      [this](const feed_waits_lapse&) { tell_late(); },
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
            tell_new();
            ask();
          },
          [](caf::error&) {});  // the writer has ended, and with it the process does
}

void feed_pulse::tell_new() {
  std::vector<waiting> told;
  for (auto at = waiting_.begin(); at != waiting_.end();) {
    const auto next = std::next(at);
    if (at->second.after < position_) told.push_back(std::move(waiting_.extract(at).mapped()));
    at = next;
  }
  for (const auto& one : told) one.hear(position_);
}

/// Each of many has a message of its own: none of them may look through all.
void feed_pulse::tell_late() {
  const auto now = env_->steady_now();
  while (!waiting_.empty() && waiting_.begin()->first <= now) {
    const auto late = waiting_.extract(waiting_.begin());
    late.mapped().hear(std::max(position_, late.mapped().after));
  }
}

}  // namespace confab::server
