#pragma once

#include "actors/environment.hpp"
#include "actors/messages.hpp"
#include "journal/journal.hpp"

#include <caf/actor_system.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace confab::server {

/// The search of a journal on disk: its index, the follower that fills it, and the actor that
/// answers. Where the index cannot be opened there is none, and the rest goes on.
class searching {
 public:
  /// Sets `env.search`.
  void start(caf::actor_system& system, actors::environment& env, journal::journal& of,
             const std::string& directory);
  void end();
  /// None where there is no search.
  const actors::feed_actor& follower() const noexcept { return follower_; }

  /// For how many seconds the index has not been where the journal is; none: there is no search.
  /// Any thread.
  std::optional<double> behind_seconds(unix_ms now) const;

 private:
  struct sink;
  std::shared_ptr<sink> sink_;
  actors::feed_actor follower_;
  actors::search_actor answers_;
};

}  // namespace confab::server
