#include "actors/switchboard.hpp"

#include <utility>

namespace confab::actors {

void switchboard::add(shard_actors shard) { shards_.push_back({std::move(shard)}); }

room_actor switchboard::awake(const room_id& room) const {
  auto& own = *of(room).awake;
  const std::lock_guard lock{own.mutex};
  const auto at = own.rooms.find(room);
  return at == own.rooms.end() ? room_actor{} : at->second;
}

void switchboard::woke(const room_id& room, room_actor actor) const {
  auto& own = *of(room).awake;
  const std::lock_guard lock{own.mutex};
  own.rooms.insert_or_assign(room, std::move(actor));
}

void switchboard::fell_asleep(const room_id& room) const {
  auto& own = *of(room).awake;
  const std::lock_guard lock{own.mutex};
  own.rooms.erase(room);
}

/// FNV-1a, 64 bit (draft-eastlake-fnv): the same on every platform and in every process, which
/// std::hash does not promise.
std::uint64_t switchboard::hash(std::string_view text) noexcept {
  std::uint64_t h = 0xcbf29ce484222325;
  for (const unsigned char c : text) h = (h ^ c) * 0x100000001b3;
  return h ^ (h >> 32);
}

}  // namespace confab::actors
