#pragma once

#include <cstddef>
#include <functional>
#include <unordered_map>
#include <utility>

namespace confab::journal {

inline constexpr std::size_t recent_count_max = 100'000;
inline constexpr std::size_t recent_bytes_max = 32 * 1024 * 1024;

/// What was lately used of a table. Bounded: two generations, the older of which goes when the
/// younger is full; what is found in the older one moves up. `BytesOf`: what a value holds that a
/// client chose.
template <class Key, class Value, std::size_t (*BytesOf)(const Value&), class Hash = std::hash<Key>>
class recent_map {
 public:
  explicit recent_map(std::size_t count_max = recent_count_max,
                      std::size_t bytes_max = recent_bytes_max)
      : count_max_(count_max), bytes_max_(bytes_max) {}

  /// Null: not known here. Valid until the next call, and may be changed until then.
  Value* find(const Key& key) {
    settle();
    if (const auto at = young_.find(key); at != young_.end()) return lend(at->second);
    const auto at = old_.find(key);
    if (at == old_.end()) return nullptr;
    auto kept = std::move(at->second.value);
    old_.erase(at);
    return put(key, std::move(kept));
  }
  Value* put(Key key, Value value) {
    settle();
    if (young_.size() >= count_max_ / 2 || bytes_ >= bytes_max_ / 2) {
      old_ = std::move(young_);
      young_.clear();
      bytes_ = 0;
    }
    const auto at = young_.find(key);
    if (at == young_.end())
      return lend(young_.emplace(std::move(key), item{std::move(value)}).first->second);
    at->second.value = std::move(value);
    return lend(at->second);
  }
  void clear() noexcept {
    young_.clear();
    old_.clear();
    lent_ = nullptr;
    bytes_ = 0;
  }
  std::size_t size() const noexcept { return young_.size() + old_.size(); }

 private:
  struct item {
    Value value;
    std::size_t bytes = 0;  // as they are counted in `bytes_`
  };
  Value* lend(item& one) noexcept {
    lent_ = &one;
    return &one.value;
  }
  /// Whoever was given the value has changed it by now.
  void settle() {
    if (!lent_) return;
    const auto bytes = BytesOf(lent_->value);
    bytes_ += bytes - lent_->bytes;
    lent_->bytes = bytes;
    lent_ = nullptr;
  }

  using generation = std::unordered_map<Key, item, Hash>;
  std::size_t count_max_, bytes_max_;
  generation young_, old_;
  std::size_t bytes_ = 0;  // of the younger
  item* lent_ = nullptr;   // in the younger
};

}  // namespace confab::journal
