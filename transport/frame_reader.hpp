#pragma once

#include "protocol/frame.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace confab::transport {

/// Reads what a client sends: frames (RFC 6455 §5) and the messages they make, unmasked in place.
/// A state machine without I/O, a few bytes large while nothing is under way: an idle connection
/// has no read buffer (docs/decisions/0005).
class frame_reader {
 public:
  enum class kind : std::uint8_t { incomplete, fragment, message, ping, pong, close, broken };

  struct result {
    kind what = kind::incomplete;
    std::size_t bytes = 0;  // how many were taken; 0: more are needed first, or it is broken
    std::string_view payload;      // good until the next call, and while the bytes live
    frame_kind type = frame_kind::text;  // of a message
    bool compressed = false;             // of a message: RSV1, still deflated
    std::uint16_t code = 0;  // close: the peer's, 0 if he gave none; broken: what to close with
  };

  /// `message_bytes_max`: of a message's payload as it comes over the wire. `deflate`:
  /// permessage-deflate was agreed on.
  explicit frame_reader(std::size_t message_bytes_max = 0, bool deflate = false) noexcept
      : message_bytes_max_(message_bytes_max), deflate_(deflate) {}

  /// The frame at the start of `bytes`, which are changed: unmasked. A frame is taken whole; the
  /// caller keeps what is left, and puts what comes next behind it.
  result next(std::span<char> bytes);

 private:
  result control(unsigned opcode, std::string_view payload, std::size_t bytes) const;

  std::size_t message_bytes_max_;
  std::string fragments_;  // of the message under way
  frame_kind type_ = frame_kind::text;
  bool deflate_;
  bool compressed_ = false;
  bool under_way_ = false;
};

}  // namespace confab::transport
