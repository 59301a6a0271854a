#include "transport/admission.hpp"

namespace confab::transport {

std::pair<admission::verdict, admission::slot> admission::admit(const std::string& address) {
  // One thread admits, so that what is read here only ever shrinks meanwhile.
  if (open_count() >= connections_max_ || closed_.load(std::memory_order_relaxed)) {
    slot reserved;
    reserved.reserved_ = true;
    return {verdict::full, std::move(reserved)};
  }
  std::string counted;
  if (per_address_max_ > 0 && !address.empty()) {
    const std::lock_guard lock(mutex_);
    auto& count = by_address_[address];
    if (count >= per_address_max_) return {verdict::address_full, slot{}};
    ++count;
    counted = address;
  }
  open_count_.fetch_add(1, std::memory_order_relaxed);
  return {verdict::admitted, slot{shared_from_this(), std::move(counted)}};
}

void admission::leave(const std::string& address) noexcept {
  open_count_.fetch_sub(1, std::memory_order_relaxed);
  if (address.empty()) return;
  const std::lock_guard lock(mutex_);
  const auto it = by_address_.find(address);
  if (it != by_address_.end() && --it->second == 0) by_address_.erase(it);
}

}  // namespace confab::transport
