#pragma once

#include "protocol/entry.hpp"
#include "protocol/ids.hpp"
#include "rooms/outcome.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

/// What the deployment's hooks are asked, and what they say (docs/api.md).
namespace confab::rooms {

/// Of who wants something. What is not known is empty.
struct hook_asker {
  room_id room;
  user_id user;
  std::string name;
  role as = role::none;
  std::string session;
  std::string address;
};
/// May this be said?
struct message_question {
  hook_asker from;
  std::optional<seq_no> edits;  // none: it is a new message
  content what;
  placement where;
};
/// Where does this file go?
struct upload_question {
  hook_asker from;
  std::string mime;
  std::uint64_t bytes = 0;
  std::string name;
};
/// Where is this file, which a message names by `ref`?
struct download_question {
  hook_asker from;
  seq_no seq;
  std::string ref;
};

/// It may be said like this.
struct let_through {
  content what;
  placement where;
  bool unchecked = false;  // there was no answer
};
struct file_place {
  std::string ref;     // of an upload
  std::string method;  // likewise
  std::string url;
  free_data headers;  // likewise, an object
  unix_ms expires_at;
};
using hook_verdict = std::variant<let_through, file_place, refused>;

}  // namespace confab::rooms
