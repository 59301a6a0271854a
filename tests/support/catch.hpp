#pragma once

// Debian 12 ships Catch2 2, Debian 13 ships Catch2 3; the tests use what both have.
#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
using Catch::Approx;  // as it is in Catch2 2
#else
#include <catch2/catch.hpp>
namespace Catch::Matchers {
inline auto ContainsSubstring(const std::string& text) { return Contains(text); }  // as in Catch2 3
}  // namespace Catch::Matchers
#endif
