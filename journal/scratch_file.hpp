#pragma once

#include <filesystem>
#include <string>
#include <system_error>
#include <utility>

namespace confab::journal::sqlite {

/// A database that is removed at the end, with its logs, whatever has become of it; and at the
/// beginning, where an earlier one was left. Unless it has another name by then.
class scratch_file {
 public:
  explicit scratch_file(std::string path) : path_(std::move(path)) { remove(); }
  scratch_file(const scratch_file&) = delete;
  scratch_file& operator=(const scratch_file&) = delete;
  ~scratch_file() { remove(); }

  const std::string& path() const noexcept { return path_; }

 private:
  void remove() const {
    std::error_code ignored;
    for (const auto* end : {"", "-journal", "-wal", "-shm"})
      std::filesystem::remove(path_ + end, ignored);
  }
  std::string path_;
};

}  // namespace confab::journal::sqlite
