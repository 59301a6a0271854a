#pragma once

#include "rooms/message_state.hpp"
#include "rooms/operation.hpp"
#include "rooms/outcome.hpp"
#include "rooms/view.hpp"

#include <optional>
#include <variant>

namespace confab::rooms {

// What one message takes (SEMANTICS §2).
inline constexpr std::uint32_t emoji_per_message_max = 64;
inline constexpr std::uint32_t edits_per_message_max = 1'000;
inline constexpr std::uint32_t reaction_entries_per_message_max = 10'000;
inline constexpr std::size_t delete_targets_max = 100;

/// All that a rule may look at.
struct judged_case {
  const room_view& room;
  const operation& asked;
  /// The message that the operation names, one at a time; null where there is none.
  const message_state* message;
  unix_ms at;  // log time
};

struct allowed {};
using verdict = std::variant<allowed, unchanged, refused>;

/// Who may do what, at the operation's place in the order: a pure function of what was ordered
/// before. The table stands in judge.cpp.
verdict judge(const judged_case& of);

/// The messages that an operation names, in its order; none where it names none.
std::vector<seq_no> targets_of(const want& what);

}  // namespace confab::rooms
