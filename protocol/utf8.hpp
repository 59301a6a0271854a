#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

/// Private to protocol.
namespace confab::utf8 {

/// Bytes of the well-formed sequence (Unicode 15, table 3-7) at the start of `text`; 0: none.
constexpr std::size_t sequence_bytes(std::string_view text) noexcept {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto continues = [&](std::size_t i, unsigned low = 0x80, unsigned high = 0xbf) {
    return i < text.size() && byte(i) >= low && byte(i) <= high;
  };
  if (text.empty()) return 0;
  const unsigned lead = byte(0);
  if (lead < 0x80) return 1;
  if (lead < 0xc2) return 0;
  if (lead < 0xe0) return continues(1) ? 2 : 0;
  if (lead < 0xf0) {
    const unsigned low = lead == 0xe0 ? 0xa0 : 0x80;   // not shorter
    const unsigned high = lead == 0xed ? 0x9f : 0xbf;  // not a surrogate
    return continues(1, low, high) && continues(2) ? 3 : 0;
  }
  if (lead < 0xf5) {
    const unsigned low = lead == 0xf0 ? 0x90 : 0x80;
    const unsigned high = lead == 0xf4 ? 0x8f : 0xbf;  // not beyond U+10FFFF
    return continues(1, low, high) && continues(2) && continues(3) ? 4 : 0;
  }
  return 0;
}

inline bool is_valid(std::string_view text) noexcept {
  constexpr std::uint64_t not_ascii = 0x8080'8080'8080'8080;
  while (!text.empty()) {
    std::uint64_t eight = not_ascii;
    if (text.size() >= sizeof eight) std::memcpy(&eight, text.data(), sizeof eight);
    if ((eight & not_ascii) == 0) {
      text.remove_prefix(sizeof eight);
      continue;
    }
    const auto bytes = sequence_bytes(text);
    if (bytes == 0) return false;
    text.remove_prefix(bytes);
  }
  return true;
}

}  // namespace confab::utf8
