#pragma once

#include "transport/address.hpp"
#include "webhooks/engine.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <thread>
#include <vector>

namespace confab::server {

struct hook_sender_options {
  /// Addresses that are nobody's but this deployment's, where receivers may be all the same, and
  /// the only ones that are spoken to without TLS.
  std::vector<transport::network> nets;
  std::function<webhooks::moment()> now;
  /// See api::backend; called from the sender's thread.
  std::function<void(std::uint64_t after, std::function<void(std::uint64_t position)> then)>
      wait_for_feed;
  /// Called from the sender's thread; `then` may be called from any.
  std::function<void(std::vector<user_id> users, std::function<void(std::vector<bool>)> then)>
      who_is_active;
  std::function<void()> bug = [] {};  // of an exception that was caught
};

/// Sends what the webhooks have to tell, on a thread of its own, which waits for all sockets at
/// once.
class hook_sender {
 public:
  using job = std::function<void(webhooks::engine*)>;

  hook_sender(std::unique_ptr<webhooks::engine> hooks, hook_sender_options how);
  ~hook_sender();
  hook_sender(const hook_sender&) = delete;

  /// On its thread, soon; with null where it has ended. Any thread.
  void run(job what);
  webhooks::engine_numbers numbers() const;  // any thread
  /// A user came with a first session, or went with the last one. Any thread.
  void note_presence(const user_id& user, bool online);
  /// What is under way is given up; it is sent again after the next start.
  void end();

 private:
  class work;
  std::shared_ptr<work> work_;
  std::thread thread_;
};

}  // namespace confab::server
