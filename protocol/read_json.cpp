#include "protocol/document.hpp"
#include "protocol/utf8.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <system_error>

namespace confab {

namespace {

constexpr std::size_t mantissa_digits_max = 15;

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// The four hex digits at `at`, or nothing.
std::optional<unsigned> hex4(std::string_view text, std::size_t at) {
  if (at + 4 > text.size()) return std::nullopt;
  unsigned value = 0;
  for (char c : text.substr(at, 4)) {
    value <<= 4;
    if (is_digit(c))
      value |= static_cast<unsigned>(c - '0');
    else if (c >= 'a' && c <= 'f')
      value |= static_cast<unsigned>(c - 'a' + 10);
    else if (c >= 'A' && c <= 'F')
      value |= static_cast<unsigned>(c - 'A' + 10);
    else
      return std::nullopt;
  }
  return value;
}

constexpr bool is_high_surrogate(unsigned unit) { return unit >= 0xd800 && unit < 0xdc00; }
constexpr bool is_low_surrogate(unsigned unit) { return unit >= 0xdc00 && unit < 0xe000; }

/// The same text without lone surrogates and without numbers that no double holds; valid by the
/// grammar of RFC 8259 exactly when `text` is. nlohmann's parser stops at both and does not tell
/// them from broken JSON, but they are answered otherwise, and with the `id` of the command.
std::string tamed(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string && c == '\\' && i + 1 < text.size()) {
      const auto unit = text[i + 1] == 'u' ? hex4(text, i + 2) : std::nullopt;
      if (!unit) {
        out += c;
        out += text[++i];
        continue;
      }
      const bool paired = is_high_surrogate(*unit) && text.substr(i + 6, 2) == "\\u" &&
                          is_low_surrogate(hex4(text, i + 8).value_or(0));
      const std::size_t bytes = paired ? 12 : 6;
      const bool lone = !paired && (is_high_surrogate(*unit) || is_low_surrogate(*unit));
      out += lone ? std::string_view{"\\ufffd"} : text.substr(i, bytes);
      i += bytes - 1;
      continue;
    }
    if (c == '"') in_string = !in_string;
    if (in_string || !is_digit(c)) {
      out += c;
      continue;
    }
    auto end = i;
    while (end < text.size() && is_digit(text[end])) ++end;
    const char before = i > 0 ? text[i - 1] : ' ';
    const char second = i > 1 ? text[i - 2] : ' ';
    const bool exponent = before == 'e' || before == 'E' ||
                          ((before == '+' || before == '-') && (second == 'e' || second == 'E'));
    if (exponent)
      out += '0';
    else
      out += text.substr(i, std::min(end - i, mantissa_digits_max));
    i = end - 1;
  }
  return out;
}

bool parse(std::string_view text, document_builder& builder) {
  // nlohmann's parser takes a NUL for the end of the text, whatever follows.
  if (text.find('\0') != std::string_view::npos) return false;
  return json::sax_parse(text.begin(), text.end(), &builder);
}

/// Reads the frames that nearly all are: an object of strings without escapes, plain integers,
/// literals, and a few levels of more objects and lists. Anything else, right or wrong, is left to
/// the real parser. nlohmann's lexer takes some 80 instructions per byte, which was half of what a
/// `send` cost before it reached its room.
class plain_reader {
 public:
  explicit plain_reader(std::string_view text) : at_(text.data()), end_(at_ + text.size()) {}

  /// False: not for this one. Then what the builder has been told means nothing.
  bool read(document_builder& into) {
    if (!take('{') || !object(into, 1)) return false;
    skip_space();
    return at_ == end_;
  }

 private:
  /// As `hello` has it: the object, its list, and what is in that.
  static constexpr int depth_max = 3;

  bool object(document_builder& into, int depth) {
    if (depth > depth_max) return false;
    into.start_object(0);
    if (!take('}')) {
      do {
        if (!take_string()) return false;
        into.key(string_);
        if (!take(':') || !value(into, depth)) return false;
      } while (take(','));
      if (!take('}')) return false;
    }
    return into.end_object();
  }
  bool list(document_builder& into, int depth) {
    if (depth > depth_max) return false;
    into.start_array(0);
    if (!take(']')) {
      do {
        if (!value(into, depth)) return false;
      } while (take(','));
      if (!take(']')) return false;
    }
    return into.end_array();
  }
  void skip_space() {
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t')) ++at_;
  }
  bool take(char wanted) {
    skip_space();
    if (at_ == end_ || *at_ != wanted) return false;
    ++at_;
    return true;
  }
  bool take_word(std::string_view word) {
    if (!std::string_view{at_, end_}.starts_with(word)) return false;
    at_ += word.size();
    return true;
  }
  bool take_string() {
    if (!take('"')) return false;
    const auto* const from = at_;
    unsigned char all = 0;
    for (; at_ != end_ && *at_ != '"'; ++at_) {
      const auto c = static_cast<unsigned char>(*at_);
      if (c < 0x20 || c == '\\') return false;
      all |= c;
    }
    if (at_ == end_) return false;
    string_.assign(from, at_++);
    return all < 0x80 || utf8::is_valid(string_);
  }
  bool value(document_builder& into, int depth) {
    if (take('{')) return object(into, depth + 1);
    if (take('[')) return list(into, depth + 1);
    if (at_ == end_) return false;
    if (*at_ == '"') return take_string() && into.string(string_);
    if (is_digit(*at_)) return number(into);
    if (take_word("true")) return into.boolean(true);
    if (take_word("false")) return into.boolean(false);
    return take_word("null") && into.null();
  }
  bool number(document_builder& into) {
    std::uint64_t value = 0;
    const auto* const from = at_;
    const auto [past, error] = std::from_chars(at_, end_, value);
    at_ = past;
    const bool leading_zero = *from == '0' && past - from > 1;
    const bool goes_on = at_ != end_ && (*at_ == '.' || *at_ == 'e' || *at_ == 'E');
    return error == std::errc{} && !leading_zero && !goes_on && into.number_unsigned(value);
  }

  const char* at_;
  const char* end_;
  std::string string_;
};

}  // namespace

document read_json(std::string_view text) {
  document result;
  if (document_builder plain; plain_reader{text}.read(plain)) {
    result.root = plain.take_root();
    return result;
  }
  document_builder builder;
  if (parse(text, builder)) {
    result.root = builder.take_root();
    result.fault = builder.fault();
    return result;
  }
  document_builder second;
  result.well_formed = parse(tamed(text), second);
  if (!result.well_formed) return result;
  result.root = second.take_root();
  result.fault =
      second.fault() ? second.fault() : "a lone surrogate, or a number that no double can hold";
  return result;
}

}  // namespace confab
