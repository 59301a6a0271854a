#pragma once

#include "transport/port.hpp"

#include <functional>
#include <string>
#include <string_view>

namespace confab::api {
class service;
}

namespace confab::server {

/// Where the API stands on this server.
inline constexpr std::string_view api_path = "/api/v1";

/// The row of the transport's table behind which all routes of the API are. `service` is null until
/// the journal is open: then callers are told to come back.
transport::http_route api_route(std::string base_path, std::function<api::service*()> service);

}  // namespace confab::server
