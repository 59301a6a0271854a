#pragma once

#include "protocol/codes.hpp"
#include "protocol/entry.hpp"
#include "protocol/free_data.hpp"
#include "protocol/ids.hpp"
#include "rooms/own.hpp"
#include "rooms/view.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// What becomes of an operation.
namespace confab::rooms {

/// What an operation weighs is how many rows the store writes for it, at most: one for each entry, one
/// for each member it changes, and of each message that it takes away the edits and reactions that go
/// with it. An operation that takes away more than one message weighs no more than this, and where what was
/// decided comes to so much a commit ends.
inline constexpr std::size_t weight_max = 4'096;

struct refused {
  error_code code;
  std::string text;
  std::optional<std::chrono::milliseconds> retry_after;
  std::optional<unix_ms> until;      // of `banned` and `muted`
  std::string reason;                // of `banned` and `rejected`
  std::optional<std::size_t> limit;  // of `limit`
  std::optional<free_data> data{};   // of `rejected`
  /// Nothing but the check by a hook is missing: the author's role. Else `none`.
  role unchecked_as = role::none;
  friend bool operator==(const refused&, const refused&) = default;
};
inline refused refusal(error_code code, std::string_view text) {
  return {code, std::string{text}, {}, {}, {}, {}};
}
inline refused too_many(std::string_view text, std::size_t limit) {
  auto why = refusal(error_code::limit, text);
  why.limit = limit;
  return why;
}
/// Of who would have been let, in that role.
inline refused to_be_checked(role as) {
  auto why = refusal(error_code::unavailable, "not checked; repeat with the same key");
  why.unchecked_as = as;
  return why;
}
/// There was nothing to change: no entry.
struct unchanged {
  friend bool operator==(const unchanged&, const unchanged&) = default;
};
/// The key was used before: what came of it then.
struct repeated {
  seq_no seq;  // of the last entry
  unix_ms at;
  friend bool operator==(const repeated&, const repeated&) = default;
};
/// The entries that it became, at least one.
struct appended {
  std::vector<log_entry> entries;
  std::string name{};        // of the author of a message, where it is not the id
  mention_list unreached{};  // whom the message names and does not reach
  std::size_t members = 0;   // of the room, after the entries
  std::vector<user_id> told{};  // the store's: whom it has noted that the messages address, and both
                                // users of a direct room
  std::size_t weight = 1;       // see `weight_max`
  friend bool operator==(const appended&, const appended&) = default;
};
/// The room of a `create_room`, as it is after the entries that it begins with.
struct room_created {
  room_view view;
  std::vector<log_entry> entries;
};
struct room_was_there {
  friend bool operator==(const room_was_there&, const room_was_there&) = default;
};
/// `set_marks` and its time.
struct marked {
  unix_ms at;
  friend bool operator==(const marked&, const marked&) = default;
};
/// The read marker of a member of the room. It is a mark, and no entry.
struct marker_moved {
  user_id user;
  seq_no read;
  std::optional<kept_own> own{};  // where the reading ends that the room is marked
  friend bool operator==(const marker_moved&, const marker_moved&) = default;
};
/// One's own settings of the room, as they are from now on: a mark, too.
struct own_set {
  user_id user;
  kept_own own;
  friend bool operator==(const own_set&, const own_set&) = default;
};
/// The source could not be read: nothing is decided.
struct undecided {
  friend bool operator==(const undecided&, const undecided&) = default;
};

}  // namespace confab::rooms
