#include "server/jwt.hpp"

#include "protocol/limits.hpp"

#include "tests/server/keys.hpp"
#include "tests/server/temporary_directory.hpp"
#include "tests/support/catch.hpp"

#include <openssl/err.h>

namespace confab::server {
namespace {

using actors::identity;
using actors::unauthorized;

constexpr std::int64_t second = 1000;
const unix_ms now{1'700'000'000 * second};
const std::string secret = "0123456789abcdef0123456789abcdef";
const std::string hs256 = R"({"alg":"HS256","typ":"JWT"})";

jwt_key key(key_use use, std::string bytes, std::optional<jwt_algorithm> algorithm = {}) {
  auto made = jwt_key::make(use, std::move(bytes), algorithm);
  if (const auto* mistake = std::get_if<std::string>(&made)) throw std::runtime_error(*mistake);
  return std::get<jwt_key>(std::move(made));
}

std::unique_ptr<actors::authenticator> with_secret(jwt_checks checks = {}) {
  return make_authenticator({key(key_use::secret, secret)}, std::move(checks), false);
}

std::variant<identity, unauthorized> verify_claims(std::string_view claims,
                                                   jwt_checks checks = {}) {
  return with_secret(std::move(checks))->verify(forge(hs256, claims, secret), now);
}

/// The reason, or "accepted".
std::string reason(const std::variant<identity, unauthorized>& outcome) {
  const auto* no = std::get_if<unauthorized>(&outcome);
  return no ? no->reason : "accepted";
}

token_claims for_alice() {
  token_claims claims;
  claims.user = user_id::trusted("alice");
  return claims;
}

std::string token_for(const jwt_key& signing, const token_claims& claims) {
  return std::get<minted>(mint(signing, claims, now)).token;
}

}  // namespace

TEST_CASE("what was minted is verified, with every supported algorithm") {
  struct pair {
    jwt_key signing;
    jwt_key verifying;
  };
  const auto long_secret = secret + secret;
  const auto p256 = ec_keys("P-256");
  const auto p384 = ec_keys("P-384");
  const auto p521 = ec_keys("P-521");
  const auto ed = ed25519_keys();
  using enum jwt_algorithm;
  std::vector<pair> pairs;
  for (auto it : {hs256, hs384, hs512})
    pairs.push_back({key(key_use::secret, long_secret, it), key(key_use::secret, long_secret, it)});
  for (auto it : {rs256, rs384, rs512})
    pairs.push_back({key(key_use::private_key, rsa_keys().private_pem, it),
                     key(key_use::public_key, rsa_keys().public_pem, it)});
  for (const auto* it : {&p256, &p384, &p521, &ed})
    pairs.push_back(
        {key(key_use::private_key, it->private_pem), key(key_use::public_key, it->public_pem)});
  token_claims claims;
  claims.user = user_id::trusted("alice");
  claims.name = "Alice Ångström";
  claims.rooms = {"general", "team-*"};
  claims.roles = {{"team-*", role::moderator}, {"general", role::member}};
  claims.admin = true;

  for (const auto& [signing, verifying] : pairs) {
    INFO(name(verifying.algorithm()));
    const auto outcome =
        make_authenticator({verifying}, {}, false)->verify(token_for(signing, claims), now);

    REQUIRE(reason(outcome) == "accepted");
    const auto& who = std::get<identity>(outcome);
    CHECK(who.user.value() == "alice");
    CHECK(who.name == "Alice Ångström");
    CHECK(who.rooms == claims.rooms);
    CHECK(who.roles == claims.roles);
    CHECK(who.admin);
    CHECK(who.expires_at == unix_ms{now.value() + 3600 * second});
  }
}

TEST_CASE("a token of sub alone is a user without name, end, restriction or rights") {
  const auto outcome = verify_claims(R"({"sub":"alice"})");

  REQUIRE(reason(outcome) == "accepted");
  const auto& who = std::get<identity>(outcome);
  CHECK(who.name == "alice");
  CHECK_FALSE(who.expires_at);
  CHECK_FALSE(who.rooms);
  CHECK(who.roles.empty());
  CHECK_FALSE(who.admin);
}

TEST_CASE("a token does not choose its algorithm") {
  const std::string claims = R"({"sub":"alice"})";
  const auto rsa = make_authenticator({key(key_use::public_key, rsa_keys().public_pem)}, {}, false);
  const auto hmac = with_secret();
  const auto invalid = "the token is not valid";

  SECTION("HS256 with the public key's bytes as secret, where RS256 is configured") {
    CHECK(reason(rsa->verify(forge(hs256, claims, rsa_keys().public_pem), now)) == invalid);
  }
  SECTION("the same, without the last line break") {
    auto pem = rsa_keys().public_pem;
    pem.pop_back();
    CHECK(reason(rsa->verify(forge(hs256, claims, pem), now)) == invalid);
  }
  SECTION("none, in every spelling, with and without a signature") {
    for (const auto* alg : {"none", "None", "NONE", "nOnE"}) {
      const auto header = std::string{R"({"alg":")"} + alg + R"("})";
      const auto signed_token = forge(header, claims, secret);
      const auto unsigned_token = signed_token.substr(0, signed_token.rfind('.') + 1);
      CHECK(reason(hmac->verify(signed_token, now)) == invalid);
      CHECK(reason(hmac->verify(unsigned_token, now)) == invalid);
      CHECK(reason(rsa->verify(unsigned_token, now)) == invalid);
    }
  }
  SECTION("headers that name no algorithm, another one, or one in another way") {
    for (const auto* header :
         {R"({})", R"({"typ":"JWT"})", R"({"alg":null})", R"({"alg":["HS256"]})", R"({"alg":1})",
          R"({"alg":""})", R"({"alg":"hs256"})", R"({"alg":"HS384"})", R"({"alg":"RS256"})",
          R"({"alg":"HS256","alg":"none"})", R"(["HS256"])", R"("HS256")", "", "HS256"}) {
      INFO(header);
      CHECK(reason(hmac->verify(forge(header, claims, secret), now)) == invalid);
    }
  }
  SECTION("an extension that must be understood") {
    CHECK(reason(hmac->verify(
              forge(R"({"alg":"HS256","crit":["b64"],"b64":false})", claims, secret), now)) ==
          invalid);
  }
  SECTION("of the same family: HS512 where HS256 is configured") {
    const auto long_secret = secret + secret;
    const auto other = key(key_use::secret, long_secret, jwt_algorithm::hs512);
    const auto checks = make_authenticator({key(key_use::secret, long_secret)}, {}, false);
    CHECK(reason(checks->verify(token_for(other, for_alice()), now)) == invalid);
  }
}

TEST_CASE("a signature that does not hold is refused") {
  const auto good = forge(hs256, R"({"sub":"alice"})", secret);
  const auto invalid = "the token is not valid";
  REQUIRE(reason(with_secret()->verify(good, now)) == "accepted");
  const auto signature = good.rfind('.') + 1;

  SECTION("made with another secret") {
    const auto other = forge(hs256, R"({"sub":"alice"})", "another secret of 32 bytes or longer");
    CHECK(reason(with_secret()->verify(other, now)) == invalid);
  }
  SECTION("taken from another token") {
    const auto other = forge(hs256, R"({"sub":"bob"})", secret);
    CHECK(reason(with_secret()->verify(
              other.substr(0, other.rfind('.') + 1) + good.substr(signature), now)) == invalid);
  }
  SECTION("with any one character of the token changed") {
    // Not the last one: four of its six bits carry nothing.
    for (std::size_t i = 0; i + 1 < good.size(); ++i) {
      auto changed = good;
      changed[i] = changed[i] == 'A' ? 'B' : 'A';
      INFO(i);
      CHECK(reason(with_secret()->verify(changed, now)) == invalid);
    }
  }
  SECTION("of another RSA key; and OpenSSL's errors do not stay behind for a TLS connection") {
    const auto token =
        token_for(key(key_use::private_key, other_rsa_keys().private_pem), for_alice());
    const auto rsa = make_authenticator({key(key_use::public_key, rsa_keys().public_pem)}, {}, false);
    CHECK(reason(rsa->verify(token, now)) == invalid);
    CHECK(ERR_peek_error() == 0);
  }
}

TEST_CASE("what is no token is refused") {
  const auto good = forge(hs256, R"({"sub":"alice"})", secret);
  const std::vector<std::string> garbage{"",
                                         ".",
                                         "..",
                                         "...",
                                         "a.b",
                                         "a.b.c",
                                         good + ".",
                                         good + "=",
                                         good + " ",
                                         " " + good,
                                         good + ".x",
                                         good.substr(0, good.rfind('.')),
                                         good + std::string(1, '\0'),
                                         std::string(1, '\0') + good,
                                         "Bearer " + good,
                                         std::string(limits::token_bytes_max + 1, 'a'),
                                         std::string(100, '.'),
                                         "\xff\xff.\xff.\xff"};

  for (const auto& token : garbage) {
    INFO(token.substr(0, 200));
    CHECK(reason(with_secret()->verify(token, now)) == "the token is not valid");
  }
}

TEST_CASE("a token may be as long as 8 KiB and no longer") {
  const auto with_padding = [](std::size_t bytes) {
    return forge(hs256, R"({"sub":"alice","pad":")" + std::string(bytes, 'x') + "\"}", secret);
  };
  auto bytes = limits::token_bytes_max * 3 / 4 - 200;
  while (with_padding(bytes + 1).size() <= limits::token_bytes_max) ++bytes;

  CHECK(reason(with_secret()->verify(with_padding(bytes), now)) == "accepted");
  CHECK(reason(with_secret()->verify(with_padding(bytes + 1), now)) == "the token is not valid");
}

TEST_CASE("claims of the wrong form make the whole token invalid") {
  const auto user = "the token names no user";
  const auto id = "the token's user id is not valid";
  const auto display = "the token's name is not valid";
  const auto time = "a time in the token is not valid";
  const auto confab = "the token's claim confab is not valid";
  const auto long_name = R"({"sub":"a","name":")" + std::string(129, 'x') + "\"}";
  const auto name_at_limit = R"({"sub":"a","name":")" + std::string(128, 'x') + "\"}";
  const std::vector<std::pair<std::string, std::string>> table{
      {R"([])", "the token is not valid"},
      {R"({"sub":"a")", "the token is not valid"},
      {R"({})", user},
      {R"({"sub":null})", user},
      {R"({"sub":7})", "accepted"},
      {R"({"sub":9007199254740991})", "accepted"},
      {R"({"sub":9007199254740992})", user},
      {R"({"sub":-7})", user},
      {R"({"sub":7.5})", user},
      {R"({"sub":true})", user},
      {R"({"sub":["a"]})", user},
      {R"({"sub":"auth0|65f1a0"})", "accepted"},
      {R"({"sub":"kim+x@example.com"})", "accepted"},
      {R"({"sub":"guest:a"})", id},
      {R"({"sub":"p:a"})", id},
      {R"({"sub":"gone:a"})", id},
      {R"({"sub":"@server"})", id},
      {R"({"sub":""})", id},
      {R"({"sub":"a b"})", id},
      {R"({"sub":"-a"})", id},
      {R"({"sub":"a\u0000"})", id},
      {R"({"sub":"a","name":null})", "accepted"},
      {R"({"sub":"a","name":7})", display},
      {R"({"sub":"a","name":""})", "accepted"},
      {R"({"sub":"a","name":"a\nb"})", "accepted"},
      {long_name, "accepted"},
      {name_at_limit, "accepted"},
      {R"({"sub":"a","exp":"1700000100"})", time},
      {R"({"sub":"a","exp":null,"nbf":null,"iat":null})", "accepted"},
      {R"({"sub":"a","exp":-1})", time},
      {R"({"sub":"a","exp":1e300})", time},
      {R"({"sub":"a","exp":1700000100000})", time},  // milliseconds by mistake
      {R"({"sub":"a","exp":1700000100.5})", "accepted"},
      {R"({"sub":"a","nbf":"x"})", time},
      {R"({"sub":"a","iat":true})", time},
      {R"({"sub":"a","confab":null})", "accepted"},
      {R"({"sub":"a","confab":[]})", confab},
      {R"({"sub":"a","confab":{}})", "accepted"},
      {R"({"sub":"a","confab":{"rooms":"general"}})", confab},
      {R"({"sub":"a","confab":{"rooms":null}})", confab},
      {R"({"sub":"a","confab":{"rooms":[]}})", "accepted"},
      {R"({"sub":"a","confab":{"rooms":[1]}})", confab},
      {R"({"sub":"a","confab":{"rooms":["a b"]}})", confab},
      {R"({"sub":"a","confab":{"rooms":["*-team"]}})", confab},
      {R"({"sub":"a","confab":{"rooms":["a**"]}})", confab},
      {R"({"sub":"a","confab":{"rooms":["*","team-*","general"]}})", "accepted"},
      {R"({"sub":"a","confab":{"room":["general"]}})", confab},
      {R"({"sub":"a","confab":{"roles":[]}})", confab},
      {R"({"sub":"a","confab":{"roles":{"general":"king"}}})", confab},
      {R"({"sub":"a","confab":{"roles":{"general":1}}})", confab},
      {R"({"sub":"a","confab":{"roles":{"a b":"member"}}})", confab},
      {R"({"sub":"a","confab":{"roles":{"*":"moderator"}}})", "accepted"},
      {R"({"sub":"a","confab":{"admin":1}})", confab},
      {R"({"sub":"a","confab":{"admin":"true"}})", confab},
      {R"({"sub":"a","confab":{"admin":false}})", "accepted"},
      {R"({"sub":"a","unknown":{"deep":[1]}})", "accepted"},
  };

