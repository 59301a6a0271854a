#pragma once

#include "actors/delivery.hpp"
#include "protocol/ids.hpp"
#include "protocol/limits.hpp"
#include "protocol/messages.hpp"

#include <chrono>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

/// Who is in a room, counted by user rather than by connection; changes are gathered before they
/// are told, and a lost connection shows only after a grace (PROTOCOL §4). Owned by a room_state.
namespace confab::actors {

class presence {
 public:
  presence(std::chrono::milliseconds gather, std::chrono::milliseconds grace)
      : gather_(gather), grace_(grace) {}

  /// The user's id and number here, valid as long as a session of the user's is here.
  std::pair<const user_id*, room_user_no> arrive(const user_id& user, const std::string& name,
                                                 steady_time now);
  /// `lost`: the connection broke, the user may be back in a moment.
  void depart(const user_id& user, bool lost, steady_time now);

  bool has_session(const user_id& user) const;
  std::size_t online() const noexcept { return online_; }
  bool empty() const noexcept { return rows_.empty(); }
  /// At most so many of those online, in order of id.
  std::vector<message::user_ref> members(
      std::size_t count_max = limits::members_count_max) const;

  /// When `flush` has something to do next.
  std::optional<steady_time> deadline() const;
  /// What changed since the last flush, if the time to tell has come. `room` is left to the caller.
  std::optional<message::presence> flush(steady_time now);
  /// Users that `flush` has looked at so far: no more than have something to be told of, or a grace
  /// that has ended.
  std::size_t looked_at() const noexcept { return looked_at_; }

 private:
  struct standing {
    std::string name;
    room_user_no number;
    std::uint32_t sessions = 0;
    std::optional<steady_time> grace;  // its end, while it lasts
    bool told = false;
    bool online() const { return sessions > 0 || grace; }
  };
  struct departure {
    steady_time until;
    user_id user;
  };
  void touch(const user_id& user, steady_time now);
  void end_graces(steady_time now);

  std::chrono::milliseconds gather_;
  std::chrono::milliseconds grace_;
  std::map<user_id, standing> rows_;
  std::size_t online_ = 0;
  std::uint32_t last_number_ = 0;
  std::set<user_id> changed_;
  std::optional<steady_time> tell_at_;
  /// By `until`: the grace is the same for all. Of one that was cut short the entry stays.
  std::deque<departure> graces_;
  std::size_t looked_at_ = 0;
};

}  // namespace confab::actors
