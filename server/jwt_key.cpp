#include "server/files.hpp"
#include "server/jwt_internals.hpp"

#include <openssl/pem.h>

#include <array>
#include <utility>

namespace confab::server {
namespace {

constexpr std::array algorithm_rows{
    algorithm_row{jwt_algorithm::hs256, "HS256", JWT_ALG_HS256, EVP_sha256, family::hmac, 32, ""},
    algorithm_row{jwt_algorithm::hs384, "HS384", JWT_ALG_HS384, EVP_sha384, family::hmac, 48, ""},
    algorithm_row{jwt_algorithm::hs512, "HS512", JWT_ALG_HS512, EVP_sha512, family::hmac, 64, ""},
    algorithm_row{jwt_algorithm::rs256, "RS256", JWT_ALG_RS256, EVP_sha256, family::rsa, 0, ""},
    algorithm_row{jwt_algorithm::rs384, "RS384", JWT_ALG_RS384, EVP_sha384, family::rsa, 0, ""},
    algorithm_row{jwt_algorithm::rs512, "RS512", JWT_ALG_RS512, EVP_sha512, family::rsa, 0, ""},
    algorithm_row{jwt_algorithm::es256, "ES256", JWT_ALG_ES256, EVP_sha256, family::ec, 0,
                  "prime256v1"},
    algorithm_row{jwt_algorithm::es384, "ES384", JWT_ALG_ES384, EVP_sha384, family::ec, 0,
                  "secp384r1"},
    algorithm_row{jwt_algorithm::es512, "ES512", JWT_ALG_ES512, EVP_sha512, family::ec, 0,
                  "secp521r1"},
    algorithm_row{jwt_algorithm::eddsa, "EdDSA", JWT_ALG_NONE, nullptr, family::ed, 0, ""},
};

// RFC 7518 §3.3.
constexpr int rsa_bits_min = 2048;

/// The algorithm a key in PEM is for, or what is wrong with it.
std::variant<jwt_algorithm, std::string> algorithm_of(const EVP_PKEY* key,
                                                      std::optional<jwt_algorithm> wanted) {
  const auto fits = [&](family keys, std::string_view curve) -> std::optional<jwt_algorithm> {
    for (const auto& it : algorithm_rows)
      if (it.keys == keys && it.curve == curve && (!wanted || *wanted == it.algorithm))
        return it.algorithm;
    return std::nullopt;
  };
  std::optional<jwt_algorithm> found;
  std::string kind;
  switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_RSA:
      if (EVP_PKEY_get_bits(key) < rsa_bits_min)
        return "the RSA key has less than " + std::to_string(rsa_bits_min) + " bits";
      kind = "an RSA key";
      found = fits(family::rsa, "");
      break;
    case EVP_PKEY_EC: {
      char curve[80] = "";
      std::size_t length = 0;
      if (EVP_PKEY_get_group_name(key, curve, sizeof curve, &length) != 1) length = 0;
      kind = "an EC key on " + std::string{curve, length};
      found = fits(family::ec, {curve, length});
      break;
    }
    case EVP_PKEY_ED25519:
      kind = "an Ed25519 key";
      found = fits(family::ed, "");
      break;
    default:
      return "the kind of key is not supported: take RSA, EC P-256 or Ed25519";
  }
  if (found) return *found;
  return kind + (wanted ? " cannot be used with " + std::string{name(*wanted)}
                        : " is not supported: take RSA, EC P-256 or Ed25519");
}

}  // namespace

const algorithm_row& row(jwt_algorithm algorithm) noexcept {
  return algorithm_rows[static_cast<std::size_t>(algorithm)];
}

openssl_ptr<EVP_PKEY> read_pem(std::string_view text, bool private_key) {
  std::unique_ptr<BIO, free_openssl> bio{
      BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))};
  if (!bio) return nullptr;
  // Without a callback OpenSSL would ask the terminal for the passphrase.
  const auto no_passphrase = [](char*, int, int, void*) { return -1; };
  return std::unique_ptr<EVP_PKEY, free_openssl>{
      private_key ? PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr)
                  : PEM_read_bio_PUBKEY(bio.get(), nullptr, no_passphrase, nullptr)};
}

std::string_view name(jwt_algorithm algorithm) noexcept { return row(algorithm).name; }

std::optional<jwt_algorithm> parse_jwt_algorithm(std::string_view text) noexcept {
  for (const auto& it : algorithm_rows)
    if (it.name == text) return it.algorithm;
  return std::nullopt;
}

std::variant<jwt_key, std::string> jwt_key::make(key_use use, std::string bytes,
                                                 std::optional<jwt_algorithm> algorithm) {
  if (use == key_use::secret) {
    const auto& how = row(algorithm.value_or(jwt_algorithm::hs256));
    if (how.keys != family::hmac) return std::string{how.name} + " needs a key pair, not a secret";
    // A PEM as HMAC secret is the classic mix-up: it is public, and everybody could sign.
    if (bytes.find("-----BEGIN ") != std::string::npos)
      return "holds a PEM key, not a secret: give it as key file";
    if (bytes.size() < how.secret_bytes_min)
      return "has " + std::to_string(bytes.size()) + " bytes, " + std::string{how.name} +
             " needs at least " + std::to_string(how.secret_bytes_min);
    return jwt_key{use, how.algorithm, std::move(bytes)};
  }

  const openssl_errors_end_here guard;
  const bool is_private = use == key_use::private_key;
  if (algorithm && row(*algorithm).keys == family::hmac)
    return std::string{name(*algorithm)} + " needs a secret, not a key pair";
  if (!is_private && bytes.find("PRIVATE KEY-----") != std::string::npos)
    return "holds a private key; the server wants the public one (openssl pkey -pubout)";
  const auto key = read_pem(bytes, is_private);
  if (!key) {
    if (is_private && bytes.find("PUBLIC KEY-----") != std::string::npos)
      return "holds a public key; signing needs the private one";
    return is_private ? "holds no private key in PEM, or one with a passphrase"
                      : "holds no public key in PEM (-----BEGIN PUBLIC KEY-----)";
  }
  auto found = algorithm_of(key.get(), algorithm);
  if (auto* mistake = std::get_if<std::string>(&found)) return std::move(*mistake);
  return jwt_key{use, std::get<jwt_algorithm>(found), std::move(bytes)};
}

std::variant<jwt_key, std::string> jwt_key::load(key_use use, const std::string& file,
                                                 std::optional<jwt_algorithm> algorithm) {
  auto text = read_file(file);
  if (!text || text->empty()) return "cannot be read, or is empty";
  if (use == key_use::secret) {
    if (text->ends_with("\r\n")) text->pop_back();
    if (text->ends_with('\n') || text->ends_with('\r')) text->pop_back();
  }
  return make(use, std::move(*text), algorithm);
}

}  // namespace confab::server
