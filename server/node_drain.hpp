#pragma once

#include "actors/caf.hpp"
#include "actors/environment.hpp"
#include "actors/messages.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace confab::server {

/// Who is there by now is closed, in the course of that time.
struct drain_begin {
  std::chrono::milliseconds over{0};
};
struct drain_end {};   // who is left stays
struct drain_step {};  // to itself
using node_drain_actor =
    caf::typed_actor<caf::reacts_to<drain_begin>, caf::reacts_to<drain_end>, caf::reacts_to<drain_step>,
                     caf::replies_to<actors::alive_request>::with<actors::still_here>>;

/// Sends the sessions of this node away, a few at a time: each answers what is in flight and then closes with
/// 1012, as at the end of the process, which stays.
class node_drain final : public actors::pinned<node_drain_actor::base> {
 public:
  node_drain(caf::actor_config& config, const actors::environment* env) : pinned(config), env_(env) {}
  behavior_type make_behavior() override;
  const char* name() const override { return "node_drain"; }

 private:
  void begin(std::chrono::milliseconds over);
  void step();

  const actors::environment* env_;
  std::vector<session_id> sessions_;  // that are still to be told
  actors::steady_time until_;
  std::uint64_t runs_ = 0;   // begun or ended: what was asked for an earlier one does not count
  std::size_t answers_ = 0;  // that are still to come, of shards that were asked who is there
  bool steps_ = false;       // a step is on its way
};

}  // namespace confab::server

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(confab::server::drain_begin)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(confab::server::drain_end)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(confab::server::drain_step)
