#include "protocol/guest_token.hpp"
#include "tests/support/catch.hpp"

#include <set>

using namespace confab;

namespace {

guest_secret secret_of(unsigned char byte) {
  guest_secret secret;
  secret.fill(byte);
  return secret;
}

const guest_pass alice{user_id::trusted("guest:abc"), "Alice \u00C5", unix_ms{1'767'225'600'000}};

}  // namespace

TEST_CASE("a guest's token says who it is, to whoever has the secret") {
  const auto token = write_guest_token(alice, secret_of(7));

  CHECK(is_guest_token(token));
  CHECK(read_guest_token(token, secret_of(7)) == alice);
  CHECK_FALSE(read_guest_token(token, secret_of(8)));
  CHECK(token.find("Alice") == std::string::npos);
}

TEST_CASE("a guest's token with any one character changed is none") {
  const auto token = write_guest_token(alice, secret_of(7));
  // Not the last one: four of its six bits carry nothing.
  for (std::size_t i = 0; i + 1 < token.size(); ++i) {
    auto changed = token;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    INFO(i);
    CHECK_FALSE(read_guest_token(changed, secret_of(7)));
  }
}

TEST_CASE("what is no guest's token is none") {
  for (const auto* text : {"", "guest.", "guest..", "guest.a", "guest.a.b", "guest.!.!", "a.b.c",
                           "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln"})
    CHECK_FALSE(read_guest_token(text, secret_of(7)));
  CHECK_FALSE(is_guest_token("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln"));
}

TEST_CASE("a guest's id is one that nobody else can have") {
  std::set<std::string> ids;
  for (std::uint64_t random :
       {std::uint64_t{0}, std::uint64_t{1}, ~std::uint64_t{0}, std::uint64_t{1} << 63})
    ids.insert(guest_id_of(random).value());

  CHECK(ids.size() == 4);
  for (const auto& id : ids) {
    CHECK(is_valid_user_id(id));
    CHECK(is_reserved(user_id::trusted(id)));
  }
  CHECK(guest_id_of(0).value() == "guest:aaaaaaaaaaaaa");
}
