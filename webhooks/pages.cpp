#include "webhooks/pages.hpp"

#include "protocol/limits.hpp"

namespace confab::webhooks {

const page* pages::behind(std::uint64_t position, std::uint64_t head, std::uint64_t upto) {
  for (const auto& one : kept_) {
    const bool covers = one.after <= position && position < one.last && one.last >= upto;
    const bool ends = one.items.empty() && one.after == position && one.head == head;
    if (covers || ends) return &one;
  }
  auto read = from_->feed(position, limits::page_entries_max, limits::page_bytes_max);
  if (!read) return nullptr;
  page fresh{position, read->empty() ? position : read->back().position, head, {}};
  fresh.items.reserve(read->size());
  for (auto& item : *read) {
    const auto kind = event_of(item);
    const auto partition = partition_of(item.room);
    fresh.items.push_back({std::move(item), kind, partition});
  }
  // What begins where this one does has less.
  std::erase_if(kept_, [&](const page& one) { return one.after == position; });
  if (kept_.size() >= pages_kept) kept_.pop_back();
  kept_.push_front(std::move(fresh));
  return &kept_.front();
}

std::optional<seq_no> pages::floor_of(const room_id& room) {
  const auto info = from_->room(room);
  if (!info) return std::nullopt;
  return info->floor;
}

std::optional<std::uint64_t> pages::before(unix_ms at) {
  const auto found = from_->position_at(unix_ms{at.value() - 1});
  if (!found) return std::nullopt;
  return *found;
}

}  // namespace confab::webhooks
