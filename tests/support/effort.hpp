#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>

namespace confab::test {

/// How many of `usual` random cases to go through: CONFAB_TEST_EFFORT times as many, 1 if it is not
/// set. tests/run says less where sanitizers make each case cost twenty times as much, `tests/run
/// long` says more.
inline std::uint64_t cases(std::uint64_t usual) {
  const char* text = std::getenv("CONFAB_TEST_EFFORT");
  const double effort = text ? std::strtod(text, nullptr) : 1;
  return std::max<std::uint64_t>(1,
                                 static_cast<std::uint64_t>(static_cast<double>(usual) * effort));
}

}  // namespace confab::test
