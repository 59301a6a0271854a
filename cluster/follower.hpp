#pragma once

#include "cluster/ports.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <deque>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

namespace confab::cluster {

/// Makes one sequence of what the log tells: the tail as it is republished, with holes, repeats and
/// in any order, and what was asked for to fill the holes. A state machine without I/O.
class follower {
 public:
  using clock = std::chrono::milliseconds;  // since any moment
  struct limits {
    std::size_t messages_max = 1'024;  // that wait; the rest is fetched again
    std::size_t fetch_count = 256;
    clock fetch_wait{250};  // for an answer
    clock silence{1'000};   // then it asks by itself
  };
  enum class taken : std::uint8_t {
    well,
    rewritten,  // this position had other bytes before
    trimmed,    // the next message is gone
  };

  /// Begins behind what is applied already.
  follower(log_position applied, std::uint64_t chain, limits how)
      : began_at_(applied), applied_(applied), known_end_(applied), how_(how) {
    past_.push_back({chain, std::nullopt});
  }

  /// A message, of the tail or fetched.
  taken take(log_message message, clock now);
  taken take(fetched_messages answer, clock now);
  /// There is a message at this position: an acknowledgement or another node says so.
  void knows(log_position position) { known_end_ = std::max(known_end_, position); }

  /// Where to fetch from and how many, if that is due; it counts as asked then.
  struct wanted {
    log_position from;
    std::size_t count;
  };
  std::optional<wanted> next_fetch(clock now);

  /// What can be applied: the messages that follow without a hole, at most `count`.
  std::vector<log_message> ready(std::size_t count) const;
  /// Those up to here are applied, and this was the chain after each of them.
  void applied(log_position position, std::uint64_t chain, std::string_view bytes);
  /// The chain after `position`, if that is remembered; after a start only that of the state.
  std::optional<std::uint64_t> chain_at(log_position position) const;
  /// Whether these bytes may stand at `position`, which is applied.
  bool may_be(log_position position, std::string_view bytes) const;

  log_position position() const noexcept { return applied_; }
  log_position known_end() const noexcept { return known_end_; }
  /// What was there when the log was first asked is applied.
  bool caught_up() const noexcept { return first_end_ && applied_ >= *first_end_; }

 private:
  static constexpr std::size_t remembered_max = 4'096;
  struct place {
    std::uint64_t chain;
    std::optional<std::uint64_t> digest;  // of the message's bytes
  };

  taken keep(log_message message);
  const place* past(log_position position) const;
  /// The first position that is neither applied nor waiting.
  log_position first_missing() const;

  log_position began_at_;
  log_position applied_;
  log_position known_end_;
  limits how_;
  std::map<log_position, log_message> waiting_;
  std::deque<place> past_;  // the last of them is that of applied_
  std::optional<clock> asked_at_;
  clock heard_at_{0};
  std::optional<log_position> first_end_;  // of the log, when it was first asked
};

}  // namespace confab::cluster
