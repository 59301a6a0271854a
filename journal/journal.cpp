#include "journal/journal.hpp"

#include <algorithm>

namespace confab::journal {

std::string_view name(durability level) noexcept {
  switch (level) {
    case durability::memory:
      return "memory";
    case durability::disk:
      return "disk";
    case durability::majority_disk:
      return "majority_disk";
  }
  return "";
}

rooms::room_view view_of(const room_info& info) {
  rooms::room_view view;
  view.room = info.room;
  view.direct = info.direct;
  view.head = info.head;
  view.floor = info.floor;
  view.last_at = info.last_at;
  view.set = info.settings;
  view.pins = info.pins;
  view.members = info.members;
  view.rows = info.rows;
  return view;
}

bool room_filter::admits(const room_id& room) const noexcept {
  if (patterns.empty()) return true;
  return std::any_of(patterns.begin(), patterns.end(), [&](std::string_view pattern) {
    if (!pattern.ends_with('*')) return room.view() == pattern;
    pattern.remove_suffix(1);
    return room.view().starts_with(pattern);
  });
}

}  // namespace confab::journal
