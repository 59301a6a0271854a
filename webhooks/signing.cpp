#include "webhooks/signing.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <vector>

namespace confab::webhooks {
namespace {

constexpr std::string_view prefix = "whsec_";

std::string base64(const unsigned char* bytes, std::size_t count) {
  std::vector<unsigned char> text(4 * ((count + 2) / 3) + 1);
  const int size = EVP_EncodeBlock(text.data(), bytes, static_cast<int>(count));
  return {reinterpret_cast<const char*>(text.data()), static_cast<std::size_t>(size)};
}

std::vector<unsigned char> key_in(std::string_view secret) {
  if (secret.starts_with(prefix)) secret.remove_prefix(prefix.size());
  std::vector<unsigned char> key(secret.size());
  const int size =
      EVP_DecodeBlock(key.data(), reinterpret_cast<const unsigned char*>(secret.data()),
                      static_cast<int>(secret.size()));
  if (size < 0) return {};
  // OpenSSL counts the padding's bytes too.
  std::size_t padding = 0;
  while (padding < 2 && padding < secret.size() && secret[secret.size() - 1 - padding] == '=')
    ++padding;
  key.resize(static_cast<std::size_t>(size) - padding);
  return key;
}

}  // namespace

std::string secret_of(const std::array<unsigned char, 32>& random) {
  return std::string{prefix} + base64(random.data(), random.size());
}

bool is_secret(std::string_view text) {
  constexpr std::size_t bytes_min = 24, bytes_max = 64;
  if (!text.starts_with(prefix)) return false;
  const auto bytes = key_in(text).size();
  return bytes >= bytes_min && bytes <= bytes_max;
}

std::string signature(std::string_view secret, std::string_view id, std::int64_t seconds,
                      std::string_view body) {
  const auto key = key_in(secret);
  std::string text{id};
  text.append(".").append(std::to_string(seconds)).append(".").append(body);
  std::array<unsigned char, EVP_MAX_MD_SIZE> mac{};
  unsigned size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), mac.data(), &size);
  return "v1," + base64(mac.data(), size);
}

}  // namespace confab::webhooks
