#pragma once

#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>

namespace confab::server {

/// A directory that goes with the test.
class temporary_directory {
 public:
  temporary_directory() {
    auto pattern = (std::filesystem::temp_directory_path() / "confab-test-XXXXXX").string();
    if (!mkdtemp(pattern.data())) throw std::runtime_error("no temporary directory");
    path_ = pattern;
  }
  temporary_directory(const temporary_directory&) = delete;
  temporary_directory& operator=(const temporary_directory&) = delete;
  ~temporary_directory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  std::string path() const { return path_; }
  std::string write(std::string_view name, std::string_view bytes) const {
    const auto file = path_ + "/" + std::string{name};
    std::ofstream{file, std::ios::binary} << bytes;
    ::chmod(file.c_str(), 0600);  // as a secret must be
    return file;
  }

 private:
  std::string path_;
};

}  // namespace confab::server
