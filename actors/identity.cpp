#include "actors/identity.hpp"

#include <algorithm>

namespace confab::actors {

bool matches(std::string_view pattern, std::string_view id) noexcept {
  if (pattern.ends_with('*')) return id.starts_with(pattern.substr(0, pattern.size() - 1));
  return pattern == id;
}

bool identity::may_join(const room_id& room) const noexcept {
  if (!rooms || admin || is_direct(room)) return true;
  return std::ranges::any_of(*rooms, [&](const auto& p) { return matches(p, room.view()); });
}

role identity::role_in(const room_id& room) const noexcept {
  if (is_direct(room)) return role::none;
  if (const auto exact = roles.find(room.value()); exact != roles.end()) return exact->second;
  auto found = role::none;
  std::size_t length = 0;
  for (const auto& [pattern, given] : roles) {
    if (!pattern.ends_with('*') || !matches(pattern, room.view()) || pattern.size() < length)
      continue;
    found = given;
    length = pattern.size();
  }
  return found;
}

bool identity::opens(const room_id& room) const noexcept {
  if (is_direct(room)) return false;
  return admin || roles.contains(room.value()) || role_in(room) >= role::moderator;
}

}  // namespace confab::actors
