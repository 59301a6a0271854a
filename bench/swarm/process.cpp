#include "bench/swarm/process.hpp"

#include <unistd.h>
#include <ctime>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

namespace confab::bench {

cpu_time cpu_of(pid_t process) {
  cpu_time out;
  clockid_t clock{};
  timespec time{};
  if (clock_getcpuclockid(process, &clock) != 0 || clock_gettime(clock, &time) != 0) return {};
  out.total = static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);

  std::ifstream file("/proc/" + std::to_string(process) + "/stat");
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  const auto after_name = text.rfind(')');
  if (after_name == std::string::npos) return {};
  unsigned long user = 0, system = 0;  // fields 14 and 15
  std::sscanf(text.c_str() + after_name + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
              &user, &system);
  const auto tick = static_cast<double>(sysconf(_SC_CLK_TCK));
  out.user = static_cast<double>(user) / tick;
  out.system = static_cast<double>(system) / tick;
  return out;
}

namespace {

/// The number behind `name` in a file of lines; 0 if it is not there.
long number_in(const std::string& path, const std::string& name) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);)
    if (const auto at = line.find(name); at != std::string::npos)
      return std::atol(line.c_str() + at + name.size());
  return 0;
}

}  // namespace

long pss_of(pid_t process) {
  return 1024 * number_in("/proc/" + std::to_string(process) + "/smaps_rollup", "Pss:");
}

long kernel_memory() {
  return 1024 * (number_in("/proc/meminfo", "Slab:") + number_in("/proc/meminfo", "PageTables:")) +
         sysconf(_SC_PAGESIZE) * number_in("/proc/net/sockstat", " mem ");
}

double machine_cpu() {
  std::ifstream file("/proc/stat");
  std::string name;
  file >> name;  // "cpu": user nice system idle iowait irq softirq steal
  double ticks = 0, value = 0;
  for (int i = 0; i < 8 && file >> value; ++i)
    if (i != 3 && i != 4) ticks += value;
  return ticks / static_cast<double>(sysconf(_SC_CLK_TCK));
}

}  // namespace confab::bench
