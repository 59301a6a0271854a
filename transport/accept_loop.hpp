#pragma once

#include "protocol/meter.hpp"
#include "transport/certificate.hpp"
#include "transport/net.hpp"
#include "transport/reactor.hpp"

#include <boost/asio/basic_socket_acceptor.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace confab::transport {

using certificate_ptr = std::shared_ptr<shown_certificate>;

/// The socket that listens, and what takes connections from it: each is admitted and dealt to a
/// shard, or turned away.
///
/// Owner: the listener and its own pending operations. Thread: shard 0's.
class accept_loop final : public std::enable_shared_from_this<accept_loop> {
 public:
  /// Binds and listens; throws where the address or the certificate cannot be used.
  accept_loop(std::shared_ptr<site> shared,
              const std::vector<std::shared_ptr<reactor_core>>& shards);

  std::uint16_t port() const noexcept { return port_; }
  std::string where() const;

  void accept();
  /// Connections that are there keep what they have: OpenSSL counts.
  void use(certificate_ptr tls);
  void close() noexcept;

  struct {
    meter accepted;
    meter refused;
    meter certificate_expires_at;
  } count;

 private:
  using tcp = net::ip::tcp;
  using acceptor = net::basic_socket_acceptor<tcp, executor>;
  using timer = net::basic_waitable_timer<std::chrono::steady_clock,
                                          net::wait_traits<std::chrono::steady_clock>, executor>;

  void open(const tcp::endpoint& where);
  void take(int listening);
  void accept_some();
  void pause();
  void welcome(tcp_socket socket, std::string peer, std::shared_ptr<reactor_core> shard);
  void turn_back(tcp_socket socket, std::shared_ptr<reactor_core> shard);

  std::shared_ptr<site> shared_;
  std::vector<std::weak_ptr<reactor_core>> shards_;  // weak: each dies with its own io_context
  acceptor acceptor_;
  timer pause_;
  tcp protocol_ = tcp::v4();
  certificate_ptr tls_;  // null: plain
  std::uint16_t port_ = 0;
  bool is_unix_ = false;
  std::string own_path_;  // of a Unix domain socket
  std::size_t next_ = 0;
  std::shared_ptr<std::atomic<std::size_t>> turned_away_ =
      std::make_shared<std::atomic<std::size_t>>(0);
};

}  // namespace confab::transport
