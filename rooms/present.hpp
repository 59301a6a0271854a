#pragma once

#include "protocol/entry.hpp"
#include "protocol/messages.hpp"

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

/// Messages in their present form: after what later entries did to them (SEMANTICS §2).
namespace confab::rooms {

/// How many of those who react the summary names: the earliest who still do.
inline constexpr std::size_t reaction_users_shown_max = 10;

struct reaction {
  user_id user;
  seq_no seq;  // of the entry
  friend bool operator==(const reaction&, const reaction&) = default;
};

/// One message and all that was done to it, with nobody left out.
struct folded_message {
  seq_no seq;
  unix_ms at;
  user_id from;
  std::string key;
  content what;            // the latest; empty when deleted
  seq_no content_at;       // the entry that `what` is from
  std::optional<unix_ms> edited_at;
  std::optional<user_id> edited_by;  // where that is not the author
  bool deleted = false;
  std::optional<user_id> deleted_by;
  std::uint32_t edits = 0;
  std::uint32_t reaction_entries = 0;
  std::map<std::string, std::vector<reaction>> reactions;  // by emoji, in order of reacting
  placement where;
  std::string deleted_reason;
  struct reply {
    seq_no seq;
    unix_ms at;
    friend bool operator==(const reply&, const reply&) = default;
  };
  std::vector<reply> replies;  // of the thread that it is the root of: those not deleted, in order
  friend bool operator==(const folded_message&, const folded_message&) = default;
};

folded_message begin_fold(const log_entry& message);
/// Takes in an entry that names the message. What had lost a race changes nothing: an edit after
/// the deletion, a reaction that was there already.
void apply(folded_message& message, const log_entry& change);
/// A reply of the thread that `root` began comes, or is deleted.
void add_reply(folded_message& root, const log_entry& reply);
void lose_reply(folded_message& root, seq_no reply);

/// What `asker` is shown of it.
message::present_message summarise(const folded_message& message, const user_id& asker);

/// `messages` (only `posted` entries) in the order given, with `changes` (ascending by seq, replies
/// among them) applied. Changes of other messages are ignored.
std::vector<folded_message> fold(std::span<const log_entry> messages,
                                 std::span<const log_entry> changes);

}  // namespace confab::rooms
