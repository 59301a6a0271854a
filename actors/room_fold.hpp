#pragma once

#include "protocol/messages.hpp"

#include <span>
#include <vector>

/// A room is a fold over its log. This is the part of the fold that clients see: messages in
/// their present form, after what later entries did to them (PROTOCOL §4).
namespace confab::actors {

/// `messages` (only `posted` entries) in the order given, with `changes` (ascending by seq)
/// applied. Changes of other messages are ignored, as are those that had lost a race: an edit or
/// a reaction after the deletion, a reaction that was there already.
std::vector<message::present_message> fold(std::span<const log_entry> messages,
                                           std::span<const log_entry> changes);

}  // namespace confab::actors
