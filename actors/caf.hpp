#pragma once

#include <caf/actor_config.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/execution_unit.hpp>
#include <caf/send.hpp>
#include <caf/typed_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

/// CAF's version-specific surface (0.17.6), in one place so that a port to 1.x stays bounded.
namespace confab::actors {

/// A shard as CAF sees it: an execution unit of one thread that accepts work from any thread.
/// Implemented by server/; under the deterministic scheduler of the tests there is none.
class shard_unit : public caf::execution_unit {
 public:
  using caf::execution_unit::execution_unit;
};

/// An actor that runs on the shard it was spawned on, whoever sends to it: what CAF's own socket
/// brokers do (caf/io/abstract_broker.cpp). A message between actors of one shard then costs no
/// lock, no wake-up and no thread hop. Spawned elsewhere (in tests) it is an ordinary actor.
template <class Base>
class pinned : public Base {
 public:
  explicit pinned(caf::actor_config& config)
      : Base(config), unit_(dynamic_cast<shard_unit*>(config.host)) {}

  using Base::enqueue;
  void enqueue(caf::mailbox_element_ptr what, caf::execution_unit* other) override {
    Base::enqueue(std::move(what), unit_ ? unit_ : other);
  }

 private:
  shard_unit* unit_;
};

/// Spawns a pinned actor on `unit`, from any thread. `unit` may be null in tests.
template <class Actor, class... Args>
auto spawn_on(caf::actor_system& system, shard_unit* unit, Args&&... args) {
  caf::actor_config config{unit};
  return system.spawn_impl<Actor, caf::no_spawn_options>(config, std::forward<Args>(args)...);
}

}  // namespace confab::actors
