#include "protocol/document.hpp"
#include "protocol/utf8.hpp"

#include <bit>
#include <cmath>
#include <limits>

namespace confab {

namespace {

// RFC 8949 §3.1.
enum major_type : unsigned { unsigned_int, negative_int, bytes, text, array, map, tag, simple };
constexpr unsigned info_indefinite = 31;
constexpr unsigned char break_byte = 0xff;

/// RFC 8949 appendix D.
double half_to_double(unsigned half) {
  const int exponent = static_cast<int>(half >> 10 & 0x1f);
  const int mantissa = static_cast<int>(half & 0x3ff);
  const double value = exponent == 0    ? std::ldexp(mantissa, -24)
                       : exponent != 31 ? std::ldexp(mantissa + 1024, exponent - 25)
                       : mantissa == 0  ? std::numeric_limits<double>::infinity()
                                        : std::numeric_limits<double>::quiet_NaN();
  return half & 0x8000 ? -value : value;
}

/// Reads well-formed CBOR (RFC 8949 appendix C) and says what of it is JSON. nlohmann's reader
/// recurses as deep as the input says, and does not tell what is malformed (the connection is
/// closed) from what is merely no JSON (an error, with the `id` of the command).
class cbor_reader {
 public:
  cbor_reader(std::string_view input, document_builder& out) : input_(input), out_(out) {}

  /// False: not well-formed.
  bool run() {
    do {
      if (!read_item()) return false;
      while (!levels_.empty() && levels_.back().is_complete()) leave();
    } while (!levels_.empty());
    return at_ == input_.size();
  }

 private:
  /// What the next item is to the document.
  enum class place : std::uint8_t { value, key, nothing };

  struct level {
    major_type kind;
    place where;
    bool silent;  // what is in it is checked, but is no part of the document
    bool indefinite;
    std::uint64_t items = 0;
    std::uint64_t items_read = 0;

    bool is_complete() const { return !indefinite && items_read == items; }
  };

  std::size_t bytes_left() const { return input_.size() - at_; }

  std::optional<std::uint64_t> read_big_endian(std::size_t size) {
    if (bytes_left() < size) return std::nullopt;
    std::uint64_t value = 0;
    while (size-- > 0) value = value << 8 | static_cast<unsigned char>(input_[at_++]);
    return value;
  }

  place next_place() const {
    if (levels_.empty()) return place::value;
    const auto& inside = levels_.back();
    if (inside.silent) return place::nothing;
    return inside.kind == map && inside.items_read % 2 == 0 ? place::key : place::value;
  }

  bool read_item() {
    const auto initial = read_big_endian(1);
    if (!initial) return false;
    if (*initial == break_byte) return read_break();

    const auto kind = static_cast<major_type>(*initial >> 5);
    const auto info = static_cast<unsigned>(*initial & 31);
    const bool has_indefinite_form = kind == bytes || kind == text || kind == array || kind == map;
    const bool indefinite = info == info_indefinite && has_indefinite_form;
    std::uint64_t argument = info;
    if (info >= 24 && !indefinite) {
      const auto following =
          info <= 27 ? read_big_endian(std::size_t{1} << (info - 24)) : std::nullopt;
      if (!following) return false;
      argument = *following;
    }

    if (!levels_.empty() && is_string(levels_.back().kind))
      return kind == levels_.back().kind && !indefinite && read_chunk(kind, argument);
    const auto where = next_place();
    if (!levels_.empty()) ++levels_.back().items_read;
    switch (kind) {
      case unsigned_int:
        emit(where, [&] { out_.number_unsigned(argument); });
        return true;
      case negative_int:
        emit(where, [&] { emit_negative(argument); });
        return true;
      case bytes:
      case text:
        text_.clear();
        text_is_valid_ = true;
        if (indefinite) {
          levels_.push_back({kind, where, true, true});
          return true;
        }
        if (!read_chunk(kind, argument)) return false;
        emit_string(kind, where);
        return true;
      case array:
      case map:
        return enter_container(kind, where, indefinite, argument);
      case tag:
        emit(where, [&] { out_.refuse("tags are not JSON"); });
        levels_.push_back({kind, where, true, false, 1});
        return true;
      case simple:
        return read_simple(where, info, argument);
    }
    return false;
  }

