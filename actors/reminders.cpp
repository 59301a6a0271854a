#include "actors/reminders.hpp"

#include <algorithm>
#include <tuple>

namespace confab::actors {
namespace {

bool later(const reminders::reminder& a, const reminders::reminder& b) { return b.due < a.due; }

}  // namespace

void reminders::add(reminder one) {
  one.number = ++last_number_;
  heap_.push_back(one);
  std::ranges::push_heap(heap_, later);
}

std::optional<reminders::reminder> reminders::take(steady_time now) {
  if (heap_.empty() || heap_.front().due > now) return std::nullopt;
  std::ranges::pop_heap(heap_, later);
  const auto first = heap_.back();
  heap_.pop_back();
  return first;
}

std::optional<steady_time> reminders::next() const {
  if (heap_.empty()) return std::nullopt;
  return heap_.front().due;
}

void reminders::tidy(std::size_t sessions, const std::function<bool(session_id)>& is_there) {
  if (heap_.size() <= kept_max(sessions)) return;
  std::erase_if(heap_, [&](const reminder& one) { return !is_there(one.who); });
  const auto kind = [](const reminder& one) { return std::tuple{one.who, one.timer.what}; };
  // The latest first, which may be due before the others.
  std::ranges::sort(heap_, [&](const reminder& a, const reminder& b) {
    return kind(a) != kind(b) ? kind(a) < kind(b) : a.number > b.number;
  });
  const auto same = [&](const reminder& a, const reminder& b) { return kind(a) == kind(b); };
  heap_.erase(std::ranges::unique(heap_, same).begin(), heap_.end());
  heap_.shrink_to_fit();
  std::ranges::make_heap(heap_, later);
}

}  // namespace confab::actors
