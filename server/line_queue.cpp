#include "server/line_queue.hpp"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <thread>
#include <utility>

namespace confab::server::log {

std::shared_ptr<line_queue> line_queue::open(int file, std::size_t bytes_max, report on_dropped) {
  std::shared_ptr<line_queue> made{new line_queue(file, bytes_max, std::move(on_dropped))};
  std::thread([made] { made->run(); }).detach();
  return made;
}

line_queue::line_queue(int file, std::size_t bytes_max, report on_dropped)
    : file_(file), bytes_max_(bytes_max), on_dropped_(std::move(on_dropped)) {}

void line_queue::push(std::string_view line) {
  const std::lock_guard lock(mutex_);
  if (closed_) return;
  if (waiting_.size() + writing_bytes_ + line.size() > bytes_max_)
    ++dropped_;
  else
    waiting_ += line;
  changed_.notify_all();
}

bool line_queue::flush(std::chrono::milliseconds wait) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, wait, [this] {
    return waiting_.empty() && writing_bytes_ == 0 && dropped_ == reported_;
  });
}

void line_queue::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  changed_.notify_all();
}

std::uint64_t line_queue::dropped() const {
  const std::lock_guard lock(mutex_);
  return dropped_;
}

void line_queue::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    const auto has_any = [this] { return !waiting_.empty() || dropped_ > reported_; };
    changed_.wait(lock, [&] { return closed_ || has_any(); });
    if (!has_any()) return;
    auto bytes = std::exchange(waiting_, {});
    // They were dropped behind these: the queue was full.
    const auto dropped = dropped_ - std::exchange(reported_, dropped_);
    writing_bytes_ = bytes.size();
    lock.unlock();
    if (dropped > 0) bytes += on_dropped_(dropped);
    write(bytes);
    lock.lock();
    writing_bytes_ = 0;
    changed_.notify_all();
  }
}

/// What a closed or full file does not take is gone: there is nobody to tell.
void line_queue::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto count = ::write(file_, bytes.data(), bytes.size());
    if (count >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(count));
    } else if (errno == EAGAIN) {  // somebody else made it non-blocking
      pollfd file{file_, POLLOUT, 0};
      ::poll(&file, 1, -1);
    } else if (errno != EINTR) {
      return;
    }
  }
}

}  // namespace confab::server::log
