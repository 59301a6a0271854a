#pragma once

#include <cstddef>
#include <cstdint>

namespace confab::transport {

/// What becomes of a WebSocket connection: how far it has come, and whether it is read. A state
/// machine without I/O: `websocket_core` tells it what happened, and it names what is to be done.
class websocket_lifecycle {
 public:
  /// It only goes on to a later one.
  enum class stage : std::uint8_t {
    opening,   // the upgrade is not answered yet
    open,      // messages are delivered
    draining,  // the server stops: none are delivered any more
    closing,   // our close frame is queued, and the peer's is waited for
    lost,      // the socket is gone, and the session does not know yet
    flushing,  // the session is gone; what is queued gets to the peer
    shutting,  // our side of the socket is shut, and the peer's is waited for
    gone,
  };
  /// What the connection waits for.
  enum class action : std::uint8_t {
    read,    // bytes
    wait,    // to be woken: by a session that wants more, by a write, or by the end of the socket
    finish,  // nothing: the session is to be told that the socket is gone
    shut,    // our side of the socket is to be shut, then the peer's
    none,    // nothing more than what it waits for already
  };

  stage now() const noexcept { return now_; }
  /// Frames are taken.
  bool reads() const noexcept { return now_ < stage::lost && flow_ <= flow::delivering; }
  /// Messages are delivered.
  bool delivers() const noexcept { return now_ < stage::draining; }

  void open() noexcept { now_ = stage::open; }
  /// The server stops. False if there is nobody to be told.
  bool drain() noexcept;
  /// Our close frame was queued. False if it is not the first. `is_heard`: what comes before the
  /// peer's close frame is read.
  bool close(bool is_heard) noexcept;
  /// The socket is gone. False if that was known.
  bool drop() noexcept;
  /// Reading is over. Whether there is a close frame that must get to the peer; else the connection
  /// is to be dropped.
  bool finish(bool close_is_queued) noexcept;

  /// A message goes to the session, and has been there: `enough` if that wants no other for now.
  void begin_delivery() noexcept { flow_ = flow::delivering; }
  void end_delivery(bool enough) noexcept;
  /// The session wants more. Whether whoever waits is to be woken.
  bool resume() noexcept;

  /// What is next. `queued_bytes` wait to be written.
  action next(std::size_t queued_bytes) noexcept;

 private:
  enum class flow : std::uint8_t {
    reading,
    delivering,  // the session has a message in its hands, and did not ask for more yet
    paused,      // the session has enough
    deaf,        // it is not read any more
  };

  stage now_ = stage::opening;
  flow flow_ = flow::reading;
};

}  // namespace confab::transport
