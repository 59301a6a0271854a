#pragma once

#include "protocol/free_data.hpp"
#include "protocol/ids.hpp"
#include "protocol/membership.hpp"
#include "protocol/room_settings.hpp"

#include <optional>
#include <string>
#include <variant>
#include <vector>

/// What a room's log is made of (PROTOCOL §4, SEMANTICS §2).
namespace confab {

/// The attachments of a message, kept as compact JSON: an array of 1..10 objects that the codec has
/// checked and put in order.
using attachment_list = strong<struct attachment_list_tag, std::string>;

/// Whom a message addresses by name.
struct mention_list {
  std::vector<user_id> users;
  bool room = false;  // "@room"
  bool empty() const noexcept { return users.empty() && !room; }
  friend bool operator==(const mention_list&, const mention_list&) = default;
};

/// Of a message: `text`, `data`, attachments, or several of them. With none of them it was taken
/// away: the message is deleted.
struct content {
  std::string text;
  std::optional<free_data> data;
  std::optional<attachment_list> attachments = {};
  mention_list mentions = {};
  bool empty() const noexcept { return text.empty() && !data && !attachments; }
  friend bool operator==(const content&, const content&) = default;
};

/// Where a message stands, and what it counts as; an edit does not change it.
struct placement {
  std::optional<seq_no> reply_to;
  std::optional<seq_no> thread;  // the root of the thread it is in
  bool quiet = false;            // counts as nothing
  std::string event;             // the application's name for it; empty: none
  friend bool operator==(const placement&, const placement&) = default;
};

struct posted {
  content what;
  placement where = {};
  bool unchecked = false;  // the deployment's hook was asked in vain
  friend bool operator==(const posted&, const posted&) = default;
};
struct edited {
  seq_no target;
  content what;
  bool unchecked = false;
  friend bool operator==(const edited&, const edited&) = default;
};
struct deleted {
  seq_no target;
  std::string reason = {};
  friend bool operator==(const deleted&, const deleted&) = default;
};
struct reacted {
  seq_no target;
  std::string emoji;
  bool on = true;
  friend bool operator==(const reacted&, const reacted&) = default;
};
struct pinned {
  seq_no target;
  bool on = true;
  friend bool operator==(const pinned&, const pinned&) = default;
};
struct room_set {
  room_settings change;
  friend bool operator==(const room_set&, const room_set&) = default;
};
/// Of the server's own log: what clients never see.
struct recorded {
  std::string type;  // of the event, such as `user.created`
  free_data data;
  friend bool operator==(const recorded&, const recorded&) = default;
};
/// Of the server's own log: how a user is called, and what the application keeps of them.
struct user_set {
  user_id user;
  std::string name;
  std::optional<free_data> data;
  bool guest = false;
  bool by_api = false;  // the deployment set it; the sequencer fills this in
  bool first = false;   // nothing was known of the user before: likewise, and no part of what is
  friend bool operator==(const user_set& a, const user_set& b) {
    return a.user == b.user && a.name == b.name && a.data == b.data && a.guest == b.guest &&
           a.by_api == b.by_api;
  }
};

/// Everything up to there is gone: by age, or by the deployment's wish.
struct trimmed {
  seq_no upto;
  friend bool operator==(const trimmed&, const trimmed&) = default;
};

/// A user is no more: nothing of them is left in the room, and what was written under their name
/// before reads `as`. In the server's own log: nor anywhere else.
struct erased {
  user_id user;
  user_id as;
  friend bool operator==(const erased&, const erased&) = default;
};

using entry_body = std::variant<posted, edited, deleted, reacted, recorded, member_set, room_set,
                                pinned, user_set, trimmed, erased>;

/// The message an entry changes; none for a message itself.
std::optional<seq_no> target_of(const entry_body& body) noexcept;

/// One entry as it is in the log: numbered, stamped and as durable as the journal makes it.
struct log_entry {
  seq_no seq;
  unix_ms at;
  user_id from;
  std::string key;  // empty: none
  entry_body body;
  std::string by{};  // the name of the API's key that asked for it; empty: none did. No client is told.
  friend bool operator==(const log_entry&, const log_entry&) = default;
};

/// Bytes of all that a client chose in `what`.
std::size_t cost_of(const content& what) noexcept;
/// Bytes of text, data and ids in `entry`: what pages and caches are bounded by.
std::size_t cost_of(const log_entry& entry) noexcept;

}  // namespace confab
