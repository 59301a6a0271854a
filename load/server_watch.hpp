#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>

namespace confab::load {

/// What the server has cost so far.
struct server_reading {
  double cpu_user_s = 0;
  double cpu_system_s = 0;  // 0 where only the sum is known: then all of it is in cpu_user_s
  std::uint64_t memory_bytes = 0;
};

/// Reads the CPU time and memory of a server, each second, from where it can be had.
class server_watch {
 public:
  virtual ~server_watch() = default;
  virtual std::optional<server_reading> read() = 0;
};

/// From /proc: CPU time from stat (proc(5), fields 14 and 15), memory the proportional set of
/// smaps_rollup, or the resident set where that may not be read. Or a sentence: no such process.
std::variant<std::unique_ptr<server_watch>, std::string> watch_process(pid_t process);

/// From `process_cpu_seconds_total` and `process_resident_memory_bytes` in the Prometheus text at
/// `url` (http:// or https://). Or a sentence: not there, or without these.
std::variant<std::unique_ptr<server_watch>, std::string> watch_metrics(const std::string& url);

}  // namespace confab::load
