#pragma once

#include <cstdint>
#include <string>

namespace confab::server {

/// What the process has in memory.
std::uint64_t resident_bytes();

/// What the control group of the process may have (cgroups(7), version 2), as a container has one, or a
/// service with MemoryMax=; 0: no limit. `root`: where the groups are.
std::uint64_t memory_of_group(const std::string& group_file = "/proc/self/cgroup",
                              const std::string& root = "/sys/fs/cgroup");

}  // namespace confab::server
