#include "load/room_log.hpp"

#include <algorithm>

namespace confab::load {
namespace {
constexpr std::size_t remembered_min = 16;
}

room_log::entry* room_log::note(std::uint64_t seq, std::uint64_t content, std::int64_t now_us,
                                std::int64_t due_us) {
  head = std::max(head, seq);
  if (ring_.empty()) ring_.resize(remembered_min);
  auto* at = &place(seq);
  if (at->seq == seq) return at;
  if (at->seq != 0 && ring_.size() < remembered_max) {
    auto old = std::move(ring_);
    ring_.assign(2 * old.size(), {});
    for (const auto& each : old)
      if (each.seq != 0) place(each.seq) = each;
    return note(seq, content, now_us, due_us);
  }
  if (at->seq < seq) *at = {seq, content, now_us, due_us};
  return nullptr;
}

const room_log::entry* room_log::find(std::uint64_t seq) const {
  if (ring_.empty()) return nullptr;
  const auto& at = ring_[seq & (ring_.size() - 1)];
  return at.seq == seq ? &at : nullptr;
}

void room_log::set_back(std::uint64_t to) {
  ++generation;
  head = to;
  last_message = std::min(last_message, to);
  for (auto& each : ring_)
    if (each.seq > to) each = {};
}

std::uint64_t room_log::differences(const room_log& other) const {
  std::uint64_t out = 0;
  for (const auto& each : ring_) {
    if (each.seq == 0 || other.ring_.empty()) continue;
    const auto& there = other.ring_[each.seq & (other.ring_.size() - 1)];
    if (there.seq == each.seq && there.content != each.content) ++out;
  }
  return out;
}

}  // namespace confab::load
