#include "protocol/document.hpp"
#include "protocol/utf8.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <system_error>

namespace confab {

namespace {

constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
constexpr unsigned replacement_character = 0xfffd;

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_high_surrogate(unsigned unit) { return unit >= 0xd800 && unit < 0xdc00; }
constexpr bool is_low_surrogate(unsigned unit) { return unit >= 0xdc00 && unit < 0xe000; }

/// `code` is no surrogate.
void append_utf8(std::string& out, unsigned code) {
  const auto put = [&](unsigned byte) { out += static_cast<char>(byte); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xc0 | code >> 6);
    put(0x80 | (code & 0x3f));
  } else if (code < 0x10000) {
    put(0xe0 | code >> 12);
    put(0x80 | (code >> 6 & 0x3f));
    put(0x80 | (code & 0x3f));
  } else {
    put(0xf0 | code >> 18);
    put(0x80 | (code >> 12 & 0x3f));
    put(0x80 | (code >> 6 & 0x3f));
    put(0x80 | (code & 0x3f));
  }
}

/// Whether a number that is no zero and that no double comes near is too small for one, and not too
/// large: by the power of ten of its first digit that is not 0.
bool is_tiny(std::string_view number) {
  const auto at_exponent = std::min(number.find_first_of("eE"), number.size());
  const auto mantissa = number.substr(0, at_exponent);
  const auto point = std::min(mantissa.find('.'), mantissa.size());
  const auto first = mantissa.find_first_of("123456789");
  if (first == std::string_view::npos) return true;
  const auto power = static_cast<std::int64_t>(point) - static_cast<std::int64_t>(first);
  if (at_exponent == number.size()) return power < 0;
  auto digits = number.substr(at_exponent + 1);
  const bool negative = digits.starts_with('-');
  if (negative || digits.starts_with('+')) digits.remove_prefix(1);
  std::int32_t exponent = 0;
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), exponent);
  if (read.ec != std::errc{}) return negative;  // beyond 2^31, which no mantissa makes good
  return power + (negative ? -std::int64_t{exponent} : exponent) < 0;
}

/// Reads JSON (RFC 8259) once, from the first byte to the last, without recursion: the depth is the
/// client's to choose. nlohmann's parser takes some 80 instructions per byte, and does not tell
/// lone surrogates and numbers that no double holds, which are answered with the `id` of the
/// command, from broken JSON, which closes the connection.
class json_reader {
 public:
  json_reader(std::string_view text, document_builder& out)
      : at_(text.data()), end_(at_ + text.size()), out_(out) {
    if (text.starts_with(byte_order_mark)) at_ += byte_order_mark.size();
  }

  /// False: not well-formed, or too many values.
  bool run() {
    do {
      if (!read_value() || !go_to_next_value()) return false;
    } while (!closers_.empty());
    skip_space();
    return at_ == end_;
  }

