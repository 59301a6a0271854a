#pragma once

#include "protocol/limits.hpp"
#include "transport/address.hpp"
#include "transport/counts.hpp"
#include "transport/incident.hpp"
#include "transport/port.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace boost::asio {
class io_context;
}

/// Accepts connections, speaks HTTP/1.1 and TLS, upgrades to WebSocket and carries frames.
namespace confab::transport {

/// What an operator can set has the name that it has there (docs/configuration.md).
struct options {
  /// An address or a name; with a slash at its beginning the path of a Unix domain socket, by which
  /// those who come count as 127.0.0.1.
  std::string host = "127.0.0.1";
  std::uint16_t port = 8080;  // 0: any free one
  /// A socket that listens already, as systemd passes it on, instead of both; -1: none. Others keep
  /// it: from the drain on who comes waits for the next server.
  int inherited = -1;
  std::string tls_cert;  // PEM, with chain; both or neither
  std::string tls_key;
  std::vector<std::string> origins;  // allowed beside the own host; "*": all
  /// What `Host` may name: `name`, `name:port`, `*.name`. Empty: anything, but see
  /// `local_hosts_only`, which takes local names and addresses beside these.
  std::vector<std::string> hosts;
  bool local_hosts_only = false;
  bool compression = true;  // answer an offer of permessage-deflate

  std::size_t frame_bytes = limits::frame_bytes_max;  // of a message, after inflating
  std::size_t outbox_bytes = limits::outbox_bytes_max;
  /// Of all readers together: beyond it those with the most are closed (4000). 0: no limit.
  std::size_t outbound_bytes_max = limits::outbound_bytes_max;
  std::size_t header_bytes_max = 16 * 1024;
  std::size_t stream_bytes_max = 64 * 1024;  // what may wait of a response that stays open
  std::size_t connections_max = 15'000;
  /// Of one address, or of the /64 of an IPv6 one; those of `trusted_proxies` are not counted.
  std::size_t connections_per_address = 0;  // 0: no limit
  /// Through which others come. On this machine there may be one, and whoever is on it needs no
  /// connections to harm it.
  std::vector<network> trusted_proxies = loopback_networks();
  bool proxy_protocol = false;  // they may begin a connection with it
  std::chrono::milliseconds handshake_wait{10'000};  // TLS and the whole request header
  std::chrono::milliseconds idle_wait_max{60'000};       // between requests of a keep-alive
  std::chrono::milliseconds http_wait_max{300'000};      // for all requests of a connection
  std::chrono::milliseconds ping_interval = limits::ping_interval;
  std::chrono::milliseconds pong_wait = limits::pong_wait_max;
  std::chrono::milliseconds close_wait = limits::close_wait_max;

  /// Told what an operator may want to know. Any shard's thread, must not block. None: silent.
  std::function<void(const incident&)> on_incident;
};

/// What happened so far, on all shards together. Any thread.
struct counters : shard_counts<std::uint64_t> {
  std::uint64_t connections_open = 0;
  std::uint64_t accepted = 0;
  std::uint64_t certificate_expires_at = 0;  // seconds of the Unix epoch; 0: no TLS
};

/// One shard's share of the transport: its connections, their timers (one wheel for all), and the
/// outboxes that have something to write. Owned by the shard, used by its thread only.
class reactor {
 public:
  virtual ~reactor() = default;
  /// Writes what this turn put into outboxes: one gathered write per connection. The shard calls
  /// it after its actors had their turn. To how many it wrote.
  virtual std::size_t end_turn() = 0;
};

/// The listening socket and everything behind it.
class listener {
 public:
  virtual ~listener() = default;

  virtual std::uint16_t port() const noexcept = 0;
  /// `address:port`, or `unix:` and a path.
  virtual std::string where() const = 0;
  virtual reactor& shard(std::size_t index) noexcept = 0;
  virtual counters count() const noexcept = 0;
  /// Reads the certificate and its key again, for connections from now on. The error, if they
  /// cannot be used: the ones before stay. Any thread.
  virtual std::optional<std::string> reload_tls() = 0;

  /// Memory is short: as long as it is nobody is let in but for questions of health, and half of what
  /// waits for readers is let go of, each time that this is said. Any thread.
  virtual void spare_memory(bool is_short) = 0;

  /// Refuses further upgrades, ends keep-alive after each answer, tells every session `on_drain`.
  /// Plain requests are answered until `abort`, so that readiness can be asked for. Any thread.
  virtual void drain() = 0;
  /// Ends what is left, close frame or not. Any thread; the io_contexts must still run.
  virtual void abort() = 0;
};

/// Binds and listens; connections are dealt to the shards in turn, each served by its io_context
/// (which must be run by one thread and outlive the listener). Starts accepting at once.
/// Throws std::system_error where the address or the certificate cannot be used.
std::unique_ptr<listener> listen(const options& how, std::vector<websocket_route> websockets,
                                 std::vector<http_route> pages,
                                 std::vector<boost::asio::io_context*> shards);

}  // namespace confab::transport
