#include "protocol/base64url.hpp"

#include "tests/support/catch.hpp"

using namespace confab;

TEST_CASE("base64url is that of RFC 4648 without padding, and comes back as it went in") {
  // Bytes and text of §10, and the two digits in which it differs from base64.
  const auto [bytes, text] = GENERATE(table<std::string, std::string>({
      {"", ""},
      {"f", "Zg"},
      {"fo", "Zm8"},
      {"foo", "Zm9v"},
      {"foob", "Zm9vYg"},
      {"fooba", "Zm9vYmE"},
      {"foobar", "Zm9vYmFy"},
      {"\xfb\xff\xfe", "-__-"},
  }));

  CHECK(base64url_encoded(bytes) == text);
  CHECK(base64url_decoded(text) == bytes);
}

TEST_CASE("what is no digit of base64url makes it none, padding too") {
  for (const auto* text : {"Zg==", "Zm9 v", "a+b", "a/b", "\xc3\xa4"})
    CHECK_FALSE(base64url_decoded(text));
}
