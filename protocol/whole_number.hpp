#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>
#include <system_error>

namespace confab {

/// Of digits alone, and at least one; nothing where it has more than 64 bits.
inline std::optional<std::uint64_t> whole_number(std::string_view digits) noexcept {
  std::uint64_t value = 0;
  const auto* const end = digits.data() + digits.size();
  const auto read = std::from_chars(digits.data(), end, value);
  if (digits.empty() || read.ec != std::errc{} || read.ptr != end) return std::nullopt;
  return value;
}

}  // namespace confab
