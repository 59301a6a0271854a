#pragma once

#include <openssl/ssl.h>

#include <sys/types.h>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace confab::bench {

struct ssl_free {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  void operator()(SSL* stream) const { SSL_free(stream); }
};
using tls_context = std::unique_ptr<SSL_CTX, ssl_free>;

/// Of a client that trusts whoever is there.
tls_context make_tls_context();

/// A non-blocking TCP connection to loopback, with TLS where a context is given. Closed by reset,
/// so that no port is left in TIME_WAIT for the next run.
class link {
 public:
  static constexpr ssize_t would_block = -1, gone = 0;

  link() = default;
  /// Ends the program where there is nobody to connect to. `narrow` keeps little on the way in the
  /// kernels: loopback's segments of 64 KiB let a server's socket take megabytes for a client that
  /// does not read.
  link(int port, SSL_CTX* tls, bool narrow);
  link(link&& other) noexcept;
  link& operator=(link&& other) noexcept;
  ~link();

  int fd() const { return fd_; }
  bool encrypted() const { return tls_ != nullptr; }
  /// Bytes read, `would_block` or `gone`.
  ssize_t read(std::span<char> into);
  /// Sends, or keeps for `flush` what cannot be sent now. False: gone.
  bool write(std::string_view bytes);
  bool flush();
  /// Something waits to be sent.
  bool pending() const { return !out_.empty(); }

 private:
  ssize_t send(std::string_view bytes);

  int fd_ = -1;
  std::unique_ptr<SSL, ssl_free> tls_;
  std::string out_;
};

/// Says why and ends the program with 1.
[[noreturn]] void die(const std::string& what);

}  // namespace confab::bench
