#include "load/wire.hpp"

#include <fcntl.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string>

namespace confab::load {
namespace {

std::string system_error(int error) {
  switch (error) {  // plain words for what happens
    case ECONNREFUSED:
      return "connection refused";
    case ECONNRESET:
      return "connection reset";
    case ETIMEDOUT:
      return "connection timed out";
    case EHOSTUNREACH:
      return "host unreachable";
    case ENETUNREACH:
      return "network unreachable";
    case EMFILE:
      return "too many open files";
    case EADDRNOTAVAIL:
      return "no local port is free";
    default:
      return std::strerror(error);
  }
}

std::string tls_error(const ssl_st* tls) {
  if (const auto verdict = SSL_get_verify_result(tls); verdict != X509_V_OK)
    return std::string{"certificate not accepted: "} + X509_verify_cert_error_string(verdict);
  const auto code = ERR_get_error();
  const char* text = code == 0 ? nullptr : ERR_reason_error_string(code);
  return std::string{"TLS: "} + (text ? text : "the connection ended");
}

}  // namespace

tls_context::tls_context(bool is_verified) : context_{SSL_CTX_new(TLS_client_method())} {
  if (!context_) throw std::runtime_error{"OpenSSL has no TLS"};
  SSL_CTX_set_mode(context_, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                 SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_session_cache_mode(context_, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_default_verify_paths(context_);
  SSL_CTX_set_verify(context_, is_verified ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
}

tls_context::~tls_context() { SSL_CTX_free(context_); }

std::string wire::connect(const address& to, const address& source, const tls_context* tls,
                          const std::string& host, int receive_bytes) {
  close();
  fd_ = socket(to.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd_ < 0) return system_error(errno);
  const int on = 1;
  setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (receive_bytes > 0)  // before connecting, as it decides about the window
    setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof receive_bytes);
  if (source.size > 0) {
    // Lets the kernel choose the port at connect(), when it knows the other end.
    setsockopt(fd_, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    if (bind(fd_, reinterpret_cast<const sockaddr*>(&source.storage), source.size) != 0)
      return system_error(errno);
  }
  if (::connect(fd_, reinterpret_cast<const sockaddr*>(&to.storage), to.size) != 0 &&
      errno != EINPROGRESS)
    return system_error(errno);
  if (tls) {
    tls_ = SSL_new(tls->get());
    if (!tls_ || SSL_set_fd(tls_, fd_) != 1) return "TLS: out of memory";
    SSL_set_tlsext_host_name(tls_, host.c_str());
    SSL_set1_host(tls_, host.c_str());
    SSL_set_connect_state(tls_);
  }
  return {};
}

void wire::close() {
  if (tls_) SSL_free(std::exchange(tls_, nullptr));
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

wire::progress wire::finish_connecting(std::string& error) {
  int failure = 0;
  socklen_t size = sizeof failure;
  if (getsockopt(fd_, SOL_SOCKET, SO_ERROR, &failure, &size) != 0) failure = errno;
  if (failure != 0) {
    error = system_error(failure);
    return progress::failed;
  }
  if (!tls_) return progress::done;
  ERR_clear_error();
  const int rc = SSL_do_handshake(tls_);
  if (rc == 1) return progress::done;
  switch (SSL_get_error(tls_, rc)) {
    case SSL_ERROR_WANT_READ:
      return progress::wants_read;
    case SSL_ERROR_WANT_WRITE:
      return progress::wants_write;
    default:
      error = tls_error(tls_);
      return progress::failed;
  }
}

std::ptrdiff_t wire::read(std::span<char> into, std::string& error) {
  if (!tls_) {
    const auto got = ::recv(fd_, into.data(), into.size(), 0);
    if (got > 0) return got;
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return 0;
    error = got == 0 ? "connection ended" : system_error(errno);
    return -1;
  }
  ERR_clear_error();
  std::size_t got = 0;
  const int rc = SSL_read_ex(tls_, into.data(), into.size(), &got);
  if (rc == 1) return static_cast<std::ptrdiff_t>(got);
  const int why = SSL_get_error(tls_, rc);
  if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE) return 0;
  error = why == SSL_ERROR_ZERO_RETURN ? "connection ended" : tls_error(tls_);
  return -1;
}

std::ptrdiff_t wire::write(std::string_view bytes) {
  if (!tls_) {
    const auto put = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (put >= 0) return put;
    return errno == EAGAIN || errno == EINTR ? 0 : -1;
  }
  ERR_clear_error();
  std::size_t put = 0;
  const int rc = SSL_write_ex(tls_, bytes.data(), bytes.size(), &put);
  if (rc == 1) return static_cast<std::ptrdiff_t>(put);
  const int why = SSL_get_error(tls_, rc);
  return why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE ? 0 : -1;
}

bool wire::has_buffered() const { return tls_ && SSL_pending(tls_) > 0; }

}  // namespace confab::load
