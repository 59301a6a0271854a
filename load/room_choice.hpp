#pragma once

#include "load/random.hpp"
#include "load/scenario.hpp"

#include <cstdint>
#include <vector>

namespace confab::load {

/// Which rooms users are in, as the scenario's `choice` says.
class room_chooser {
 public:
  explicit room_chooser(const scenario& how);
  /// `rooms_per_user` different ones, of 0 … rooms - 1.
  std::vector<std::uint32_t> choose(random_source& chance) const;

 private:
  std::uint32_t one(random_source& chance) const;

  const scenario& how_;
  std::vector<double> up_to_;  // zipf: the sum of the weights of rooms 0 … i
};

}  // namespace confab::load
