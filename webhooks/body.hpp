#pragma once

#include "webhooks/hook.hpp"
#include "webhooks/log_names.hpp"

#include <cstdint>
#include <span>
#include <string>

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

/// 2025-11-22T05:40:00.123Z
std::string iso_time(unix_ms at);

}  // namespace confab::webhooks
