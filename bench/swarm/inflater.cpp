#include "bench/swarm/inflater.hpp"

#include "bench/swarm/link.hpp"

#include <functional>

namespace confab::bench {

std::string_view recent_inflation::inflate(std::string_view payload) {
  recent_.resize(256);
  auto& [deflated, plain] = recent_[std::hash<std::string_view>{}(payload) % recent_.size()];
  if (payload == deflated) return plain;
  const auto inflated = inflater_.inflate(payload);
  if (!inflated) die("a compressed message is broken");
  deflated = payload;
  plain = *inflated;
  return plain;
}

}  // namespace confab::bench
