#include "server/jwt.hpp"

#include "protocol/base64url.hpp"
#include "protocol/codec.hpp"
#include "protocol/limits.hpp"
#include "server/jwt_internals.hpp"

#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/hmac.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <utility>

namespace confab::server {
namespace {

using json = nlohmann::json;

struct free_jwt {
  void operator()(jwt_t* it) const noexcept { jwt_free(it); }
};

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

/// `crit` lists extensions that must be understood (RFC 7515 §4.1.11), and none is.
std::optional<json> header_of(const token_parts& token) {
  auto header = decoded_object(token.header);
  if (!header || member(*header, "crit")) return std::nullopt;
  if (const auto* type = member(*header, "typ"); type && !is_our_type(*type)) return std::nullopt;
  return header;
}

/// The header must name the key's algorithm: what the token wishes for does not count.
bool may_be_signed_by(const json& header, const jwt_key& key) {
  const auto* alg = member(header, "alg");
  if (!alg || !alg->is_string() || alg->get_ref<const std::string&>() != name(key.algorithm()))
    return false;
  const auto* id = member(header, "kid");
  return !id || key.id().empty() ||
         (id->is_string() && id->get_ref<const std::string&>() == key.id());
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
         EVP_DigestVerifyInit(context.get(), nullptr, how.hash ? how.hash() : nullptr, nullptr,
                              public_key) == 1 &&
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
  jwt_authenticator(std::vector<jwt_key> keys, jwt_checks checks, bool guests)
      : checks_(std::move(checks)), guests_(guests) {
    const openssl_errors_end_here guard;
    for (auto& key : keys) {
      auto parsed = key.use() == key_use::public_key ? read_pem(key.bytes(), false) : nullptr;
      keys_.push_back({std::move(key), std::move(parsed)});
    }
  }

  std::variant<actors::identity, actors::unauthorized> verify(std::string_view token,
                                                              unix_ms now) const override {
    if (keys_.empty()) return refused("tokens are not accepted here");
    const auto parts = split(token);
    // One answer to everything before the signature holds: a forger learns nothing.
    const auto header = parts ? header_of(*parts) : std::nullopt;
    if (!header || !std::ranges::any_of(keys_, [&](const verifier& it) {
          return may_be_signed_by(*header, it.key) && signature_holds(*parts, it.key, it.parsed.get());
        }))
      return refused("the token is not valid");
    const auto claims = decoded_object(parts->payload);
    if (!claims) return refused("the token is not valid");
    return read(*claims, now);
  }

  bool guests_allowed() const noexcept override { return guests_; }
  bool has_key() const noexcept override { return !keys_.empty(); }

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
      if (key == std::string_view{"iat"}) who.issued_at = unix_ms{*from};
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

  struct verifier {
    jwt_key key;
    openssl_ptr<EVP_PKEY> parsed;  // null: a secret
  };
  std::vector<verifier> keys_;
  jwt_checks checks_;
  bool guests_;
};

std::variant<minted, std::string> signed_by_openssl(const jwt_key& key, std::string_view claims) {
  const json header{{"alg", name(key.algorithm())}, {"typ", "JWT"}};
  const auto text = base64url_encoded(header.dump()) + "." + base64url_encoded(claims);
  const auto signing = read_pem(key.bytes(), true);
  const openssl_ptr<EVP_MD_CTX> context{EVP_MD_CTX_new()};
  std::array<unsigned char, 128> signature{};
  auto size = signature.size();
  if (!signing || !context ||
      EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, signing.get()) != 1 ||
      EVP_DigestSign(context.get(), signature.data(), &size, bytes_of(text), text.size()) != 1)
    return "the key cannot sign";
  return minted{text + "." +
                base64url_encoded({reinterpret_cast<const char*>(signature.data()), size})};
}

}  // namespace

std::optional<std::string> key_id_of(std::string_view token) {
  const auto parts = split(token);
  const auto header = parts ? header_of(*parts) : std::nullopt;
  const auto* id = header ? member(*header, "kid") : nullptr;
  if (!id || !id->is_string()) return std::nullopt;
  return id->get<std::string>();
}

bool is_room_pattern(std::string_view text) noexcept {
  if (text == "*") return true;
  if (text.ends_with('*')) text.remove_suffix(1);
  return is_valid_id(text);
}

std::unique_ptr<actors::authenticator> make_authenticator(std::vector<jwt_key> keys,
                                                          jwt_checks checks, bool guests) {
  return std::make_unique<jwt_authenticator>(std::move(keys), std::move(checks), guests);
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
  const auto text = body.dump(-1, ' ', false, json::error_handler_t::replace);
  if (row(key.algorithm()).library == JWT_ALG_NONE) return signed_by_openssl(key, text);
  jwt_t* made = nullptr;
  if (jwt_new(&made) != 0) return "out of memory";
  const std::unique_ptr<jwt_t, free_jwt> owner{made};
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
