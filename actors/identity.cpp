#include "actors/identity.hpp"

#include <algorithm>

namespace confab::actors {

std::string_view name(role r) noexcept {
  switch (r) {
    case role::member:
      return "member";
    case role::moderator:
      return "moderator";
  }
  return "member";
}

bool matches(std::string_view pattern, std::string_view id) noexcept {
  if (pattern.ends_with('*')) return id.starts_with(pattern.substr(0, pattern.size() - 1));
  return pattern == id;
}

bool identity::may_join(const room_id& room) const noexcept {
  if (!rooms || admin || is_direct(room)) return true;
  return std::ranges::any_of(*rooms, [&](const auto& p) { return matches(p, room.view()); });
}

role identity::role_in(const room_id& room) const noexcept {
  if (is_direct(room)) return role::member;
  if (admin) return role::moderator;
  auto best = role::member;
  for (const auto& [pattern, r] : roles)
    if (matches(pattern, room.view())) best = std::max(best, r);
  return best;
}

}  // namespace confab::actors
