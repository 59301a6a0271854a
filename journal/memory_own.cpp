// What users have of rooms, in memory.

#include "journal/memory_store.hpp"
#include "protocol/wire_size.hpp"
#include "rooms/principal.hpp"

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

/// As `sqlite::people` does it: whom it knows when slow mode is changed it keeps.
void watch_pace(memory_room& room, const log_entry& entry) {
  const auto slow = room.view.settings().slow_mode().count();
  if (std::holds_alternative<posted>(entry.body)) {
    if (slow != 0) room.spoke.insert_or_assign(entry.from, entry.at);
    return;
  }
  const auto* set = std::get_if<room_set>(&entry.body);
  if (!set || !set->change.slow) return;
  if (slow == 0) return room.spoke.clear();
  std::map<user_id, unix_ms> recalled;
  std::size_t left = limits::slow_mode_messages_max;
  for (auto one = room.log.rbegin(); one != room.log.rend() && left > 0; ++one) {
    if (!std::holds_alternative<posted>(one->body)) continue;
    --left;
    if (one->at.value() <= entry.at.value() - slow) continue;
    auto& last = recalled.try_emplace(one->from, one->at).first->second;
    last = std::max(last, one->at);
  }
  room.spoke.merge(recalled);
}

std::uint64_t position_at_of(memory_store& store, unix_ms at) {
  const std::shared_lock lock{store.border};
  const auto is_younger = [&](const log_place& place) {
    return place.room->log[place.seq.value() - 1].at > at;
  };
  const auto end = std::ranges::partition_point(store.order, std::not_fn(is_younger));
  return end == store.order.begin() ? 0 : std::prev(end)->position;
}

bool has_blocked_of(memory_store& store, const user_id& blocker, const user_id& blocked) {
  const std::shared_lock lock{store.border};
  const auto at = store.marks.find({blocker, rooms::mark::kind::block, blocked.value()});
  return at != store.marks.end() && at->second.what.value != 0;
}

std::vector<user_set> profiles_of(memory_store& store, std::span<const user_id> users) {
  const std::shared_lock lock{store.border};
  std::vector<user_set> found;
  for (const auto& user : users)
    if (const auto at = store.profiles.find(user); at != store.profiles.end())
      found.push_back(at->second.what);
  return found;
}

bool forget_room_of(memory_store& store, const room_id& room, seq_no head) {
  const std::lock_guard lock{store.border};
  const auto at = store.rooms.find(room);
  if (at == store.rooms.end() || at->second.view.head != head || at->second.view.direct) return false;
  auto node = store.rooms.extract(at);
  auto& view = node.mapped().view;
  view.room = room_id::trusted(std::string{rooms::gone_room_prefix} + std::to_string(view.number));
  node.key() = view.room;
  store.rooms.insert(std::move(node));
  std::erase_if(store.marks, [&](const auto& one) {
    const auto& [user, kind, about] = one.first;
    return about == room.value() &&
           (kind == rooms::mark::kind::read_marker || kind == rooms::mark::kind::own_settings);
  });
  return true;
}

std::vector<user_set> users_of(memory_store& store, std::string_view prefix, const user_id& after,
                               std::size_t count) {
  const std::shared_lock lock{store.border};
  std::vector<user_set> found;
  for (const auto& [user, known] : store.profiles)
    if (after < user && user.view().starts_with(prefix) && found.size() < count)
      found.push_back(known.what);
  return found;
}

std::vector<feed_item> feed_of(memory_store& store, std::uint64_t after, std::size_t count,
                               std::size_t bytes, bool (*wanted)(const entry_body&)) {
  const std::shared_lock lock{store.border};
  std::vector<feed_item> items;
  std::size_t used = 0;
  auto at = std::ranges::upper_bound(store.order, after, {}, &log_place::position);
  for (; at != store.order.end() && items.size() < count; ++at) {
    const auto& entry = at->room->log[at->seq.value() - 1];
    if (!wanted(entry.body)) continue;
    used += wire_size(at->room->view.room, entry);
    if (!items.empty() && used > bytes) break;
    items.push_back({at->position, at->room->view.room, entry});
  }
  return items;
}

std::vector<addressed_user> addressed_of(memory_store& store, const room_id& room, seq_no message) {
  const std::shared_lock lock{store.border};
  std::vector<addressed_user> found;
  const auto at = store.rooms.find(room);
  if (at == store.rooms.end()) return found;
  for (const auto& [user, notes] : at->second.notes)
    for (const auto& [place, note] : notes)
      if (note.message == message) found.push_back({user, note.place, note.why});
  return found;
}

std::vector<user_id> asked_for_all_of(memory_store& store, const room_id& room,
                                      const user_id& after, std::size_t count) {
  const std::shared_lock lock{store.border};
  std::vector<user_id> found;
  for (const auto& [name, mark] : store.marks) {
    const auto& [user, kind, subject] = name;
    if (kind != rooms::mark::kind::own_settings || subject != room.value() || user <= after)
      continue;
    if (rooms::own_of(mark.what.value, mark.what.text).set.notify != notify_level::all) continue;
    if (found.size() == count) break;
    found.push_back(user);
  }
  return found;
}

/// Markers have no position of their own here, so what is at the last one comes again.
marker_page markers_moved_of(memory_store& store, const marker_place& after) {
  const std::shared_lock lock{store.border};
  marker_page page{{}, {store.last_position}, true};
  for (const auto& [name, mark] : store.marks) {
    const auto& [user, kind, subject] = name;
    if (kind == rooms::mark::kind::read_marker && mark.position >= after.position)
      page.moved.push_back({user, room_id::trusted(subject),
                            seq_no{static_cast<std::uint64_t>(mark.what.value)}});
  }
  return page;
}

}  // namespace confab::journal
