#include "server/jwt.hpp"

#include "protocol/base64url.hpp"
#include "protocol/codec.hpp"
#include "protocol/limits.hpp"
#include "server/files.hpp"

#include <jwt.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <utility>

namespace confab::server {
namespace {

using json = nlohmann::json;

enum class family : std::uint8_t { hmac, rsa, ec };

struct algorithm_row {
  jwt_algorithm algorithm;
  std::string_view name;
  jwt_alg_t library;
  const EVP_MD* (*hash)();
  family keys;
  std::size_t secret_bytes_min;  // RFC 7518 §3.2: at least as long as the hash
  std::string_view curve;        // OpenSSL's name
};

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
};

const algorithm_row& row(jwt_algorithm algorithm) noexcept {
  return algorithm_rows[static_cast<std::size_t>(algorithm)];
}

// RFC 7518 §3.3.
constexpr int rsa_bits_min = 2048;

struct free_openssl {
  void operator()(EVP_MD_CTX* it) const noexcept { EVP_MD_CTX_free(it); }
  void operator()(ECDSA_SIG* it) const noexcept { ECDSA_SIG_free(it); }
  void operator()(BIO* it) const noexcept { BIO_free(it); }
  void operator()(EVP_PKEY* it) const noexcept { EVP_PKEY_free(it); }
};
struct free_jwt {
  void operator()(jwt_t* it) const noexcept { jwt_free(it); }
};

/// What is left in OpenSSL's queue would be taken for an error of the next TLS read on this
/// thread (SSL_get_error looks there), and that is somebody else's connection.
struct openssl_errors_end_here {
  ~openssl_errors_end_here() { ERR_clear_error(); }
};

std::unique_ptr<EVP_PKEY, free_openssl> read_pem(std::string_view text, bool private_key) {
  std::unique_ptr<BIO, free_openssl> bio{
      BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))};
  if (!bio) return nullptr;
  // Without a callback OpenSSL would ask the terminal for the passphrase.
  const auto no_passphrase = [](char*, int, int, void*) { return -1; };
  return std::unique_ptr<EVP_PKEY, free_openssl>{
      private_key ? PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr)
                  : PEM_read_bio_PUBKEY(bio.get(), nullptr, no_passphrase, nullptr)};
}

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
      return "Ed25519 keys are not supported: take RSA or EC P-256";
    default:
      return "the kind of key is not supported: take RSA or EC P-256";
  }
  if (found) return *found;
  return kind + (wanted ? " cannot be used with " + std::string{name(*wanted)}
                        : " is not supported: take RSA or EC P-256");
}

std::optional<json> decoded_object(std::string_view base64url) {
  const auto bytes = base64url_decoded(base64url);
  if (!bytes) return std::nullopt;
  auto object = json::parse(*bytes, nullptr, false);
  if (!object.is_object()) return std::nullopt;
  return object;
}

struct token_parts {
  std::string_view header;
  std::string_view payload;
  std::string_view signed_part;
  std::string signature;
};

