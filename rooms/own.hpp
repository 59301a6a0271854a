#pragma once

#include "protocol/own_settings.hpp"
#include "rooms/operation.hpp"
#include "rooms/view.hpp"

#include <cstdint>
#include <string_view>

namespace confab::rooms {

/// One's own settings of a room as they are kept: a mark of the user, which goes with the membership.
struct kept_own {
  own_settings set;
  std::uint64_t counted = 0;  // the room's running number when it was hidden
  friend bool operator==(const kept_own&, const kept_own&) = default;
};

/// What of them is in force: a counted message ends that the room is hidden, and time that one is told
/// of less.
own_settings in_force(const kept_own& own, std::uint64_t counted, unix_ms at);
/// After the change, at its place in the order.
kept_own changed(const kept_own& was, const own_change& change, const room_view& room, unix_ms at);

mark to_mark(const user_id& user, const room_id& room, const kept_own& own);
/// Of what `to_mark` has made.
kept_own own_of(std::int64_t value, std::string_view text);

}  // namespace confab::rooms
