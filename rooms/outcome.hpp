#pragma once

#include "protocol/codes.hpp"
#include "protocol/entry.hpp"
#include "protocol/ids.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <variant>
#include <vector>

/// What becomes of an operation.
namespace confab::rooms {

struct refused {
  error_code code;
  std::string text;
  std::optional<std::chrono::milliseconds> retry_after;
  friend bool operator==(const refused&, const refused&) = default;
};
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
  friend bool operator==(const appended&, const appended&) = default;
};
/// The room of a `create_room`; the store tells what it is like.
struct room_created {
  friend bool operator==(const room_created&, const room_created&) = default;
};
struct room_was_there {
  friend bool operator==(const room_was_there&, const room_was_there&) = default;
};
/// `set_marks` and its time.
struct marked {
  unix_ms at;
  friend bool operator==(const marked&, const marked&) = default;
};
/// The source could not be read: nothing is decided.
struct undecided {
  friend bool operator==(const undecided&, const undecided&) = default;
};

}  // namespace confab::rooms
