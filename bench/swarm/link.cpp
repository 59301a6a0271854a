#include "bench/swarm/link.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace confab::bench {

void die(const std::string& what) {
  std::fprintf(stderr, "bench_swarm: %s\n", what.c_str());
  std::exit(1);
}

tls_context make_tls_context() {
  tls_context context{SSL_CTX_new(TLS_client_method())};
  SSL_CTX_set_mode(context.get(),
                   SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  return context;
}

link::link(int port, SSL_CTX* tls, bool narrow) : fd_(socket(AF_INET, SOCK_STREAM, 0)) {
  const auto set = [this](int level, int option, const auto& value) {
    setsockopt(fd_, level, option, &value, sizeof value);
  };
  set(SOL_SOCKET, SO_LINGER, linger{1, 0});
  if (narrow) {
    set(SOL_SOCKET, SO_RCVBUF, 4096);
    set(IPPROTO_TCP, TCP_MAXSEG, 536);
  }
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<std::uint16_t>(port));
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0)
    die(std::string{"connect: "} + std::strerror(errno));
  set(IPPROTO_TCP, TCP_NODELAY, 1);
  fcntl(fd_, F_SETFL, O_NONBLOCK);
  if (tls == nullptr) return;
  tls_.reset(SSL_new(tls));
  SSL_set_fd(tls_.get(), fd_);
  SSL_set_connect_state(tls_.get());
}

link::link(link&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), tls_(std::move(other.tls_)), out_(std::move(other.out_)) {}

link& link::operator=(link&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(tls_, other.tls_);
  std::swap(out_, other.out_);
  return *this;
}

link::~link() {
  if (fd_ >= 0) close(fd_);
}

namespace {

ssize_t result_of(SSL* tls, int n) {
  if (n > 0) return n;
  const int why = SSL_get_error(tls, n);
  return why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE ? link::would_block : link::gone;
}

ssize_t result_of(ssize_t n) {
  if (n > 0) return n;
  return n < 0 && errno == EAGAIN ? link::would_block : link::gone;
}

}  // namespace

ssize_t link::read(std::span<char> into) {
  if (tls_)
    return result_of(tls_.get(), SSL_read(tls_.get(), into.data(), static_cast<int>(into.size())));
  return result_of(::recv(fd_, into.data(), into.size(), 0));
}

ssize_t link::send(std::string_view bytes) {
  if (tls_)
    return result_of(tls_.get(),
                     SSL_write(tls_.get(), bytes.data(), static_cast<int>(bytes.size())));
  return result_of(::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL));
}

bool link::write(std::string_view bytes) {
  if (out_.empty()) {
    const auto n = send(bytes);
    if (n == gone) return false;
    if (n > 0) bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  out_ += bytes;
  return true;
}

bool link::flush() {
  while (!out_.empty()) {
    const auto n = send(out_);
    if (n == gone) return false;
    if (n == would_block) return true;
    out_.erase(0, static_cast<std::size_t>(n));
  }
  out_.shrink_to_fit();
  return true;
}

}  // namespace confab::bench