 private:
  /// From behind a value, or behind what opens a container, to where the next value begins; past
  /// the end of what is complete.
  bool go_to_next_value() {
    while (!closers_.empty()) {
      if (take(closers_.back())) {
        closers_.pop_back();
        out_.close();
        just_opened_ = false;
        continue;
      }
      if (!just_opened_ && !take(',')) return false;
      just_opened_ = false;
      if (closers_.back() == ']') return true;
      if (!take('"') || !read_string()) return false;
      out_.key(std::move(string_));
      return take(':');
    }
    return true;
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

  bool read_value() {
    skip_space();
    if (at_ == end_) return false;
    switch (*at_) {
      case '{':
        return enter('}') && out_.open_object();
      case '[':
        return enter(']') && out_.open_array();
      case '"':
        ++at_;
        return read_string() && out_.add(std::move(string_));
      case 't':
        return take_word("true") && out_.add(true);
      case 'f':
        return take_word("false") && out_.add(false);
      case 'n':
        return take_word("null") && out_.add(nullptr);
      default:
        return read_number();
    }
  }

  bool enter(char closer) {
    ++at_;
    closers_ += closer;
    just_opened_ = true;
    return true;
  }

  // --- strings ---

  /// From behind the opening quote to behind the closing one, into `string_`.
  bool read_string() {
    const auto* const from = at_;
    unsigned char all = 0;
    string_.clear();
    for (;;) {
      const auto* const plain = at_;
      for (; at_ != end_ && *at_ != '"' && *at_ != '\\'; ++at_) {
        const auto byte = static_cast<unsigned char>(*at_);
        if (byte < 0x20) return false;
        all |= byte;
      }
      if (at_ == end_) return false;
      string_.append(plain, at_);
      if (*at_++ == '"') break;
      if (!read_escape()) return false;
    }
    return all < 0x80 || utf8::is_valid({from, static_cast<std::size_t>(at_ - from)});
  }

  /// Behind the backslash.
  bool read_escape() {
    if (at_ == end_) return false;
    switch (*at_++) {
      case '"':
        string_ += '"';
        return true;
      case '\\':
        string_ += '\\';
        return true;
      case '/':
        string_ += '/';
        return true;
      case 'b':
        string_ += '\b';
        return true;
      case 'f':
        string_ += '\f';
        return true;
      case 'n':
        string_ += '\n';
        return true;
      case 'r':
        string_ += '\r';
        return true;
      case 't':
        string_ += '\t';
        return true;
      case 'u':
        return read_unicode_escape();
      default:
        return false;
    }
  }

  /// Behind `\u`: a character, or the first half of one, with the other half behind it.
  bool read_unicode_escape() {
    const auto unit = take_hex4();
    if (!unit) return false;
    if (!is_high_surrogate(*unit) && !is_low_surrogate(*unit)) {
      append_utf8(string_, *unit);
      return true;
    }
    const auto* const behind = at_;
    const auto other = is_high_surrogate(*unit) && take_word("\\u") ? take_hex4() : std::nullopt;
    if (other && is_low_surrogate(*other)) {
      append_utf8(string_, 0x10000 + ((*unit & 0x3ff) << 10) + (*other & 0x3ff));
      return true;
    }
    at_ = behind;
    append_utf8(string_, replacement_character);
    out_.note("a lone surrogate");
    return true;
  }

  std::optional<unsigned> take_hex4() {
    if (end_ - at_ < 4) return std::nullopt;
    unsigned unit = 0;
    const auto [past, error] = std::from_chars(at_, at_ + 4, unit, 16);
    if (error != std::errc{} || past != at_ + 4) return std::nullopt;
    at_ = past;
    return unit;
  }

  // --- numbers ---

  bool take_digits() {
    const auto* const from = at_;
    while (at_ != end_ && is_digit(*at_)) ++at_;
    return at_ != from;
  }

  bool read_number() {
    const auto* const from = at_;
    const bool negative = *at_ == '-';
    if (negative) ++at_;
    const auto* const first = at_;
    if (!take_digits() || (*first == '0' && at_ - first > 1)) return false;
    bool integer = true;
    if (at_ != end_ && *at_ == '.') {
      integer = false;
      ++at_;
      if (!take_digits()) return false;
    }
    if (at_ != end_ && (*at_ == 'e' || *at_ == 'E')) {
      integer = false;
      ++at_;
      if (at_ != end_ && (*at_ == '+' || *at_ == '-')) ++at_;
      if (!take_digits()) return false;
    }
    // An integer beyond 64 bits is read as a double.
    if (std::uint64_t value = 0; integer && !negative && convert(from, value))
      return out_.add(value);
    if (std::int64_t value = 0; integer && negative && convert(from, value)) return out_.add(value);
    if (double value = 0; convert(from, value)) return out_.add(value);
    if (is_tiny({first, at_})) return out_.add(negative ? -0.0 : 0.0);
    return out_.refuse("a number that no double can hold");
  }

  template <class Number>
  bool convert(const char* from, Number& into) const {
    return std::from_chars(from, at_, into).ec == std::errc{};
  }

  const char* at_;
  const char* end_;
  document_builder& out_;
  std::string closers_;  // of the containers that are open, the innermost last
  bool just_opened_ = false;
  std::string string_;  // read last
};

}  // namespace

document read_json(std::string_view text, std::size_t nodes_max) {
  document_builder builder{nodes_max};
  const bool well_formed = json_reader{text, builder}.run();
  return builder.finish(well_formed);
}

}  // namespace confab
