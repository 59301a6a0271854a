#include "load/room_choice.hpp"

#include <algorithm>
#include <cmath>

namespace confab::load {

room_chooser::room_chooser(const scenario& how) : how_{how} {
  if (how.choice != room_choice::zipf) return;
  double sum = 0;
  for (std::uint64_t i = 1; i <= how.rooms; ++i)
    up_to_.push_back(sum += 1 / std::pow(static_cast<double>(i), how.zipf_exponent));
}

std::uint32_t room_chooser::one(random_source& chance) const {
  if (up_to_.empty()) return static_cast<std::uint32_t>(chance.below(how_.rooms));
  const auto at = std::ranges::upper_bound(up_to_, chance.uniform() * up_to_.back());
  return static_cast<std::uint32_t>(std::min<std::ptrdiff_t>(
      at - up_to_.begin(), static_cast<std::ptrdiff_t>(up_to_.size()) - 1));
}

std::vector<std::uint32_t> room_chooser::choose(random_source& chance) const {
  std::vector<std::uint32_t> out;
  out.reserve(how_.rooms_per_user);
  const auto is_new = [&](std::uint32_t room) { return std::ranges::find(out, room) == out.end(); };
  if (how_.choice == room_choice::hot && how_.rooms_per_user > 0) out.push_back(0);
  // Seldom ones of many may not come up for long: then the next free one.
  constexpr int tries_max = 20;
  while (out.size() < how_.rooms_per_user) {
    auto room = one(chance);
    for (int i = 0; i < tries_max && !is_new(room); ++i) room = one(chance);
    while (!is_new(room)) room = static_cast<std::uint32_t>((room + 1) % how_.rooms);
    out.push_back(room);
  }
  return out;
}

}  // namespace confab::load
