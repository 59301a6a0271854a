#include "server/memory.hpp"

#include "server/values.hpp"

#include <unistd.h>

#include <fstream>

namespace confab::server {

std::uint64_t resident_bytes() {
  std::uint64_t pages = 0, resident = 0;
  std::ifstream{"/proc/self/statm"} >> pages >> resident;
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

/// Each group above counts too: the least is what matters.
std::uint64_t memory_of_group(const std::string& group_file, const std::string& root) {
  std::string group;
  std::ifstream lines{group_file};
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with("0::")) group = line.substr(3);
  std::uint64_t least = 0;
  for (;;) {
    std::string text;
    std::ifstream{root + group + "/memory.max"} >> text;
    const auto bytes = read_number(text).value_or(0);  // "max"
    if (bytes > 0 && (least == 0 || bytes < least)) least = bytes;
    if (group.empty()) return least;
    group.resize(group.rfind('/') == std::string::npos ? 0 : group.rfind('/'));
  }
}

}  // namespace confab::server
