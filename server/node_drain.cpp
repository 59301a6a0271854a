#include "server/node_drain.hpp"

#include "actors/walls.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace confab::server {
namespace {

constexpr std::chrono::milliseconds step_every{50};
constexpr auto everybody = std::numeric_limits<std::size_t>::max();

}  // namespace

node_drain::behavior_type node_drain::make_behavior() {
  actors::end_process_on_bug(*this, *env_);
  return {
      [this](const drain_begin& what) { begin(what.over); },
      [this](const drain_end&) {
        ++runs_;
        sessions_.clear();
      },
      [this](const drain_step&) {
        steps_ = false;
        step();
      },
      [](const actors::alive_request&) { return actors::still_here{}; },
  };
}

/// Who comes while a shard is asked is refused already, or knows of no drain and is left.
void node_drain::begin(std::chrono::milliseconds over) {
  const auto run = ++runs_;
  until_ = env_->steady_now() + over;
  sessions_.clear();
  answers_ = env_->board.shards();
  for (std::size_t i = 0; i < env_->board.shards(); ++i)
    request(env_->board.shard(i).registrar, caf::infinite, actors::census_question{everybody})
        .then(
            [this, run](const actors::users_present& there) {
              if (run != runs_) return;
              for (const auto& [user, sessions] : there.users)
                sessions_.insert(sessions_.end(), sessions.begin(), sessions.end());
              if (--answers_ == 0) step();
            },
            [](caf::error&) {});  // the registrar has ended, and with it the process does
}

void node_drain::step() {
  if (sessions_.empty() || answers_ > 0 || steps_) return;
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until_ - env_->steady_now());
  const auto steps = std::max<std::int64_t>(left / step_every, 1);
  auto count = (sessions_.size() + static_cast<std::size_t>(steps) - 1) / static_cast<std::size_t>(steps);
  for (; count > 0; --count, sessions_.pop_back())
    caf::anon_send(env_->board.audience_of(sessions_.back()),
                   actors::to_session{sessions_.back(), actors::drain_session{}});
  if (sessions_.empty()) return;
  steps_ = true;
  send_later(step_every, drain_step{});
}

}  // namespace confab::server
