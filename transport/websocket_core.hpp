#pragma once

#include "transport/gate.hpp"
#include "transport/outbox.hpp"
#include "transport/port.hpp"
#include "transport/reactor.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace confab::transport {

/// What an upgrade agreed on.
struct agreement {
  const websocket_route* route = nullptr;
  std::string subprotocol;  // empty: none is named in the answer
  std::string extension;    // value of Sec-WebSocket-Extensions; empty: none
  wire_format format;
  session_factory make_session;
};

/// A WebSocket connection without its socket: heartbeat, delivery to the session, the ways to
/// end. `websocket_connection` adds the stream.
///
/// Owner: the coroutine that reads, and whatever waits for the socket. Thread: its shard's.
class websocket_core : public live_connection, protected outbox_writer, private timer_wheel::entry {
 public:
  websocket_core(std::shared_ptr<reactor_core> reactor, admission::slot slot);
  virtual ~websocket_core();

  void drain() final;
  void abort() noexcept final;

 protected:
  /// Makes the session; from now on there is a heartbeat.
  void open(const agreement& agreed);
  /// One complete message, as it came.
  void deliver(frame_scanner::mark what, std::string_view bytes);
  /// Reading is over: tells the session, and lets it go. True if there is a close frame to be
  /// written, or one was.
  bool finish(const error_code& why, bool closed_by_frame, std::uint16_t peer_code,
              std::string_view peer_reason);
  /// The socket is dropped after `close_wait_max`, whatever happens.
  void limit_closing();
  void fail(const error_code& why);
  void drop() noexcept;

  bool paused() const noexcept { return paused_; }
  bool dropped() const noexcept { return dropped_; }
  std::size_t frame_bytes_max() const noexcept { return reactor_->how().frame_bytes_max; }

  virtual void close_socket() noexcept = 0;
  /// Lets the coroutine look again at what it waits for.
  virtual void wake() noexcept = 0;

  std::shared_ptr<reactor_core> reactor_;
  std::shared_ptr<outbox> outbox_;
  gate_link link_;

 private:
  enum class phase : std::uint8_t { opening, ping_due, pong_due, closing };

  void expired() final;
  void closing(close_code code) final;
  void resume_reading() final;
  void writable() final;
  template <class Call>
  void guarded(Call call) noexcept;
  void close(close_code code) { outbox_->close(code, std::string(name(code))); }

  admission::slot slot_;
  std::unique_ptr<session_port> port_;
  error_code write_error_;
  phase phase_ = phase::opening;
  codec objects_ = codec::json;
  bool any_kind_ = false;
  bool opened_ = false;
  bool paused_ = false;
  bool resumed_ = false;
  bool draining_ = false;
  bool we_closed_ = false;
  bool dropped_ = false;
};

}  // namespace confab::transport
