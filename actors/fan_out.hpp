#pragma once

#include "actors/delivery.hpp"
#include "protocol/frame_sink.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace confab::actors {

/// One room's members on one shard, and what they are due. What is added is held until `release`,
/// which joins it to one buffer per wire format and gives each member that: a member then costs one
/// push and one part of a write, however many frames it is (see bench/README.md). Members are
/// released in turn, so that some may wait for what comes next where not all can. Who has written,
/// or is told something alone, does not wait for the others.
///
/// Every member gets what was added between its admission and its dismissal, in order.
/// Without actor, I/O or clock. Owner: the shard's audience.
class fan_out {
 public:
  using time_point = steady_time;
  using duration = steady_time::duration;

  /// Releases, so that the newcomer is given nothing older than itself.
  void admit(session_id session, frame_sink_ptr sink, room_user_no user, wire_format format);
  /// Releases, so that the one who goes gets all that is older than that.
  void dismiss(session_id session);
  void add(broadcast what, time_point asked);
  /// Gives one member what it is due by now: something for it alone follows.
  void catch_up(session_id session);
  /// Gives `count` members what they are due, those that have waited longest first, and everyone
  /// who has written or was told something alone.
  void release(std::size_t count = std::numeric_limits<std::size_t>::max());
  void close_all(close_code code, std::string_view reason);

  bool empty() const noexcept { return members_.empty(); }
  std::size_t size() const noexcept { return members_.size(); }
  bool holds_any() const noexcept { return !held_.empty(); }
  std::size_t held_bytes() const noexcept { return held_bytes_; }
  /// When the newest was asked for. Only while it holds any.
  time_point last_asked() const noexcept { return last_asked_; }

  /// How the wait is bounded: nobody is to get anything more than `window` after it was asked for,
  /// and giving it to one member after the other takes `each`.
  struct bound {
    duration window;
    duration each;
  };
  /// How many must be released now if the next release begins at `next`.
  std::size_t due(time_point next, const bound& by) const noexcept;
  /// When the next release must begin. Only while it holds any.
  time_point deadline(const bound& by) const noexcept;

 private:
  struct member {
    frame_sink_ptr sink;
    session_id session;
    room_user_no user;
    std::uint8_t format = 0;
    bool ahead = false;  // stands in `ahead_`
  };
  static_assert(sizeof(member) == 32, "dense: every delivery walks it");
  /// Members in a row from `cursor_` on that are due the same.
  struct cohort {
    std::size_t members;
    std::size_t first;  // of `held_`
    time_point asked;   // for the oldest of it
  };
  /// A member that does not wait for the release.
  struct ahead {
    std::uint32_t member;
    std::uint32_t given;  // of `held_`
  };
  /// Frames in a row, as a member that waited is given them.
  struct run {
    broadcast what;
    std::uint32_t frames = 1;
  };

  ahead* step_ahead(session_id session);
  void catch_up(ahead& who);
  std::size_t first_due(std::size_t index) const noexcept;
  std::vector<run> runs(std::size_t first) const;
  void forget_given();
  static void give(const member& who, const broadcast& what, std::uint32_t frames);

  std::vector<member> members_;  // a ring, in the order of release
  std::size_t cursor_ = 0;       // whose turn it is
  std::vector<cohort> cohorts_;  // oldest first; who follows them is due nothing
  std::vector<broadcast> held_;
  std::vector<ahead> ahead_;
  std::size_t held_bytes_ = 0;
  time_point last_asked_{};
};

}  // namespace confab::actors
