#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace confab::server {

enum class file_kind : std::uint8_t {
  secret,      // nobody but its owner and group may read it
  public_key,  // anybody may
};
/// Who may do with a file what only its owner may, as a sentence that follows its name; nothing if
/// all is well, or if there is no such file.
std::optional<std::string> exposure_of(const std::string& path, file_kind kind);

/// Nobody has a larger configuration, key or certificate. Who reads one waits for it.
inline constexpr std::size_t file_bytes_max = 1024 * 1024;

/// All of it; nothing if it cannot be read, as a directory cannot, or has more than may be.
std::optional<std::string> read_file(const std::string& path);

}  // namespace confab::server
