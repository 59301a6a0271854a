#pragma once

#include "protocol/entry.hpp"
#include "protocol/ids.hpp"
#include "protocol/own_settings.hpp"
#include "rooms/principal.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

/// What somebody wants of a room. The sequencer makes of it a refusal, or 0..n entries, all or
/// none. Valid in form, size and rate: that is checked before.
namespace confab::rooms {

/// Create the room unless it is there; title, epoch and users are taken from here then.
struct create_room {
  epoch_id epoch;
  std::optional<std::pair<user_id, user_id>> direct;  // the two users of a direct room
  /// Made by `create`: it is an error if the room is there, and its author owns it.
  struct founding {
    room_settings settings;
    std::vector<user_id> invited;
  };
  std::optional<founding> with;
};
struct post_message {
  content what;
  placement where{};
  /// A key: without an entry that its author made under it in this room, the message is refused.
  std::string after{};
};
struct edit_message {
  seq_no target;
  content what;
};
/// One entry for each target, or none where one of them is not allowed.
struct delete_messages {
  std::vector<seq_no> targets;  // 1..limits::delete_targets_max
  std::string reason;
};
/// With `on` false the reaction is taken back.
struct set_reaction {
  seq_no target;
  std::string emoji;
  bool on = true;
};
struct set_pin {
  seq_no target;
  bool on = true;
};
/// One entry for those of the users that it changes, or none where one of them is not allowed.
struct set_members {
  member_set change;
};
/// The author's own membership.
struct become_member {};
struct cease_membership {};
struct set_room {
  room_settings change;
};
/// How a user is called: to the server's own room.
struct set_user {
  user_set profile;
};
/// An entry of the server's own log.
struct record_event {
  std::string type;  // of the event, such as `user.created`
  free_data data;
};

/// State without a number: folded by maximum or by last writer, and not in any log.
struct mark {
  /// Stored: numbers are never reused.
  enum class kind : std::int64_t { read_marker = 1, own_settings = 2, block = 3, cursor = 4 };
  enum class fold : std::uint8_t { maximum, last_writer };

  user_id user;
  std::string subject;  // a room, another user, the name of a webhook
  kind of = kind::read_marker;
  std::int64_t value = 0;
  std::string text{};

  static constexpr fold fold_of(kind of) noexcept {
    return of == kind::read_marker || of == kind::cursor ? fold::maximum : fold::last_writer;
  }
  friend bool operator==(const mark&, const mark&) = default;
};
/// A group of marks takes one position of the journal.
struct set_marks {
  std::vector<mark> marks;
};

/// The author's own marker in the room: what is read up to there. It only grows.
struct move_marker {
  seq_no upto;  // above the head: the head
};

/// The author's own settings of the room.
struct set_own {
  own_change change;
};

/// Everything up to there goes, but for what the rules fold: at most `limits::trim_entries_max` entries
/// at once. Who wants more asks again.
struct trim_room {
  seq_no upto;
};

/// All that is left of a user in the room, where everything that they said up to `seen` is deleted. What
/// they have said since has to be looked for again: `conflict`.
struct erase_user {
  user_id user;
  user_id as;  // how they are called from now on, in what is left
  seq_no seen;
};

using want = std::variant<create_room, post_message, edit_message, delete_messages, set_reaction,
                          record_event, set_marks, set_pin, set_members, become_member,
                          cease_membership, set_room, set_user, move_marker, trim_room, erase_user,
                          set_own>;

/// What the deployment's hook has said of a message (docs/api.md).
enum class checked : std::uint8_t {
  enough,   // it let the message through, or is not asked
  not_yet,  // it is still to be asked: what would be stored is refused, see `refused::unchecked_as`
  in_vain   // it did not answer: the entry says that it is unchecked
};

struct operation {
  room_id room;
  principal by;
  /// Makes it exactly-once for this user and room; empty: none.
  std::string key;
  want what;
  /// Its author has spent what it costs, for so long: only a repeat is answered, which costs nothing.
  std::optional<std::chrono::milliseconds> overdrawn{};
  checked by_hook = checked::enough;
};

}  // namespace confab::rooms
