#pragma once

#include "cluster/applier.hpp"
#include "cluster/follower.hpp"
#include "cluster/ports.hpp"

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace confab::cluster {

inline constexpr std::string_view beat_subject = "beat";

/// What a replica says to its node. Called from within its own functions, and may not call back.
class replica_listener {
 public:
  virtual ~replica_listener() = default;
  /// An operation of this node became this, here and on every other node.
  virtual void answered(std::uint64_t ticket, journal::outcome outcome) = 0;
  /// It may happen yet, or have happened: repeat it with the same key, anywhere.
  virtual void unknown(std::uint64_t ticket) = 0;
  /// It was not sent, and will not be; or the barrier was not passed.
  virtual void unavailable(std::uint64_t ticket) = 0;
  /// All that was ordered before the barrier was asked for is applied here.
  virtual void passed(std::uint64_t ticket) = 0;
  /// A message was applied, whoever sent it. Outcomes of this node's operations follow, or are in it.
  virtual void applied(const applied_message& message) = 0;
  /// This node's chain and that one's differ, and more nodes agree with this one.
  virtual void suspected(const std::string& node) = 0;
  /// Nothing more will come. The process that it is in starts anew, or asks its operator.
  virtual void ended(end_reason why, const std::string& detail) = 0;
};

/// One node's part in the cluster: sends what its clients want to the shared log, one batch at a
/// time, and applies whatever comes back, in the log's order, to its own journal. A state machine:
/// time, answers and the applying of what waits (`work`) come from outside. It owns nothing that it
/// is given. Used by one thread at a time.
class replica {
 public:
  using clock = follower::clock;
  struct settings {
    std::string name;         // of the node, unique in the cluster
    std::uint64_t nonce = 0;  // random, of this process
    std::string address;
    clock repeat_after{1'500};  // without an answer the same bytes are sent again
    clock lost_wait{15'000};    // then who waits is told so
    clock beat_every{1'000};
    clock absent_after{3'000};  // whose beats are not heard
    clock trim_every{3'600'000};
    std::uint64_t trim_keep = 10'000;  // messages behind what all have
    std::size_t queue_bytes_max = 16 * 1024 * 1024;
    std::size_t barrier_waiters_max = 10'000;
    follower::limits follow;
  };
  enum class push_result : std::uint8_t { accepted, overflow, too_long, ended };

  replica(settings how, applier& to, shared_log& log, bus& beats, replica_listener& listener,
          clock now);

  // --- what this node's rooms want ---
  [[nodiscard]] push_result submit(const rooms::operation& asked, std::uint64_t ticket, clock now);
  [[nodiscard]] push_result ask_barrier(std::uint64_t ticket, clock now);

  // --- what comes from the ports ---
  void live(log_message message, clock now);
  void fetched(fetched_messages answer, clock now);
  void stored(std::uint64_t ticket, log_position position, clock now);
  void heard(std::string_view beat, clock now);

  /// Each some 100 ms.
  void tick(clock now);
  /// Applies up to so many messages in one transaction. False: nothing waits, or the journal fails.
  bool work(std::size_t count, clock now);
  /// Positions up to here survive a loss of power on this node.
  void durable(log_position position) noexcept { durable_ = position; }

  /// What is sent now may be applied: this process has its session, and has seen what was there.
  bool is_ready() const noexcept { return !ended_ && session_ != 0; }
  std::optional<end_reason> end() const noexcept { return ended_; }
  log_position position() const noexcept { return follow_.position(); }

 private:
  /// Something on its way into the log, the same bytes each time.
  struct sending {
    std::string bytes;
    clock first_at, last_at;
    std::vector<std::uint64_t> tickets;  // of the log, one for each time
    log_position stored = 0;             // the last position that is known of it
    std::uint64_t mine = 0;              // the nonce, or the number of a batch
    std::vector<std::uint64_t> waiting;  // who is told
  };
  struct queued {
    std::string bytes;
    std::size_t entries;
    std::uint64_t ticket;
    clock since;
  };
  struct peer {
    log_position durable = 0;
    clock heard_at{0};
    std::optional<bool> agrees;
    // What it said of a position that is not applied here yet.
    log_position claimed_at = 0;
    std::uint64_t claimed = 0;
  };

  frame frame_of(frame_content content) const;
  sending send(std::optional<std::string> bytes, std::uint64_t mine, clock now);
  void repeat(std::optional<sending>& what, clock now);
  void pump(clock now);
  void send_batch(clock now);
  void give_up(clock now);
  void fetch(clock now);
  void beat(clock now);
  void trim(clock now);
  void take(applied_message message, std::string_view bytes);
  void take_own(applied_frame& one, log_position position);
  void claim(const std::string& node, log_position position, std::uint64_t chain);
  void judge(const std::string& node, bool agrees);
  void finish(end_reason why, const std::string& detail);
  bool take_result(follower::taken how);

  settings how_;
  applier& applier_;
  shared_log& log_;
  bus& beats_;
  replica_listener& listener_;
  follower follow_;

  std::optional<end_reason> ended_;
  log_position session_ = 0;  // 0: none, or given up
  bool has_begun_ = false;    // in this process
  std::uint64_t begins_ = 0, barriers_ = 0, appends_ = 0;
  std::optional<sending> founding_, begin_, batch_, barrier_;
  std::deque<queued> queue_;
  std::size_t queue_bytes_ = 0;
  std::vector<std::pair<std::uint64_t, clock>> next_barrier_;  // who waits for one not yet sent
  std::map<std::string, peer> peers_;
  log_position durable_ = 0;
  clock beat_at_, trim_at_;
};

}  // namespace confab::cluster
