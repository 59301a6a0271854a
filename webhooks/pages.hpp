#pragma once

#include "webhooks/events.hpp"

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

namespace confab::webhooks {

inline constexpr std::size_t pages_kept = 8;

/// An item with what every webhook would find out of it anew.
struct seen_item {
  journal::feed_item item;
  std::optional<event_kind> kind;
  unsigned partition;
};

/// Entries behind a position.
struct page {
  std::uint64_t after = 0;
  std::uint64_t last = 0;  // `after` where it is empty
  std::uint64_t head = 0;  // of the journal, at least, when it was read
  std::vector<seen_item> items;
};

/// The feed for many who are at nearly the same place: the pages that were read last are
/// remembered, and read once.
class pages {
 public:
  explicit pages(std::unique_ptr<journal::reader> from) : from_(std::move(from)) {}

  /// One that has what is behind `position`, up to `upto` where that is said; empty: there is
  /// nothing up to `head`. Null: it can't be read now. Valid until the next call.
  const page* behind(std::uint64_t position, std::uint64_t head, std::uint64_t upto = 0);
  std::size_t size() const noexcept { return kept_.size(); }
  /// Then what was deleted by now is in none that is read.
  void forget() { kept_.clear(); }
  /// Entries of a room before it are trimmed; none: it can't be read.
  std::optional<seq_no> floor_of(const room_id& room);
  /// Of the last entry that is older than `at`; none: it can't be read.
  std::optional<std::uint64_t> before(unix_ms at);

 private:
  const std::unique_ptr<journal::reader> from_;
  std::deque<page> kept_;  // the one read last at the front
};

}  // namespace confab::webhooks
