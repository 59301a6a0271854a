#include "server/files.hpp"

#include <fstream>
#include <sstream>

namespace confab::server {

std::optional<std::string> read_file(const std::string& path) {
  std::ifstream in{path, std::ios::binary};
  // Opening a directory succeeds, and only the first read does not.
  in.peek();
  if (!in.is_open() || in.bad()) return std::nullopt;
  in.clear();  // an empty file has ended already
  std::ostringstream text;
  text << in.rdbuf();
  return std::move(text).str();
}

}  // namespace confab::server
