#include "transport/accept_loop.hpp"

#include "transport/serve.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/address.hpp>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <exception>
#include <stdexcept>
#include <system_error>
#include <utility>
#include <variant>

namespace confab::transport {

namespace {

using tcp = net::ip::tcp;

// Out of file descriptors: accepting again at once would only spin.
constexpr std::chrono::milliseconds accept_pause{100};
// Others are to have their turn between.
constexpr int accepted_at_once_max = 64;
// Who is turned away gets an answer while no more than these do; above, the socket just closes.
constexpr std::size_t turned_away_max = 256;

std::string address_text(const tcp::endpoint& peer) {
  auto address = peer.address();
  if (address.is_v6() && address.to_v6().is_v4_mapped())
    address = net::ip::make_address_v4(net::ip::v4_mapped, address.to_v6());
  return address.to_string();
}

tcp::endpoint resolve(net::io_context& io, const std::string& host, std::uint16_t port) {
  error_code ec;
  const auto address = net::ip::make_address(host, ec);
  if (!ec) return {address, port};
  tcp::resolver resolver(io);
  return resolver.resolve(host, std::to_string(port)).begin()->endpoint();
}

[[noreturn]] void fail(const std::string& sentence) {
  throw std::runtime_error(sentence + ": " + std::system_category().message(errno));
}

/// A socket that listens at `path`, in place of one that a server has left behind there. A proxy may
/// open it that is in the server's group.
int listen_at(const std::string& path) {
  const auto sentence = "cannot listen on " + path;
  sockaddr_un where{};
  where.sun_family = AF_UNIX;
  if (path.size() >= sizeof where.sun_path)
    throw std::runtime_error(sentence + ": that is too long for a socket's name");
  path.copy(where.sun_path, path.size());
  const auto* address = reinterpret_cast<const sockaddr*>(&where);
  const auto made = [] { return ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0); };
  struct stat there {};
  if (::lstat(path.c_str(), &there) == 0) {
    if (!S_ISSOCK(there.st_mode)) throw std::runtime_error(sentence + ": something else is there");
    const int caller = made();
    const bool answered = ::connect(caller, address, sizeof where) == 0 || errno == EAGAIN;
    ::close(caller);
    if (answered) throw std::runtime_error(sentence + ": another server does");
    ::unlink(path.c_str());
  }
  const int socket = made();
  if (socket < 0) fail(sentence);
  if (::bind(socket, address, sizeof where) == 0 && ::chmod(path.c_str(), 0660) == 0 &&
      ::listen(socket, SOMAXCONN) == 0)
    return socket;
  const int why = errno;
  ::close(socket);
  errno = why;
  fail(sentence);
}

}  // namespace

accept_loop::accept_loop(std::shared_ptr<site> shared,
                         const std::vector<std::shared_ptr<reactor_core>>& shards)
    : shared_(std::move(shared)),
      shards_(shards.begin(), shards.end()),
      acceptor_(shards.front()->get_executor()),
      pause_(shards.front()->get_executor()) {
  const auto& how = shared_->how;
  if (how.tls_cert.empty() != how.tls_key.empty())
    throw std::system_error(std::make_error_code(std::errc::invalid_argument),
                            "a TLS certificate needs a key, and a key a certificate");
  if (!how.tls_cert.empty()) {
    auto loaded = load_certificate(how.tls_cert, how.tls_key);
    if (const auto* why = std::get_if<std::string>(&loaded)) throw std::runtime_error(*why);
    tls_ = std::get<certificate_ptr>(std::move(loaded));
    count.certificate_expires_at.set(static_cast<std::uint64_t>(tls_->expires_at));
  }
  if (how.inherited >= 0)
    take(how.inherited);
  else if (how.host.starts_with('/'))
    take(listen_at(own_path_ = how.host));
  else
    open(resolve(shards.front()->io(), how.host, how.port));
  acceptor_.non_blocking(true);
  if (is_unix_) return;
  acceptor_.set_option(tcp::no_delay(true));  // Linux hands it on to what is accepted
  port_ = acceptor_.local_endpoint().port();
}

std::string accept_loop::where() const {
  if (is_unix_) return "unix:" + own_path_;
  const auto& how = shared_->how;
  const auto host = how.inherited < 0 ? how.host : acceptor_.local_endpoint().address().to_string();
  return (host.find(':') == host.npos ? host : '[' + host + ']') + ':' + std::to_string(port_);
}