std::optional<token_parts> split(std::string_view token) {
  if (token.size() > limits::token_bytes_max) return std::nullopt;
  const auto first = token.find('.');
  if (first == std::string_view::npos) return std::nullopt;
  const auto second = token.find('.', first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  auto signature = base64url_decoded(token.substr(second + 1));
  if (!signature || signature->empty()) return std::nullopt;
  return token_parts{token.substr(0, first), token.substr(first + 1, second - first - 1),
                     token.substr(0, second), std::move(*signature)};
}

/// A claim, or a parameter of the header. Null is as good as none.
const json* member(const json& object, const std::string& name) {
  const auto at = object.find(name);
  return at == object.end() || at->is_null() ? nullptr : &*at;
}

/// `typ` (RFC 7515 §4.1.9): of a plain JWT, and of an access token as RFC 9068 has it. Others are
/// for other purposes, even if the same key has signed them.
bool is_our_type(const json& type) {
  if (!type.is_string()) return false;
  auto text = type.get<std::string>();
  for (auto& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return text == "jwt" || text == "application/jwt" || text == "at+jwt" ||
         text == "application/at+jwt";
}

/// The header must name the configured algorithm: what the token wishes for does not count.
/// `crit` lists extensions that must be understood (RFC 7515 §4.1.11), and none is.
bool header_is_ours(std::string_view base64url, jwt_algorithm algorithm) {
  const auto header = decoded_object(base64url);
  if (!header || member(*header, "crit")) return false;
  if (const auto* type = member(*header, "typ"); type && !is_our_type(*type)) return false;
  const auto* alg = member(*header, "alg");
  return alg && alg->is_string() && alg->get_ref<const std::string&>() == name(algorithm);
}

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

bool hmac_holds(const token_parts& token, const jwt_key& key) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> expected{};
  unsigned size = 0;
  if (!HMAC(row(key.algorithm()).hash(), key.bytes().data(), static_cast<int>(key.bytes().size()),
            bytes_of(token.signed_part), token.signed_part.size(), expected.data(), &size))
    return false;
  return token.signature.size() == size &&
         CRYPTO_memcmp(token.signature.data(), expected.data(), size) == 0;
}

/// The two numbers of an ECDSA signature, one behind the other (RFC 7518 §3.4), in OpenSSL's form.
std::string der_of(std::string_view signature, const EVP_PKEY* key) {
  const auto half = (static_cast<std::size_t>(EVP_PKEY_get_bits(key)) + 7) / 8;
  if (signature.size() != 2 * half) return {};
  const auto size = static_cast<int>(half);
  const std::unique_ptr<ECDSA_SIG, free_openssl> numbers{ECDSA_SIG_new()};
  auto* r = BN_bin2bn(bytes_of(signature), size, nullptr);
  auto* s = BN_bin2bn(bytes_of(signature) + half, size, nullptr);
  if (!numbers || !r || !s || ECDSA_SIG_set0(numbers.get(), r, s) != 1) {
    BN_free(r);
    BN_free(s);
    return {};
  }
  unsigned char* bytes = nullptr;
  const auto written = i2d_ECDSA_SIG(numbers.get(), &bytes);
  if (written <= 0) return {};
  std::string der(reinterpret_cast<char*>(bytes), static_cast<std::size_t>(written));
  OPENSSL_free(bytes);
  return der;
}

/// Not the library's own check: it refuses every `typ` but JWT, that of access tokens too, and
/// reads the key anew for each token.
bool signature_holds(const token_parts& token, const jwt_key& key, EVP_PKEY* public_key) {
  const openssl_errors_end_here guard;
  const auto& how = row(key.algorithm());
  if (how.keys == family::hmac) return hmac_holds(token, key);
  const auto signature =
      how.keys == family::ec ? der_of(token.signature, public_key) : token.signature;
  const std::unique_ptr<EVP_MD_CTX, free_openssl> context{EVP_MD_CTX_new()};
  return context && !signature.empty() &&
         EVP_DigestVerifyInit(context.get(), nullptr, how.hash(), nullptr, public_key) == 1 &&
         EVP_DigestVerify(context.get(), bytes_of(signature), signature.size(),
                          bytes_of(token.signed_part), token.signed_part.size()) == 1;
}

/// A NumericDate (RFC 7519 §2: seconds, fractions allowed) in milliseconds.
std::optional<std::int64_t> milliseconds_of(const json& date) {
  constexpr double year_10000 = 253'402'300'800.0;
  if (!date.is_number()) return std::nullopt;
  const auto seconds = date.get<double>();
  if (!(seconds >= 0 && seconds < year_10000)) return std::nullopt;
  return static_cast<std::int64_t>(std::floor(seconds * 1000));
}

/// The claim `confab`. A member that is not known is refused too: `{"room":[…]}` was meant to
/// restrict, and ignoring it would allow every room.
bool read_confab_claim(const json& claim, actors::identity& into) {
  if (!claim.is_object()) return false;
  for (const auto& [key, value] : claim.items()) {
    if (key == "rooms") {
      if (!value.is_array()) return false;
      auto& rooms = into.rooms.emplace();
      for (const auto& pattern : value) {
        if (!pattern.is_string() || !is_room_pattern(pattern.get_ref<const std::string&>()))
          return false;
        rooms.push_back(pattern.get<std::string>());
      }
    } else if (key == "roles") {
      if (!value.is_object()) return false;
      for (const auto& [pattern, role] : value.items()) {
        if (!is_room_pattern(pattern) || !role.is_string()) return false;
        const auto known = role_named(role.get_ref<const std::string&>());
        if (!known) return false;
        into.roles.emplace(pattern, *known);
      }
    } else if (key == "admin") {
      if (!value.is_boolean()) return false;
      into.admin = value.get<bool>();
    } else {
      return false;
    }
  }
  return true;
}

bool is_audience(const json& claim, const std::string& wanted) {
  if (claim.is_string()) return claim.get_ref<const std::string&>() == wanted;
  return claim.is_array() && std::any_of(claim.begin(), claim.end(), [&](const json& it) {
           return it.is_string() && it.get_ref<const std::string&>() == wanted;
         });
}

actors::unauthorized refused(std::string reason) { return {std::move(reason), false}; }

class jwt_authenticator final : public actors::authenticator {
 public:
  jwt_authenticator(std::optional<jwt_key> key, jwt_checks checks, bool guests)
      : key_(std::move(key)), checks_(std::move(checks)), guests_(guests) {
    const openssl_errors_end_here guard;
    if (key_ && key_->use() == key_use::public_key) public_key_ = read_pem(key_->bytes(), false);
  }

  std::variant<actors::identity, actors::unauthorized> verify(std::string_view token,
                                                              unix_ms now) const override {
    if (!key_) return refused("tokens are not accepted here");
    const auto parts = split(token);
    // One answer to everything before the signature holds: a forger learns nothing.
    if (!parts || !header_is_ours(parts->header, key_->algorithm()) ||
        !signature_holds(*parts, *key_, public_key_.get()))
      return refused("the token is not valid");
    const auto claims = decoded_object(parts->payload);
    if (!claims) return refused("the token is not valid");
    return read(*claims, now);
  }

  bool guests_allowed() const noexcept override { return guests_; }
  bool has_key() const noexcept override { return key_.has_value(); }

 private:
  std::variant<actors::identity, actors::unauthorized> read(const json& claims, unix_ms now) const {
    const auto claim = [&](const std::string& key) { return member(claims, key); };
    const auto leeway = checks_.leeway.count();
    actors::identity who;

    const auto* sub = claim(checks_.user_claim);
    const auto id = sub ? id_text(*sub) : std::nullopt;
    if (!id) return refused("the token names no user");
    auto user = user_id::make(*id);
    if (!user || is_reserved(*user)) return refused("the token's user id is not valid");
    who.user = std::move(*user);

    // People choose it where they have their account, by other rules than ours.
    if (const auto* it = claim("name")) {
      if (!it->is_string()) return refused("the token's name is not valid");
      who.name = display_name_of(it->get_ref<const std::string&>(), limits::name_bytes_max);
    }
    if (who.name.empty()) who.name = who.user.value();

    if (!checks_.issuer.empty()) {
      const auto* it = claim("iss");
      if (!it || !it->is_string() || it->get_ref<const std::string&>() != checks_.issuer)
        return refused("the token is of another issuer");
    }
    if (!checks_.audience.empty()) {
      const auto* it = claim("aud");
      if (!it || !is_audience(*it, checks_.audience))
        return refused("the token is for another audience");
    }
    if (const auto* it = claim("confab"); it && !read_confab_claim(*it, who))
      return refused("the token's claim confab is not valid");

    for (const auto* key : {"nbf", "iat"}) {
      const auto* it = claim(key);
      if (!it) continue;
      const auto from = milliseconds_of(*it);
      if (!from) return refused("a time in the token is not valid");
      if (*from > now.value() + leeway) return refused("the token is not valid yet");
    }
    // Last, so that "expired" means: everything else about it was right.
    if (const auto* it = claim("exp")) {
      const auto until = milliseconds_of(*it);
      if (!until) return refused("a time in the token is not valid");
      if (*until + leeway <= now.value())
        return actors::unauthorized{"the token has expired", true};
      who.expires_at = unix_ms{*until > now.value() ? *until : *until + leeway};
    }
    return who;
  }

  /// A text, or a whole number as some identity providers have them.
  static std::optional<std::string> id_text(const json& sub) {
    if (sub.is_string()) return sub.get<std::string>();
    if (!sub.is_number_unsigned() || sub.get<std::uint64_t>() > limits::ref_max)
      return std::nullopt;
    return std::to_string(sub.get<std::uint64_t>());
  }

  std::optional<jwt_key> key_;
  std::unique_ptr<EVP_PKEY, free_openssl> public_key_;
  jwt_checks checks_;
  bool guests_;
};

}  // namespace

