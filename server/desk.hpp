#pragma once

#include "actors/switchboard.hpp"
#include "server/metrics.hpp"

#include <caf/actor_system.hpp>

#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace confab::server {

/// Answers what an operator asks on the command line. Thread: that of the admin socket.
class desk {
 public:
  /// What it asks of others, from that thread.
  struct sources {
    std::function<metric_sources()> numbers;
    std::function<std::string()> trouble;  // why the server is not ready; empty: it is
    std::function<std::chrono::seconds()> up;
    std::function<void()> end;  // in peace
  };
  desk(caf::actor_system& system, const actors::switchboard& board, sources from)
      : system_(system), board_(board), from_(std::move(from)) {}

  /// `ok` and a line's end before the text; else a sentence that says what is wrong.
  std::string answer(const std::vector<std::string>& words) const;

 private:
  std::string status() const;
  std::string rooms() const;
  std::string users() const;
  std::string kick(const std::string& user) const;

  caf::actor_system& system_;
  const actors::switchboard& board_;
  sources from_;
};

}  // namespace confab::server
