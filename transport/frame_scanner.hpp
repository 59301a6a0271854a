#pragma once

#include "protocol/frame.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace confab::transport {

/// Takes permessage-deflate out of what a client sends, before Beast sees it: clears RSV1 at the
/// start of compressed messages, calls them binary (their payload is no UTF-8 yet), and remembers
/// for each message what it was. Beast's own inflater costs 13 KiB per connection, and 32 KiB more
/// from the first message on; with this one inflater serves a whole shard.
///
/// Owner: the connection. Anything that breaks the protocol passes unchanged: failing the
/// connection is Beast's job.
class frame_scanner {
 public:
  struct mark {
    frame_kind kind = frame_kind::text;
    bool compressed = false;
  };

  /// The next bytes from the client, as they come, cut anywhere.
  void scan(std::span<unsigned char> bytes);
  /// What the next message to be read was. Call once per message, in order.
  mark next_message() noexcept;

 private:
  void on_header_byte(unsigned char& byte);

  std::string marks_;  // one byte per message, short: what one read of a socket held
  std::uint32_t marks_head_ = 0;
  std::uint8_t header_size_ = 0;  // so far
  std::uint8_t header_need_ = 2;
  std::array<unsigned char, 10> header_{};
  std::uint64_t payload_left_ = 0;
};

}  // namespace confab::transport
