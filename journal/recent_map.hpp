#pragma once

#include <cstddef>
#include <functional>
#include <unordered_map>
#include <utility>

namespace confab::journal {

/// What was lately used of a table. Bounded: two generations, the older of which goes when the
/// younger is full; what is found in the older one moves up.
template <class Key, class Value, std::size_t Max, class Hash = std::hash<Key>>
class recent_map {
 public:
  /// Null: not known here. Valid until the next call.
  Value* find(const Key& key) {
    if (const auto at = young_.find(key); at != young_.end()) return &at->second;
    const auto at = old_.find(key);
    if (at == old_.end()) return nullptr;
    auto kept = std::move(at->second);
    old_.erase(at);
    return put(key, std::move(kept));
  }
  Value* put(Key key, Value value) {
    if (young_.size() >= Max / 2) {
      old_ = std::move(young_);
      young_.clear();
    }
    return &young_.insert_or_assign(std::move(key), std::move(value)).first->second;
  }
  void clear() noexcept {
    young_.clear();
    old_.clear();
  }

 private:
  using generation = std::unordered_map<Key, Value, Hash>;
  generation young_, old_;
};

}  // namespace confab::journal
