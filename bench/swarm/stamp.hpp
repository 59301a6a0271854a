#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

/// What the text of every message begins with: a mark that no envelope contains, the message's
/// place among those of its room, and when it was due. So each delivery can be checked and timed
/// wherever in whatever protocol it comes, without parsing that.
namespace confab::bench {

struct stamp {
  std::uint32_t number = 0;  // in its room, from 1
  std::uint32_t due_us = 0;  // since the generator's start

  static constexpr std::string_view mark = "~#~#";
  static constexpr std::size_t digits = 8;
  static constexpr std::size_t size = mark.size() + 2 * digits;

  /// Writes both numbers behind a mark; letters for digits, so that nobody escapes them.
  void write_to(char* behind_mark) const {
    put(behind_mark, number);
    put(behind_mark + digits, due_us);
  }
  static stamp read_from(const char* behind_mark) {
    return {get(behind_mark), get(behind_mark + digits)};
  }
  /// Where the next mark begins, at `from` or later; npos: nowhere.
  static std::size_t find_in(std::string_view bytes, std::size_t from = 0) {
    return bytes.find(mark, from);
  }

 private:
  static void put(char* to, std::uint32_t value) {
    for (std::size_t i = digits; i-- > 0; value >>= 4)
      to[i] = static_cast<char>('a' + (value & 15));
  }
  static std::uint32_t get(const char* from) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < digits; ++i)
      value = value << 4 | (static_cast<std::uint32_t>(from[i] - 'a') & 15);
    return value;
  }
};

}  // namespace confab::bench
