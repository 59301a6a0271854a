#pragma once

#include "cluster/batch.hpp"
#include "protocol/ids.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// The shared log, and what nodes tell each other beside it. Both only take orders: answers come to
/// who owns the port, who hands them to the replica (`replica::stored` and the like), late, twice, in
/// any order, or never.
namespace confab::cluster {

/// A message as the log has it. `stamp` is that of the server that ordered it.
struct log_message {
  log_position position = 0;
  unix_ms stamp;
  std::string bytes;
};

class shared_log {
 public:
  virtual ~shared_log() = default;
  /// Answer: `stored`, or `refused` where it is not stored for sure. Nothing is expected of the last
  /// position: who may write what is settled where messages are applied.
  virtual void append(std::string bytes, std::uint64_t ticket) = 0;
  /// Answer: `fetched`, with messages from `from` on, at most `count`.
  virtual void fetch(log_position from, std::size_t count) = 0;
  /// Messages up to this one are not needed any more. No answer.
  virtual void trim(log_position upto) = 0;
};

class bus {
 public:
  virtual ~bus() = default;
  /// To all nodes, at most once.
  virtual void publish(std::string_view subject, std::string bytes) = 0;
};

/// What was there when a server was asked, which may have been behind.
struct fetched_messages {
  log_position from = 0;
  log_position first = 1;  // of the log: before it all is trimmed
  log_position last = 0;
  std::vector<log_message> messages;
};

}  // namespace confab::cluster
