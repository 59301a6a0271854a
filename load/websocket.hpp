#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

/// The client's half of RFC 6455.
namespace confab::load::websocket {

enum class opcode : std::uint8_t {
  continuation = 0,
  text = 1,
  binary = 2,
  close = 8,
  ping = 9,
  pong = 10
};

/// Appends a masked frame (§5.2). `mask` is any number: it protects proxies, and here there are
/// none.
void append_frame(std::string& to, opcode kind, std::string_view payload, std::uint32_t mask);

struct frame {
  opcode kind;
  bool last;        // FIN
  bool compressed;  // RSV1 (RFC 7692 §6)
  std::string_view payload;
  std::size_t size;  // with its header
};

enum class parsed : std::uint8_t { frame, incomplete, broken };

/// The frame that `bytes` begin with. `broken`: no server may write that (§5.1, §5.2, §5.5).
parsed first_frame(std::string_view bytes, frame& into);

/// Longer messages are broken: no page of the protocol is.
inline constexpr std::size_t message_bytes_max = 64 * 1024 * 1024;

struct upgrade {
  std::string host;  // with port
  std::string path;
  std::string_view subprotocol;  // empty: none
  bool deflate = false;
};

std::string upgrade_request(const upgrade& how);

enum class answer : std::uint8_t { incomplete, accepted, refused, not_http, not_websocket };

struct upgrade_answer {
  answer what = answer::incomplete;
  std::size_t size = 0;  // of the header
  bool deflate = false;
  std::string status;  // "403 Forbidden"
};

/// Of the answer to `upgrade_request`, which always offers the same key.
upgrade_answer read_upgrade_answer(std::string_view bytes, std::string_view subprotocol);

struct close_payload {
  std::uint16_t code = 1005;  // none given
  std::string_view reason;
};
close_payload read_close(std::string_view payload);
std::string write_close(std::uint16_t code);

}  // namespace confab::load::websocket
