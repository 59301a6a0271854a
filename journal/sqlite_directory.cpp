#include "journal/sqlite_directory.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

namespace confab::journal::sqlite {
namespace {

namespace fs = std::filesystem;

std::string last_error() { return std::generic_category().message(errno); }

std::optional<std::string> sync_directory(const fs::path& path) {
  const int handle = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (handle < 0) return last_error();
  const bool done = ::fsync(handle) == 0;
  auto error = done ? std::nullopt : std::optional{last_error()};
  ::close(handle);
  return error;
}

/// Like `mkdir -p` with mode 0700 (messages are nobody else's business), each new name durable.
std::optional<std::string> create(const fs::path& path) {
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) return std::nullopt;
  if (path.has_parent_path() && path.parent_path() != path)
    if (auto error = create(path.parent_path())) return error;
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return last_error();
  if (!fs::is_directory(path, ignored)) return "not a directory";
  return sync_directory(path.parent_path());
}

/// Who wrote the lock file last: for a message only.
std::string holder(int lock) {
  char text[32];
  const auto count = ::pread(lock, text, sizeof text, 0);
  std::string number{text, static_cast<std::size_t>(count > 0 ? count : 0)};
  number.erase(number.find_last_not_of('\n') + 1);
  return number.empty() ? "" : " (process " + number + ")";
}

}  // namespace

std::variant<data_directory, std::string> data_directory::take(const std::string& path) {
  std::error_code failed;
  auto directory = fs::absolute(path.empty() ? "." : path, failed).lexically_normal();
  if (!directory.has_filename()) directory = directory.parent_path();
  if (auto error = create(directory))
    return "cannot create the data directory " + directory.string() + ": " + *error;

  const auto name = (directory / "confab.lock").string();
  const int lock = ::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock < 0) return "cannot write to the data directory: " + name + ": " + last_error();
  data_directory taken{directory.string(), lock};
  if (::flock(lock, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return "cannot lock " + name + ": " + last_error();
    return "the data directory " + directory.string() + " is in use by another server" +
           holder(lock);
  }
  // Only a hint for whoever finds it locked, so on a full disk it may be missing.
  const auto number = std::to_string(::getpid()) + "\n";
  if (::ftruncate(lock, 0) == 0) [[maybe_unused]]
    const auto written = ::pwrite(lock, number.data(), number.size(), 0);
  return taken;
}

data_directory::data_directory(data_directory&& other) noexcept
    : path_(std::move(other.path_)), lock_(std::exchange(other.lock_, -1)) {}

data_directory::~data_directory() {
  if (lock_ >= 0) ::close(lock_);
}

std::optional<std::string> data_directory::sync() const { return sync_directory(path_); }

}  // namespace confab::journal::sqlite
