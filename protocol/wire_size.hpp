#pragma once

#include "protocol/entry.hpp"
#include "protocol/messages.hpp"

#include <cstddef>

/// Bytes that an element of a list takes on the wire with all its names, quotes and escapes: in either
/// codec no more than this. In JSON it is exact but for a comma, except of free data.
namespace confab {

std::size_t wire_size(const room_id& room, const log_entry& entry);
std::size_t wire_size(const room_id& room, const message::present_message& message);
std::size_t wire_size(const message::profile& user);

}  // namespace confab
