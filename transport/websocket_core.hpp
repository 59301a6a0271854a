#pragma once

#include "transport/frame_reader.hpp"
#include "transport/heartbeat.hpp"
#include "transport/outbox.hpp"
#include "transport/port.hpp"
#include "transport/reactor.hpp"
#include "transport/websocket_lifecycle.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace confab::transport {

struct agreement;

/// A WebSocket connection without its socket: it gives what comes to the session, and brings the
/// connection to its end. `websocket_connection` adds the stream; what is next is decided by
/// `websocket_lifecycle` and `heartbeat`, which have no I/O.
///
/// It waits for one thing at a time, as `websocket_lifecycle::action` has them. Whoever completes a
/// wait calls `received` or `go_on`, and those ask what is next. Half of its methods are the four
/// interfaces by which its shard, its outbox, its timer and its stream know it.
///
/// Owner: what it waits for holds it. Thread: its shard's.
class websocket_core : public live_connection, protected outbox_writer, private timer_wheel::entry {
 public:
  websocket_core(std::shared_ptr<reactor_core> reactor, admission::slot slot);
  virtual ~websocket_core();

  void drain() final;
  void abort() noexcept final;
  std::size_t queued_bytes() const noexcept final { return outbox_->queued_bytes(); }
  void overflow() final { outbox_->overflow(); }

 protected:
  /// Queues the answer to the upgrade, makes the session, and reads. `read_already` came behind
  /// the request.
  void open(const agreement& agreed, std::string_view read_already);
  /// The end of a `read`: bytes, which are changed, or why there are none.
  void received(const error_code& why, std::span<char> bytes);
  /// The end of a `wait`.
  void go_on();
  /// After a write: nothing is queued any more.
  void written() noexcept;
  /// The socket is gone or useless.
  void fail(const error_code& why);
  void drop() noexcept;
  bool dropped() const noexcept {
    using stage = websocket_lifecycle::stage;
    return life_.now() == stage::lost || life_.now() == stage::gone;
  }
  /// Some of what was queued has left.
  void taken() noexcept { heartbeat_.taken(); }
  /// The peer has given a sign of life.
  void heard() noexcept { heartbeat_.heard(); }

  /// Waits for bytes; ends in `received`.
  virtual void read() = 0;
  /// Waits for `wake()`, which may come more than once; ends in `go_on`.
  virtual void wait() = 0;
  virtual void wake() noexcept = 0;
  /// All is written: shuts our side, waits until the peer has shut his, and ends in `drop`.
  virtual void shut() = 0;
  virtual void close_socket() noexcept = 0;
  /// The peer's address; empty if there is none.
  virtual std::string peer() const = 0;

  std::shared_ptr<reactor_core> reactor_;
  std::shared_ptr<outbox> outbox_;

 private:
  void expired() final;
  void closing(close_code code) final;
  void resume_reading() final;
  void writable() final;
  /// Handles the complete frames at the start of `bytes`; how much that was.
  std::size_t take(std::span<char> bytes);
  void take_rest();
  /// Waits for whatever is next.
  void proceed();
  void handle(const frame_reader::result& frame);
  void deliver(const frame_reader::result& message);
  /// A ping or pong came: whether it is one of as many as anybody needs.
  bool admit_control();
  /// Reading is over: tells the session, lets it go, and gets what is queued to the peer.
  void finish(const error_code& why, const frame_reader::result* close_frame = nullptr);
  void beat();
  template <class Call>
  void guarded(Call call) noexcept;
  void close(close_code code) { outbox_->close(code, std::string(name(code))); }

  admission::slot slot_;
  std::unique_ptr<session_port> port_;
  frame_reader reader_;
  std::string rest_;  // an unfinished frame; and what a session that has enough left unread
  error_code write_error_;
  websocket_lifecycle life_;
  transport::heartbeat heartbeat_;
  std::uint16_t control_frames_ = 0;
  timer_wheel::tick control_since_ = 0;  // they are counted
  codec objects_ = codec::json;
  bool any_kind_ = false;
};

}  // namespace confab::transport
