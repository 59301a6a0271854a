#pragma once

#include "actors/environment.hpp"

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace confab::server {

/// Asks each of the actors that everybody depends on, again and again, whether it is there, so that
/// one that has ended or hangs turns the server's readiness red instead of failing its share of the
/// users in silence.
class watch {
 public:
  struct options {
    std::chrono::milliseconds interval{1'000};
    std::chrono::milliseconds answer_wait_max{10'000};  // as long as a read may take
    std::chrono::milliseconds silence_max{20'000};      // of all of them: then this has stopped
  };

  watch() = default;
  ~watch() { stop(); }
  watch(const watch&) = delete;
  watch& operator=(const watch&) = delete;

  /// Before `start`. `name` is for people: "the registrar of shard 1".
  template <class Handle>
  void add(std::string name, const Handle& who);
  void start(caf::actor_system& system, options how);
  void start(caf::actor_system& system) { start(system, options{}); }
  /// Lets go of everyone.
  void stop();

  /// A sentence about those that do not answer; empty if all do. Any thread.
  std::string trouble() const;

 private:
  struct guard;
  /// What the asker finds out and others read. The mutex is the border between them.
  struct findings {
    mutable std::mutex mutex;
    std::vector<std::string> trouble;             // of each; empty: none
    std::chrono::steady_clock::time_point heard;  // the last answer, or that there was none
    bool asks = false;                            // started, and not stopped
  };
  using done = std::function<void(std::string trouble)>;
  struct member {
    std::string name;
    std::function<void(caf::event_based_actor* asker, std::chrono::milliseconds wait, done)> ask;
  };
  static std::string trouble_of(const caf::error& error, std::chrono::milliseconds wait);

  options how_;
  std::vector<member> members_;
  std::shared_ptr<findings> findings_ = std::make_shared<findings>();
  caf::actor asker_;
};

template <class Handle>
void watch::add(std::string name, const Handle& who) {
  members_.push_back({std::move(name), [who](caf::event_based_actor* asker,
                                             std::chrono::milliseconds wait, const done& tell) {
                        asker->request(who, wait, actors::alive_request{})
                            .then([tell](const actors::still_here&) { tell({}); },
                                  [tell, wait](caf::error& why) { tell(trouble_of(why, wait)); });
                      }});
}

}  // namespace confab::server
