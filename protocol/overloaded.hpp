#pragma once

namespace confab {

/// One callable made of several, for `std::visit`: `overloaded{[](const a&) {…}, [](const b&) {…}}`.
template <class... Functions>
struct overloaded : Functions... {
  using Functions::operator()...;
};
template <class... Functions>
overloaded(Functions...) -> overloaded<Functions...>;  // clang before 17 does not find it

}  // namespace confab
