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

TEST_CASE("a control is found wherever it stands") {
  std::size_t wrong = 0;
  for (char32_t c = 1; c < 0xa0; ++c)
    for (std::size_t at = 0; at < 20; ++at) {
      const auto text = std::string(at, '~') + utf8_of(c) + std::string(20 - at, ' ');
      if (is_clean_text(text, false) != (c >= 0x20 && c < 0x7f)) ++wrong;
    }
  CHECK(wrong == 0);
}

TEST_CASE("a name may be in any script, with something to see") {
  for (const auto* good :
       {"a", "Kim Lee", "\u05D0\u05D1", "\u0645\u062D\u0645\u062F", "\u5F20\u4F1F",
        "\U0001F469\u200D\U0001F4BB", "e\u0301", " a ", "\u0915\u094D\u200D\u0937"}) {
    INFO(good);
    CHECK(is_display_name(good));
    CHECK(display_name_of(good, 128) == good);
  }
  for (const auto* bad : {"", " ", "\u00A0\u2003", "\u200B\u200D\uFEFF", "\u3164", "\u2800",
                          "\u00AD", "\uFE0F", "\U000E0041", "\u202E", "\u200F\u200E"}) {
    INFO(bad);
    CHECK_FALSE(is_display_name(bad));
    CHECK(display_name_of(bad, 128).empty());
  }
}

TEST_CASE("a name does not reach beyond itself") {
  for (const auto* bad : {"a\u202Eb", "\u202Aab", "ab\u2066", "a\u2069b", "a\tb", "a\u0085b"}) {
    INFO(bad);
    CHECK_FALSE(is_display_name(bad));
    CHECK(display_name_of(bad, 128) == "ab");
  }
  CHECK_FALSE(is_display_name("a\xff"));
}

TEST_CASE("a name is cut at a character") {
  CHECK(display_name_of("a\u00FC\u00FC", 5) == "a\u00FC\u00FC");
  CHECK(display_name_of("a\u00FC\u00FC", 4) == "a\u00FC");
  CHECK(display_name_of("a\u00FC\u00FCb", 4) == "a\u00FC");
  CHECK(display_name_of("\u202E\U0001F44D", 3).empty());
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
