#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace confab {

/// How the objects of a connection are written (PROTOCOL §1): chosen by the subprotocol.
enum class codec : std::uint8_t { json, cbor };

/// A connection's wire format: codec and whether permessage-deflate was agreed on.
struct wire_format {
  codec objects = codec::json;
  bool deflate = false;
  friend bool operator==(wire_format, wire_format) = default;

  /// 0..3, dense.
  constexpr std::size_t index() const {
    return static_cast<std::size_t>(objects) * 2 + (deflate ? 1 : 0);
  }
};
inline constexpr std::size_t wire_formats_count = 4;

/// A complete WebSocket frame (RFC 6455 §5.2) as a server sends it: header and payload, unmasked,
/// and so the same bytes for every receiver of one wire format. Immutable and shared: whoever
/// needs the bytes again copies the pointer.
using frame = std::shared_ptr<const std::string>;

enum class frame_kind : std::uint8_t { text = 1, binary = 2 };

/// One unfragmented data frame around `payload`. `compressed` sets RSV1 (RFC 7692 §6).
frame make_frame(frame_kind kind, std::string_view payload, bool compressed = false);

/// `payload` as one raw deflate block sequence without context takeover and without the trailing
/// 00 00 ff ff (RFC 7692 §7.2.1); empty if compression does not make it smaller.
std::string deflate_payload(std::string_view payload);

/// A frame around `payload` for `format`; compressed where agreed and worth it (from
/// `deflate_bytes_min` on).
frame make_frame(wire_format format, std::string_view payload);
inline constexpr std::size_t deflate_bytes_min = 256;

/// What a queue says to whoever pushes.
enum class push_result : std::uint8_t {
  accepted,
  dropped,   // droppable, and the reader lags: it was left out
  overflow,  // the reader lags too far: the connection is being closed with 4000
  closed,    // nobody will read this
};

/// Typing and presence may be left out for a slow reader, everything else may not (G6).
enum class importance : std::uint8_t { droppable, required };

}  // namespace confab
