#pragma once

#include "protocol/base64url.hpp"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <memory>
#include <string>
#include <string_view>

/// Keys made for one run of the tests, and what a forger needs.
namespace confab::server {

struct key_pair {
  std::string private_pem;
  std::string public_pem;
};

inline key_pair pem_of(EVP_PKEY* made) {
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key{made, &EVP_PKEY_free};
  const auto text = [](auto write) {
    const std::unique_ptr<BIO, decltype(&BIO_free)> bio{BIO_new(BIO_s_mem()), &BIO_free};
    write(bio.get());
    char* bytes = nullptr;
    const auto count = BIO_get_mem_data(bio.get(), &bytes);
    return std::string{bytes, static_cast<std::size_t>(count)};
  };
  return {text([&](BIO* to) {
            PEM_write_bio_PrivateKey(to, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
          }),
          text([&](BIO* to) { PEM_write_bio_PUBKEY(to, key.get()); })};
}

inline const key_pair& rsa_keys() {
  static const auto keys = pem_of(EVP_RSA_gen(2048));
  return keys;
}
inline const key_pair& other_rsa_keys() {
  static const auto keys = pem_of(EVP_RSA_gen(2048));
  return keys;
}
inline key_pair ec_keys(const char* curve) { return pem_of(EVP_EC_gen(curve)); }
inline key_pair ed25519_keys() { return pem_of(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")); }

/// A token of these very bytes, signed with HMAC-SHA256 whatever its header says.
inline std::string forge(std::string_view header, std::string_view claims,
                         std::string_view secret) {
  const auto text = base64url_encoded(header) + "." + base64url_encoded(claims);
  unsigned char hash[EVP_MAX_MD_SIZE];
  unsigned length = 0;
  HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), hash, &length);
  return text + "." + base64url_encoded({reinterpret_cast<const char*>(hash), length});
}

}  // namespace confab::server
