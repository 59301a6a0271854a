#pragma once

#include "journal/recent_map.hpp"
#include "journal/sqlite_statement.hpp"
#include "protocol/entry.hpp"
#include "rooms/member_row.hpp"
#include "rooms/own.hpp"
#include "rooms/sequencer.hpp"
#include "rooms/view.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace confab::journal::sqlite {

/// What a query for a member's row selects.
inline constexpr std::string_view member_columns =
    "state, role, since, until, mute_until, invited_by, reason";
rooms::member_row member_of(const query& row, int column);

inline constexpr std::string_view profile_columns = "user, name, data, guest, by_api";
inline constexpr int profile_columns_count = 5;
user_set profile_of(const query& row);

/// Members and users, as the writer needs them and keeps them: projections of the log, like
/// `projection`. `code` tells a failure.
class people {
 public:
  int prepare(const connection& database);

  rooms::member_row member(std::int64_t room, const user_id& user, int& code);
  std::optional<rooms::known_profile> profile(const user_id& user, int& code);
  std::size_t memberships(const user_id& user, unix_ms at, std::size_t limit, int& code);
  bool has_blocked(const user_id& blocker, const user_id& blocked, int& code);
  std::optional<user_id> successor(std::int64_t room, std::span<const user_id> without, int& code);

  rooms::kept_own own(const room_id& room, const user_id& user, int& code);
  std::optional<unix_ms> last_message(std::int64_t room, const user_id& user, int& code);

  /// Takes in an entry of the room, which is in the log and in the view already.
  int project(const rooms::room_view& room, const log_entry& entry, std::uint64_t position);
  /// The room's settings and counts, after the last of its entries.
  int keep(const rooms::room_view& view);
  /// Where a transaction was taken back.
  void forget() noexcept;

 private:
  struct member_name {
    std::int64_t room;
    user_id user;
    friend bool operator==(const member_name&, const member_name&) = default;
  };
  struct member_hash {
    std::size_t operator()(const member_name& name) const noexcept {
      return std::hash<user_id>{}(name.user) ^ (std::hash<std::int64_t>{}(name.room) << 1);
    }
  };

  int take(std::int64_t room, const log_entry& entry, const member_set& change,
           std::uint64_t position);
  int write(std::int64_t room, const user_id& user, const rooms::member_row& row);
  int note_end(std::int64_t room, const user_id& user, bool was_there, bool is_there,
               member_state how, std::uint64_t position);
  int watch_pace(const rooms::room_view& room, const log_entry& entry);

  struct statements {
    statement member, keep_member, drop_member, profile, keep_profile, drop_profile, forget_last_name, memberships, blocked, heir,
        keep_room, last_message, spoke, recall_speakers, forget_speakers, left, came_back, own, drop_own;
  };
  statements run_;
  static std::size_t bytes_of_row(const rooms::member_row& row) { return row.reason.size(); }
  static std::size_t bytes_of_profile(const std::optional<rooms::known_profile>& profile) {
    if (!profile) return 0;
    const auto& what = profile->what;
    return what.name.size() + (what.data ? what.data->value().size() : 0);
  }
  recent_map<member_name, rooms::member_row, bytes_of_row, member_hash> members_;
  recent_map<user_id, std::optional<rooms::known_profile>, bytes_of_profile> profiles_;
};

}  // namespace confab::journal::sqlite
