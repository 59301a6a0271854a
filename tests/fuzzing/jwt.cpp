// Tokens: as they come, and with claims that are signed, so that they are read at all.

#include "server/jwt.hpp"
#include "protocol/base64url.hpp"
#include "protocol/codec.hpp"
#include "protocol/limits.hpp"
#include "tests/fuzzing/fuzzing.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>

using namespace confab;
using namespace confab::server;
using confab::fuzzing::must;

namespace {

const std::string secret = "0123456789abcdef0123456789abcdef";
const unix_ms now{1'767'225'600'000};

std::string sign(const std::string& signed_part) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> out;
  unsigned size = 0;
  HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
       reinterpret_cast<const unsigned char*>(signed_part.data()), signed_part.size(), out.data(),
       &size);
  return base64url_encoded({reinterpret_cast<const char*>(out.data()), size});
}

const actors::authenticator& gate() {
  static const auto made =
      make_authenticator({std::get<jwt_key>(jwt_key::make(key_use::secret, secret))}, {}, false);
  return *made;
}

void check(const std::variant<actors::identity, actors::unauthorized>& what) {
  if (const auto* refused = std::get_if<actors::unauthorized>(&what)) {
    must(!refused->reason.empty(), "a refusal has a reason");
    must(is_clean_text(refused->reason, false), "a refusal's reason is a text that can be sent");
    return;
  }
  const auto& who = std::get<actors::identity>(what);
  must(user_id::make(who.user.view()).has_value(), "a user's id is one");
  must(!who.name.empty() && who.name.size() <= limits::name_bytes_max, "a name has a fit length");
  must(is_clean_text(who.name, false), "a name is a text that can be sent");
  must(!who.expires_at || *who.expires_at > now, "who comes in has not expired");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzzing::input in{data, size};
  switch (in.byte() % 3) {
    case 0: {  // anything
      const auto what = gate().verify(in.rest(), now);
      check(what);
      break;
    }
    case 1: {  // claims of somebody who may sign
      const auto part =
          base64url_encoded(R"({"alg":"HS256","typ":"JWT"})") + '.' + base64url_encoded(in.rest());
      check(gate().verify(part + '.' + sign(part), now));
      break;
    }
    case 2: {  // a header of anybody, under good claims and a good signature
      const std::string header{in.rest()};
      const auto part = base64url_encoded(header) + '.' + base64url_encoded(R"({"sub":"alice"})");
      const auto what = gate().verify(part + '.' + sign(part), now);
      check(what);
      if (what.index() == 0)
        must(header.find("HS256") != header.npos || header.find("\\u") != header.npos,
             "only the algorithm that is configured is taken");
      break;
    }
  }
  return 0;
}
