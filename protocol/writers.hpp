#pragma once

#include "protocol/document.hpp"

#include <array>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

/// Private to protocol: the two ways to write what the server says. Both take the same calls, so
/// that a message is described once; both write straight into the string that becomes the frame,
/// because that is what a server does most.
namespace confab {

/// Compact JSON, byte for byte what nlohmann's dump() writes of the same object. Texts are valid
/// UTF-8 already.
class json_writer {
 public:
  using output = std::string;
  explicit json_writer(std::string& out) : out_(out) {}

  void begin_object() { append("{"); }
  void end_object() { out_ += '}'; }
  void begin_map(std::size_t) { append("{"); }
  void end_map() { out_ += '}'; }
  void begin_array(std::size_t) { append("["); }
  void end_array() { out_ += ']'; }
  /// One of ours: nothing in it needs an escape.
  void key(std::string_view name) {
    begin_value();
    out_ += '"';
    out_ += name;
    out_ += "\":";
  }
  void map_key(std::string_view name) {
    begin_value();
    quote(name);
    out_ += ':';
  }
  void text(std::string_view value) {
    begin_value();
    quote(value);
  }
  void integer(std::uint64_t value) { print(value); }
  void signed_integer(std::int64_t value) { print(value); }
  void boolean(bool value) { append(value ? "true" : "false"); }
  /// Compact JSON text already.
  void raw_json(std::string_view value) { append(value); }

 private:
  void append(std::string_view value) {
    begin_value();
    out_ += value;
  }

  /// A comma, unless what is written last opened something. Only an opener or a colon can be last
  /// then: no value ends in one outside of its quotes.
  void begin_value() {
    if (out_.empty()) return;
    const char last = out_.back();
    if (last != '{' && last != '[' && last != ':') out_ += ',';
  }

  void quote(std::string_view value) {
    out_ += '"';
    std::size_t clean_from = 0;
    for (std::size_t i = clean_words(value); i < value.size(); ++i) {
      const auto c = static_cast<unsigned char>(value[i]);
      if (c >= 0x20 && c != '"' && c != '\\') continue;
      out_.append(value, clean_from, i - clean_from);
      escape(value[i]);
      clean_from = i + 1;
    }
    out_.append(value, clean_from);
    out_ += '"';
  }

  /// How much of the beginning of `value`, in steps of eight bytes, needs no escape. Most texts
  /// need none, and byte by byte this was a third of what a `join` costs. (Bit Twiddling Hacks,
  /// "Determine if a word has a byte less than n" and "… equal to n".)
  static std::size_t clean_words(std::string_view value) {
    constexpr std::uint64_t ones = 0x0101'0101'0101'0101, highs = 0x8080'8080'8080'8080;
    const auto has_below = [](std::uint64_t word, std::uint64_t n) {
      return (word - ones * n) & ~word & highs;
    };
    std::size_t clean = 0;
    for (std::uint64_t word; value.size() - clean >= sizeof word; clean += sizeof word) {
      std::memcpy(&word, value.data() + clean, sizeof word);
      if (has_below(word, 0x20) | has_below(word ^ ones * '"', 1) |
          has_below(word ^ ones * '\\', 1))
        break;
    }
    return clean;
  }

  void escape(char c) {
    switch (c) {
      case '"':
        out_ += "\\\"";
        return;
      case '\\':
        out_ += "\\\\";
        return;
      case '\b':
        out_ += "\\b";
        return;
      case '\f':
        out_ += "\\f";
        return;
      case '\n':
        out_ += "\\n";
        return;
      case '\r':
        out_ += "\\r";
        return;
      case '\t':
        out_ += "\\t";
        return;
    }
    constexpr std::string_view digits = "0123456789abcdef";
    out_ += "\\u00";
    out_ += digits[static_cast<unsigned char>(c) >> 4];
    out_ += digits[static_cast<unsigned char>(c) & 15];
  }

  template <class Integer>
  void print(Integer value) {
    begin_value();
    std::array<char, 20> digits;  // of 2^64 and of -2^63
    out_.append(digits.data(),
                std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr);
  }

  std::string& out_;
};

/// CBOR in preferred serialization (RFC 8949 §4.1), byte for byte nlohmann's to_cbor.
class cbor_writer {
 public:
  using output = std::string;
  explicit cbor_writer(std::string& out) : out_(out) {}

  /// The count of members is put in afterwards: an object of the protocol has fewer than 24, which
  /// one byte can say. A map, whose keys are the clients', is written by its size.
  void begin_object() {
    open_[depth_++] = out_.size();
    head(map, 0);
  }
  void end_object() { --depth_; }
  void begin_map(std::size_t size) { head(map, size); }
  void end_map() {}
  void begin_array(std::size_t size) { head(array, size); }
  void end_array() {}
  void key(std::string_view name) {
    out_[open_[depth_ - 1]] += 1;
    text(name);
  }
  void map_key(std::string_view name) { text(name); }
  void text(std::string_view value) {
    head(text_string, value.size());
    out_ += value;
  }
  void integer(std::uint64_t value) { head(unsigned_int, value); }
  void signed_integer(std::int64_t value) {
    if (value < 0)
      head(negative_int, static_cast<std::uint64_t>(-1 - value));
    else
      head(unsigned_int, static_cast<std::uint64_t>(value));
  }
  void boolean(bool value) { out_ += static_cast<char>(value ? 0xf5 : 0xf4); }
  void raw_json(std::string_view value);

 private:
  enum major_type : unsigned { unsigned_int, negative_int, text_string = 3, array, map };

  void head(major_type kind, std::uint64_t argument);

  std::string& out_;
  std::array<std::size_t, 8> open_{};  // where the heads of the open objects are
  std::size_t depth_ = 0;
};

}  // namespace confab
