#pragma once

#include "load/channel.hpp"
#include "load/crowd.hpp"
#include "load/timers.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

namespace confab::load {

/// One second of one thread.
struct thread_second {
  sample counts;  // without percentiles
  histogram deliveries;
  std::uint64_t errors = 0, closes = 0, violations = 0;  // since the beginning
};

/// What the threads of a run and the one that directs them tell each other.
struct run_state {
  run_state(std::size_t rooms, std::size_t threads)
      : heads(rooms), arrived(threads), online(threads), quiet(threads), seconds(threads) {}

  // From the director.
  std::atomic<std::int64_t> stop_sending_at_us{INT64_MAX};
  std::atomic<std::uint32_t> storms{0};  // so far
  std::atomic<bool> is_over{false};

  // From the threads.
  std::vector<std::atomic<std::uint64_t>> heads;  // of rooms, once nothing is sent any more
  std::vector<std::atomic<std::uint64_t>> arrived, online;
  std::vector<std::atomic<bool>> quiet;
  std::mutex mutex;
  std::vector<std::vector<thread_second>> seconds;  // by thread; guarded by the mutex
};

/// What a run connects to, beside what its users do.
struct wire_plan {
  load::endpoint server;
  load::address address;  // the one of the server's that answered
  const tls_context* tls = nullptr;
  bool may_compress = false;
  int history_fd = -1;  // none
};

/// One thread with an epoll loop and the users of it.
class worker final : public outlet, public channel_owner {
 public:
  worker(const load_plan& plan, const wire_plan& wires, run_state& state, std::uint32_t thread,
         std::chrono::steady_clock::time_point start);
  ~worker() override;
  worker(const worker&) = delete;
  worker& operator=(const worker&) = delete;

  /// Until the run is over.
  void run();
  /// After that: what it counted.
  load::crowd& result() { return *crowd_; }
  bool history_is_whole() const { return !history_ || history_->is_whole(); }

 private:
  void connect(std::uint32_t session) override;
  void write(std::uint32_t session, websocket::opcode kind, std::string_view payload) override;
  void drop(std::uint32_t session) override;
  void wake_at(std::int64_t due_us, wake what) override { timers_.at(due_us, what); }

  void opened(channel& which) override;
  void received(channel& which, websocket::opcode kind, std::string_view payload) override;
  void ended(channel& which, std::uint16_t code, std::string_view reason) override;

  std::uint32_t number_of(const channel& which) const {
    return static_cast<std::uint32_t>(&which - channels_.data());
  }
  std::int64_t now_us() const;
  void poll();
  void watch(std::uint32_t session);
  void read_slowly();
  void follow_director();
  void publish_second();
  std::vector<std::uint64_t> shared_heads();

  struct watched {
    int fd = -1;
    std::uint32_t events = 0;
  };

  const load_plan& plan_;
  const wire_plan& wires_;
  run_state& state_;
  std::uint32_t thread_;
  std::chrono::steady_clock::time_point start_;
  int epoll_;
  timers<wake> timers_;
  std::unique_ptr<history_log> history_;
  std::unique_ptr<load::crowd> crowd_;
  std::unique_ptr<channel_context> context_;
  std::vector<channel> channels_;  // by session
  std::vector<watched> watched_;
  std::vector<std::uint32_t> slow_;
  std::int64_t next_slow_us_ = 0, next_second_us_ = 1'000'000, next_report_us_ = 0;
  std::uint32_t storms_seen_ = 0;
  bool is_stopped_ = false;
  /// All that was sent here is answered. What comes to the rooms after that is from other
  /// processes, which may go on, and is not waited for.
  bool is_settled_ = false;
  counters last_counts_;
  std::uint64_t last_errors_ = 0;
  std::uint64_t lag_max_us_ = 0;
  double last_cpu_s_ = 0;
};

}  // namespace confab::load
