#pragma once

#include "transport/port.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Which row of a route table a path leads to.
namespace confab::transport {

/// The row for `path`: see `websocket_route`. Of several for one path that with `method`, or one of
/// them if none has it.
const websocket_route* find_route(const std::vector<websocket_route>& routes,
                                  std::string_view path);
const http_route* find_route(const std::vector<http_route>& routes, std::string_view path,
                             std::string_view method);
/// Of all rows with the path of `found`.
std::string methods_of(const std::vector<http_route>& routes, const http_route& found);
/// What stands for the parts in braces of a `pattern` that `path` fits; decoded if it can be.
std::vector<std::pair<std::string, std::string>> path_parameters(std::string_view pattern,
                                                                 std::string_view path);

}  // namespace confab::transport
