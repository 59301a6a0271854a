#pragma once

#include <optional>
#include <string>

namespace confab::server {

/// All of it; nothing if it cannot be read, as a directory cannot.
std::optional<std::string> read_file(const std::string& path);

}  // namespace confab::server
