#include "actors/switchboard.hpp"

#include <array>
#include <utility>

namespace confab::actors {
namespace {

/// Of this node among the others: there is one.
constexpr std::uint16_t own_node = 0;

}  // namespace

void switchboard::add(shard_actors shard) { shards_.push_back({std::move(shard)}); }

session_name switchboard::name_of(session_id session) const noexcept {
  std::array<char, 10> signed_bytes{};
  std::uint64_t rest = session.value();
  for (std::size_t i = 2; i < signed_bytes.size(); ++i, rest >>= 8)
    signed_bytes[i] = static_cast<char>(rest & 0xff);
  signed_bytes[0] = static_cast<char>(own_node & 0xff);
  signed_bytes[1] = static_cast<char>(own_node >> 8);
  return {own_node, session, siphash64(secret_, {signed_bytes.data(), signed_bytes.size()})};
}

std::optional<session_id> switchboard::find(const session_name& name) const noexcept {
  if (name != name_of(name.id) || !knows(name.id)) return std::nullopt;
  return name.id;
}

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
