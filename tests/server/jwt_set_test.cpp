// Several keys at once: a JSON Web Key Set, from a file or fetched.

#include "server/jwt_set.hpp"
#include "server/jwt_source.hpp"

#include "tests/server/keys.hpp"
#include "tests/server/temporary_directory.hpp"
#include "tests/support/catch.hpp"

#include <atomic>
#include <condition_variable>
#include <deque>
#include <filesystem>
#include <mutex>

namespace confab::server {
namespace {

using namespace std::chrono_literals;
using actors::identity;
using actors::unauthorized;

const unix_ms now{1'700'000'000'000};
const std::string secret = "0123456789abcdef0123456789abcdef";

// RFC 7515 A.2, A.3 and RFC 8037 A.1: keys that others have made.
const std::string rsa_key =
    R"({"kty":"RSA","kid":"rsa","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ","e":"AQAB"})";
const std::string ec_key =
    R"({"kty":"EC","kid":"ec","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"})";
const std::string ed_key =
    R"({"kty":"OKP","kid":"ed","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})";

std::string set_of(const std::vector<std::string>& keys) {
  std::string out = "{\"keys\":[";
  for (const auto& each : keys) out += (out.back() == '[' ? "" : ",") + each;
  return out + "]}";
}
std::string secret_key(const std::string& id, const std::string& bytes) {
  return R"({"kty":"oct","kid":")" + id + R"(","k":")" + base64url_encoded(bytes) + "\"}";
}
std::vector<std::string> read(const std::string& text, bool secrets = true) {
  std::vector<std::string> out;
  const auto found = read_jwt_set(text, secrets);
  if (const auto* why = std::get_if<std::string>(&found)) return {*why};
  for (const auto& key : std::get<std::vector<jwt_key>>(found))
    out.push_back(key.id() + " " + std::string{name(key.algorithm())});
  return out;
}
std::vector<jwt_key> keys_of(const std::string& text) {
  return std::get<std::vector<jwt_key>>(read_jwt_set(text, true));
}
std::string reason(const actors::token_verdict& outcome) {
  const auto* no = std::get_if<unauthorized>(&outcome);
  return no ? no->reason : "accepted";
}
/// A public key as a member of a set.
std::string web_key(const std::string& pem) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> bio{
      BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), &BIO_free};
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key{
      PEM_read_bio_PUBKEY(bio.get(), nullptr, nullptr, nullptr), &EVP_PKEY_free};
  const auto encoded = [](const unsigned char* bytes, std::size_t count) {
    return base64url_encoded({reinterpret_cast<const char*>(bytes), count});
  };
  const auto number = [&](const char* of) {
    BIGNUM* got = nullptr;
    EVP_PKEY_get_bn_param(key.get(), of, &got);
    std::vector<unsigned char> bytes(static_cast<std::size_t>(BN_num_bytes(got)));
    BN_bn2bin(got, bytes.data());
    BN_free(got);
    return encoded(bytes.data(), bytes.size());
  };
  unsigned char point[200];
  std::size_t size = sizeof point;
  switch (EVP_PKEY_get_base_id(key.get())) {
    case EVP_PKEY_RSA:
      return R"({"kty":"RSA","n":")" + number("n") + R"(","e":")" + number("e") + "\"}";
    case EVP_PKEY_EC:
      EVP_PKEY_get_octet_string_param(key.get(), "encoded-pub-key", point, sizeof point, &size);
      return R"({"kty":"EC","crv":"P-384","x":")" + encoded(point + 1, size / 2) + R"(","y":")" +
             encoded(point + 1 + size / 2, size / 2) + "\"}";
    default:
      EVP_PKEY_get_raw_public_key(key.get(), point, &size);
      return R"({"kty":"OKP","crv":"Ed25519","x":")" + encoded(point, size) + "\"}";
  }
}
std::string signed_by(const std::string& id, const std::string& bytes) {
  const auto kid = id.empty() ? "" : R"(,"kid":")" + id + "\"";
  return forge(R"({"alg":"HS256")" + kid + "}", R"({"sub":"alice"})", bytes);
}

