#pragma once

#include "protocol/limits.hpp"
#include "rooms/key_window.hpp"
#include "rooms/message_state.hpp"
#include "rooms/operation.hpp"
#include "rooms/outcome.hpp"
#include "rooms/rights.hpp"
#include "rooms/rules.hpp"
#include "rooms/view.hpp"

#include <optional>
#include <span>
#include <string_view>
#include <variant>

namespace confab::rooms {

/// What the server's own log says of a user, and the entry that says it.
struct known_profile {
  user_set what;
  unix_ms at;
  seq_no seq;
  /// Of a guest nothing but this is kept, and not for ever (SEMANTICS §9).
  bool is_guest() const noexcept { return what.guest && !what.by_api; }
  /// Whether it stays when this is told. What the deployment set is nobody else's to change; and a guest's
  /// name goes some time after the entry that tells it, so that it is told anew.
  bool outlasts(const user_set& told, unix_ms now) const noexcept {
    if (what.by_api && !told.by_api) return true;
    const auto age = now.value() - at.value();
    return what == told && !(told.guest && age >= limits::guest_names_renewed.count());
  }
};

/// What the sequencer reads of what was ordered before, this batch included. Implemented by the
/// stores, and by a map in tests. Where a read fails the source is `broken` from then on.
class source : public member_rows {
 public:
  /// Null: no such room. The sequencer applies entries to it; valid until the next call.
  virtual room_view* room(const room_id& room) = 0;
  /// The message `seq` as `by` sees it, and the reaction `emoji` of it (empty: none is meant).
  virtual std::optional<message_state> message(const room_view& room, seq_no seq, const user_id& by,
                                               std::string_view emoji) = 0;
  /// The latest use of a key by this user in this room, whether still remembered or not.
  virtual std::optional<key_record> key(const room_view& room, const user_id& by,
                                        std::string_view key) = 0;
  /// What the server's own log says of a user; none where it says nothing.
  virtual std::optional<known_profile> profile(const user_id& user) = 0;
  /// In how many rooms `user` is a member, or invited at that time; counted up to `limit`.
  virtual std::size_t memberships(const user_id& user, unix_ms at, std::size_t limit) = 0;
  virtual bool has_blocked(const user_id& blocker, const user_id& blocked) = 0;
  /// Up to where `user` has read, as far as a mark says so.
  virtual seq_no marker(const room_view& room, const user_id& user) = 0;
  /// Their own settings of the room; the default where there are none.
  virtual kept_own own(const room_view& room, const user_id& user) = 0;
  /// When `by` last said something in the room.
  virtual std::optional<unix_ms> last_message(const room_view& room, const user_id& by) = 0;
  /// Of the moderators who has been a member for longest, else of the members, else of the readers;
  /// ties by id.
  /// Those in `without` are passed over: what changes them is not stored yet.
  virtual std::optional<user_id> successor(const room_view& room,
                                           std::span<const user_id> without) = 0;
  /// Of the last entry or group of marks.
  virtual std::uint64_t last_position() const noexcept = 0;
  virtual bool broken() const noexcept = 0;
};

/// What became of an operation. The store keeps it before it asks for the next.
using decision = std::variant<room_created, room_was_there, appended, marked, marker_moved, own_set,
                              repeated, unchanged, refused, undecided>;

/// Log time follows the clock: `stamp` itself where it is more than a minute behind, else the
/// greater of both. It may fall, so that a clock that was wrong once does not stay.
inline constexpr std::chrono::milliseconds clock_step_back_min{60'000};
unix_ms follow(unix_ms log_time, unix_ms stamp) noexcept;

/// The one place where an operation becomes a refusal, or entries with numbers and a time. A
/// deterministic function of what was ordered before and of `stamp`: no clock, no randomness.
class sequencer {
 public:
  sequencer(key_window window, const rules& how) : window_(window), how_(how) {}

  /// Decides one operation, which is spent: its content goes into the entries. The room's view is
  /// brought up to date.
  decision decide(operation& asked, unix_ms stamp, source& from);

  /// The time of the last operation that left something in the journal.
  unix_ms log_time() const noexcept { return log_time_; }
  /// After a start, and where a batch was taken back.
  void set_log_time(unix_ms at) noexcept { log_time_ = at; }

 private:
  std::optional<decision> known_key(const operation& asked, unix_ms at, const room_view& room,
                                    source& from) const;
  static bool covers(const key_record& used, const operation& asked, unix_ms at,
                     const room_view& room, source& from);
  decision create(operation& asked, unix_ms at, source& from);
  static std::optional<refused> still_speaks(const erase_user& gone, const room_view& room,
                                             source& from);
  std::optional<refused> forbids_marks(const operation& asked, unix_ms at, const room_view& room,
                                       source& from) const;
  decision move(const operation& asked, unix_ms at, const room_view& room, source& from);
  decision set(const operation& asked, unix_ms at, const room_view& room, source& from);
  standing standing_of(const room_view& room, const principal& by, const member_row& row,
                       unix_ms at) const;

  key_window window_;
  rules how_;
  unix_ms log_time_;
};

}  // namespace confab::rooms
