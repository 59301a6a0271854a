#include "load/frame_reader.hpp"

#include <cstring>

namespace confab::load {
namespace {

/// Reads from the front of JSON that is written exactly as expected.
class json_scanner {
 public:
  explicit json_scanner(std::string_view text) : at_{text.data()}, end_{at_ + text.size()} {}

  bool take(std::string_view expected) {
    if (left() < expected.size() || std::memcmp(at_, expected.data(), expected.size()) != 0)
      return false;
    at_ += expected.size();
    return true;
  }
  bool number(std::uint64_t& into) {
    const auto* begin = at_;
    into = 0;
    while (at_ != end_ && *at_ >= '0' && *at_ <= '9')
      into = into * 10 + static_cast<unsigned>(*at_++ - '0');
    return at_ != begin && at_ - begin < 20;
  }
  /// Up to the closing quote, which is taken too. No escapes.
  bool text(std::string_view& into) {
    const auto* quote = static_cast<const char*>(std::memchr(at_, '"', left()));
    if (!quote) return false;
    into = {at_, static_cast<std::size_t>(quote - at_)};
    at_ = quote + 1;
    return std::memchr(into.data(), '\\', into.size()) == nullptr;
  }
  bool at_end() const { return at_ == end_; }

 private:
  std::size_t left() const { return static_cast<std::size_t>(end_ - at_); }
  const char* at_;
  const char* end_;
};

bool scan_json(std::string_view payload, log_event& into) {
  json_scanner in{payload};
  std::uint64_t at = 0;
  std::string_view key;
  return in.take(R"({"type":"message","room":")") && in.text(into.room) && in.take(R"(,"seq":)") &&
         in.number(into.seq) && in.take(R"(,"at":)") && in.number(at) && in.take(R"(,"from":")") &&
         in.text(into.from) && (!in.take(R"(,"key":")") || in.text(key)) &&
         in.take(R"(,"text":")") && in.text(into.text) && in.take("}") && in.at_end();
}

/// Reads unsigned integers and texts of CBOR (RFC 8949 §3) from the front.
class cbor_scanner {
 public:
  explicit cbor_scanner(std::string_view bytes) : rest_{bytes} {}

  bool head(unsigned kind, std::uint64_t& argument) {
    if (rest_.empty()) return false;
    const auto first = static_cast<unsigned char>(rest_[0]);
    if (first >> 5 != kind) return false;
    argument = first & 31;
    std::size_t bytes = 0;
    if (argument >= 24) {
      if (argument > 27) return false;
      bytes = std::size_t{1} << (argument - 24);
      if (rest_.size() <= bytes) return false;
      argument = 0;
      for (std::size_t i = 1; i <= bytes; ++i)
        argument = argument << 8 | static_cast<unsigned char>(rest_[i]);
    }
    rest_.remove_prefix(1 + bytes);
    return true;
  }
  bool number(std::uint64_t& into) { return head(0, into); }
  bool text(std::string_view& into) {
    std::uint64_t size = 0;
    if (!head(3, size) || rest_.size() < size) return false;
    into = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return true;
  }
  bool key(std::string_view expected) {
    std::string_view name;
    return text(name) && name == expected;
  }
  bool at_end() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

bool scan_cbor(std::string_view payload, log_event& into) {
  cbor_scanner in{payload};
  std::uint64_t members = 0, at = 0;
  std::string_view type, key;
  if (!(in.head(5, members) && (members == 6 || members == 7) && in.key("type") && in.text(type) &&
        type == "message" && in.key("room") && in.text(into.room) && in.key("seq") &&
        in.number(into.seq) && in.key("at") && in.number(at) && in.key("from") &&
        in.text(into.from)))
    return false;
  if (members == 7 && !(in.key("key") && in.text(key))) return false;
  return in.key("text") && in.text(into.text) && in.at_end();
}

}  // namespace

bool scan_message(codec format, std::string_view payload, log_event& into) {
  const bool is_scanned =
      format == codec::json ? scan_json(payload, into) : scan_cbor(payload, into);
  if (!is_scanned) return false;
  into.type = frame_type::message;
  into.prev = into.seq - 1;
  return true;
}

}  // namespace confab::load
