#pragma once

#include "protocol/ids.hpp"

#include <optional>
#include <string>
#include <variant>

/// What a room's log is made of (PROTOCOL §4).
namespace confab {

/// Any JSON value of a client but null, kept as its compact text. Checked by the codec (at most
/// `limits::data_bytes_max`, valid UTF-8), never looked into by anyone else.
using free_data = strong<struct free_data_tag, std::string>;

/// Of a message: `text`, `data`, or both. With neither it was taken away: the message is deleted.
struct content {
  std::string text;
  std::optional<free_data> data;
  bool empty() const noexcept { return text.empty() && !data; }
  friend bool operator==(const content&, const content&) = default;
};

struct posted {
  content what;
  friend bool operator==(const posted&, const posted&) = default;
};
struct edited {
  seq_no target;
  content what;
  friend bool operator==(const edited&, const edited&) = default;
};
struct deleted {
  seq_no target;
  friend bool operator==(const deleted&, const deleted&) = default;
};
struct reacted {
  seq_no target;
  std::string emoji;
  bool on = true;
  friend bool operator==(const reacted&, const reacted&) = default;
};
/// Of the server's own log: what clients never see.
struct recorded {
  std::string type;  // of the event, such as `user.created`
  free_data data;
  friend bool operator==(const recorded&, const recorded&) = default;
};

using entry_body = std::variant<posted, edited, deleted, reacted, recorded>;

/// The message an entry changes; none for a message itself.
std::optional<seq_no> target_of(const entry_body& body) noexcept;

/// One entry as it is in the log: numbered, stamped and as durable as the journal makes it.
struct log_entry {
  seq_no seq;
  unix_ms at;
  user_id from;
  std::string key;  // empty: none
  entry_body body;
  friend bool operator==(const log_entry&, const log_entry&) = default;
};

/// Bytes of text, data and ids in `entry`: what pages and caches are bounded by.
std::size_t cost_of(const log_entry& entry) noexcept;

}  // namespace confab
