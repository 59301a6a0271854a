#include "transport/address.hpp"

#include "transport/header_list.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace confab::transport {

namespace {

constexpr std::size_t v4_offset = 12;  // of the last four bytes
constexpr std::array<std::uint8_t, v4_offset> v4_prefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

bool is_alphanumeric(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

std::optional<unsigned> number(std::string_view text, unsigned most) {
  unsigned out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc{} || end != text.data() + text.size() || out > most) return std::nullopt;
  return out;
}

struct host_parts {
  std::string_view host;
  std::string_view port;
};

std::optional<host_parts> split(std::string_view text) noexcept {
  host_parts out;
  std::string_view rest;
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    if (end == text.npos) return std::nullopt;
    out.host = text.substr(1, end - 1);
    rest = text.substr(end + 1);
    if (out.host.find(':') == out.host.npos || !address::make(out.host)) return std::nullopt;
  } else {
    const auto end = std::min(text.find(':'), text.size());
    out.host = text.substr(0, end);
    rest = text.substr(end);
    // Without the comma that a name could have: a list of two is no host.
    constexpr std::string_view others = "-._~!$&'()*+;=%";
    for (const char c : out.host)
      if (!is_alphanumeric(c) && others.find(c) == others.npos) return std::nullopt;
  }
  if (rest.empty()) return out;
  if (rest[0] != ':' || (rest.size() > 1 && !number(rest.substr(1), 65535))) return std::nullopt;
  out.port = rest.substr(1);
  return out;
}

}  // namespace

std::optional<address> address::make(std::string_view text) noexcept {
  std::array<char, INET6_ADDRSTRLEN> terminated{};
  if (text.size() >= terminated.size()) return std::nullopt;
  std::copy(text.begin(), text.end(), terminated.begin());
  address out;
  if (text.find(':') != text.npos)
    return inet_pton(AF_INET6, terminated.data(), out.bytes.data()) == 1 ? std::optional{out}
                                                                          : std::nullopt;
  if (inet_pton(AF_INET, terminated.data(), out.bytes.data() + v4_offset) != 1) return std::nullopt;
  std::copy(v4_prefix.begin(), v4_prefix.end(), out.bytes.begin());
  return out;
}

bool address::is_v4() const noexcept {
  return std::equal(v4_prefix.begin(), v4_prefix.end(), bytes.begin());
}

std::optional<network> network::make(std::string_view text) {
  const auto slash = text.find('/');
  const auto first = address::make(text.substr(0, slash));
  if (!first) return std::nullopt;
  network out;
  out.first_ = *first;
  if (slash == text.npos) return out;
  const unsigned offset = text.find(':') == text.npos ? v4_offset * 8 : 0;
  const auto bits = number(text.substr(slash + 1), 128 - offset);
  if (!bits) return std::nullopt;
  out.bits_ = offset + *bits;
  return out;
}

bool network::has(const address& one) const noexcept {
  const auto whole = bits_ / 8;
  if (std::memcmp(one.bytes.data(), first_.bytes.data(), whole) != 0) return false;
  const auto rest = bits_ % 8;
  return rest == 0 || (one.bytes[whole] ^ first_.bytes[whole]) >> (8 - rest) == 0;
}

namespace {

std::optional<address> address_of(std::string_view peer) {
  return address::make(peer.substr(0, peer.find('%')));  // without the zone
}

bool is_among(std::span<const network> networks, const std::optional<address>& one) {
  return one && std::any_of(networks.begin(), networks.end(),
                            [&](const auto& each) { return each.has(*one); });
}

}  // namespace

std::vector<network> loopback_networks() {
  return {*network::make("127.0.0.0/8"), *network::make("::1")};
}

std::vector<network> private_networks() {
  std::vector<network> out;
  for (const auto* each :
       {"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16",
        "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16",
        "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
        // Here are ::, ::1, and IPv4 in the last four bytes.
        "::/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32",
        "2002::/16", "3fff::/20", "5f00::/16", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8"})
    out.push_back(*network::make(each));
  return out;
}

std::string client_address(std::string_view peer, std::string_view forwarded_for,
                           std::span<const network> proxies) {
  auto client = peer;
  for (auto rest = forwarded_for; is_among(proxies, address_of(client));) {
    const auto comma = rest.rfind(',');
    auto last = rest.substr(comma + 1);  // of npos: all of it
    while (last.starts_with(' ') || last.starts_with('\t')) last.remove_prefix(1);
    while (last.ends_with(' ') || last.ends_with('\t')) last.remove_suffix(1);
    if (!address_of(last)) break;
    client = last;
    if (comma == rest.npos) break;
    rest = rest.substr(0, comma);
  }
  return std::string{client};
}

bool is_proxy(std::string_view peer, std::span<const network> proxies) {
  return is_among(proxies, address_of(peer));
}

std::string counted_as(std::string_view peer, std::span<const network> proxies) {
  const auto parsed = address_of(peer);
  if (!parsed) return std::string{peer};
  if (is_among(proxies, parsed)) return {};
  std::array<char, INET6_ADDRSTRLEN> text;
  if (parsed->is_v4())
    return inet_ntop(AF_INET, parsed->bytes.data() + v4_offset, text.data(), text.size());
  auto first = *parsed;
  std::fill(first.bytes.begin() + 8, first.bytes.end(), std::uint8_t{0});
  return std::string(inet_ntop(AF_INET6, first.bytes.data(), text.data(), text.size())) + "/64";
}

std::optional<host_name> host_name::make(std::string_view text) {
  const auto parts = split(text);
  if (!parts) return std::nullopt;
  host_name out{std::string(parts->host), std::string(parts->port)};
  // Of either scheme: on its way through proxies a request may change it, and lose the port.
  if (out.port == "80" || out.port == "443") out.port.clear();
  std::transform(out.host.begin(), out.host.end(), out.host.begin(), lower);
  if (out.host.size() > 1 && out.host.ends_with('.')) out.host.pop_back();
  return out;
}

bool is_host(std::string_view text) noexcept { return split(text).has_value(); }

bool host_name::is_local() const {
  return host == "localhost" || host.ends_with(".localhost") || address::make(host).has_value();
}

bool matches_host(std::string_view pattern, const host_name& host) {
  if (pattern == "*") return true;
  const bool below = pattern.starts_with("*.");
  const auto wanted = host_name::make(below ? pattern.substr(2) : pattern);
  if (!wanted) return false;
  if (!wanted->port.empty() && wanted->port != host.port) return false;
  if (!below) return wanted->host == host.host;
  return host.host.size() > wanted->host.size() + 1 && host.host.ends_with(wanted->host) &&
         host.host[host.host.size() - wanted->host.size() - 1] == '.';
}

}  // namespace confab::transport
