#include "load/history_log.hpp"

#include <unistd.h>

#include <cerrno>

namespace confab::load {

void history_log::flush() {
  std::string_view rest = lines_;
  while (!rest.empty()) {
    const auto written = ::write(fd_, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) {
      is_whole_ = false;
      break;
    }
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
  lines_.clear();
}

}  // namespace confab::load
