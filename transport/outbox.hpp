#pragma once

#include "protocol/frame_sink.hpp"
#include "protocol/limits.hpp"

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace confab::transport {

class outbox;

/// The outboxes a turn has put something into, so that its end writes to each of them once.
/// Owner: the reactor. Thread: its shard's.
class dirty_list {
 public:
  dirty_list() = default;
  dirty_list(const dirty_list&) = delete;
  dirty_list& operator=(const dirty_list&) = delete;

  /// Writes to as many of them as one turn may, the longest in the list first: what comes in must
  /// not wait until thousands are written to. Of those with much in them a turn takes a few, and the
  /// others wait behind those with little. True if another turn must follow: there are more, or an
  /// outbox asked to be told "low" for a second time.
  bool flush();

  std::size_t size() const noexcept { return members_.size() - flushed_; }
  /// Of all its outboxes, ever.
  std::uint64_t frames_pushed() const noexcept { return frames_pushed_; }
  /// Of all its outboxes, now.
  std::size_t queued_bytes() const noexcept { return queued_bytes_; }
  /// Of one of them at most, when it had been written to; since `take_highest`, which begins anew.
  std::size_t highest() const noexcept { return highest_; }
  std::size_t take_highest() noexcept { return std::exchange(highest_, 0); }

 private:
  friend class outbox;
  void forget_flushed();

  std::vector<outbox*> members_;  // keeps its memory; nullptr where one was taken out
  std::size_t flushed_ = 0;       // of those, at the front
  std::vector<outbox*> next_turn_;
  std::uint64_t frames_pushed_ = 0;
  std::size_t queued_bytes_ = 0;
  std::size_t highest_ = 0;
  std::uint32_t turn_ = 0;
};

/// What an outbox asks of the connection it belongs to.
class outbox_writer {
 public:
  /// Writes now what can be written without waiting. Must not call the session back.
  virtual void flush() = 0;
  /// The sink was closed, by the session or for `slow_consumer`: a close frame is queued.
  virtual void closing(close_code code) = 0;
  virtual void resume_reading() = 0;
  virtual void writable() = 0;

 protected:
  ~outbox_writer() = default;
};

/// What waits to be written to one client: complete frames, bounded in bytes. A state machine
/// without I/O; the connection gathers from it and says what was written.
///
/// Owner: the connection, and whoever holds the sink. Thread: its shard's. Lifetime: may outlive
/// the connection, which detaches it before its stream dies; everything answers `closed` then.
class outbox final : public frame_sink {
 public:
  outbox(outbox_writer& writer, dirty_list& dirty, std::size_t bytes_max) noexcept
      : dirty_(&dirty), bytes_max_(bytes_max), writer_(&writer) {}
  ~outbox() override;

  // For the inside.
  push_result push(const frame& bytes, importance weight, std::uint32_t frames) override;
  void close(close_code code, std::string reason) override;
  void resume_reading() override;
  std::size_t queued_bytes() const noexcept override { return queued_bytes_; }
  void notify_when_low() override;

  // For the transport.

  /// The answer to the upgrade. `held`: until there is something to write behind it.
  void push_upgrade(std::string bytes, bool held);
  /// A ping or a pong; it counts like any other frame.
  void push_control(std::string bytes);
  /// A close frame that answers what the peer has sent; `close` makes one of our own accord.
  void push_close(std::uint16_t code, std::string_view reason = {});
  /// Fills `into` with what is next, as few entries as possible: small frames are copied together
  /// into `scratch`, because an entry costs the kernel more than copying a chat message.
  std::span<iovec> gather(std::span<iovec> into, std::span<char> scratch) const noexcept;
  /// Copies what is next behind `into`, up to about `bytes_max`; it stays queued, and is safe from
  /// being thrown away, until consumed.
  void stage(std::string& into, std::size_t bytes_max);
  void consume(std::size_t bytes);
  /// Gives memory back if nothing is queued.
  void shrink() noexcept;
  /// Closes it as too slow a reader: what was not begun is thrown away.
  void overflow();
  /// No pushes any more; what is queued can still be written.
  void seal() noexcept { sealed_ = true; }
  /// Forgets everything, for good.
  void detach() noexcept;

  /// The code of the close frame that was queued; 0: none yet.
  std::uint16_t close_code_sent() const noexcept { return close_code_; }

 private:
  friend class dirty_list;
  void append(frame bytes, bool held = false);
  void mark_dirty();
  void drop_unsent();
  void end_turn();

  // First what every push touches.
  dirty_list* dirty_;
  std::vector<frame> frames_;
  std::size_t queued_bytes_ = 0;
  std::size_t bytes_max_;
  std::uint32_t dirty_slot_ = 0;  // 1 + index in the list; 0: not in it
  std::uint16_t close_code_ = 0;
  bool sealed_ = false;
  bool tell_when_low_ = false;
  outbox_writer* writer_;           // nullptr: detached
  std::uint32_t head_ = 0;          // frames before are written
  std::uint32_t head_bytes_ = 0;    // of the first frame, written already
  std::uint32_t staged_bytes_ = 0;  // being written elsewhere
  std::uint32_t told_turn_ = 0;
};

}  // namespace confab::transport
