#include "webhooks/events.hpp"

#include "protocol/document.hpp"
#include "protocol/overloaded.hpp"

#include <utility>

namespace confab::webhooks {
namespace {

constexpr std::array<std::string_view, 30> names{
    "message.created", "message.edited",   "message.deleted",  "reaction.added",  "reaction.removed",
    "pin.added",       "pin.removed",      "member.invited",   "member.joined",   "member.left",
    "member.removed",  "member.banned",    "member.unbanned",  "member.changed",  "room.changed",
    "room.trimmed",    "user.created",     "user.changed",     "user.deactivated", "user.erased",
    "room.created",    "room.deleted",     "message.reported", "notify",           "notify.cleared",  "presence.online",
    "presence.offline", "presence.reset",  "webhook.gap",      "webhook.test"};
static_assert(names.size() == static_cast<std::size_t>(event_kind::test) + 1);

std::optional<event_kind> kind_of(const recorded& what) {
  constexpr std::array<std::pair<std::string_view, event_kind>, 5> kinds{
      {{"report.created", event_kind::message_reported},
       {"room.created", event_kind::room_created},
       {"room.deleted", event_kind::room_deleted},
       {"user.deactivated", event_kind::user_deactivated},
       {"user.reactivated", event_kind::user_changed}}};
  for (const auto& [type, kind] : kinds)
    if (what.type == type) return kind;
  return std::nullopt;
}

event_kind kind_of(const member_set& change) {
  if (!change.state) return event_kind::member_changed;
  switch (*change.state) {
    case member_state::invited:
      return event_kind::member_invited;
    case member_state::member:
      return event_kind::member_joined;
    case member_state::left:
      return event_kind::member_left;
    case member_state::removed:
      return event_kind::member_removed;
    case member_state::banned:
      return event_kind::member_banned;
    case member_state::unbanned:
      return event_kind::member_unbanned;
    case member_state::none:
      break;
  }
  return event_kind::member_changed;
}

}  // namespace

std::string_view name(event_kind of) noexcept { return names[static_cast<std::size_t>(of)]; }

event_set events_named(std::string_view pattern) noexcept {
  const bool begins = pattern.ends_with('*');
  if (begins) pattern.remove_suffix(1);
  event_set all = 0;
  for (std::size_t i = 0; i < kinds_asked_for; ++i)
    if (begins ? names[i].starts_with(pattern) : names[i] == pattern)
      all |= set_of(static_cast<event_kind>(i));
  // Each costs more than reading the log, so it is asked for by its name.
  return pattern.empty() ? all & ~(push_events | presence_events) : all;
}

std::optional<event_kind> event_of(const journal::feed_item& item) {
  using found = std::optional<event_kind>;
  if (item.room.view().starts_with(rooms::gone_room_prefix)) return std::nullopt;
  return std::visit(
      overloaded{[](const posted&) { return found{event_kind::message_created}; },
                 [](const edited&) { return found{event_kind::message_edited}; },
                 [](const deleted&) { return found{event_kind::message_deleted}; },
                 [](const reacted& what) {
                   return found{what.on ? event_kind::reaction_added
                                        : event_kind::reaction_removed};
                 },
                 [](const pinned& what) {
                   return found{what.on ? event_kind::pin_added : event_kind::pin_removed};
                 },
                 [](const member_set& what) { return found{kind_of(what)}; },
                 [](const room_set&) { return found{event_kind::room_changed}; },
                 [](const trimmed&) { return found{event_kind::room_trimmed}; },
                 [](const erased&) { return found{event_kind::user_erased}; },
                 [](const user_set& what) {
                   if (what.guest) return found{};
                   return found{what.first ? event_kind::user_created : event_kind::user_changed};
                 },
                 [](const recorded& what) { return kind_of(what); }},
      item.entry.body);
}

std::optional<room_id> room_of(const journal::feed_item& item) {
  if (item.room != rooms::server_room) return item.room;
  const auto* report = std::get_if<recorded>(&item.entry.body);
  if (!report) return std::nullopt;
  const auto data = json::parse(report->data.value(), nullptr, false);
  if (!data.is_object()) return std::nullopt;
  return room_id::make(data.value("room", ""));
}

room_choice::room_choice(std::vector<std::string> patterns) {
  for (const auto& each : patterns)
    if (each.starts_with(direct_room_prefix)) direct_.patterns.push_back(each);
  any_.patterns = std::move(patterns);
}

bool room_choice::has(const room_id& room) const noexcept {
  if (!is_direct(room)) return any_.admits(room);
  return !direct_.patterns.empty() && direct_.admits(room);
}

/// FNV-1a, the same on every machine and in every version.
unsigned partition_of(const room_id& room) noexcept {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : room.view()) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001b3;
  }
  return static_cast<unsigned>((hash ^ hash >> 32) % partitions);
}

bool is_emptied(const log_entry& entry) noexcept {
  if (const auto* said = std::get_if<posted>(&entry.body)) return said->what.empty();
  if (const auto* change = std::get_if<edited>(&entry.body)) return change->what.empty();
  if (const auto* reaction = std::get_if<reacted>(&entry.body)) return reaction->emoji.empty();
  return false;
}

}  // namespace confab::webhooks
