#include "load/websocket.hpp"

#include <algorithm>
#include <array>
#include <cctype>

namespace confab::load::websocket {
namespace {

// One key for all: what it is for is to tell a WebSocket server from a cache, which an answer with
// the matching hash (§4.2.2, this pair is its example) does.
constexpr std::string_view key = "dGhlIHNhbXBsZSBub25jZQ==";
constexpr std::string_view accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
constexpr std::size_t header_bytes_max = 16 * 1024;

unsigned byte(std::string_view bytes, std::size_t at) {
  return static_cast<unsigned char>(bytes[at]);
}

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(
      a, b, [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

/// The value of header `name`; empty: it is not there.
std::string_view header(std::string_view head, std::string_view name) {
  for (auto at = head.find("\r\n"); at != std::string_view::npos; at = head.find("\r\n", at + 2)) {
    const auto line = head.substr(at + 2, head.find("\r\n", at + 2) - at - 2);
    const auto colon = line.find(':');
    if (colon == std::string_view::npos || !equals_ignoring_case(line.substr(0, colon), name))
      continue;
    auto value = line.substr(colon + 1);
    while (value.starts_with(' ')) value.remove_prefix(1);
    while (value.ends_with(' ')) value.remove_suffix(1);
    return value;
  }
  return {};
}

}  // namespace

void append_frame(std::string& to, opcode kind, std::string_view payload, std::uint32_t mask) {
  to += static_cast<char>(0x80 | static_cast<unsigned>(kind));
  const auto size = payload.size();
  const int digits = size < 126 ? 0 : size <= 0xffff ? 2 : 8;
  to += static_cast<char>(0x80 | (digits == 0 ? size : digits == 2 ? 126u : 127u));
  for (int shift = (digits - 1) * 8; shift >= 0; shift -= 8)
    to += static_cast<char>(size >> shift & 0xff);
  std::array<char, 4> bytes;
  for (auto& each : bytes) {
    each = static_cast<char>(mask & 0xff);
    mask >>= 8;
  }
  to.append(bytes.data(), bytes.size());
  const auto begin = to.size();
  to += payload;
  for (std::size_t i = 0; i < size; ++i)
    to[begin + i] = static_cast<char>(to[begin + i] ^ bytes[i & 3]);
}

parsed first_frame(std::string_view bytes, frame& into) {
  if (bytes.size() < 2) return parsed::incomplete;
  const auto first = byte(bytes, 0);
  const auto kind = first & 0x0f;
  const bool is_control = kind >= 8;
  std::size_t size = byte(bytes, 1) & 0x7f, header = 2;
  if ((first & 0x30) != 0 || (kind > 2 && kind < 8) || kind > 10 || byte(bytes, 1) >= 0x80 ||
      (is_control && (first < 0x80 || size > 125 || (first & 0x40) != 0)))
    return parsed::broken;
  if (size >= 126) {
    const std::size_t digits = size == 126 ? 2 : 8;
    header += digits;
    if (bytes.size() < header) return parsed::incomplete;
    size = 0;
    for (std::size_t i = 2; i < header; ++i) size = size << 8 | byte(bytes, i);
    if (size > message_bytes_max) return parsed::broken;
  }
  if (bytes.size() - header < size) return parsed::incomplete;
  into = {static_cast<opcode>(kind), first >= 0x80, (first & 0x40) != 0, bytes.substr(header, size),
          header + size};
  return parsed::frame;
}

std::string upgrade_request(const upgrade& how) {
  std::string out = "GET " + how.path + " HTTP/1.1\r\nHost: " + how.host +
                    "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                    "Sec-WebSocket-Key: ";
  out += key;
  if (!how.subprotocol.empty()) out.append("\r\nSec-WebSocket-Protocol: ").append(how.subprotocol);
  if (how.deflate)
    out +=
        "\r\nSec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; "
        "client_no_context_takeover";
  return out + "\r\n\r\n";
}

upgrade_answer read_upgrade_answer(std::string_view bytes, std::string_view subprotocol) {
  upgrade_answer out;
  constexpr std::string_view http = "HTTP/1.1 ";
  const auto shown = std::min(bytes.size(), http.size());
  const auto end = bytes.find("\r\n\r\n");
  if (bytes.substr(0, shown) != http.substr(0, shown)) {
    out.what = answer::not_http;
  } else if (end == std::string_view::npos) {
    if (bytes.size() > header_bytes_max) out.what = answer::not_http;
  } else {
    const auto head = bytes.substr(0, end);
    out.size = end + 4;
    out.status = head.substr(http.size(), head.find("\r\n") - http.size());
    const auto extensions = header(head, "Sec-WebSocket-Extensions");
    out.deflate = extensions.starts_with("permessage-deflate");
    if (!out.status.starts_with("101"))
      out.what = answer::refused;
    else if (header(head, "Sec-WebSocket-Accept") != accept ||
             header(head, "Sec-WebSocket-Protocol") != subprotocol)
      out.what = answer::not_websocket;
    else
      out.what = answer::accepted;
  }
  return out;
}

close_payload read_close(std::string_view payload) {
  if (payload.size() < 2) return {};
  return {static_cast<std::uint16_t>(byte(payload, 0) << 8 | byte(payload, 1)), payload.substr(2)};
}

std::string write_close(std::uint16_t code) {
  return {static_cast<char>(code >> 8), static_cast<char>(code & 0xff)};
}

}  // namespace confab::load::websocket
