// What users have of rooms, in memory.

#include "journal/memory_store.hpp"

#include <algorithm>
#include <functional>
#include <mutex>
#include <shared_mutex>

namespace confab::journal {

memory_own own_of(const memory_store& store, const memory_room& room, const user_id& user) {
  const auto at =
      store.marks.find({user, rooms::mark::kind::own_settings, room.view.room.value()});
  if (at == store.marks.end()) return {};
  const auto& [what, position] = at->second;
  return {rooms::own_of(what.value, what.text), position};
}

std::vector<room_info> directs_of(const memory_store& store, const user_id& user,
                                  std::size_t count) {
  std::vector<const memory_room*> found;
  for (const auto& [id, room] : store.rooms)
    if (room.is_direct_of(user)) found.push_back(&room);
  std::ranges::sort(found, std::ranges::greater{}, &memory_room::last_position);
  found.resize(std::min(found.size(), count));
  std::vector<room_info> page;
  for (const auto* room : found) page.push_back(room->info());
  return page;
}

std::uint64_t position_at_of(memory_store& store, unix_ms at) {
  const std::shared_lock lock{store.border};
  const auto is_younger = [&](const log_place& place) {
    return place.room->log[place.seq.value() - 1].at > at;
  };
  const auto end = std::ranges::partition_point(store.order, std::not_fn(is_younger));
  return end == store.order.begin() ? 0 : std::prev(end)->position;
}

}  // namespace confab::journal
