#pragma once

#include <caf/abstract_actor.hpp>
#include <caf/actor_config.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/execution_unit.hpp>
#include <caf/intrusive/lifo_inbox.hpp>
#include <caf/mailbox_element.hpp>
#include <caf/make_actor.hpp>
#include <caf/resumable.hpp>
#include <caf/scheduler/abstract_coordinator.hpp>
#include <caf/send.hpp>
#include <caf/typed_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <chrono>
#include <exception>
#include <functional>
#include <stdexcept>
#include <utility>

/// CAF's version-specific surface (0.17.6), in one place so that a port to 1.x stays bounded.
namespace confab::actors {

/// A shard as CAF sees it: an execution unit of one thread that accepts work from any thread.
/// Implemented by server/; under the deterministic scheduler of the tests there is none.
class shard_unit : public caf::execution_unit {
 public:
  using caf::execution_unit::execution_unit;
  /// Of a socket in a large room, on a machine of which nothing is known yet.
  static constexpr std::chrono::nanoseconds usual_write_time{4000};

  /// What one of many sockets that are written to together costs the thread in all; on the unit's
  /// own thread only.
  virtual std::chrono::nanoseconds write_time() const noexcept = 0;
  /// Calls `what` after `wait`; on the unit's own thread only.
  virtual void call_later(caf::timespan wait, std::function<void()> what) = 0;
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

 protected:
  /// To itself, as `delayed_send`. CAF's clock is a thread that each call wakes, and that wakes the
  /// shard for each message.
  template <class What>
  void send_later(caf::timespan wait, What what) {
    if (!unit_) return Base::delayed_send(this, wait, std::move(what));
    unit_->call_later(wait, [self = caf::strong_actor_ptr{this->ctrl()}, what] {
      self->enqueue(nullptr, caf::make_message_id(), caf::make_message(what), nullptr);
    });
  }
  std::chrono::nanoseconds write_time() const noexcept {
    return unit_ ? unit_->write_time() : shard_unit::usual_write_time;
  }

 private:
  shard_unit* unit_;
};

/// An actor that is a mailbox and one function: for the kind of which there are as many as
/// connections. CAF's own base class is 960 bytes and a behaviour of ten handlers another 490; this
/// is 96. The price: it takes one type of message, waits for no responses (what it asks for comes
/// back as an event), can be neither monitored nor linked, and sends with `caf::anon_send`.
/// Pinned to the unit it is spawned on. An exception ends it, by way of `on_bug`.
template <class Event>
class light_actor : public caf::abstract_actor, public caf::resumable {
 public:
  using handle = caf::typed_actor<caf::reacts_to<Event>>;

  explicit light_actor(caf::actor_config& config)
      : abstract_actor(config), unit_(dynamic_cast<shard_unit*>(config.host)) {
    inbox_.try_block();
  }
  ~light_actor() override { drop_taken(); }

  void enqueue(caf::mailbox_element_ptr what, caf::execution_unit*) override {
    if (inbox_.push_front(std::move(what)) != caf::intrusive::inbox_result::unblocked_reader)
      return;
    intrusive_ptr_add_ref_impl();  // the run queue's
    if (unit_)
      unit_->exec_later(this);
    else
      home_system().scheduler().enqueue(this);
  }
  using abstract_actor::enqueue;

  resume_result resume(caf::execution_unit*, std::size_t messages_max) override {
    for (std::size_t i = 0; i < messages_max && !ended_; ++i) {
      while (!taken_) {
        if (inbox_.try_block()) return awaiting_message;
        take();
      }
      const caf::mailbox_element_ptr next{std::exchange(taken_, follower(taken_))};
      try {
        if (auto& content = next->content(); content.template match_elements<Event>())
          on_event(content.template get_mutable_as<Event>(0));
      } catch (...) {
        on_bug(std::current_exception());
        end();
      }
    }
    return ended_ ? done : resume_later;
  }

  void intrusive_ptr_add_ref_impl() override { intrusive_ptr_add_ref(ctrl()); }
  void intrusive_ptr_release_impl() override { intrusive_ptr_release(ctrl()); }
  void on_destroy() override { end(); }

  void attach(caf::attachable_ptr) override { refuse(); }
  std::size_t detach(const caf::attachable::token&) override { return 0; }
  void add_link(abstract_actor*) override { refuse(); }
  void remove_link(abstract_actor*) override {}
  bool add_backlink(abstract_actor*) override { refuse(); }
  bool remove_backlink(abstract_actor*) override { return false; }

 protected:
  virtual void on_event(Event& what) = 0;
  virtual void on_bug(std::exception_ptr caught) noexcept = 0;
  /// Lets go of whatever holds handles; called once.
  virtual void on_end() noexcept = 0;

  handle me() { return caf::actor_cast<handle>(static_cast<abstract_actor*>(this)); }
  void end() noexcept {
    if (std::exchange(ended_, true)) return;
    inbox_.close();
    drop_taken();
    on_end();
    unregister_from_system();
  }

 private:
  struct inbox_policy {
    using mapped_type = caf::mailbox_element;
    using unique_pointer = caf::mailbox_element_ptr;
  };

  static caf::mailbox_element* follower(caf::mailbox_element* of) {
    return static_cast<caf::mailbox_element*>(of->next);
  }
  /// All that is in the inbox, turned round: the oldest first.
  void take() {
    for (auto* newest = inbox_.take_head(); newest;) {
      auto* const older = follower(newest);
      newest->next = taken_;
      taken_ = newest;
      newest = older;
    }
  }
  void drop_taken() noexcept {
    while (taken_) const caf::mailbox_element_ptr gone{std::exchange(taken_, follower(taken_))};
  }
  [[noreturn]] static void refuse() {
    throw std::logic_error("a light actor can be neither monitored nor linked");
  }

  shard_unit* unit_;
  caf::intrusive::lifo_inbox<inbox_policy> inbox_;
  caf::mailbox_element* taken_ = nullptr;  // out of the inbox, oldest first
  bool ended_ = false;
};

/// Spawns a light actor on `unit`, from any thread. `unit` may be null in tests.
template <class Actor, class... Args>
auto spawn_light(caf::actor_system& system, shard_unit* unit, Args&&... args) {
  caf::actor_config config{unit};
  auto made = caf::make_actor<Actor, typename Actor::handle>(
      system.next_actor_id(), system.node(), &system, config, std::forward<Args>(args)...);
  caf::actor_cast<caf::abstract_actor*>(made)->register_at_system();
  return made;
}

/// Spawns a pinned actor on `unit`, from any thread. `unit` may be null in tests.
template <class Actor, class... Args>
auto spawn_on(caf::actor_system& system, shard_unit* unit, Args&&... args) {
  caf::actor_config config{unit};
  return system.spawn_impl<Actor, caf::no_spawn_options>(config, std::forward<Args>(args)...);
}

}  // namespace confab::actors