  for (const auto& [claims, expected] : table) {
    INFO(claims);
    const auto outcome = verify_claims(claims);
    CHECK(reason(outcome) == expected);
    if (const auto* no = std::get_if<unauthorized>(&outcome)) CHECK_FALSE(no->expired);
  }
}

TEST_CASE("a number for an id is its decimal text") {
  CHECK(std::get<identity>(verify_claims(R"({"sub":1234567890123456})")).user.value() ==
        "1234567890123456");
}

TEST_CASE("a name in a token is cleaned, and where nothing is left it is the id") {
  const auto name_of = [](const std::string& written) {
    return std::get<identity>(verify_claims(R"({"sub":"alice","name":")" + written + "\"}")).name;
  };
  CHECK(name_of("Alice") == "Alice");
  CHECK(name_of("A\\nl\\u202eice\\u2069") == "Alice");
  CHECK(name_of(std::string(127, 'x') + "\u00FC") == std::string(127, 'x'));
  CHECK(name_of("") == "alice");
  CHECK(name_of(" \\u200b\\u202e") == "alice");
  CHECK(std::get<identity>(verify_claims(R"({"sub":"alice","name":null})")).name == "alice");
}

TEST_CASE("the claim that is the user's id can be another one") {
  jwt_checks checks;
  checks.user_claim = "https://id.example/uid";
  const auto both = R"({"sub":"a|1","https://id.example/uid":"kim"})";

  CHECK(std::get<identity>(verify_claims(both, checks)).user.value() == "kim");
  CHECK(reason(verify_claims(R"({"sub":"a|1"})", checks)) == "the token names no user");

  auto claims = for_alice();
  claims.user_claim = checks.user_claim;
  const auto token = token_for(key(key_use::secret, secret), claims);
  CHECK(std::get<identity>(with_secret(checks)->verify(token, now)).user.value() == "alice");
}

