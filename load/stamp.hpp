#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace confab::load {

enum class stamp_kind : char { room = 'R', direct = 'D', edit = 'E' };

/// What the text of every message begins with: who sent it where, as which of theirs, and when it
/// was due. A CRC-32 over the whole text shows damage. 46 characters, hexadecimal, so that nothing
/// in it is escaped.
struct stamp {
  stamp_kind kind = stamp_kind::room;
  std::uint32_t run = 0;
  std::uint32_t room = 0;    // its number in the run; of a direct message: the receiver's number
  std::uint32_t sender = 0;  // the user's number in the run
  std::uint32_t count = 0;   // of the sender's messages, from 1
  std::int64_t due_us = 0;   // since the run's start

  static constexpr std::uint32_t number_max = 0xff'ffff;  // of room, sender and count
  static constexpr std::size_t size = 46;

  friend bool operator==(const stamp&, const stamp&) = default;
};

/// `bytes` of text, at least `stamp::size`; the same stamp and size give the same text.
std::string write_text(const stamp& what, std::size_t bytes);

enum class text_state : std::uint8_t { intact, foreign, damaged };

struct read_stamp {
  text_state state = text_state::foreign;  // not a text of this tool
  load::stamp stamp;
  std::uint32_t sum = 0;  // the text's CRC-32, as it names it
};
read_stamp read_text(std::string_view text);

std::uint32_t crc_of(std::string_view text);

}  // namespace confab::load
