#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

/// What a proxy says of a connection before its bytes: the PROXY protocol, versions 1 and 2
/// (https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt). No Asio here.
namespace confab::transport {

struct proxy_header {
  std::size_t bytes = 0;              // that it takes
  std::optional<std::string> source;  // an address; none: it is the proxy itself that asks
};
struct no_proxy_header {};   // something else begins here
struct half_proxy_header {}; // more must come
struct bad_proxy_header {};

/// The longest that is taken; what it may hold beside addresses nobody here wants to know.
inline constexpr std::size_t proxy_header_bytes_max = 2048;

using found_proxy_header =
    std::variant<proxy_header, no_proxy_header, half_proxy_header, bad_proxy_header>;
/// Whether `bytes`, the first of a connection, begin with one.
found_proxy_header read_proxy_header(std::string_view bytes);

}  // namespace confab::transport
