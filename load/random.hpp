#pragma once

#include <cmath>
#include <cstdint>

namespace confab::load {

/// SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, OOPSLA 2014): 8
/// bytes of state, as every simulated user has one. The same seed gives the same run.
class random_source {
 public:
  explicit random_source(std::uint64_t seed) : state_{seed} {}

  std::uint64_t next() {
    auto z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  /// In [0, 1).
  double uniform() { return static_cast<double>(next() >> 11) * 0x1p-53; }
  /// In [0, end); `end` at least 1.
  std::uint64_t below(std::uint64_t end) { return next() % end; }
  bool chance(double probability) { return uniform() < probability; }
  double exponential(double mean) { return -mean * std::log1p(-uniform()); }
  /// With the given mean; sigma 1 of the logarithm, so that one value in nine is above twice of it.
  double lognormal(double mean) {
    const auto radius = std::sqrt(-2 * std::log1p(-uniform()));
    const auto normal = radius * std::cos(2 * 3.14159265358979323846 * uniform());
    return mean * std::exp(normal - 0.5);
  }

 private:
  std::uint64_t state_;
};

}  // namespace confab::load
