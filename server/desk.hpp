#pragma once

#include "actors/housekeeping.hpp"
#include "actors/switchboard.hpp"
#include "journal/journal.hpp"
#include "server/metrics.hpp"

#include <caf/actor_system.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
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
    std::function<actors::keeper_actor()> keeper;
    std::function<actors::eraser_actor()> eraser;
    std::function<void()> end;  // in peace
    std::function<std::unique_ptr<journal::reader>()> reader;
  };
  desk(caf::actor_system& system, const actors::switchboard& board, sources from)
      : system_(system), board_(board), from_(std::move(from)) {}

  /// `ok` and a line's end before the text; else a sentence that says what is wrong.
  std::string answer(const std::vector<std::string>& words);

 private:
  std::string status();
  std::optional<std::string> being_erased();
  std::string rooms() const;
  std::string users() const;
  std::string kick(const std::string& user) const;
  /// The entry to go on behind, then a line for each that comes before it, as clients get them.
  /// `after`: what the answer before began with; empty at first, for the latest ten.
  std::string tail(const std::string& room, const std::string& after);
  std::string resume_retention() const;
  std::string erase(const std::string& user) const;

  caf::actor_system& system_;
  const actors::switchboard& board_;
  sources from_;
  std::unique_ptr<journal::reader> reader_;  // once somebody has asked
};

}  // namespace confab::server
