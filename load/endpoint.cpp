#include "load/endpoint.hpp"

#include <arpa/inet.h>
#include <netdb.h>

#include <cstring>
#include <memory>

namespace confab::load {
namespace {
constexpr std::uint64_t connections_per_source = 25'000;
}

std::variant<endpoint, std::string> find_endpoint(std::string_view url) {
  const std::string shown{url};
  endpoint out;
  if (url.starts_with("wss://"))
    out.is_tls = true;
  else if (!url.starts_with("ws://"))
    return shown + " is no WebSocket address: it must begin with ws:// or wss://";
  url.remove_prefix(out.is_tls ? 6 : 5);
  const auto slash = url.find('/');
  auto authority = url.substr(0, slash);
  out.path = slash == std::string_view::npos ? "/" : std::string{url.substr(slash)};
  out.host_header = authority;

  const auto bracket = authority.find(']');
  const auto colon = authority.find(':', bracket == std::string_view::npos ? 0 : bracket);
  out.port = colon == std::string_view::npos ? (out.is_tls ? "443" : "80")
                                             : std::string{authority.substr(colon + 1)};
  auto host = authority.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  out.host = host;
  const bool is_port = !out.port.empty() && out.port.size() <= 5 &&
                       out.port.find_first_not_of("0123456789") == std::string::npos &&
                       std::stoi(out.port) <= 65535;
  const bool is_clean = shown.find_first_of(" \r\n\t") == std::string::npos;
  if (out.host.empty() || !is_port || !is_clean) return shown + " is no WebSocket address";

  addrinfo wanted{}, *found = nullptr;
  wanted.ai_socktype = SOCK_STREAM;
  const int error = getaddrinfo(out.host.c_str(), out.port.c_str(), &wanted, &found);
  if (error != 0) return "the name " + out.host + " cannot be resolved: " + gai_strerror(error);
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner{found, &freeaddrinfo};
  for (const auto* each = found; each; each = each->ai_next) {
    auto& to = out.addresses.emplace_back();
    std::memcpy(&to.storage, each->ai_addr, each->ai_addrlen);
    to.size = each->ai_addrlen;
  }
  return out;
}

address source_for(const address& to, std::uint64_t number) {
  address out;
  if (to.storage.ss_family != AF_INET) return out;
  const auto& server = reinterpret_cast<const sockaddr_in&>(to.storage);
  const auto source = number / connections_per_source;
  if (ntohl(server.sin_addr.s_addr) >> 24 != 127 || source == 0) return out;
  auto& from = reinterpret_cast<sockaddr_in&>(out.storage);
  from.sin_family = AF_INET;
  from.sin_addr.s_addr = htonl(INADDR_LOOPBACK + static_cast<std::uint32_t>(source));
  out.size = sizeof(sockaddr_in);
  return out;
}

}  // namespace confab::load
