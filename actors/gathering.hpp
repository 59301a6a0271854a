#pragma once

#include "actors/anticipation.hpp"
#include "actors/fan_out.hpp"
#include "actors/steady_time.hpp"
#include "protocol/frame_sink.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace confab::actors {

/// The members that rooms have on one shard, and when what the rooms say is written to them: at the
/// end of the turn, or, while the shard is busy, together with what a room says next (see
/// docs/decisions/0006): a write costs the kernel the same whatever is in it.
///
/// Without actor, I/O or clock: whoever owns it is told when to call again. Its numbers stand in
/// pacing.hpp. Owner: the shard's audience.
class gathering {
 public:
  struct options {
    steady_time::duration window{0};  // that a message may wait; 0: never
    double busy_deliveries_per_second = 0;
  };
  /// The time, and what it costs to write to one more socket.
  struct moment {
    steady_time now;
    steady_time::duration each_write;
  };
  /// What the owner has to do.
  struct outcome {
    std::optional<steady_time> wake;  // to call `on_time` then; of several the earliest
    std::optional<bool> busy;         // the shard is now, or is no more
  };

  /// One room here, and its members. Valid until `forget_if_empty`, `end` or the end of the turn.
  struct local_room {
    fan_out members;
    anticipation next;
    std::size_t turns_held = 0;  // since the last release; 0: nothing waits beyond its turn
    // Of the period in which it said something last, and the one before that.
    std::uint32_t period = 0;
    std::size_t deliveries = 0, deliveries_before = 0;
    bool touched = false;  // stands in `touched_`
  };
  using entry = std::pair<const room_id, local_room>;

  explicit gathering(const options& how) : how_(how) {}

  entry* find(const room_id& id);
  entry& at(const room_id& id) { return *rooms_.try_emplace(id).first; }

  /// A member is given nothing older than itself, and all that came before it left.
  void admit(entry& in, session_id session, frame_sink_ptr sink, room_user_no user,
             wire_format format);
  void dismiss(entry& in, session_id session);
  /// Something for one member alone follows: what it is due comes before.
  void catch_up(entry& in, session_id session) { in.second.members.catch_up(session); }
  /// True for the first of a turn: `end_turn` is wanted, behind whatever else the turn brings.
  [[nodiscard]] bool add(entry& in, const broadcast& what, steady_time now);
  /// Members get what they are due and are closed.
  void end(entry& gone, close_code code, std::string_view reason);
  void forget_if_empty(entry& in);

  [[nodiscard]] outcome end_turn(const moment& at);
  [[nodiscard]] outcome on_time(const moment& at);
  /// All that waits, of this turn too.
  void release_all();

 private:
  void count(local_room& room);
  void measure(steady_time now, outcome& out);
  void end_period(steady_time now, outcome& out);
  bool has_little_to_save(const local_room& room) const;
  void release(entry& one, std::size_t count);

  options how_;
  std::unordered_map<room_id, local_room> rooms_;
  std::vector<entry*> touched_;   // that said something in this turn
  std::vector<entry*> holding_;   // those with `turns_held`
  steady_time::duration lag_{0};  // from asking a room to the end of its turn, a mean
  // How much this shard delivers.
  steady_time period_start_{};
  std::size_t deliveries_ = 0;  // since then
  std::size_t speaking_ = 0;    // rooms, since then
  std::uint32_t period_ = 1;    // its number
  // In the last period.
  bool busy_ = false;
  double mean_deliveries_ = 0;  // of a room that said something
};

}  // namespace confab::actors
