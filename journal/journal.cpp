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

bool room_filter::admits(const room_id& room) const noexcept {
  if (patterns.empty()) return true;
  return std::any_of(patterns.begin(), patterns.end(), [&](std::string_view pattern) {
    if (!pattern.ends_with('*')) return room.view() == pattern;
    pattern.remove_suffix(1);
    return room.view().starts_with(pattern);
  });
}

}  // namespace confab::journal
