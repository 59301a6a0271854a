#pragma once

#include "protocol/codes.hpp"

#include <array>
#include <cstddef>

namespace confab::transport {

/// What one shard counts while it runs, where `Count` is a meter; and the same of all shards, where
/// it is a number.
template <class Count>
struct shard_counts {
  Count websockets_open{};
  Count refused{};  // over a limit
  Count messages_in{};
  Count frames_out{};
  Count writes{};
  Count bytes_in{};
  Count bytes_out{};
  Count slow_consumers{};
  Count outbound_bytes{};  // that wait, at this moment
  Count outbox_highest{};  // that waited for one reader, within the last minute or two
  /// WebSockets that ended, by the code they were closed with: the rows of `close_rows`, then
  /// those without a close frame (1006), then all other codes.
  std::array<Count, close_rows.size() + 2> closes{};

  /// Calls `with` with each that is added up over the shards, and its like in `other`: all but the
  /// highest.
  template <class Other, class With>
  void each_sum(const shard_counts<Other>& other, With with) {
    with(websockets_open, other.websockets_open);
    with(refused, other.refused);
    with(messages_in, other.messages_in);
    with(frames_out, other.frames_out);
    with(writes, other.writes);
    with(bytes_in, other.bytes_in);
    with(bytes_out, other.bytes_out);
    with(slow_consumers, other.slow_consumers);
    with(outbound_bytes, other.outbound_bytes);
    for (std::size_t i = 0; i < closes.size(); ++i) with(closes[i], other.closes[i]);
  }
};

}  // namespace confab::transport
