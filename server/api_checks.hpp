#pragma once

#include "actors/environment.hpp"
#include "rooms/brief.hpp"
#include "rooms/operation.hpp"

#include <functional>
#include <vector>

namespace confab::server {

/// Whether the deployment is asked before this is ordered: what users say, and what the API says as
/// if a user had.
bool is_checked(const actors::environment& env, const rooms::operation& what);

/// To the order one after the other, each when it is checked. `then` hears it from any thread.
void submit_checked(const actors::environment& env, std::vector<rooms::operation> what,
                    std::function<void(std::vector<rooms::brief>)> then);

}  // namespace confab::server
