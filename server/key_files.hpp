#pragma once

#include "server/jwt.hpp"

#include <optional>
#include <string>
#include <vector>

namespace confab::server {

/// The key in `file`; what is wrong, with the flag and the file, goes to `mistakes`.
std::optional<jwt_key> load_key(const char* flag, const std::string& file, key_use use,
                                std::optional<jwt_algorithm> algorithm,
                                std::vector<std::string>& mistakes);

}  // namespace confab::server
