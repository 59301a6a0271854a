#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// Addresses of peers, and what a `Host` header names. No Asio here.
namespace confab::transport {

/// An IPv4 or IPv6 address; the former as ::ffff:a.b.c.d, as the kernel maps it (RFC 4291
/// §2.5.5.2).
struct address {
  std::array<std::uint8_t, 16> bytes{};

  static std::optional<address> make(std::string_view text) noexcept;
  bool is_v4() const noexcept;
};

/// All addresses that begin with the same bits: 10.0.0.0/8, fd00::/8, or one of them.
class network {
 public:
  static std::optional<network> make(std::string_view text);
  bool has(const address& one) const noexcept;

 private:
  address first_;
  unsigned bits_ = 128;
};

/// This machine's own.
std::vector<network> loopback_networks();

/// Where no server of the public Internet is: this machine's own, those of private, shared, local and
/// test networks, of groups, and IPv6 addresses that stand for IPv4 ones
/// (https://www.iana.org/assignments/iana-ipv4-special-registry, iana-ipv6-special-registry).
std::vector<network> private_networks();

/// The address of who asks. Where that is one of `proxies` it is whom they name: the last in their
/// list (the value of X-Forwarded-For) that is none of them. What stands before it anybody may have
/// written, so it is not looked at, and neither is what is no address.
std::string client_address(std::string_view peer, std::string_view forwarded_for,
                           std::span<const network> proxies);

/// Whether others may come through `peer`.
bool is_proxy(std::string_view peer, std::span<const network> proxies);

/// What a peer's connections, and all that they cause, are counted by: its IPv4 address, or the /64
/// of its IPv6 one, which is what one customer gets at least and can take any address of. Empty:
/// they are not counted, since others come through `proxies`.
std::string counted_as(std::string_view peer, std::span<const network> proxies);

/// Host and port of a `Host` header or of a URL's authority, in small letters; without brackets.
struct host_name {
  std::string host;
  std::string port;  // empty: none, or the default of http or https

  /// Nothing where it is no host (RFC 3986 §3.2.2).
  static std::optional<host_name> make(std::string_view text);
  /// `localhost`, a name below it, or an address: no name that somebody else's DNS decides over.
  bool is_local() const;
  bool operator==(const host_name&) const = default;
};

/// Whether `host_name::make` would take it.
bool is_host(std::string_view text) noexcept;

/// Whether `host` is `pattern`: a name, one with a port, `*.name` for all below it, or `*`. Without
/// a port, any is meant.
bool matches_host(std::string_view pattern, const host_name& host);

}  // namespace confab::transport
