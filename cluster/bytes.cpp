#include "cluster/bytes.hpp"

#include <array>

namespace confab::cluster {
namespace {

constexpr std::array<std::uint32_t, 256> crc_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    auto crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ (crc & 1 ? 0x82f63b78u : 0u);
    table[byte] = crc;
  }
  return table;
}

}  // namespace

std::uint32_t crc32c(std::string_view bytes, std::uint32_t before) noexcept {
  static constexpr auto table = crc_table();
  auto crc = ~before;
  for (const char byte : bytes)
    crc = (crc >> 8) ^ table[(crc ^ static_cast<unsigned char>(byte)) & 0xff];
  return ~crc;
}

std::uint64_t byte_reader::fixed(int bytes) noexcept {
  const auto from = raw(static_cast<std::size_t>(bytes));
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < from.size(); ++i)
    value |= std::uint64_t{static_cast<unsigned char>(from[i])} << (8 * i);
  return value;
}

std::uint64_t byte_reader::varint() noexcept {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    const auto byte = fixed(1);
    if (failed_) return 0;
    const auto digit = byte & 0x7f;
    if ((shift == 63 && digit > 1) || (byte == 0 && shift > 0)) break;
    value |= digit << shift;
    if (byte < 0x80) return value;
  }
  fail();
  return 0;
}

std::string_view byte_reader::raw(std::size_t bytes) noexcept {
  if (failed_ || left_.size() < bytes) {
    fail();
    return {};
  }
  const auto out = left_.substr(0, bytes);
  left_.remove_prefix(bytes);
  return out;
}

std::string_view byte_reader::text(std::size_t bytes_max) noexcept {
  const auto bytes = varint();
  if (bytes > bytes_max) {
    fail();
    return {};
  }
  return raw(static_cast<std::size_t>(bytes));
}

}  // namespace confab::cluster
