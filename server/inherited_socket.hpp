#pragma once

#include "server/config.hpp"

#include <optional>
#include <string>

namespace confab::server {

/// A socket that listens already, as systemd passes it on (sd_listen_fds(3)).
struct inherited_socket {
  int descriptor;
  std::string host;  // an address, or the path of a Unix domain socket
  std::uint16_t port = 0;
};
/// None: nothing was passed on. Throws std::runtime_error, where it is not one socket that listens.
std::optional<inherited_socket> find_inherited_socket(const environment& env);

}  // namespace confab::server
