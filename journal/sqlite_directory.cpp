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

constexpr mode_t rights_of_others = 077;
constexpr mode_t writable_by_all = 02;

bool is_ours(const std::string& name) { return name.starts_with("confab."); }

/// Whether nothing lies in it that is not the journal's, so that its rights are the journal's too.
bool holds_only_ours(const fs::path& directory) {
  std::error_code failed;
  for (const auto& each : fs::directory_iterator{directory, failed})
    if (!is_ours(each.path().filename())) return false;
  return !failed;
}

/// Takes the rights of others away from a journal that was made with them, or copied to here.
std::optional<std::string> close_to_others(int handle, const fs::path& directory) {
  struct stat info {};
  if (::fstat(handle, &info) != 0) return last_error();
  if ((info.st_mode & rights_of_others) != 0 && info.st_uid == ::geteuid() &&
      holds_only_ours(directory) && ::fchmod(handle, 0700) == 0)
    info.st_mode &= ~rights_of_others;
  if ((info.st_mode & writable_by_all) != 0)
    return "everybody may write to it; take that away (chmod o-w), or name another one";

  std::error_code failed;
  for (const auto& each : fs::directory_iterator{directory, failed}) {
    const auto& file = each.path();
    if (!is_ours(file.filename()) || ::lstat(file.c_str(), &info) != 0 || !S_ISREG(info.st_mode) ||
        (info.st_mode & rights_of_others) == 0)
      continue;
    if (::chmod(file.c_str(), info.st_mode & 0700) != 0)
      return file.string() + " can be read by others, and that cannot be changed: " + last_error();
  }
  return std::nullopt;
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

  const int handle = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (handle < 0)
    return "cannot open the data directory " + directory.string() + ": " + last_error();
  data_directory taken{directory.string(), handle};
  const auto name = (directory / "confab.lock").string();
  const int lock = taken.lock_ = ::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock < 0) return "cannot write to the data directory: " + name + ": " + last_error();
  if (auto error = taken.give_to_owner(name)) return std::move(*error);
  // A file system that locks files alone (NFS) says EBADF or the like; the file's lock must do
  // then.
  const bool in_use = ::flock(handle, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  if (in_use || ::flock(lock, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return "cannot lock " + name + ": " + last_error();
    return "the data directory " + directory.string() + " is in use by another server" +
           holder(lock);
  }
  if (const auto error = close_to_others(handle, directory))
    return "the data directory " + directory.string() + ": " + *error;
  // Only a hint for whoever finds it locked, so on a full disk it may be missing.
  const auto number = std::to_string(::getpid()) + "\n";
  if (::ftruncate(lock, 0) == 0) [[maybe_unused]]
    const auto written = ::pwrite(lock, number.data(), number.size(), 0);
  return taken;
}

data_directory::data_directory(data_directory&& other) noexcept
    : path_(std::move(other.path_)),
      handle_(std::exchange(other.handle_, -1)),
      lock_(std::exchange(other.lock_, -1)) {}

data_directory::~data_directory() {
  if (lock_ >= 0) ::close(lock_);
  if (handle_ >= 0) ::close(handle_);
}

std::optional<std::string> data_directory::give_to_owner(const std::string& path) const {
  struct stat owner {};
  if (::geteuid() != 0 || ::fstat(handle_, &owner) != 0 || owner.st_uid == 0) return std::nullopt;
  if (::chown(path.c_str(), owner.st_uid, owner.st_gid) == 0) return std::nullopt;
  return "cannot give " + path + " to the owner of its directory: " + last_error();
}

std::optional<std::string> data_directory::sync() const { return sync_directory(path_); }

}  // namespace confab::journal::sqlite