void accept_loop::accept() {
  if (!acceptor_.is_open()) return;
  acceptor_.async_wait(acceptor::wait_read, [self = shared_from_this()](const error_code& ec) {
    if (!ec) self->accept_some();
  });
}

void accept_loop::use(certificate_ptr tls) {
  tls_ = std::move(tls);
  count.certificate_expires_at.set(static_cast<std::uint64_t>(tls_->expires_at));
}

void accept_loop::close() noexcept {
  error_code ec;
  if (acceptor_.is_open() && is_unix_ && shared_->how.inherited < 0) ::unlink(own_path_.c_str());
  acceptor_.close(ec);
  pause_.cancel();
}

void accept_loop::open(const tcp::endpoint& where) {
  protocol_ = where.protocol();
  acceptor_.open(protocol_);
  acceptor_.set_option(net::socket_base::reuse_address(true));
  acceptor_.bind(where);
  acceptor_.listen(net::socket_base::max_listen_connections);
}

/// Asio knows sockets of any family by their descriptor.
void accept_loop::take(int listening) {
  sockaddr_storage where{};
  socklen_t bytes = sizeof where;
  if (::getsockname(listening, reinterpret_cast<sockaddr*>(&where), &bytes) != 0)
    fail("cannot listen on what was passed on");
  is_unix_ = where.ss_family == AF_UNIX;
  protocol_ = where.ss_family == AF_INET6 ? tcp::v6() : tcp::v4();
  if (is_unix_) own_path_ = reinterpret_cast<const sockaddr_un&>(where).sun_path;
  acceptor_.assign(protocol_, listening);
}

/// Asio's own accept makes the socket before there is a connection, on an io_context that may
/// die before this one; and it takes one per wake-up.
void accept_loop::accept_some() {
  for (int i = 0; i < accepted_at_once_max; ++i) {
    tcp::endpoint peer;
    auto peer_bytes = static_cast<socklen_t>(peer.capacity());
    const int fd = ::accept4(acceptor_.native_handle(), peer.data(), &peer_bytes,
                             SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) break;
    if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM))
      return pause();
    if (fd < 0) continue;  // gone while it waited
    const auto shard = shards_[next_++ % shards_.size()].lock();
    if (!shard) {
      ::close(fd);
      continue;
    }
    tcp_socket socket(shard->get_executor());
    error_code ec;
    socket.assign(protocol_, fd, ec);
    if (ec) {
      ::close(fd);
      continue;
    }
    try {
      if (!is_unix_) peer.resize(peer_bytes);
      welcome(std::move(socket), is_unix_ ? "127.0.0.1" : address_text(peer), shard);
    } catch (...) {  // no memory: this one is closed, the others live
      shard->note_bug("accept");
    }
  }
  accept();
}

void accept_loop::pause() {
  shared_->note(
      {incident_kind::accept_failed, "resources", {}, std::system_category().message(errno)});
  pause_.expires_after(accept_pause);
  pause_.async_wait([self = shared_from_this()](const error_code& stopped) {
    if (!stopped) self->accept();
  });
}

void accept_loop::welcome(tcp_socket socket, std::string peer,
                          std::shared_ptr<reactor_core> shard) {
  auto [verdict, slot] = shared_->admission->admit(counted_as(peer, shared_->how.trusted_proxies));
  auto io = shard->get_executor();
  if (verdict != admission::verdict::admitted)
    shared_->note({incident_kind::connection_refused,
                   verdict == admission::verdict::full ? "all" : "address",
                   peer,
                   {}});
  if (verdict == admission::verdict::address_full)
    return turn_back(std::move(socket), std::move(shard));
  count.accepted.add();
  if (tls_)
    net::co_spawn(io,
                  serve(tls_stream(std::move(socket), tls_->context), std::move(shard),
                        std::move(peer), std::move(slot)),
                  net::detached);
  else
    net::co_spawn(io, serve(std::move(socket), std::move(shard), std::move(peer), std::move(slot)),
                  net::detached);
}

void accept_loop::turn_back(tcp_socket socket, std::shared_ptr<reactor_core> shard) {
  count.refused.add();
  // Before the TLS handshake there is no way to say anything.
  if (tls_ || turned_away_->load(std::memory_order_relaxed) >= turned_away_max) return;
  turned_away_->fetch_add(1, std::memory_order_relaxed);
  auto io = shard->get_executor();
  net::co_spawn(io, turn_away(std::move(socket), std::move(shard)),
                [turned_away = turned_away_](const std::exception_ptr&) {
                  turned_away->fetch_sub(1, std::memory_order_relaxed);
                });
}

}  // namespace confab::transport