TEST_CASE("an access token is one as well, and what was signed for something else is none") {
  const auto verdict = [](const std::string& typ) {
    const auto header = R"({"alg":"HS256")" + (typ.empty() ? "" : ",\"typ\":" + typ) + "}";
    return reason(with_secret()->verify(forge(header, R"({"sub":"a"})", secret), now));
  };
  for (const std::string good : {"", "null", R"("JWT")", R"("jwt")", R"("at+jwt")", R"("AT+JWT")",
                                 R"("application/at+jwt")"}) {
    INFO(good);
    CHECK(verdict(good) == "accepted");
  }
  for (const std::string bad : {R"("logout+jwt")", R"("dpop+jwt")", R"("")", "7", R"(["JWT"])"}) {
    INFO(bad);
    CHECK(verdict(bad) == "the token is not valid");
  }
}

TEST_CASE("no rooms at all is not the same as every room") {
  CHECK(std::get<identity>(verify_claims(R"({"sub":"a","confab":{"rooms":[]}})")).rooms ==
        std::vector<std::string>{});
  CHECK_FALSE(std::get<identity>(verify_claims(R"({"sub":"a","confab":{}})")).rooms);
}

TEST_CASE("times are compared with the time passed in, and the leeway") {
  const jwt_checks checks{std::chrono::seconds{30}, "", ""};
  const auto early = "the token is not valid yet";
  const auto late = "the token has expired";
  const std::vector<std::tuple<std::string, std::int64_t, std::string>> table{
      {"exp", 1, "accepted"},  {"exp", 0, "accepted"},      {"exp", -29, "accepted"},
      {"exp", -30, late},      {"exp", -86400, late},       {"nbf", 0, "accepted"},
      {"nbf", 30, "accepted"}, {"nbf", 31, early},          {"iat", 30, "accepted"},
      {"iat", 31, early},      {"iat", -86400, "accepted"},
  };

  for (const auto& [claim, offset, expected] : table) {
    INFO(claim << " " << offset);
    const auto at = std::to_string(now.value() / second + offset);
    const auto outcome = verify_claims(R"({"sub":"a",")" + claim + "\":" + at + "}", checks);
    CHECK(reason(outcome) == expected);
    if (const auto* no = std::get_if<unauthorized>(&outcome))
      CHECK(no->expired == (expected == late));
  }
}

