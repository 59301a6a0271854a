#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace confab::server::log {

/// Lines on their way to a file that may block for ever (a pipe that nobody reads), without
/// anybody waiting for it but the one thread here. What has no room is dropped and counted, and a
/// later line says how many.
///
/// Owner: the log. Any thread; the mutex is the border to the thread that writes. That thread holds
/// the queue too, and is left behind in a write that never ends when the owner goes.
class line_queue : public std::enable_shared_from_this<line_queue> {
 public:
  using report = std::function<std::string(std::uint64_t dropped)>;

  /// `bytes_max` bounds what waits, what is being written included. `file` stays the caller's.
  static std::shared_ptr<line_queue> open(int file, std::size_t bytes_max, report on_dropped);

  void push(std::string_view line);
  /// Waits until all that was pushed before is written; false if that took longer.
  bool flush(std::chrono::milliseconds wait);
  /// No lines any more; the thread ends when it has written the rest.
  void close();
  /// In all.
  std::uint64_t dropped() const;

 private:
  line_queue(int file, std::size_t bytes_max, report on_dropped);
  void run();
  void write(std::string_view bytes);

  const int file_;
  const std::size_t bytes_max_;
  const report on_dropped_;

  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::string waiting_;
  std::size_t writing_bytes_ = 0;
  std::uint64_t dropped_ = 0;
  std::uint64_t reported_ = 0;
  bool closed_ = false;
};

}  // namespace confab::server::log
