#include "server/files.hpp"

#include <sys/stat.h>

#include <fstream>

namespace confab::server {

std::optional<std::string> exposure_of(const std::string& path, file_kind kind) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) return std::nullopt;
  if ((info.st_mode & S_IWOTH) != 0) return "can be written by everybody (chmod o-w)";
  if (kind == file_kind::secret && (info.st_mode & S_IROTH) != 0)
    return "can be read by everybody (chmod o-r)";
  return std::nullopt;
}

std::optional<std::string> read_file(const std::string& path) {
  std::ifstream in{path, std::ios::binary};
  // Opening a directory succeeds, and only the first read does not.
  in.peek();
  if (!in.is_open() || in.bad()) return std::nullopt;
  in.clear();  // an empty file has ended already
  std::string text(file_bytes_max + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (text.size() > file_bytes_max) return std::nullopt;
  text.shrink_to_fit();
  return text;
}

}  // namespace confab::server
