#pragma once

#include "server/jwt.hpp"

#include <jwt.h>
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

/// Private to jwt*.cpp: algorithms, and OpenSSL's things with owners.
namespace confab::server {

enum class family : std::uint8_t { hmac, rsa, ec, ed };

struct algorithm_row {
  jwt_algorithm algorithm;
  std::string_view name;
  jwt_alg_t library;       // none: it cannot, OpenSSL does it
  const EVP_MD* (*hash)();  // null: the algorithm has its own
  family keys;
  std::size_t secret_bytes_min;  // RFC 7518 §3.2: at least as long as the hash
  std::string_view curve;        // OpenSSL's name
};
const algorithm_row& row(jwt_algorithm algorithm) noexcept;

struct free_openssl {
  void operator()(EVP_MD_CTX* it) const noexcept { EVP_MD_CTX_free(it); }
  void operator()(ECDSA_SIG* it) const noexcept { ECDSA_SIG_free(it); }
  void operator()(BIO* it) const noexcept { BIO_free(it); }
  void operator()(EVP_PKEY* it) const noexcept { EVP_PKEY_free(it); }
};
template <class T>
using openssl_ptr = std::unique_ptr<T, free_openssl>;

/// What is left in OpenSSL's queue would be taken for an error of the next TLS read on this
/// thread (SSL_get_error looks there), and that is somebody else's connection.
struct openssl_errors_end_here {
  ~openssl_errors_end_here() { ERR_clear_error(); }
};

/// Null: there is none.
openssl_ptr<EVP_PKEY> read_pem(std::string_view text, bool private_key);

}  // namespace confab::server
