#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

/// The client's half of RFC 6455, as much as a load generator needs: unfragmented messages.
namespace confab::bench {

enum class opcode : unsigned char { text = 1, binary = 2, close = 8, ping = 9, pong = 10 };

/// A masked frame (RFC 6455 §5.2). The mask is zero, so the payload stands in it as it is, and a
/// server still pays for unmasking.
inline std::string client_frame(opcode kind, std::string_view payload) {
  std::string out(1, static_cast<char>(0x80 | static_cast<unsigned char>(kind)));
  if (payload.size() < 126) {
    out += static_cast<char>(0x80 | payload.size());
  } else {  // nothing here is longer than 64 KiB
    out += static_cast<char>(0x80 | 126);
    out += static_cast<char>(payload.size() >> 8);
    out += static_cast<char>(payload.size() & 0xff);
  }
  out.append(4, '\0');
  out += payload;
  return out;
}

struct server_frame {
  opcode kind;
  bool compressed;
  std::string_view payload;
  std::size_t size;  // with its header
};

/// The frame that `bytes` begin with; nothing if it is not complete.
inline std::optional<server_frame> first_frame(std::string_view bytes) {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
  if (bytes.size() < 2) return {};
  std::size_t header = 2, size = at(1) & 0x7f;
  if (size >= 126) {
    const std::size_t digits = size == 126 ? 2 : 8;
    header += digits;
    if (bytes.size() < header) return {};
    size = 0;
    for (std::size_t i = 2; i < header; ++i) size = size << 8 | at(i);
  }
  if (bytes.size() - header < size) return {};
  return server_frame{static_cast<opcode>(at(0) & 0x0f), (at(0) & 0x40) != 0,
                      bytes.substr(header, size), header + size};
}

}  // namespace confab::bench
