#include "transport/control_frame.hpp"

#include <cstddef>

namespace confab::transport {

namespace {

// RFC 6455 §5.5: 125 of a control frame; the code takes two of a close frame's.
constexpr std::size_t close_reason_bytes_max = 123;

constexpr unsigned char fin_close = 0x88;
constexpr unsigned char fin_ping = 0x89;
constexpr unsigned char fin_pong = 0x8a;

std::string head(unsigned char first, std::size_t payload_bytes) {
  std::string out;
  out.reserve(2 + payload_bytes);
  out += static_cast<char>(first);
  out += static_cast<char>(payload_bytes);
  return out;
}

std::string_view cut(std::string_view text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  // Not inside of a UTF-8 sequence: the peer would have to fail the connection.
  while (bytes_max > 0 && (static_cast<unsigned char>(text[bytes_max]) & 0xc0) == 0x80) --bytes_max;
  return text.substr(0, bytes_max);
}

}  // namespace

std::string ping_frame() { return head(fin_ping, 0); }

std::string pong_frame(std::string_view payload) {
  return head(fin_pong, payload.size()).append(payload);
}

std::string close_frame(std::uint16_t code, std::string_view reason) {
  reason = cut(reason, close_reason_bytes_max);
  auto out = head(fin_close, 2 + reason.size());
  out += static_cast<char>(code >> 8);
  out += static_cast<char>(code & 0xff);
  return out.append(reason);
}

}  // namespace confab::transport
