#pragma once

#include "actors/delivery.hpp"
#include "protocol/frame_sink.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace confab::actors {

/// One room's members on one shard, and what they are due. What is added is held until `release`,
/// which joins it to one buffer per wire format and gives each member that: a member then costs one
/// push and one part of a write, however many frames it is (see bench/README.md). Who has written,
/// or is told something alone, does not wait for the others.
///
/// Every member gets what was added between its admission and its dismissal, in order.
/// Without actor, I/O or clock. Owner: the shard's audience.
class fan_out {
 public:
  /// Releases, so that the newcomer is given nothing older than itself.
  void admit(session_id session, frame_sink_ptr sink, room_user_no user, wire_format format);
  /// Releases, so that the one who goes gets all that is older than that.
  void dismiss(session_id session);
  void add(const broadcast& what);
  /// Gives one member what it is due by now: something for it alone follows.
  void catch_up(session_id session);
  /// Gives those who have written what they are due by now.
  void catch_up_writers();
  void release();
  void close_all(close_code code, std::string_view reason);

  bool empty() const noexcept { return members_.empty(); }
  std::size_t size() const noexcept { return members_.size(); }
  bool holds_any() const noexcept { return !held_.empty(); }
  std::size_t held_bytes() const noexcept { return held_bytes_; }

 private:
  struct member {
    frame_sink_ptr sink;
    session_id session;
    room_user_no user;
    std::uint8_t format = 0;
    bool ahead = false;  // stands in `ahead_`
  };
  static_assert(sizeof(member) == 32, "dense: every delivery walks it");
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
  std::vector<run> runs() const;
  static void give(const member& who, const broadcast& what, std::uint32_t frames);

  std::vector<member> members_;
  std::vector<broadcast> held_;
  std::vector<ahead> ahead_;
  std::size_t held_bytes_ = 0;
};

}  // namespace confab::actors