std::string_view name(jwt_algorithm algorithm) noexcept { return row(algorithm).name; }

std::optional<jwt_algorithm> parse_jwt_algorithm(std::string_view text) noexcept {
  for (const auto& it : algorithm_rows)
    if (it.name == text) return it.algorithm;
  return std::nullopt;
}

bool is_room_pattern(std::string_view text) noexcept {
  if (text == "*") return true;
  if (text.ends_with('*')) text.remove_suffix(1);
  return is_valid_id(text);
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

std::unique_ptr<actors::authenticator> make_authenticator(std::optional<jwt_key> key,
                                                          jwt_checks checks, bool guests) {
  return std::make_unique<jwt_authenticator>(std::move(key), std::move(checks), guests);
}

std::variant<minted, std::string> mint(const jwt_key& key, const token_claims& claims,
                                       unix_ms now) {
  if (key.use() == key_use::public_key) return "signing needs the private key";
  const auto seconds = now.value() / 1000;
  json body{{claims.user_claim, claims.user.value()}, {"iat", seconds}};
  if (!claims.name.empty()) body["name"] = claims.name;
  if (claims.ttl)
    body["exp"] = seconds + std::chrono::duration_cast<std::chrono::seconds>(*claims.ttl).count();
  if (!claims.issuer.empty()) body["iss"] = claims.issuer;
  if (!claims.audience.empty()) body["aud"] = claims.audience;
  json confab = json::object();
  if (claims.rooms) confab["rooms"] = *claims.rooms;
  for (const auto& [pattern, role] : claims.roles) confab["roles"][pattern] = name(role);
  if (claims.admin) confab["admin"] = true;
  if (!confab.empty()) body["confab"] = std::move(confab);

  const openssl_errors_end_here guard;
  jwt_t* made = nullptr;
  if (jwt_new(&made) != 0) return "out of memory";
  const std::unique_ptr<jwt_t, free_jwt> owner{made};
  const auto text = body.dump(-1, ' ', false, json::error_handler_t::replace);
  if (jwt_add_grants_json(made, text.c_str()) != 0 ||
      jwt_set_alg(made, row(key.algorithm()).library,
                  reinterpret_cast<const unsigned char*>(key.bytes().data()),
                  static_cast<int>(key.bytes().size())) != 0)
    return "the claims cannot be written";
  const std::unique_ptr<char, decltype(&std::free)> token{jwt_encode_str(made), &std::free};
  if (!token) return "the key cannot sign";
  return minted{token.get()};
}

}  // namespace confab::server
