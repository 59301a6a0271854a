#pragma once

#include <optional>
#include <string>
#include <variant>

namespace confab::journal::sqlite {

/// A data directory that belongs to this process for as long as this lives. The lock is the
/// kernel's (flock), on the directory itself and on the file `confab.lock`, and goes with the
/// process, however it ends. The file stays and means nothing; without it, as when somebody has
/// removed it, the directory's lock still holds.
class data_directory {
 public:
  /// Creates the directory where it is missing, and takes the rights of others away where there are
  /// any: messages are nobody else's business. The error names the path and, where another server
  /// has it, that one's process id.
  static std::variant<data_directory, std::string> take(const std::string& path);

  data_directory(data_directory&& other) noexcept;
  data_directory& operator=(data_directory&&) = delete;
  ~data_directory();

  /// Absolute: SQLite would read one that begins with "file:" as a URI.
  std::string file(const std::string& name) const { return path_ + "/" + name; }
  /// What root makes here is for the server's user, whose directory it is.
  std::optional<std::string> give_to_owner(const std::string& path) const;
  /// Makes the names of new files as durable as their content. The error is the system's.
  std::optional<std::string> sync() const;

 private:
  data_directory(std::string path, int directory) : path_(std::move(path)), handle_(directory) {}

  std::string path_;
  int handle_;     // of the directory
  int lock_ = -1;  // of the file
};

}  // namespace confab::journal::sqlite
