#pragma once

#include "actors/caf.hpp"
#include "actors/environment.hpp"
#include "actors/messages.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>

namespace confab::server {

/// `hear` when the journal is beyond `after`, or `wait` has passed: how far it is.
struct feed_wait {
  std::uint64_t after = 0;
  std::chrono::milliseconds wait{0};
  std::function<void(std::uint64_t position)> hear;
};
struct feed_question {
  std::function<void(std::uint64_t position)> hear;
};
struct feed_waits_lapse {};  // to itself
using feed_pulse_actor = caf::typed_actor<caf::reacts_to<feed_wait>, caf::reacts_to<feed_question>,
                                          caf::reacts_to<feed_waits_lapse>,
                                          caf::replies_to<actors::alive_request>::with<actors::still_here>>;

/// Tells many who wait for the feed what the journal's writer tells one. It asks the writer only
/// while somebody waits. Bounded by who waits: each is a request over HTTP.
class feed_pulse final : public actors::pinned<feed_pulse_actor::base> {
 public:
  /// `position`: of the journal's last entry, at start.
  feed_pulse(caf::actor_config& config, const actors::environment* env, std::uint64_t position)
      : pinned(config), env_(env), position_(position) {}
  behavior_type make_behavior() override;
  const char* name() const override { return "feed_pulse"; }
  void on_exit() override { waiting_.clear(); }

 private:
  struct waiting {
    std::uint64_t after;
    std::function<void(std::uint64_t)> hear;
  };
  void ask();
  void tell_new();
  void tell_late();

  const actors::environment* env_;
  std::uint64_t position_;
  bool asking_ = false;
  std::multimap<actors::steady_time, waiting> waiting_;  // by when they have waited long enough
};

}  // namespace confab::server

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(confab::server::feed_wait)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(confab::server::feed_question)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(confab::server::feed_waits_lapse)
