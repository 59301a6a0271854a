#pragma once

#include "load/endpoint.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

struct ssl_ctx_st;
struct ssl_st;

namespace confab::load {

/// TLS as all connections of a process speak it.
class tls_context {
 public:
  /// Throws where OpenSSL cannot. `is_verified`: against the system's authorities.
  explicit tls_context(bool is_verified);
  ~tls_context();
  tls_context(const tls_context&) = delete;
  tls_context& operator=(const tls_context&) = delete;
  ssl_ctx_st* get() const { return context_; }

 private:
  ssl_ctx_st* context_;
};

/// A non-blocking TCP connection, with TLS or without. Small, as there are many.
class wire {
 public:
  wire() = default;
  wire(wire&& other) noexcept
      : fd_{std::exchange(other.fd_, -1)}, tls_{std::exchange(other.tls_, nullptr)} {}
  wire& operator=(wire&& other) noexcept {
    std::swap(fd_, other.fd_);
    std::swap(tls_, other.tls_);
    return *this;
  }
  ~wire() { close(); }

  /// Begins to connect. Empty, or why that failed. `tls` may be null; `host`: for its certificate;
  /// `receive_bytes`: of the kernel's buffer, 0: as the system has it.
  std::string connect(const address& to, const address& source, const tls_context* tls,
                      const std::string& host, int receive_bytes = 0);
  void close();
  int fd() const { return fd_; }

  enum class progress : std::uint8_t { done, wants_read, wants_write, failed };
  /// After the socket became writable: how connecting and the TLS handshake went on.
  progress finish_connecting(std::string& error);

  /// Bytes read; 0: none for now. Negative: it has ended, with the reason in `error`.
  std::ptrdiff_t read(std::span<char> into, std::string& error);
  /// Bytes written, perhaps not all. Negative: it has ended.
  std::ptrdiff_t write(std::string_view bytes);
  /// TLS keeps what it has read already, and epoll does not know of that.
  bool has_buffered() const;

 private:
  int fd_ = -1;
  ssl_st* tls_ = nullptr;
};

}  // namespace confab::load