/// A server of key sets that says what it is told to, when it is.
class set_server {
 public:
  fetch_set fetch() {
    return [this](const std::string&, const std::function<bool()>& stop) {
      std::unique_lock lock{border_};
      ++asked;
      changed_.notify_all();
      while (answers_.empty() && !stop()) changed_.wait_for(lock, 1ms);
      if (answers_.empty()) return fetched_set{{}, "stopped", {}};
      auto answer = std::move(answers_.front());
      answers_.pop_front();
      return answer;
    };
  }
  void say(fetched_set what) {
    const std::lock_guard lock{border_};
    answers_.push_back(std::move(what));
    changed_.notify_all();
  }
  bool was_asked(int times) {
    std::unique_lock lock{border_};
    return changed_.wait_for(lock, 10s, [&] { return asked >= times; });
  }

 private:
  std::mutex border_;
  std::condition_variable changed_;
  std::deque<fetched_set> answers_;
  int asked = 0;
};

/// What is said to one token, when it is.
class hearing {
 public:
  hearing(const actors::authenticator& of, std::string token) {
    of.verify_later(std::make_shared<actors::token_question>(
                        std::move(token),
                        [said = said_](const std::optional<actors::token_verdict>& what) {
                          const std::lock_guard lock{said->border};
                          said->what = what ? reason(*what) : "no verdict";
                          said->changed.notify_all();
                        }),
                    now);
  }
  std::string wait() {
    std::unique_lock lock{said_->border};
    said_->changed.wait_for(lock, 10s, [&] { return !said_->what.empty(); });
    return said_->what;
  }
  bool is_there() {
    const std::lock_guard lock{said_->border};
    return !said_->what.empty();
  }

 private:
  struct said {
    std::mutex border;
    std::condition_variable changed;
    std::string what;
  };
  std::shared_ptr<said> said_ = std::make_shared<said>();
};

constexpr source_timing quick{24h, 0ms, 24h, 1ms, 0ms};

}  // namespace

TEST_CASE("keys of a set are read, whatever their kind, and others are left out") {
  using names = std::vector<std::string>;

  CHECK(read(set_of({rsa_key, ec_key, ed_key, secret_key("s", secret)})) ==
        names{"rsa RS256", "ec ES256", "ed EdDSA", "s HS256"});
  CHECK(read(set_of({R"({"kty":"RSA","use":"enc","n":"AQAB","e":"AQAB"})", R"({"kty":"PQ"})", "7", ec_key})) ==
        names{"ec ES256"});
  auto rs512 = rsa_key;
  rs512.insert(1, R"("alg":"RS512","use":"sig","key_ops":["verify"],)");
  CHECK(read(set_of({rs512})) == names{"rsa RS512"});

  for (const auto& [text, why] : std::vector<std::pair<std::string, std::string>>{
           {"", "is no JSON Web Key Set"},
           {"[]", "is no JSON Web Key Set"},
           {R"({"keys":7})", "is no JSON Web Key Set"},
           {R"({"keys":[]})", "it is empty"},
           {set_of({web_key(pem_of(EVP_RSA_gen(1024)).public_pem)}),
            "of the key without a kid: the RSA key has less than 2048 bits"},
           {set_of({R"({"kty":"EC","kid":"a","crv":"P-224"})"}), "of the key a: it is malformed"},
           {set_of({R"({"kty":"EC","crv":"P-256","x":"AQAB","y":"AQAB"})"}), "of the key without a kid: it is malformed"},
           {set_of({R"({"kty":"EC","alg":"PS256","crv":"P-256"})"}), "its algorithm PS256 is not supported"},
           {set_of({secret_key("s", "short")}), "has 5 bytes, HS256 needs at least 32"}}) {
    INFO(text);
    CHECK(read(text)[0].find(why) != std::string::npos);
  }
  CHECK(read(set_of({secret_key("s", secret)}), false)[0].find("a secret is not taken from there") !=
        std::string::npos);
}

TEST_CASE("a token is checked by the key that it names, or by any where it names none") {
  const auto other = std::string(32, 'o');
  const auto checks =
      make_authenticator(keys_of(set_of({secret_key("a", secret), secret_key("b", other)})), {}, false);
  const auto said = [&](const std::string& token) { return reason(checks->verify(token, now)); };

  CHECK(said(signed_by("a", secret)) == "accepted");
  CHECK(said(signed_by("b", other)) == "accepted");
  CHECK(said(signed_by("", other)) == "accepted");
  CHECK(said(signed_by("a", other)) == "the token is not valid");
  CHECK(said(signed_by("c", secret)) == "the token is not valid");
}

