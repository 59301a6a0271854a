#pragma once

#include <sys/types.h>

namespace confab::bench {

/// CPU seconds of all threads of a process, those that have ended included.
struct cpu_time {
  double total = 0;  // exact to the nanosecond: clock_getcpuclockid(3)
  double user = 0;   // these two by clock ticks of 10 ms: /proc/PID/stat, proc(5)
  double system = 0;

  friend cpu_time operator-(cpu_time a, cpu_time b) {
    return {a.total - b.total, a.user - b.user, a.system - b.system};
  }
  /// The exact total in the proportion of the ticks.
  double user_share() const { return user + system > 0 ? total * user / (user + system) : 0; }
  double system_share() const { return total - user_share(); }
};

/// All zeros for a process that is not there.
cpu_time cpu_of(pid_t process);

/// Proportional set of a process in bytes, from /proc/PID/smaps_rollup.
long pss_of(pid_t process);

/// What the whole machine's kernel keeps, in bytes: slabs and the page tables beside them
/// (/proc/meminfo), and socket buffers (/proc/net/sockstat).
long kernel_memory();

/// CPU seconds of everybody on this machine, and what the hypervisor gave to others, from
/// /proc/stat by clock ticks. What neither server nor generator used of it is noise.
double machine_cpu();

}  // namespace confab::bench