  static bool is_string(major_type kind) { return kind == bytes || kind == text; }

  bool read_chunk(major_type kind, std::uint64_t size) {
    if (size > bytes_left()) return false;
    const auto chunk = input_.substr(at_, static_cast<std::size_t>(size));
    at_ += chunk.size();
    // No character may be spread over two chunks (RFC 8949 §3.2.3), so each is checked alone.
    if (kind == text && !utf8::is_valid(chunk)) text_is_valid_ = false;
    text_ += chunk;
    return true;
  }

  bool enter_container(major_type kind, place where, bool indefinite, std::uint64_t size) {
    // Each item takes a byte at least: what declares more than is there is refused at once.
    const std::uint64_t items_max = kind == map ? bytes_left() / 2 : bytes_left();
    if (!indefinite && size > items_max) return false;
    emit(where, [&] { kind == map ? out_.start_object(0) : out_.start_array(0); });
    levels_.push_back({kind, where, where != place::value, indefinite,
                       indefinite    ? 0
                       : kind == map ? size * 2
                                     : size});
    return true;
  }

  bool read_break() {
    if (levels_.empty() || !levels_.back().indefinite) return false;
    if (levels_.back().kind == map && levels_.back().items_read % 2 != 0) return false;
    leave();
    return true;
  }

  void leave() {
    const auto done = levels_.back();
    levels_.pop_back();
    if (is_string(done.kind))
      emit_string(done.kind, done.where);
    else if (!done.silent)
      done.kind == map ? out_.end_object() : out_.end_array();
  }

  bool read_simple(place where, unsigned info, std::uint64_t argument) {
    constexpr std::uint64_t one_byte_min = 32;
    switch (info) {
      case 20:
      case 21:
        emit(where, [&] { out_.boolean(info == 21); });
        return true;
      case 22:
        emit(where, [&] { out_.null(); });
        return true;
      case 24:
        if (argument < one_byte_min) return false;
        break;
      case 25:
        emit(where, [&] { emit_float(half_to_double(static_cast<unsigned>(argument))); });
        return true;
      case 26:
        emit(where,
             [&] { emit_float(std::bit_cast<float>(static_cast<std::uint32_t>(argument))); });
        return true;
      case 27:
        emit(where, [&] { emit_float(std::bit_cast<double>(argument)); });
        return true;
    }
    emit(where, [&] { out_.refuse("undefined and other simple values are not JSON"); });
    return true;
  }

  /// Anything but a text: `as_value` where a value stands; it is no key.
  template <class F>
  void emit(place where, F as_value) {
    if (where == place::value) as_value();
    if (where == place::key) emit_key_stand_in("a key must be a text");
  }

  void emit_key_stand_in(std::string_view why) {
    std::string nameless;
    out_.note(why);
    out_.key(nameless);
  }

  void emit_string(major_type kind, place where) {
    if (kind == bytes)
      emit(where, [&] { out_.refuse("byte strings are not JSON"); });
    else if (where == place::key)
      text_is_valid_ ? void(out_.key(text_)) : emit_key_stand_in("not UTF-8");
    else
      emit(where, [&] { text_is_valid_ ? out_.string(text_) : out_.refuse("not UTF-8"); });
  }

  void emit_negative(std::uint64_t argument) {
    // Beyond 64 bits as JSON text would be read: as a double.
    if (argument <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
      out_.number_integer(-1 - static_cast<std::int64_t>(argument));
    else
      out_.number_float(-1.0 - static_cast<double>(argument), {});
  }

  void emit_float(double value) {
    if (std::isfinite(value))
      out_.number_float(value, {});
    else
      out_.refuse("a number must be finite");
  }

  std::string_view input_;
  std::size_t at_ = 0;
  document_builder& out_;
  std::vector<level> levels_;
  std::string text_;  // of the string being read
  bool text_is_valid_ = true;
};

}  // namespace

document read_cbor(std::string_view input) {
  document result;
  document_builder builder;
  result.well_formed = cbor_reader{input, builder}.run();
  if (!result.well_formed) return result;
  result.root = builder.take_root();
  result.fault = builder.fault();
  return result;
}

}  // namespace confab
