#include "protocol/codec.hpp"
#include "protocol/utf8.hpp"
#include "tests/support/catch.hpp"

using namespace confab;

namespace {

/// Without regard to surrogates.
std::string utf8_of(char32_t c) {
  const auto tail = [&](int shift) { return static_cast<char>(0x80 | (c >> shift & 0x3f)); };
  if (c < 0x80) return {static_cast<char>(c)};
  if (c < 0x800) return {static_cast<char>(0xc0 | c >> 6), tail(0)};
  if (c < 0x10000) return {static_cast<char>(0xe0 | c >> 12), tail(6), tail(0)};
  return {static_cast<char>(0xf0 | c >> 18), tail(12), tail(6), tail(0)};
}

}  // namespace

TEST_CASE("every character but the controls and the surrogates is clean") {
  std::size_t wrong = 0;
  for (char32_t c = 0; c < 0x110000; ++c) {
    const bool control = c < 0x20 || (c >= 0x7f && c < 0xa0);
    const bool surrogate = c >= 0xd800 && c < 0xe000;
    const bool line = c == '\n' || c == '\t';
    const auto text = "a" + utf8_of(c) + "b";
    if (is_clean_text(text, false) != (!control && !surrogate)) ++wrong;
    if (is_clean_text(text, true) != ((!control || line) && !surrogate)) ++wrong;
    if (utf8::is_valid(text) == surrogate) ++wrong;
  }
  CHECK(wrong == 0);
}

TEST_CASE("what is not UTF-8 is not clean") {
  for (const auto* bad :
       {"\x80", "\xbf", "\xc3", "\xc3(", "\xe2\x82", "\xe2(\xa1", "\xf0\x9f\x91", "\xf0\x9f(\x8d",
        "\xc0\xaf", "\xc1\xbf", "\xe0\x9f\xbf", "\xf0\x8f\xbf\xbf", "\xed\xa0\x80", "\xed\xbf\xbf",
        "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xfe", "\xff", "a\xffz"}) {
    CHECK_FALSE(utf8::is_valid(bad));
    CHECK_FALSE(is_clean_text(bad, true));
  }
  CHECK(is_clean_text("", false));
}
