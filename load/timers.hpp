#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

namespace confab::load {

/// What is due when: a binary heap. Nothing is taken back; whoever is woken looks whether it still
/// matters. Times in microseconds since the run's start.
template <class What>
class timers {
 public:
  void at(std::int64_t due_us, What what) {
    heap_.push_back({due_us, order_++, what});
    std::push_heap(heap_.begin(), heap_.end());
  }
  std::optional<std::int64_t> next_due() const {
    return heap_.empty() ? std::nullopt : std::optional{heap_.front().due_us};
  }
  /// The earliest that is due by `now_us`; of equal ones that which was set first.
  std::optional<What> take(std::int64_t now_us) {
    if (heap_.empty() || heap_.front().due_us > now_us) return std::nullopt;
    std::pop_heap(heap_.begin(), heap_.end());
    const auto out = heap_.back().what;
    heap_.pop_back();
    return out;
  }

 private:
  struct entry {
    std::int64_t due_us;
    std::uint32_t order;
    What what;
    bool operator<(const entry& other) const {  // std::push_heap puts the greatest first
      if (due_us != other.due_us) return due_us > other.due_us;
      return static_cast<std::int32_t>(order - other.order) > 0;
    }
  };
  std::vector<entry> heap_;
  std::uint32_t order_ = 0;
};

}  // namespace confab::load
