#pragma once

#include "journal/journal.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// Webhooks (API §9): entries of the journal as events, and how they reach a server of the
/// deployment's. No sockets and no clock here.
namespace confab::webhooks {

/// What a webhook may ask for, and at the end what it is told without having asked.
enum class event_kind : std::uint8_t {
  message_created,
  message_edited,
  message_deleted,
  reaction_added,
  reaction_removed,
  pin_added,
  pin_removed,
  member_invited,
  member_joined,
  member_left,
  member_removed,
  member_banned,
  member_unbanned,
  member_changed,
  room_changed,
  room_trimmed,
  user_created,
  user_changed,
  user_deactivated,
  user_erased,
  room_created,
  room_deleted,
  message_reported,
  notify,
  notify_cleared,
  presence_online,
  presence_offline,
  presence_reset,
  gap,
  test
};
inline constexpr std::size_t kinds_asked_for = static_cast<std::size_t>(event_kind::gap);
static_assert(kinds_asked_for <= 32, "each is a bit of event_set");
std::string_view name(event_kind of) noexcept;

/// A bit for each kind.
using event_set = std::uint32_t;
constexpr event_set set_of(event_kind one) noexcept {
  return event_set{1} << static_cast<unsigned>(one);
}
/// What `pattern` names: an event, the beginning of some and `*`, or `*`, which is all that entries
/// are. 0: nothing.
event_set events_named(std::string_view pattern) noexcept;

/// What is of no entry: whom to tell, and who is there.
inline constexpr event_set push_events =
    set_of(event_kind::notify) | set_of(event_kind::notify_cleared);
inline constexpr event_set presence_events = set_of(event_kind::presence_online) |
                                             set_of(event_kind::presence_offline) |
                                             set_of(event_kind::presence_reset);

/// One event for each entry; none: nobody is told of it.
std::optional<event_kind> event_of(const journal::feed_item& item);

/// The room that it is about, by which webhooks are narrowed; none: it is about no room.
std::optional<room_id> room_of(const journal::feed_item& item);

/// Which rooms a webhook is told of: direct ones only by a pattern that begins with `dm:`. No
/// patterns: all others.
class room_choice {
 public:
  room_choice() = default;
  explicit room_choice(std::vector<std::string> patterns);
  bool has(const room_id& room) const noexcept;

 private:
  journal::room_filter any_, direct_;
};

/// Events of one partition are told one after the other. Cursors are stored by it, so it stays.
inline constexpr unsigned partitions = 16;
unsigned partition_of(const room_id& room) noexcept;

/// Content that was there is not there any more: its message was deleted, or trimmed.
bool is_emptied(const log_entry& entry) noexcept;

}  // namespace confab::webhooks
