#include "transport/http_head.hpp"

#include "transport/address.hpp"
#include "transport/header_list.hpp"

#include <algorithm>

namespace confab::transport {

bool host_served(const http_request& request, const std::vector<std::string>& hosts,
                 bool local_only) {
  if (hosts.empty() && !local_only) return true;
  const auto named = request.header("host");
  const auto host = named ? host_name::make(*named) : std::nullopt;
  if (!host) return false;
  if (local_only && host->is_local()) return true;
  return std::any_of(hosts.begin(), hosts.end(),
                     [&](const std::string& each) { return matches_host(each, *host); });
}

bool has_folded_line(std::string_view bytes) {
  bytes = bytes.substr(0, bytes.find("\r\n\r\n"));
  return bytes.find("\n ") != bytes.npos || bytes.find("\n\t") != bytes.npos;
}

std::optional<std::string> head_fault(const http_request& request, unsigned version) {
  constexpr unsigned http_1_1 = 11;
  const auto hosts = request.count("host");
  if (hosts > 1 || (hosts == 0 && version >= http_1_1)) return "there must be one Host";
  if (hosts == 1 && !is_host(*request.header("host"))) return "Host is no host";
  if (const auto encodings = request.count("transfer-encoding"); encodings > 0) {
    const bool chunked = equal_ignoring_case(*request.header("transfer-encoding"), "chunked");
    if (encodings > 1 || !chunked || version < http_1_1 || request.count("content-length") > 0)
      return "Transfer-Encoding may be chunked, alone, and nothing else";
  }
  return std::nullopt;
}

}  // namespace confab::transport
