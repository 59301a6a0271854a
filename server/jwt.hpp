#pragma once

#include "actors/identity.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// Tokens: JSON Web Tokens (RFC 7519) as PROTOCOL §3 wants them. No message of this file names a
/// token, a secret or a part of one.
namespace confab::server {

/// RFC 7518 §3.1. `none` is not among them, so that it cannot be configured.
enum class jwt_algorithm : std::uint8_t {
  hs256,
  hs384,
  hs512,
  rs256,
  rs384,
  rs512,
  es256,
  es384,
  es512,
  eddsa,  // Ed25519 (RFC 8037)
};
std::string_view name(jwt_algorithm algorithm) noexcept;
std::optional<jwt_algorithm> parse_jwt_algorithm(std::string_view text) noexcept;

enum class key_use : std::uint8_t {
  secret,       // HS*: signs and verifies
  public_key,   // RS*, ES*, EdDSA: verifies
  private_key,  // RS*, ES*, EdDSA: signs
};

/// A key and the one algorithm it is used with. Has no way to be printed.
class jwt_key {
 public:
  /// `bytes`: the secret itself, or PEM. Without `algorithm`: HS256 for a secret, RS256 for RSA,
  /// ES256, ES384 or ES512 by the curve, EdDSA for Ed25519. The error says what is wrong with the key.
  static std::variant<jwt_key, std::string> make(key_use use, std::string bytes,
                                                 std::optional<jwt_algorithm> algorithm = {});
  /// From a file. One line break at the end of a secret file is not part of the secret.
  static std::variant<jwt_key, std::string> load(key_use use, const std::string& file,
                                                 std::optional<jwt_algorithm> algorithm = {});

  key_use use() const noexcept { return use_; }
  jwt_algorithm algorithm() const noexcept { return algorithm_; }
  const std::string& bytes() const noexcept { return bytes_; }
  /// What a token's `kid` must be, if it has one; empty: anything.
  const std::string& id() const noexcept { return id_; }
  void call(std::string id) { id_ = std::move(id); }

 private:
  jwt_key(key_use use, jwt_algorithm algorithm, std::string bytes)
      : use_(use), algorithm_(algorithm), bytes_(std::move(bytes)) {}

  key_use use_;
  jwt_algorithm algorithm_;
  std::string bytes_;
  std::string id_;
};

/// What is asked of a token beside its signature.
struct jwt_checks {
  std::chrono::milliseconds leeway{30'000};  // for the difference of two clocks
  std::string issuer;                        // `iss` must be this; empty: anything
  std::string audience;                      // `aud` must be or hold this; empty: anything
  std::string user_claim = "sub";            // which claim is the user's id
};

/// Checks tokens with those of `keys` that have a token's `kid` and `alg`; without any, none is valid. Immutable, so any thread may call it.
///
/// `identity::expires_at` is the token's `exp`; that of a token which passes by the leeway alone is
/// the leeway's end, so that a session does not begin by being expired.
std::unique_ptr<actors::authenticator> make_authenticator(std::vector<jwt_key> keys,
                                                          jwt_checks checks, bool guests);

/// The `kid` of a token's header, which nobody has checked; nothing where there is none.
std::optional<std::string> key_id_of(std::string_view token);

/// What `mint` puts into a token.
struct token_claims {
  user_id user;
  std::string name;                                                      // empty: none
  std::optional<std::chrono::milliseconds> ttl = std::chrono::hours{1};  // whole seconds count
  std::optional<std::vector<std::string>> rooms;
  std::map<std::string, role> roles;
  bool admin = false;
  std::string issuer;
  std::string audience;
  std::string user_claim = "sub";
};

struct minted {
  std::string token;
};
/// A signed token, or why there is none. `key` is a secret or a private key.
std::variant<minted, std::string> mint(const jwt_key& key, const token_claims& claims, unix_ms now);

/// An id, or the beginning of one and `*`; `*` alone is every room.
bool is_room_pattern(std::string_view text) noexcept;

}  // namespace confab::server
