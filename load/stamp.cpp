#include "load/stamp.hpp"

#include <zlib.h>

#include <array>

namespace confab::load {
namespace {

constexpr std::size_t crc_at = 38, crc_digits = 8;
constexpr std::string_view filling = "the quick brown fox jumps over the lazy dog and ";

void put(std::string& to, std::uint64_t value, int digits) {
  constexpr std::string_view hexadecimal = "0123456789abcdef";
  for (int shift = (digits - 1) * 4; shift >= 0; shift -= 4) to += hexadecimal[value >> shift & 15];
}

constexpr auto values = [] {
  std::array<std::uint8_t, 256> out{};
  out.fill(0xff);
  for (unsigned i = 0; i < 10; ++i) out['0' + i] = static_cast<std::uint8_t>(i);
  for (unsigned i = 0; i < 6; ++i) out['a' + i] = static_cast<std::uint8_t>(10 + i);
  return out;
}();

/// `bad` becomes 0x80 or more where a character is no digit.
std::uint64_t get(const char*& from, int digits, unsigned& bad) {
  std::uint64_t value = 0;
  for (int i = 0; i < digits; ++i) {
    const auto digit = values[static_cast<unsigned char>(*from++)];
    bad |= digit;
    value = value << 4 | (digit & 15u);
  }
  return value;
}

std::uint32_t crc(std::string_view a, std::string_view b) {
  auto sum = crc32(0, reinterpret_cast<const Bytef*>(a.data()), static_cast<uInt>(a.size()));
  sum = crc32(sum, reinterpret_cast<const Bytef*>(b.data()), static_cast<uInt>(b.size()));
  return static_cast<std::uint32_t>(sum);
}

}  // namespace

std::uint32_t crc_of(std::string_view text) { return crc(text, {}); }

std::string write_text(const stamp& what, std::size_t bytes) {
  std::string out;
  out.reserve(bytes);
  out += '~';
  out += static_cast<char>(what.kind);
  put(out, what.run, 8);
  put(out, what.room, 6);
  put(out, what.sender, 6);
  put(out, what.count, 6);
  put(out, static_cast<std::uint64_t>(what.due_us), 10);
  const auto head = out;
  out.append(crc_digits, '0');
  if (bytes > out.size()) out += ' ';
  while (out.size() < bytes) out.append(filling, 0, bytes - out.size());
  std::string sum;
  put(sum, crc(head, std::string_view{out}.substr(stamp::size)), crc_digits);
  return out.replace(crc_at, crc_digits, sum);
}

read_stamp read_text(std::string_view text) {
  read_stamp out;
  if (text.size() < 2 || text[0] != '~') return out;
  out.state = text_state::damaged;
  if (text.size() < stamp::size || (text[1] != 'R' && text[1] != 'D' && text[1] != 'E')) return out;
  const char* at = text.data() + 2;
  unsigned bad = 0;
  auto& it = out.stamp;
  it.kind = static_cast<stamp_kind>(text[1]);
  it.run = static_cast<std::uint32_t>(get(at, 8, bad));
  it.room = static_cast<std::uint32_t>(get(at, 6, bad));
  it.sender = static_cast<std::uint32_t>(get(at, 6, bad));
  it.count = static_cast<std::uint32_t>(get(at, 6, bad));
  it.due_us = static_cast<std::int64_t>(get(at, 10, bad));
  out.sum = static_cast<std::uint32_t>(get(at, 8, bad));
  if (bad < 0x80 && out.sum == crc(text.substr(0, crc_at), text.substr(stamp::size)))
    out.state = text_state::intact;
  return out;
}

}  // namespace confab::load
