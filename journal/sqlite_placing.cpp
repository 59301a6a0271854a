#include "journal/sqlite_placing.hpp"

#include "journal/sqlite_journal.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>

namespace confab::journal::sqlite {
namespace {

namespace fs = std::filesystem;
using error = std::optional<std::string>;

std::string last_error() { return std::generic_category().message(errno); }

error sync_file(const std::string& path, int flags = O_RDONLY) {
  const int file = ::open(path.c_str(), flags | O_CLOEXEC);
  const bool done = file >= 0 && ::fsync(file) == 0;
  auto why = done ? std::nullopt : error{"fsync of " + path + ": " + last_error()};
  if (file >= 0) ::close(file);
  return why;
}

error rename(const std::string& from, const std::string& to) {
  if (std::rename(from.c_str(), to.c_str()) == 0) return std::nullopt;
  return "cannot rename " + from + " to " + to + ": " + last_error();
}

/// The log first: beside another database SQLite would take it for that one's. What is cut off
/// between leaves a journal that its mark does not let start.
error set_aside(const std::string& path, const std::string& kept) {
  std::error_code failed;
  for (const auto* end : {"-wal", ""}) {
    if (!fs::exists(path + end, failed)) continue;
    if (auto why = rename(path + end, kept + end)) return why;
  }
  fs::remove(path + "-shm", failed);
  return std::nullopt;
}

std::string kept_name(const data_directory& directory) {
  return directory.file(database_name) + ".replaced";
}

}  // namespace

std::uint64_t bytes_of(const std::string& path) {
  std::error_code failed;
  const auto bytes = fs::file_size(path, failed);
  return failed ? 0 : bytes;
}

std::string too_long_words(const std::string& log) {
  return "given up: " + log + " has come to " + std::to_string(bytes_of(log)) +
         " bytes, and nothing leaves it before the copy is whole. Copy when less is written, or to "
         "a faster disk, or let it have more (--wal-bytes-max)";
}

error make_private(const std::string& path) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) return last_error();
  ::close(file);
  return std::nullopt;
}

error place(const std::string& part, const std::string& to) {
  if (auto why = sync_file(part)) return why;
  if (auto why = rename(part, to)) return why;
  return sync_file(fs::path{to}.parent_path(), O_RDONLY | O_DIRECTORY);
}

error cannot_replace(const data_directory& directory) {
  std::error_code failed;
  const auto kept = kept_name(directory);
  if (!fs::exists(directory.file(database_name), failed) || !fs::exists(kept, failed))
    return std::nullopt;
  return kept + " is still there from an earlier time: move it away";
}

error replace_journal(const data_directory& directory, const std::string& fresh) {
  const auto path = directory.file(database_name);
  if (auto why = directory.give_to_owner(fresh)) return why;
  if (auto why = sync_file(fresh)) return why;
  if (auto why = set_aside(path, kept_name(directory))) return why;
  if (auto why = rename(fresh, path)) return why;
  return directory.sync();
}

}  // namespace confab::journal::sqlite
