#include "rooms/own.hpp"

#include <charconv>
#include <string>

namespace confab::rooms {
namespace {

// The value of the mark: the level of notifications from 1 (0: none is set), two flags, and the running
// number from 1 (0: not hidden). Its text is `notify_until`. Stored: never changed.
constexpr std::int64_t notify_bits = 3, marked_bit = 4, no_receipts_bit = 8;
constexpr int counted_shift = 4;

}  // namespace

own_settings in_force(const kept_own& own, std::uint64_t counted, unix_ms at) {
  auto set = own.set;
  set.hidden = set.hidden && own.counted == counted;
  if (set.notify_until.value() != 0 && set.notify_until <= at) {
    set.notify.reset();
    set.notify_until = {};
  }
  return set;
}

kept_own changed(const kept_own& was, const own_change& change, const room_view& room, unix_ms at) {
  kept_own now{in_force(was, room.counted, at), 0};
  apply(now.set, change);
  if (now.set.hidden) now.counted = room.counted;
  return now;
}

mark to_mark(const user_id& user, const room_id& room, const kept_own& own) {
  const auto& set = own.set;
  std::int64_t value = set.notify ? static_cast<std::int64_t>(*set.notify) + 1 : 0;
  if (set.marked) value |= marked_bit;
  if (!set.receipts) value |= no_receipts_bit;
  if (set.hidden) value |= static_cast<std::int64_t>(own.counted + 1) << counted_shift;
  mark made{user, room.value(), mark::kind::own_settings, value, {}};
  if (set.notify_until.value() != 0) made.text = std::to_string(set.notify_until.value());
  return made;
}

kept_own own_of(std::int64_t value, std::string_view text) {
  kept_own own;
  if (const auto notify = value & notify_bits) own.set.notify = static_cast<notify_level>(notify - 1);
  own.set.marked = (value & marked_bit) != 0;
  own.set.receipts = (value & no_receipts_bit) == 0;
  if (const auto counted = value >> counted_shift; counted > 0) {
    own.set.hidden = true;
    own.counted = static_cast<std::uint64_t>(counted) - 1;
  }
  std::int64_t until = 0;
  std::from_chars(text.data(), text.data() + text.size(), until);
  own.set.notify_until = unix_ms{until};
  return own;
}

}  // namespace confab::rooms
