#pragma once

#include "protocol/entry.hpp"
#include "protocol/ids.hpp"
#include "rooms/outcome.hpp"

#include <cstddef>
#include <variant>
#include <vector>

/// What became of an operation, in so few words as who asked from outside needs: no contents.
namespace confab::rooms {

struct kept {
  seq_no seq;  // of the last entry, and its time
  unix_ms at;
  std::size_t entries = 0;
  mention_list unreached{};
  std::vector<user_id> users{};  // whom a change of members changed
  std::size_t weight = 1;        // see `weight_max`
};
struct made {
  epoch_id epoch;
  seq_no head;
  bool duplicate = false;  // it was there before
};
struct not_kept {
  bool unknown = false;  // it may be stored all the same
};

using brief = std::variant<not_kept, kept, made, repeated, unchanged, refused>;

}  // namespace confab::rooms
