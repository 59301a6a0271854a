#include "transport/proxy_header.hpp"

#include "transport/address.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

namespace confab::transport {
namespace {

using namespace std::string_view_literals;

constexpr auto first_of_v1 = "PROXY "sv;
constexpr auto first_of_v2 = "\r\n\r\n\0\r\nQUIT\n"sv;
constexpr std::size_t line_bytes_max = 107;

found_proxy_header read_line(std::string_view bytes) {
  const auto end = bytes.substr(0, line_bytes_max).find("\r\n");
  if (end == bytes.npos) {
    if (bytes.size() >= line_bytes_max) return bad_proxy_header{};
    return half_proxy_header{};
  }
  auto line = bytes.substr(first_of_v1.size(), end - first_of_v1.size());
  const auto word = [&] {
    const auto one = line.substr(0, line.find(' '));
    line.remove_prefix(std::min(one.size() + 1, line.size()));
    return one;
  };
  proxy_header found{end + 2, {}};
  const auto family = word();
  if (family == "UNKNOWN") return found;
  const auto source = word();
  const auto parsed = address::make(source);
  const bool is_v6 = source.find(':') != source.npos;
  if ((family != "TCP4" && family != "TCP6") || !parsed || is_v6 != (family == "TCP6"))
    return bad_proxy_header{};
  found.source = source;
  return found;
}

std::string text_of(int family, std::string_view address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  inet_ntop(family, address.data(), text.data(), text.size());
  return text.data();
}

found_proxy_header read_binary(std::string_view bytes) {
  constexpr std::size_t head_bytes = 16;
  constexpr std::uint8_t local = 0x20, proxied = 0x21, tcp4 = 0x11, tcp6 = 0x21;
  if (bytes.size() < head_bytes) return half_proxy_header{};
  const auto byte = [&](std::size_t at) { return static_cast<std::uint8_t>(bytes[at]); };
  const std::size_t rest = std::size_t{byte(14)} << 8 | byte(15);
  if ((byte(12) != local && byte(12) != proxied) || head_bytes + rest > proxy_header_bytes_max)
    return bad_proxy_header{};
  if (bytes.size() < head_bytes + rest) return half_proxy_header{};
  const auto addresses = bytes.substr(head_bytes, rest);
  proxy_header found{head_bytes + rest, {}};
  if (byte(12) == local) return found;
  if (byte(13) == tcp4) {
    if (rest < 12) return bad_proxy_header{};
    found.source = text_of(AF_INET, addresses);
  } else if (byte(13) == tcp6) {
    if (rest < 36) return bad_proxy_header{};
    found.source = text_of(AF_INET6, addresses);
  }
  return found;
}

}  // namespace

found_proxy_header read_proxy_header(std::string_view bytes) {
  for (const auto& [first, read] : {std::pair{first_of_v1, &read_line}, {first_of_v2, &read_binary}}) {
    const auto common = std::min(bytes.size(), first.size());
    if (bytes.substr(0, common) != first.substr(0, common)) continue;
    if (common < first.size()) return half_proxy_header{};
    return read(bytes);
  }
  return no_proxy_header{};
}

}  // namespace confab::transport
