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

  /// False: not well-formed, or too many values.
  bool run() {
    do {
      if (!read_item()) return false;
      while (!levels_.empty() && levels_.back().is_complete())
        if (!leave()) return false;
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
      return kind == levels_.back().kind && !indefinite && out_.count_unseen() &&
             read_chunk(kind, argument);
    const auto where = next_place();
    if (!levels_.empty()) ++levels_.back().items_read;
    switch (kind) {
      case unsigned_int:
        return emit(where, [&] { return out_.add(argument); });
      case negative_int:
        return emit(where, [&] { return emit_negative(argument); });
      case bytes:
      case text:
        text_.clear();
        text_is_valid_ = true;
        if (indefinite) {
          levels_.push_back({kind, where, true, true});
          return true;
        }
        return read_chunk(kind, argument) && emit_string(kind, where);
      case array:
      case map:
        return enter_container(kind, where, indefinite, argument);
      case tag:
        levels_.push_back({kind, where, true, false, 1});
        return emit(where, [&] { return out_.refuse("tags are not JSON"); });
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
    levels_.push_back({kind, where, where != place::value, indefinite,
                       indefinite    ? 0
                       : kind == map ? size * 2
                                     : size});
    return emit(where, [&] { return kind == map ? out_.open_object() : out_.open_array(); });
  }

  bool read_break() {
    if (levels_.empty() || !levels_.back().indefinite) return false;
    if (levels_.back().kind == map && levels_.back().items_read % 2 != 0) return false;
    return leave();
  }

  bool leave() {
    const auto done = levels_.back();
    levels_.pop_back();
    if (is_string(done.kind)) return emit_string(done.kind, done.where);
    if (!done.silent) out_.close();
    return true;
  }

  bool read_simple(place where, unsigned info, std::uint64_t argument) {
    constexpr std::uint64_t one_byte_min = 32;
    switch (info) {
      case 20:
      case 21:
        return emit(where, [&] { return out_.add(info == 21); });
      case 22:
        return emit(where, [&] { return out_.add(nullptr); });
      case 24:
        if (argument < one_byte_min) return false;
        break;
      case 25:
        return emit(where,
                    [&] { return emit_float(half_to_double(static_cast<unsigned>(argument))); });
      case 26:
        return emit(where, [&] {
          return emit_float(std::bit_cast<float>(static_cast<std::uint32_t>(argument)));
        });
      case 27:
        return emit(where, [&] { return emit_float(std::bit_cast<double>(argument)); });
    }
    return emit(where,
                [&] { return out_.refuse("undefined and other simple values are not JSON"); });
  }

  /// Anything but a text: `as_value` where a value stands; it is no key.
  template <class F>
  bool emit(place where, F as_value) {
    if (where == place::value) return as_value();
    if (where == place::key) emit_key_stand_in("a key must be a text");
    return out_.count_unseen();
  }

  void emit_key_stand_in(std::string_view why) {
    out_.note(why);
    out_.key({});
  }

  bool emit_string(major_type kind, place where) {
    if (kind == bytes) return emit(where, [&] { return out_.refuse("byte strings are not JSON"); });
    if (where != place::key)
      return emit(where, [&] {
        return text_is_valid_ ? out_.add(std::move(text_)) : out_.refuse("not UTF-8");
      });
    if (text_is_valid_)
      out_.key(std::move(text_));
    else
      emit_key_stand_in("not UTF-8");
    return true;
  }

  bool emit_negative(std::uint64_t argument) {
    // Beyond 64 bits as JSON text would be read: as a double.
    if (argument <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
      return out_.add(-1 - static_cast<std::int64_t>(argument));
    return out_.add(-1.0 - static_cast<double>(argument));
  }

  bool emit_float(double value) {
    return std::isfinite(value) ? out_.add(value) : out_.refuse("a number must be finite");
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
  document_builder builder;
  const bool well_formed = cbor_reader{input, builder}.run();
  return builder.finish(well_formed);
}

}  // namespace confab