TEST_CASE("what a private key signs the public one in a set verifies, and that of others does not") {
  token_claims claims;
  claims.user = user_id::trusted("alice");
  const auto ec = ec_keys("P-384"), ed = ed25519_keys();
  for (const auto* pair : {&rsa_keys(), &ec, &ed}) {
    const auto own = make_authenticator(keys_of(set_of({web_key(pair->public_pem)})), {}, false);
    const auto others = make_authenticator(keys_of(set_of({rsa_key, ec_key, ed_key})), {}, false);
    const auto signing = std::get<jwt_key>(jwt_key::make(key_use::private_key, pair->private_pem));
    const auto token = std::get<minted>(mint(signing, claims, now)).token;

    CHECK(reason(own->verify(token, now)) == "accepted");
    CHECK(reason(others->verify(token, now)) == "the token is not valid");
    CHECK(reason(own->verify(token.substr(0, token.size() - 8) + "AAAAAAAA", now)) ==
          "the token is not valid");
  }
}

TEST_CASE("tokens wait for the first keys, and without any there is no verdict") {
  set_server source;
  const auto checks = make_fetching_authenticator("https://id.example/keys", {}, {}, false, {}, source.fetch(), quick);
  REQUIRE(source.was_asked(1));
  hearing first{*checks, signed_by("", secret)};
  CHECK_FALSE(first.is_there());
  CHECK(checks->answers_later());
  CHECK(checks->has_key());

  source.say({{}, "connection refused", {}});

  CHECK(first.wait() == "no verdict");
  REQUIRE(source.was_asked(2));
  hearing second{*checks, "no token"};
  source.say({set_of({ec_key}), {}, {}});
  CHECK(second.wait() == "the token is not valid");
}

TEST_CASE("a token with a key that is not known yet waits until the set was fetched again") {
  set_server source;
  const auto pair = ed25519_keys();
  const auto checks = make_fetching_authenticator("https://id.example/keys", {}, {}, false, {}, source.fetch(), quick);
  source.say({set_of({ec_key}), {}, {}});
  CHECK(hearing{*checks, forge(R"({"alg":"ES256","kid":"ec"})", "{}", secret)}.wait() == "the token is not valid");

  const auto known = signed_by("ec", secret), unknown = signed_by("ed", secret);
  hearing fresh{*checks, unknown};
  REQUIRE(source.was_asked(2));
  CHECK(hearing{*checks, known}.wait() == "the token is not valid");  // waits for nobody
  CHECK_FALSE(fresh.is_there());
  source.say({{}, "timed out", {}});
  CHECK(fresh.wait() == "the token is not valid");  // by those from before
}

TEST_CASE("for keys that nobody has the set is not fetched for each token") {
  set_server source;
  auto timing = quick;
  timing.unknown = 24h;
  timing.retry = 24h;
  const auto checks = make_fetching_authenticator("https://id.example/keys", {}, {}, false, {}, source.fetch(), timing);
  source.say({set_of({ec_key}), {}, {}});
  CHECK(hearing{*checks, "no token"}.wait() == "the token is not valid");
  source.say({set_of({ec_key}), {}, {}});  // this once

  for (int i = 0; i < 100; ++i)
    CHECK(hearing{*checks, signed_by("k" + std::to_string(i), secret)}.wait() == "the token is not valid");
}

