#pragma once

#include "protocol/codes.hpp"
#include "protocol/frame.hpp"

#include <cstddef>
#include <memory>
#include <string>

namespace confab {

/// The way out to one client: what a session and an audience may do to a connection. Implemented
/// by the transport's outbox, which holds frames until the end of the shard's turn and then
/// writes them all at once.
///
/// Thread: only that of the shard the connection lives on. Lifetime: whoever holds the pointer
/// may keep it for longer than the connection lives; everything answers `closed` then. It never
/// owns the socket: with ownership the other way round a stream died on a foreign thread when
/// the last actor reference dropped there (DESIGN §3).
class frame_sink {
 public:
  virtual ~frame_sink() = default;

  /// Queues `bytes`, one frame or several in a row, behind everything pushed before. `overflow` has
  /// closed the connection with 4000 already; there is nothing left to do but to forget it.
  [[nodiscard]] virtual push_result push(const frame& bytes,
                                         importance weight = importance::required,
                                         std::uint32_t frames = 1) = 0;

  /// Writes what is queued, then a close frame, then ends the connection: at the latest after
  /// `limits::close_wait_max`. Only the first call counts. No message is read any more.
  virtual void close(close_code code, std::string reason) = 0;

  /// Reading goes on after the session had answered "enough" to a message.
  virtual void resume_reading() = 0;

  virtual std::size_t queued_bytes() const noexcept = 0;

  /// Asks to be told once (`session_port::on_writable`) when at most
  /// `limits::outbox_low_water_bytes` are queued; at the end of this turn if that is so already.
  virtual void notify_when_low() = 0;
};

using frame_sink_ptr = std::shared_ptr<frame_sink>;

}  // namespace confab
