#include "load/files.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

namespace confab::load {

std::optional<std::string> read_file(const std::string& path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) return std::nullopt;
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  return std::string{std::istreambuf_iterator<char>(file), {}};
}

bool is_writable(const std::string& path) {
  std::error_code error;
  const bool was_there = std::filesystem::exists(path, error);
  const bool out = std::ofstream(path, std::ios::app).good();
  if (out && !was_there) std::filesystem::remove(path, error);
  return out;
}

std::string write_file(const std::string& path, std::string_view contents) {
  // /dev/stdout and the like cannot be replaced.
  const bool is_regular = !std::filesystem::exists(path) || std::filesystem::is_regular_file(path);
  const auto beside = is_regular ? path + ".part" : path;
  {
    std::ofstream file(beside, std::ios::binary);
    file.write(contents.data(), static_cast<std::streamsize>(contents.size()));
    file.flush();
    if (!file) return path + " cannot be written";
  }
  std::error_code error;
  if (is_regular) std::filesystem::rename(beside, path, error);
  return error ? path + " cannot be written: " + error.message() : std::string{};
}

}  // namespace confab::load