TEST_CASE("tokens that wait for keys have a bound") {
  set_server source;
  const auto checks = make_fetching_authenticator("https://id.example/keys", {}, {}, false, {}, source.fetch(), quick);
  std::deque<hearing> all;
  for (int i = 0; i < 10'000; ++i) all.emplace_back(*checks, "no token");
  CHECK_FALSE(all.front().is_there());

  CHECK(hearing{*checks, "no token"}.wait() == "no verdict");

  source.say({set_of({ec_key}), {}, {}});
  CHECK(all.front().wait() == "the token is not valid");
  CHECK(all.back().wait() == "the token is not valid");
}

namespace {

/// A server that is started now and then, where an identity provider answers or does not.
struct started_again {
  temporary_directory directory;
  std::string file = directory.path() + "/confab.token-keys";
  std::atomic<std::int64_t> time = now.value();
  key_pair keys = ed25519_keys();
  std::string token = made_by(keys);

  static std::string made_by(const key_pair& keys) {
    token_claims claims;
    claims.user = user_id::trusted("alice");
    const auto key = std::get<jwt_key>(jwt_key::make(key_use::private_key, keys.private_pem));
    return std::get<minted>(mint(key, claims, now)).token;
  }
  std::unique_ptr<actors::authenticator> start(set_server& source, std::string url = "https://id.example/keys") {
    return make_fetching_authenticator(std::move(url), {}, {}, false, {file, [this] { return unix_ms{time}; }},
                                       source.fetch(), quick);
  }
  /// The set is fetched once.
  void run() {
    set_server source;
    source.say({set_of({web_key(keys.public_pem)}), {}, 0s});
    const auto checks = start(source);
    REQUIRE(source.was_asked(2));
  }
  /// What is said while nobody answers.
  std::string said(set_server& source, const actors::authenticator& checks, int asked) {
    REQUIRE(source.was_asked(asked));
    hearing one{checks, token};
    source.say({{}, "connection refused", {}});
    return one.wait();
  }
  std::string said_at_start(std::string url = "https://id.example/keys") {
    set_server source;
    const auto checks = start(source, std::move(url));
    return said(source, *checks, 1);
  }
};

}  // namespace

TEST_CASE("what was fetched before a start counts for a day while nobody answers") {
  started_again of;
  CHECK(of.said_at_start() == "no verdict");
  of.run();

  CHECK(of.said_at_start() == "accepted");
  of.time += std::chrono::milliseconds{24h}.count();
  CHECK(of.said_at_start() == "accepted");
  of.time += 1;
  CHECK(of.said_at_start() == "no verdict");
  of.time = now.value() - std::chrono::milliseconds{1min}.count() - 1;
  CHECK(of.said_at_start() == "no verdict");
}

TEST_CASE("what was fetched elsewhere, and what anybody may have written, does not count") {
  started_again of;
  of.run();

  CHECK(of.said_at_start("https://id.example/key") == "no verdict");
  CHECK(of.said_at_start("https://id.example/keys2") == "no verdict");
  ::chmod(of.file.c_str(), 0666);
  CHECK(of.said_at_start() == "no verdict");
  ::chmod(of.file.c_str(), 0600);
  CHECK(of.said_at_start() == "accepted");
  std::filesystem::resize_file(of.file, std::filesystem::file_size(of.file) - 1);
  CHECK(of.said_at_start() == "no verdict");
}

TEST_CASE("what is kept ends while the server runs, and what is fetched counts at once") {
  started_again of;
  of.run();
  set_server source;
  const auto checks = of.start(source);
  CHECK(of.said(source, *checks, 1) == "accepted");

  SECTION("it ends") {
    of.time += std::chrono::milliseconds{25h}.count();
    REQUIRE(source.was_asked(2));
    source.say({{}, "connection refused", {}});
    CHECK(of.said(source, *checks, 3) == "no verdict");
  }
  SECTION("others are fetched") {
    source.say({set_of({ec_key}), {}, 0s});
    REQUIRE(source.was_asked(3));
    CHECK(hearing{*checks, of.token}.wait() == "the token is not valid");
    of.time += std::chrono::milliseconds{25h}.count();
    source.say({{}, "connection refused", {}});
    REQUIRE(source.was_asked(4));
    CHECK(hearing{*checks, of.token}.wait() == "the token is not valid");
  }
}

TEST_CASE("where there is no directory yet the set is fetched again soon, and kept then") {
  started_again of;
  of.file = of.directory.path() + "/data/confab.token-keys";
  set_server source;
  const auto checks = of.start(source);
  source.say({set_of({ec_key}), {}, {}});  // it counts for a day
  REQUIRE(source.was_asked(2));
  std::filesystem::create_directory(of.directory.path() + "/data");
  source.say({set_of({ec_key}), {}, 0s});

  REQUIRE(source.was_asked(3));
  CHECK(std::filesystem::exists(of.file));
}

TEST_CASE("keys are fetched again when they are old") {
  set_server source;
  const auto checks = make_fetching_authenticator("https://id.example/keys", {}, {}, false, {}, source.fetch(), quick);
  source.say({set_of({ec_key}), {}, 0s});

  CHECK(source.was_asked(2));
}

}  // namespace confab::server
