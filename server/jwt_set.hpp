#pragma once

#include "server/jwt.hpp"

#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace confab::server {

/// The keys of a JSON Web Key Set (RFC 7517) by which tokens can be verified; those for other purposes,
/// and of kinds that are not known, are left out. The error says why none is left. Secrets (`oct`)
/// only where the set is one that nobody else may read.
std::variant<std::vector<jwt_key>, std::string> read_jwt_set(std::string_view text,
                                                             bool may_hold_secrets);

}  // namespace confab::server
