#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace confab::load {

struct address {
  sockaddr_storage storage{};
  socklen_t size = 0;
};

/// Where the server is: `ws://host:port/path` or `wss://…`.
struct endpoint {
  bool is_tls = false;
  std::string host;  // without port
  std::string host_header;
  std::string port;
  std::string path;
  std::vector<address> addresses;  // as resolved; the first that answers is taken
};

/// Or what is wrong, as a sentence. Resolves the host's name.
std::variant<endpoint, std::string> find_endpoint(std::string_view url);

/// The source for the `number`th connection to `to`, of which one address can have some 28,000 (the
/// ports of ip_local_port_range): past 25,000 the next of 127.0.0.0/8. `size` 0: any.
address source_for(const address& to, std::uint64_t number);

}  // namespace confab::load
