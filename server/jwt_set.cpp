#include "server/jwt_set.hpp"

#include "protocol/base64url.hpp"
#include "server/jwt_internals.hpp"

#include <nlohmann/json.hpp>
#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace confab::server {
namespace {

using json = nlohmann::json;
using text = std::optional<std::string>;

struct free_params {
  void operator()(OSSL_PARAM_BLD* it) const noexcept { OSSL_PARAM_BLD_free(it); }
  void operator()(OSSL_PARAM* it) const noexcept { OSSL_PARAM_free(it); }
  void operator()(EVP_PKEY_CTX* it) const noexcept { EVP_PKEY_CTX_free(it); }
  void operator()(BIGNUM* it) const noexcept { BN_free(it); }
};
template <class T>
using owned = std::unique_ptr<T, free_params>;

text text_of(const json& key, const char* member) {
  const auto at = key.find(member);
  if (at == key.end() || !at->is_string()) return std::nullopt;
  return at->get<std::string>();
}
text bytes_of(const json& key, const char* member) {
  const auto encoded = text_of(key, member);
  return encoded ? base64url_decoded(*encoded) : std::nullopt;
}
const unsigned char* octets(const std::string& bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

openssl_ptr<EVP_PKEY> key_of(const char* kind, OSSL_PARAM_BLD* parts) {
  const owned<OSSL_PARAM> parameters{OSSL_PARAM_BLD_to_param(parts)};
  const owned<EVP_PKEY_CTX> context{EVP_PKEY_CTX_new_from_name(nullptr, kind, nullptr)};
  EVP_PKEY* made = nullptr;
  if (!parameters || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &made, EVP_PKEY_PUBLIC_KEY, parameters.get()) != 1)
    return nullptr;
  return openssl_ptr<EVP_PKEY>{made};
}

/// RFC 7518 §6.3.1.
openssl_ptr<EVP_PKEY> rsa_of(const json& key) {
  const auto n = bytes_of(key, "n"), e = bytes_of(key, "e");
  if (!n || !e) return nullptr;
  const owned<BIGNUM> modulus{BN_bin2bn(octets(*n), static_cast<int>(n->size()), nullptr)};
  const owned<BIGNUM> exponent{BN_bin2bn(octets(*e), static_cast<int>(e->size()), nullptr)};
  const owned<OSSL_PARAM_BLD> parts{OSSL_PARAM_BLD_new()};
  if (!parts || OSSL_PARAM_BLD_push_BN(parts.get(), OSSL_PKEY_PARAM_RSA_N, modulus.get()) != 1 ||
      OSSL_PARAM_BLD_push_BN(parts.get(), OSSL_PKEY_PARAM_RSA_E, exponent.get()) != 1)
    return nullptr;
  return key_of("RSA", parts.get());
}

/// RFC 7518 §6.2.1.
openssl_ptr<EVP_PKEY> ec_of(const json& key) {
  struct curve {
    std::string_view name;
    const char* of_openssl;
    std::size_t bytes;
  };
  constexpr curve curves[] = {
      {"P-256", "prime256v1", 32}, {"P-384", "secp384r1", 48}, {"P-521", "secp521r1", 66}};
  const auto name = text_of(key, "crv"), x = bytes_of(key, "x"), y = bytes_of(key, "y");
  const auto at = std::ranges::find(curves, name.value_or(""), &curve::name);
  if (at == std::end(curves) || !x || !y || x->size() != at->bytes || y->size() != at->bytes)
    return nullptr;
  const auto point = "\x04" + *x + *y;
  const owned<OSSL_PARAM_BLD> parts{OSSL_PARAM_BLD_new()};
  if (!parts ||
      OSSL_PARAM_BLD_push_utf8_string(parts.get(), OSSL_PKEY_PARAM_GROUP_NAME, at->of_openssl, 0) != 1 ||
      OSSL_PARAM_BLD_push_octet_string(parts.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                       point.size()) != 1)
    return nullptr;
  return key_of("EC", parts.get());
}

/// RFC 8037 §2.
openssl_ptr<EVP_PKEY> ed_of(const json& key) {
  const auto x = bytes_of(key, "x");
  if (text_of(key, "crv") != "Ed25519" || !x) return nullptr;
  return openssl_ptr<EVP_PKEY>{
      EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, octets(*x), x->size())};
}

std::string pem_of(EVP_PKEY* key) {
  const openssl_ptr<BIO> to{BIO_new(BIO_s_mem())};
  if (!key || !to || PEM_write_bio_PUBKEY(to.get(), key) != 1) return {};
  char* bytes = nullptr;
  const auto count = BIO_get_mem_data(to.get(), &bytes);
  return {bytes, static_cast<std::size_t>(count)};
}

bool is_for_signatures(const json& key) {
  if (const auto use = text_of(key, "use"); use && *use != "sig") return false;
  const auto operations = key.find("key_ops");
  return operations == key.end() || !operations->is_array() ||
         std::any_of(operations->begin(), operations->end(),
                     [](const json& each) { return each == "verify"; });
}

std::variant<jwt_key, std::string> read_key(const json& key, bool may_hold_secrets) {
  if (!key.is_object() || !is_for_signatures(key)) return "it is for another purpose";
  std::optional<jwt_algorithm> algorithm;
  if (const auto name = text_of(key, "alg")) {
    algorithm = parse_jwt_algorithm(*name);
    if (!algorithm) return "its algorithm " + *name + " is not supported";
  }
  const auto kind = text_of(key, "kty").value_or("");
  if (kind == "oct") {
    auto secret = bytes_of(key, "k");
    if (!may_hold_secrets) return "a secret is not taken from there";
    return jwt_key::make(key_use::secret, std::move(secret).value_or(""), algorithm);
  }
  const auto made = kind == "RSA"   ? rsa_of(key)
                    : kind == "EC"  ? ec_of(key)
                    : kind == "OKP" ? ed_of(key)
                                    : nullptr;
  auto pem = pem_of(made.get());
  if (pem.empty()) return "it is malformed, or of a kind that is not supported";
  return jwt_key::make(key_use::public_key, std::move(pem), algorithm);
}

}  // namespace

std::variant<std::vector<jwt_key>, std::string> read_jwt_set(std::string_view text,
                                                             bool may_hold_secrets) {
  const openssl_errors_end_here guard;
  const auto set = json::parse(text, nullptr, false);
  if (!set.is_object() || !set.contains("keys") || !set["keys"].is_array())
    return "is no JSON Web Key Set: an object with keys";
  std::vector<jwt_key> keys;
  std::string why = "it is empty";
  for (const auto& each : set["keys"]) {
    auto read = read_key(each, may_hold_secrets);
    const auto id = each.is_object() ? text_of(each, "kid") : std::nullopt;
    if (auto* key = std::get_if<jwt_key>(&read)) {
      key->call(id.value_or(""));
      keys.push_back(std::move(*key));
    } else {
      why = "of the key " + id.value_or("without a kid") + ": " + std::get<std::string>(read);
    }
  }
  if (keys.empty()) return "has no key that tokens can be verified by; " + why;
  return keys;
}

}  // namespace confab::server
