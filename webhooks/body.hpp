#pragma once

#include "webhooks/hook.hpp"
#include "webhooks/log_names.hpp"
#include "webhooks/presence.hpp"
#include "webhooks/push_store.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

/// What is sent, as JSON.
namespace confab::webhooks {

/// An event of an entry.
struct told {
  event_kind kind;
  const journal::feed_item* item;
};

/// The same for the same entry, and another for each that had its position in a log of before.
std::string id_of(std::string_view hook, event_kind kind, std::uint64_t position,
                  const log_names& log = {});
/// Of several: the first and the last position.
std::string batch_id(std::string_view hook, std::uint64_t first, std::uint64_t last,
                     const log_names& log = {});

std::string event_body(const told& one, bool thin);
std::string batch_body(std::string_view hook, std::span<const told> all, bool thin,
                       const log_names& log = {});
/// What was trimmed before it could be told. `at`: of the last of it.
std::string gap_body(std::uint64_t first, std::uint64_t last, unix_ms at);
std::string test_body(std::string_view hook, unix_ms now);

/// Who came and went, by the id of each event. `many`: as a batch, otherwise the first alone.
std::string presence_body(std::span<const std::pair<std::string, presence_change>> told,
                          std::string_view node, bool many);

/// One of those whom an event names. `has`: what is unread in the room; null of who is invited.
std::string recipient_json(const user_id& user, std::string_view why, const message::inbox_row* has,
                           const message::totals& sum);
/// What `notify.cleared` says. `deleted`: it is about this message alone. `read`: none of who is no
/// member any more.
std::string withdrawal_json(const user_id& user, const room_id& room, std::optional<seq_no> deleted,
                            std::optional<seq_no> read, const message::totals& sum);
/// What a notification shows.
struct push_content {
  std::string title;  // of the room; empty: it is a direct one
  user_id from;
  std::string name;
  std::optional<message::present_message> message;  // none: it is an invitation
};
/// Without `shown` it tells nothing but whom to notify.
std::string push_body(const push_event& what, const push_content* shown);
/// As `id_of`.
std::string push_id(std::string_view hook, const push_event& what, const log_names& log);

/// 2025-11-22T05:40:00.123Z
std::string iso_time(unix_ms at);

}  // namespace confab::webhooks