TEST_CASE("a forged token is invalid, not expired") {
  const auto outcome = with_secret()->verify(
      forge(hs256, R"({"sub":"a","exp":1})", "another secret of 32 bytes or longer"), now);

  CHECK_FALSE(std::get<unauthorized>(outcome).expired);
}

TEST_CASE("a token let in by the leeway alone lives to its end, any other to exp") {
  const auto seconds = now.value() / second;
  const auto end = [&](std::int64_t exp) {
    return std::get<identity>(verify_claims(R"({"sub":"a","exp":)" + std::to_string(exp) + "}"))
        .expires_at;
  };

  CHECK(end(seconds + 1) == unix_ms{now.value() + second});
  CHECK(end(seconds - 10) == unix_ms{now.value() + 20 * second});
}

TEST_CASE("issuer and audience count where they are configured") {
  const jwt_checks checks{std::chrono::seconds{30}, "https://id.example", "chat"};
  const std::vector<std::pair<std::string, std::string>> table{
      {R"("iss":"https://id.example","aud":"chat")", "accepted"},
      {R"("iss":"https://id.example","aud":["mail","chat"])", "accepted"},
      {R"("iss":"https://id.example","aud":["mail"])", "the token is for another audience"},
      {R"("iss":"https://id.example","aud":[])", "the token is for another audience"},
      {R"("iss":"https://id.example")", "the token is for another audience"},
      {R"("iss":"https://id.example/","aud":"chat")", "the token is of another issuer"},
      {R"("iss":["https://id.example"],"aud":"chat")", "the token is of another issuer"},
      {R"("aud":"chat")", "the token is of another issuer"},
  };

  for (const auto& [claims, expected] : table) {
    INFO(claims);
    CHECK(reason(verify_claims(R"({"sub":"a",)" + claims + "}", checks)) == expected);
  }
  CHECK(reason(verify_claims(R"({"sub":"a","iss":"x","aud":"y"})")) == "accepted");
}

TEST_CASE("a server without a key takes no token and says whether it takes guests") {
  const auto open = make_authenticator({}, {}, true);

  CHECK(reason(open->verify(forge(hs256, R"({"sub":"a"})", ""), now)) ==
        "tokens are not accepted here");
  CHECK(open->guests_allowed());
  CHECK_FALSE(make_authenticator({}, {}, false)->guests_allowed());
}

TEST_CASE("a key that cannot be right is refused, with the reason and without the key") {
  const auto p256 = ec_keys("P-256");
  const auto weak = pem_of(EVP_RSA_gen(1024));
  const auto ed = ed25519_keys();
  const auto koblitz = ec_keys("secp256k1");
  using enum jwt_algorithm;
  struct row {
    key_use use;
    std::string bytes;
    std::optional<jwt_algorithm> algorithm;
    std::string expected;  // a part of it; empty: it is fine
  };
  const std::vector<row> table{
      {key_use::secret, std::string(32, 's'), {}, ""},
      {key_use::secret, std::string(31, 's'), {}, "has 31 bytes, HS256 needs at least 32"},
      {key_use::secret, std::string(47, 's'), hs384, "HS384 needs at least 48"},
      {key_use::secret, std::string(63, 's'), hs512, "HS512 needs at least 64"},
      {key_use::secret, std::string(64, 's'), hs512, ""},
      {key_use::secret, std::string(32, 's'), rs256, "RS256 needs a key pair"},
      {key_use::secret, rsa_keys().public_pem, {}, "holds a PEM key"},
      {key_use::secret, rsa_keys().private_pem, {}, "holds a PEM key"},
      {key_use::public_key, rsa_keys().public_pem, {}, ""},
      {key_use::public_key, rsa_keys().public_pem, rs512, ""},
      {key_use::public_key, rsa_keys().public_pem, hs256, "HS256 needs a secret"},
      {key_use::public_key, rsa_keys().public_pem, es256, "an RSA key cannot be used with ES256"},
      {key_use::public_key, rsa_keys().private_pem, {}, "holds a private key"},
      {key_use::public_key, weak.public_pem, {}, "less than 2048 bits"},
      {key_use::public_key, p256.public_pem, {}, ""},
      {key_use::public_key, p256.public_pem, es384, "cannot be used with ES384"},
      {key_use::public_key, p256.public_pem, rs256, "cannot be used with RS256"},
      {key_use::public_key, koblitz.public_pem, {}, "on secp256k1 is not supported"},
      {key_use::public_key, ed.public_pem, {}, ""},
      {key_use::public_key, ed.public_pem, es256, "an Ed25519 key cannot be used with ES256"},
      {key_use::public_key, p256.public_pem, eddsa, "cannot be used with EdDSA"},
      {key_use::public_key, "not PEM", {}, "holds no public key"},
      {key_use::public_key, "", {}, "holds no public key"},
      {key_use::private_key, rsa_keys().private_pem, {}, ""},
      {key_use::private_key, rsa_keys().public_pem, {}, "holds a public key"},
      {key_use::private_key, "not PEM", {}, "holds no private key"},
  };

  for (const auto& [use, bytes, algorithm, expected] : table) {
    const auto made = jwt_key::make(use, bytes, algorithm);
    const auto* mistake = std::get_if<std::string>(&made);
    INFO((mistake ? *mistake : "fine") << ", expected: " << expected);
    if (expected.empty()) {
      CHECK_FALSE(mistake);
    } else {
      REQUIRE(mistake);
      CHECK(mistake->find(expected) != std::string::npos);
      CHECK((bytes.size() < 8 || mistake->find(bytes.substr(0, 8)) == std::string::npos));
    }
  }
  CHECK(ERR_peek_error() == 0);
}

TEST_CASE("the algorithm follows from the key") {
  CHECK(key(key_use::secret, secret).algorithm() == jwt_algorithm::hs256);
  CHECK(key(key_use::public_key, rsa_keys().public_pem).algorithm() == jwt_algorithm::rs256);
  CHECK(key(key_use::public_key, ec_keys("P-256").public_pem).algorithm() == jwt_algorithm::es256);
  CHECK(key(key_use::public_key, ec_keys("P-384").public_pem).algorithm() == jwt_algorithm::es384);
  CHECK(key(key_use::public_key, ec_keys("P-521").public_pem).algorithm() == jwt_algorithm::es512);
}

TEST_CASE("one line break at the end of a secret file is not part of the secret") {
  const temporary_directory files;
  const auto bytes_of = [&](std::string_view content) {
    return std::get<jwt_key>(jwt_key::load(key_use::secret, files.write("secret", content)))
        .bytes();
  };

  CHECK(bytes_of(secret) == secret);
  CHECK(bytes_of(secret + "\n") == secret);
  CHECK(bytes_of(secret + "\r\n") == secret);
  CHECK(bytes_of(secret + "\n\n") == secret + "\n");
  CHECK(bytes_of(" " + secret + " ") == " " + secret + " ");
}

TEST_CASE("a key file that cannot be read is a mistake") {
  const temporary_directory files;

  for (const auto& file : {files.path() + "/absent", files.path(), files.write("empty", "")})
    CHECK(std::get<std::string>(jwt_key::load(key_use::secret, file)) ==
          "cannot be read, or is empty");
}

TEST_CASE("a public key signs nothing") {
  const auto outcome = mint(key(key_use::public_key, rsa_keys().public_pem), for_alice(), now);

  CHECK(std::get<std::string>(outcome) == "signing needs the private key");
}

TEST_CASE("a room pattern is an id, or the beginning of one and a star") {
  for (const auto* good : {"*", "general", "team-*", "a*", "dm:*", "A.b_c:d-9"})
    CHECK(is_room_pattern(good));
  for (const auto* bad : {"", "**", "*a", "a*b", "-a", "-*", "a b", "a b*", "ä*"})
    CHECK_FALSE(is_room_pattern(bad));
  CHECK(is_room_pattern(std::string(64, 'a') + "*"));
  CHECK_FALSE(is_room_pattern(std::string(65, 'a') + "*"));
}

}  // namespace confab::server
